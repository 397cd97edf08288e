"""The agent with a real broker and a real Kafka Connect: when it restarts, and when it does not."""

import json

import pytest

from lib import kafka
from lib.agent import worker
from lib.kafka import CONNECT, STANDALONE

# Verdict, a JVM's stop and start on busy cores, the span of health that closes an incident.
STORY_TIMEOUT = 90


def watch(agent, **keys):
    # A JVM that has just started, on two busy cores, may take a second for an answer.
    agent.start(worker(**{"timeout": "2s", **keys}))
    agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="healthy")


def restarts(agent):
    return agent.events("restart-requested").count("restart-requested")


def test_a_hung_jvm_is_restarted_once_and_healthy_again(container, agent, connect):
    pid = connect.main_pid()
    watch(agent)
    container.signal(CONNECT, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.is_healthy()
    assert connect.main_pid() != pid
    assert restarts(agent) == 1


def test_a_hang_of_six_seconds_is_no_reason(container, agent, connect):
    pid = connect.main_pid()
    watch(agent, sustain="15s")
    container.signal(CONNECT, "SIGSTOP")
    container.run("sleep", "6")
    container.signal(CONNECT, "SIGCONT")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.main_pid() == pid
    assert restarts(agent) == 0


def test_a_start_slower_than_the_failure_threshold_is_no_reason(container, agent, connect):
    """Without a broker a starting worker refuses connections for a minute; the broker comes within it."""
    watch(agent)
    container.systemctl("stop", CONNECT, kafka.BROKER)
    container.systemctl("start", CONNECT)
    invocation = connect.invocation()
    container.run("sleep", "15")
    assert not connect.answers()
    container.systemctl("start", kafka.BROKER)
    connect.wait_until_up()
    assert connect.invocation() == invocation
    assert restarts(agent) == 0


def test_the_units_own_start_limit_is_never_reached_by_our_restarts(container, agent, connect):
    container.drop_in(CONNECT, "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=10min\n")
    try:
        watch(agent, backoff_max="1s")
        for nth in range(1, 4):
            container.signal(CONNECT, "SIGSTOP")
            container.wait_until(lambda: agent.events("restart-done").count("restart-done") == nth, STORY_TIMEOUT, "the restart")
            connect.wait_until_up()
        assert container.is_active(CONNECT)
    finally:
        container.drop_in(CONNECT, "")


def test_an_old_worker_is_watched_by_its_own_probe(old_container):
    agent, connect = old_container.agent, old_container.connect
    pid = connect.main_pid()
    watch(agent)
    old_container.signal(CONNECT, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.answers()
    assert connect.main_pid() != pid
    assert restarts(agent) == 1


@pytest.fixture
def standalone(container, connect):
    """A standalone worker in the distributed one's place."""
    container.systemctl("stop", CONNECT)
    worker_alone = kafka.Connect(container, STANDALONE)
    worker_alone.start()
    yield worker_alone
    container.sh("systemctl stop connect-watchdog.service 2>/dev/null || :")
    container.systemctl("stop", STANDALONE)


def test_a_standalone_worker_that_hangs_is_restarted(container, agent, standalone):
    pid = standalone.main_pid()
    watch(agent, unit=STANDALONE)
    container.signal(STANDALONE, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert standalone.main_pid() != pid
    assert restarts(agent) == 1
    assert json.loads(standalone.get("/health")[1])["status"] == "healthy"
