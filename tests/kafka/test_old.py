"""The agent with Kafka Connect 3.8, which has no GET /health (before KIP-1017)."""

import pytest

from lib.kafka import CONNECT, PATIENT, STORY_TIMEOUT

pytestmark = pytest.mark.xdist_group("old")

NO_HEALTH = '{"error_code":404,"message":"HTTP 404 Not Found"}'


def wait_for_polls(container):
    """Three more of them, by its own request log."""
    def polls():
        return container.journal_cat(CONNECT).count('"GET /connectors/')

    before = polls()
    container.wait_until(lambda: polls() >= before + 3, STORY_TIMEOUT, "three polls")


def asked_for_health(container):
    """How often it has said that it has none, by its own request log. While it starts it answers with Jetty's page."""
    return container.journal_cat(CONNECT).count(f'"GET /health HTTP/1.1" 404 {len(NO_HEALTH)} ')


def test_it_has_no_health_and_names_a_missing_connector(old_container):
    connect = old_container.connect
    assert connect.get("/health") == (404, NO_HEALTH)
    assert connect.get("/connectors/nope") == (404, '{"error_code":404,"message":"Connector nope not found"}')


def test_a_hung_one_is_restarted_and_asked_for_health_once_in_each_start(old_container):
    container, agent, connect = old_container, old_container.agent, old_container.connect
    pid = connect.main_pid()
    agent.watch(**PATIENT)
    wait_for_polls(container)
    assert asked_for_health(container) == 1
    assert not agent.events("incident-opened")

    container.signal(CONNECT, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.answers() and connect.main_pid() != pid
    assert len(container.invocations(CONNECT)) == agent.restarts() == 1
    assert asked_for_health(container) == 2

    # What was found out is kept in the ledger.
    container.systemctl("restart", "connect-watchdog.service")
    wait_for_polls(container)
    assert asked_for_health(container) == 2


def test_a_blocked_tick_thread_is_told_from_a_dead_worker(old_container):
    container, agent, connect = old_container, old_container.agent, old_container.connect
    agent.watch(**PATIENT, sustain_kafka=None)
    container.sh("touch /run/block")
    try:
        connect.create_blocking("stuck", "/run/block")
        opened = agent.wait_for("incident-opened", STORY_TIMEOUT)
        assert opened["CONNECT_WATCHDOG_REASON"] == "herder-stuck"
        # Longer than `sustain`: that it answers GET / makes it one for sustain_kafka.
        container.run("sleep", "12")
        assert not agent.restarts()
    finally:
        container.sh("rm /run/block")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert not container.invocations(CONNECT)
    connect.delete("stuck")


def test_a_failed_task_is_told_and_restarted_but_not_the_worker(old_container):
    container, agent, connect = old_container, old_container.agent, old_container.connect
    connect.create("sink", {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "1",
                            "topics": "connect-test", "file": "/nonexistent/out"})
    try:
        agent.watch(**PATIENT, connectors_interval="1s", worker_id="127.0.0.1:8083", connector_restart="yes")
        assert agent.wait_for("connector-failed", STORY_TIMEOUT)["CONNECT_WATCHDOG_CONNECTOR"] == "sink"
        agent.wait_for("connector-restart-requested", STORY_TIMEOUT)
        assert not container.invocations(CONNECT)
    finally:
        connect.delete("sink")
