"""The agent with a real broker and a real Kafka Connect: when it restarts, and when it does not."""

import json

import pytest

from lib import kafka
from lib.kafka import CONNECT, PATIENT, STANDALONE, STORY_TIMEOUT

pytestmark = pytest.mark.xdist_group("restarts")


def test_a_hung_jvm_is_restarted_once_and_healthy_again(container, agent, connect):
    pid = connect.main_pid()
    agent.watch(**PATIENT)
    container.signal(CONNECT, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.is_healthy() and connect.main_pid() != pid
    assert len(container.invocations(CONNECT)) == agent.restarts() == 1
    print(container.journal_cat("connect-watchdog.service"))


def test_a_hang_that_is_shorter_than_sustain_is_no_reason(container, agent, connect):
    agent.watch(**PATIENT, sustain="60s", successes="1")
    container.signal(CONNECT, "SIGSTOP")
    incident = agent.wait_for("incident-opened", STORY_TIMEOUT)["CONNECT_WATCHDOG_INCIDENT"]
    container.signal(CONNECT, "SIGCONT")
    agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="healthy", CONNECT_WATCHDOG_INCIDENT=incident)
    assert not container.invocations(CONNECT) and not agent.restarts()


def test_a_start_slower_than_the_failure_threshold_is_no_reason(container, agent, connect):
    """Without a broker a starting worker refuses connections for a minute; the broker comes within it."""
    agent.watch(**PATIENT)
    container.systemctl("stop", CONNECT, kafka.BROKER)
    container.mark()
    container.systemctl("start", CONNECT)
    container.run("sleep", "6")
    assert not connect.answers()
    container.systemctl("start", kafka.BROKER)
    agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="healthy")
    assert len(container.invocations(CONNECT)) == 1, "the one above"
    assert not agent.restarts() and not agent.events("incident-opened")


def test_an_outage_of_the_broker_is_no_reason_by_default(container, agent, connect):
    """The worker answers 500 for as long as it lasts and recovers by itself; a restart would have killed it. Nobody has
    told the agent of this broker: tests/kafka/test_outages.py does."""
    # It takes ten seconds for its answer, and busy cores add to them.
    agent.watch(timeout="30s", failures="1", sustain_kafka=None)
    container.signal(kafka.BROKER, "SIGKILL")
    try:
        opened = agent.wait_for("incident-opened", STORY_TIMEOUT)
        assert (opened["CONNECT_WATCHDOG_HTTP_STATUS"], opened["CONNECT_WATCHDOG_REASON"]) == ("500", "unhealthy")
        container.run("sleep", "6")
    finally:
        container.systemctl("start", kafka.BROKER)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.is_healthy()
    assert not container.invocations(CONNECT) and not agent.restarts()
    assert not agent.events("exhausted", "hold-begun")


def test_the_units_own_start_limit_is_never_reached_by_our_restarts(container, agent, connect):
    container.drop_in(CONNECT, "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=10min\n")
    try:
        agent.watch(**PATIENT, backoff_max="1s", sustain="1s")
        for nth in range(1, 4):
            container.signal(CONNECT, "SIGSTOP")
            container.wait_until(lambda: agent.events("restart-done").count("restart-done") == nth, STORY_TIMEOUT, "the restart")
            connect.wait_until_up()
        assert container.is_active(CONNECT)
        assert len(container.invocations(CONNECT)) == 3
    finally:
        container.drop_in(CONNECT, "")


@pytest.fixture
def standalone(container, connect):
    """A standalone worker in the distributed one's place."""
    container.systemctl("stop", CONNECT)
    worker_alone = kafka.Connect(container, STANDALONE)
    worker_alone.start()
    container.mark()
    yield worker_alone
    container.sh("systemctl stop connect-watchdog.service 2>/dev/null || :")
    container.systemctl("stop", STANDALONE)


def test_a_standalone_worker_that_hangs_is_restarted(container, agent, standalone):
    agent.watch(**PATIENT, unit=STANDALONE)
    container.signal(STANDALONE, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDALONE)) == agent.restarts() == 1
    assert json.loads(standalone.get("/health")[1])["status"] == "healthy"
