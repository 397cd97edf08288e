"""Connectors and tasks of a real Kafka Connect: told, restarted through REST, and never a reason to restart the worker."""

import pytest

from lib.kafka import CONNECT

pytestmark = pytest.mark.xdist_group("connectors")

WORKER_ID = "127.0.0.1:8083"
WATCH = {"timeout": "2s", "connectors_interval": "1s", "worker_id": WORKER_ID}

# Connect answers a restart within seconds on busy cores.
TIMEOUT = 60


@pytest.fixture
def sink(container, connect):
    """Creates a sink whose file cannot be made before its directory is; returns (name, how to make it)."""
    name, directory = "sink é 1", "/run/connect-sink"
    container.sh(f"rm -rf {directory}")

    def create(at=connect):
        at.create("sink%20%C3%A9%201", {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
                                         "tasks.max": "1", "topics": "connect-test", "file": f"{directory}/out"})
        container.wait_until(lambda: tasks(at, name) == ["FAILED"], TIMEOUT, "the task to fail")

    yield name, create, lambda: container.sh(f"install -d -m 777 {directory}")
    connect.delete("sink%20%C3%A9%201")


def tasks(connect, name):
    status = connect.status().get(name)
    return [task["state"] for task in status["status"]["tasks"]] if status else []


def test_a_failing_sink_is_restarted_with_backoff_until_its_path_is_there(container, agent, connect, sink):
    name, create, make_path = sink
    create()
    invocation = connect.invocation()
    agent.watch(**WATCH, connector_restart="yes", backoff_max="5s")
    failed = agent.wait_for("connector-failed", TIMEOUT)
    assert (failed["CONNECT_WATCHDOG_CONNECTOR"], failed["CONNECT_WATCHDOG_TASK"]) == (name, "0")
    assert "Couldn't find or create file" in failed["CONNECT_WATCHDOG_TRACE"]
    assert "ConnectException" in failed["MESSAGE"]
    degraded = agent.wait_for("state-changed", TIMEOUT, CONNECT_WATCHDOG_STATE="degraded")
    assert name in degraded["MESSAGE"]
    container.wait_until(lambda: len(agent.events("connector-restart-requested")) >= 2, TIMEOUT, "a second restart")
    make_path()
    agent.wait_for("connector-recovered", TIMEOUT)
    container.wait_until(lambda: tasks(connect, name) == ["RUNNING"], TIMEOUT, "the task to run")
    container.wait_until(lambda: "healthy" in agent.status(), TIMEOUT, "the worker to be called healthy")
    assert connect.invocation() == invocation and not container.invocations(CONNECT)
    assert not agent.restarts() and not agent.events("incident-opened")
    print(container.journal_cat("connect-watchdog.service"))


def test_without_leave_it_is_only_told(container, agent, connect, sink):
    name, create, _ = sink
    create()
    agent.watch(**WATCH, connector_restart="yes", action="alert")
    agent.wait_for("connector-would-restart", TIMEOUT)
    assert tasks(connect, name) == ["FAILED"]
    assert not agent.events("connector-restart-requested")


def test_a_paused_connector_is_no_failure(container, agent, connect):
    connect.create("paused", {"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
                              "tasks.max": "1", "topic": "connect-test", "file": "/dev/null"})
    try:
        container.wait_until(lambda: tasks(connect, "paused") == ["RUNNING"], TIMEOUT, "the task to run")
        agent.watch(**WATCH)
        container.http("http://127.0.0.1:8083/connectors/paused/pause", 30, "PUT")
        container.wait_until(lambda: tasks(connect, "paused") == ["PAUSED"], TIMEOUT, "the task to pause")
        container.run("sleep", "4")
        assert not agent.events("connector-failed", "connectors-unreadable")
    finally:
        connect.delete("paused")
