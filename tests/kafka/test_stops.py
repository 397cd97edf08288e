"""The agent with a real Kafka Connect: what an administrator stopped stays stopped, what crashed comes back, and a
connector that breaks the worker at every start ends in an alert, not in a loop."""

from lib.agent import worker
from lib.kafka import CONNECT

STORY_TIMEOUT = 90


def watch(agent, **keys):
    agent.start(worker(**{"timeout": "2s", **keys}))
    agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="healthy")


def is_down(container):
    return container.show(CONNECT, "MainPID") == "0"


def test_an_admins_stop_is_not_undone(container, agent):
    watch(agent)
    container.systemctl("stop", CONNECT)
    agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="stopped")
    container.run("sleep", "10")
    assert is_down(container)
    assert not agent.events("restart-requested")


def test_a_stop_while_a_restart_is_being_decided_is_not_undone(container, agent):
    watch(agent, thread_dump="yes", thread_dump_interval="4s")
    container.signal(CONNECT, "SIGSTOP")
    # Unhealthy is the verdict; the two thread dumps keep the restart from coming at once.
    agent.wait_for("state-changed", 30, CONNECT_WATCHDOG_STATE="unhealthy")
    container.systemctl("stop", CONNECT, timeout=200)
    container.run("sleep", "12")
    assert is_down(container)
    assert not agent.events("restart-done")


def test_a_crash_is_revived_although_the_unit_says_restart_no(container, agent, connect):
    watch(agent)
    assert container.show(CONNECT, "Restart") == "no"
    container.signal(CONNECT, "SIGKILL")
    agent.wait_for("restart-done", STORY_TIMEOUT)
    connect.wait_until_up()
    assert agent.events("restart-requested") == ["restart-requested"]


def test_a_connector_that_blocks_every_start_is_named_and_does_not_cause_a_loop(container, agent, connect):
    # Connect takes ten seconds to call itself unhealthy, and says why only to who waits for that.
    watch(agent, timeout="15s", backoff_max="1s", restart_limit="5")
    container.sh("touch /run/block")
    try:
        connect.create_blocking("orders-source", "/run/block")
        # Three verdicts of three polls each, and two stops which the blocked thread makes slow.
        entry = agent.wait_for("hold-begun", 300, CONNECT_WATCHDOG_HOLD="recurring")
        assert "orders-source" in entry["MESSAGE"]
        assert agent.events("restart-done") == ["restart-done"] * 2
        assert container.is_active(CONNECT)
    finally:
        agent.stop()
        container.sh("rm /run/block")
        connect.delete("orders-source")
