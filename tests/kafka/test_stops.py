"""The agent with a real Kafka Connect: what an administrator stopped stays stopped, what crashed comes back, and a
connector that breaks the worker at every start ends in an alert, not in a loop."""

import pytest

from lib.kafka import CONNECT, PATIENT, STORY_TIMEOUT

pytestmark = pytest.mark.xdist_group("stops")

def is_down(container):
    return container.show(CONNECT, "MainPID") == "0"


def test_an_admins_stop_is_not_undone(container, agent):
    agent.watch(**PATIENT)
    container.systemctl("stop", CONNECT)
    assert (container.show(CONNECT, "ActiveState"), container.show(CONNECT, "ExecMainStatus")) == ("failed", "143")
    agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="stopped")
    container.run("sleep", "6")
    assert is_down(container) and not container.invocations(CONNECT)
    assert not agent.restarts()


def test_a_stop_while_a_restart_is_being_decided_is_not_undone(container, agent, connect):
    # The two thread dumps keep the restart from coming at once.
    agent.watch(timeout="30s", sustain_kafka="1s", failures="1", thread_dump="yes", thread_dump_interval="15s")
    container.sh("touch /run/block")
    try:
        connect.create_blocking("stuck", "/run/block")
        container.wait_until(lambda: "Full thread dump" in container.journal_cat(CONNECT), STORY_TIMEOUT,
                             "the first thread dump")
        container.sh("rm /run/block")
        container.systemctl("stop", CONNECT)
        container.run("sleep", "17")
        assert is_down(container) and not container.invocations(CONNECT)
        assert not agent.restarts()
    finally:
        agent.stop()
        container.sh("rm -f /run/block")
        connect.start()
        connect.delete("stuck")


def test_a_crash_is_revived_although_the_unit_says_restart_no(container, agent, connect):
    agent.watch(**PATIENT)
    assert container.show(CONNECT, "Restart") == "no"
    container.signal(CONNECT, "SIGKILL")
    agent.wait_for("restart-done", STORY_TIMEOUT)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.is_healthy()
    assert len(container.invocations(CONNECT)) == agent.restarts() == 1


def test_a_connector_that_blocks_every_start_is_named_and_does_not_cause_a_loop(container, agent, connect):
    # Connect takes ten seconds to call itself unhealthy, and says why only to who waits for that.
    agent.watch(timeout="30s", sustain_kafka="1s", failures="1", backoff_max="1s", restart_limit="5", thread_dump="yes",
                thread_dump_interval="1s")
    # Connect waits half a minute for the blocked thread before it ends.
    container.drop_in(CONNECT, "[Service]\nTimeoutStopSec=3s\n")
    container.sh("touch /run/block")
    try:
        connect.create_blocking("orders-source", "/run/block")
        # Three verdicts, ten seconds for each answer.
        entry = agent.wait_for("exhausted", 240)
        print(container.journal_cat("connect-watchdog.service"))
        assert "orders-source" in entry["MESSAGE"]
        assert agent.events("restart-done") == ["restart-done"] * 2
        evidence = container.journal(None, "CONNECT_WATCHDOG_EVENT=evidence")
        assert "BlockingSource.taskConfigs" in evidence[0]["MESSAGE"], "the thread dump says where it is stuck"
        container.run("sleep", "3")
        assert container.is_active(CONNECT) and len(container.invocations(CONNECT)) == 2
    finally:
        agent.stop()
        container.drop_in(CONNECT, "")
        container.sh("rm /run/block")
        connect.delete("orders-source")
