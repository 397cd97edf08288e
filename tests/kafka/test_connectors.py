"""Connectors and tasks of a real Kafka Connect: told, restarted through REST, and never a reason to restart the worker."""

import pytest

from lib.kafka import CONNECT, PATIENT, STORY_TIMEOUT

pytestmark = pytest.mark.xdist_group("connectors")

WORKER_ID = "127.0.0.1:8083"
WATCH = {**PATIENT, "connectors_interval": "1s", "worker_id": WORKER_ID}


@pytest.fixture
def sink(container, connect):
    """Creates a sink whose file cannot be made before its directory is; returns (name, how to make it)."""
    name, directory = "sink é 1", "/run/connect-sink"
    container.sh(f"rm -rf {directory}")

    def create(at=connect):
        at.create("sink%20%C3%A9%201", {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
                                         "tasks.max": "1", "topics": "connect-test", "file": f"{directory}/out"})
        container.wait_until(lambda: tasks(at, name) == ["FAILED"], STORY_TIMEOUT, "the task to fail")

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
    failed = agent.wait_for("connector-failed", STORY_TIMEOUT)
    assert (failed["CONNECT_WATCHDOG_CONNECTOR"], failed["CONNECT_WATCHDOG_TASK"]) == (name, "0")
    assert "Couldn't find or create file" in failed["CONNECT_WATCHDOG_TRACE"]
    assert "ConnectException" in failed["MESSAGE"]
    degraded = agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="degraded")
    assert name in degraded["MESSAGE"]
    container.wait_until(lambda: len(agent.events("connector-restart-requested")) >= 2, STORY_TIMEOUT, "a second restart")
    make_path()
    agent.wait_for("connector-recovered", STORY_TIMEOUT)
    container.wait_until(lambda: tasks(connect, name) == ["RUNNING"], STORY_TIMEOUT, "the task to run")
    container.wait_until(lambda: "healthy" in agent.status(), STORY_TIMEOUT, "the worker to be called healthy")
    assert connect.invocation() == invocation and not container.invocations(CONNECT)
    assert not agent.restarts() and not agent.events("incident-opened")
    print(container.journal_cat("connect-watchdog.service"))


def test_without_leave_it_is_only_told(container, agent, connect, sink):
    name, create, _ = sink
    create()
    agent.watch(**WATCH, connector_restart="yes", action="alert")
    agent.wait_for("connector-would-restart", STORY_TIMEOUT)
    assert tasks(connect, name) == ["FAILED"]
    assert not agent.events("connector-restart-requested")


def test_a_paused_connector_is_no_failure(container, agent, connect):
    connect.create("paused", {"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
                              "tasks.max": "1", "topic": "connect-test", "file": "/dev/null"})
    try:
        container.wait_until(lambda: tasks(connect, "paused") == ["RUNNING"], STORY_TIMEOUT, "the task to run")
        agent.watch(**WATCH)
        container.http("http://127.0.0.1:8083/connectors/paused/pause", STORY_TIMEOUT, "PUT")
        container.wait_until(lambda: tasks(connect, "paused") == ["PAUSED"], STORY_TIMEOUT, "the task to pause")
        container.run("sleep", "4")
        assert not agent.events("connector-failed", "connectors-unreadable")
    finally:
        connect.delete("paused")


PROPERTIES = "/etc/kafka/connect-distributed.properties"

# Instead of five minutes.
QUICK = "scheduled.rebalance.max.delay.ms=12000\n"


@pytest.fixture
def second(container, connect):
    """A second worker of the same group, on port 8084, and a short delay for both; its unit."""
    unit = "kafka-connect-second.service"
    container.sh(f"""
        cp {PROPERTIES} /run/before.properties
        printf '{QUICK}' >>{PROPERTIES}
        sed s/:8083/:8084/ {PROPERTIES} >/etc/kafka/connect-second.properties
        sed s/connect-distributed.properties/connect-second.properties/ /etc/systemd/system/{CONNECT} >/etc/systemd/system/{unit}
        systemctl daemon-reload
    """)
    connect.start()
    # The later one, so that it does not lead the group: a new leader knows of nobody to wait for.
    container.systemctl("start", unit)
    yield unit
    container.sh(f"systemctl stop {unit}; rm /etc/systemd/system/{unit}; systemctl daemon-reload; mv /run/before.properties {PROPERTIES}")
    connect.start()


@pytest.fixture
def parts(container, connect, second):
    """What runs where of three connectors that both workers share: a function that says it."""
    names = ["source-1", "source-2", "source-3"]

    def read():
        statuses = [connect.status().get(name, {"status": {"tasks": []}})["status"] for name in names]
        return [(part["state"], part["worker_id"]) for s in statuses
                for part in [*s["tasks"], s.get("connector", {"state": "", "worker_id": ""})]]

    for name in names:
        connect.create(name, {"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": "1",
                              "topic": "connect-test", "file": "/dev/null"})
    yield read
    for name in names:
        connect.delete(name)


def wait_for_both(container, parts):
    container.wait_until(lambda: len(parts()) == 6 and {state for state, _ in parts()} == {"RUNNING"} and
                         any(at.endswith(":8084") for _, at in parts()), STORY_TIMEOUT, "both workers to run some")


def wait_for_the_first(container, parts):
    """The delay is over: what the second ran is the first's."""
    container.wait_until(lambda: set(parts()) == {("RUNNING", WORKER_ID)}, STORY_TIMEOUT, "the first worker to run all")


def test_a_second_worker_that_leaves_is_no_reason_for_anything(container, agent, connect, second, parts):
    """What it ran is without a worker for up to scheduled.rebalance.max.delay.ms, by design. One that is stopped says so
    in time (UNASSIGNED); one that is killed cannot, and its tasks are still called RUNNING."""
    wait_for_both(container, parts)
    invocation = connect.invocation()
    agent.watch(timeout="15s", connectors_interval="1s", rebalance_delay="3s")
    container.systemctl("stop", "--no-block", second)
    container.wait_until(lambda: any(state == "UNASSIGNED" for state, _ in parts()), STORY_TIMEOUT, "the second to leave")
    agent.wait_for("connector-unassigned", STORY_TIMEOUT)
    wait_for_the_first(container, parts)
    agent.wait_for("connector-recovered", STORY_TIMEOUT)

    container.systemctl("start", second)
    wait_for_both(container, parts)
    container.mark()
    agent.watch(timeout="15s", connectors_interval="1s", worker_id=WORKER_ID, connector_restart="yes")
    container.signal(second, "SIGKILL")
    wait_for_the_first(container, parts)
    assert not agent.events("connector-failed", "connector-unassigned", "connectors-changed", "connector-restart-requested")
    assert not agent.restarts() and connect.invocation() == invocation
