"""What was stopped stays stopped, whenever and however it was stopped; what crashed comes back, once."""

import pytest

from lib.agent import STANDIN, UNIT

STORY_TIMEOUT = 30

# Longer than any verdict takes with the spans of lib.agent.QUICK.
NOTHING_HAPPENS = 5


def untouched(agent):
    return not agent.events("restart-requested", "restart-done", "restart-failed")


def test_a_healthy_worker_that_is_stopped(container, agent, standin):
    agent.watch()
    container.systemctl("stop", STANDIN)
    assert container.show(STANDIN, "Result") == "exit-code", "143: systemd calls it a failure"
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="stopped")
    standin.stays_down(NOTHING_HAPPENS)
    assert untouched(agent) and not agent.events("unit-down", "incident-opened")
    assert "stopped" in agent.status()


def test_a_stop_while_evidence_is_gathered(container, agent, standin):
    agent.watch(thread_dump="yes", thread_dump_interval="3s")
    standin.mode("hang")
    container.wait_until(lambda: "Full thread dump" in container.journal_cat(STANDIN), STORY_TIMEOUT, "the first thread dump")
    container.systemctl("stop", STANDIN)
    # The second dump would have been after three seconds, and then the restart.
    standin.stays_down(3 + NOTHING_HAPPENS)
    assert untouched(agent)


def test_a_slow_stop_that_is_under_way(container, agent, standin):
    standin.start("--stop-delay 7")
    agent.watch()
    standin.mode("hang")
    agent.wait_for("incident-opened", 10)
    container.systemctl("stop", "--no-block", STANDIN)
    container.wait_until(standin.is_down, 20, "the slow stop")
    standin.stays_down(NOTHING_HAPPENS)
    assert untouched(agent)


def test_a_stop_while_our_restart_is_stopping_the_unit(container, agent, standin):
    standin.start("--stop-delay 4")
    agent.watch(backoff_max="1s")
    standin.mode("hang")
    agent.wait_for("restart-requested", STORY_TIMEOUT)
    container.systemctl("stop", STANDIN)
    standin.stays_down(NOTHING_HAPPENS)
    assert agent.restarts() == 1 and not agent.events("restart-done")
    assert not container.invocations(STANDIN)
    assert agent.wait_for("state-changed", 5, CONNECT_WATCHDOG_STATE="stopped")


def test_a_stop_that_times_out(container, agent, standin):
    standin.start("--stop-delay 60", "TimeoutStopSec=2")
    agent.watch()
    container.systemctl("stop", STANDIN, check=False)
    assert container.show(STANDIN, "Result") == "timeout"
    standin.stays_down(NOTHING_HAPPENS)
    assert untouched(agent)


@pytest.mark.parametrize("options, settings, result", [("", "", "exit-code"), ("--stop-delay 60", "TimeoutStopSec=1", "timeout")])
def test_a_stop_that_nobody_was_there_to_see(container, agent, standin, options, settings, result):
    standin.start(options, settings)
    agent.watch()
    agent.stop()
    container.systemctl("stop", STANDIN, check=False)
    assert (container.show(STANDIN, "ActiveState"), container.show(STANDIN, "Result")) == ("failed", result)
    container.mark()
    container.systemctl("start", UNIT)
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="stopped")
    standin.stays_down(NOTHING_HAPPENS)
    assert untouched(agent)


def test_a_worker_that_somebody_terminates_by_hand(container, agent, standin):
    agent.watch()
    container.signal(STANDIN, "SIGTERM")
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="stopped")
    standin.stays_down(NOTHING_HAPPENS)
    assert untouched(agent)


def test_a_stopped_worker_that_is_started_again_is_watched_again(container, agent, standin):
    agent.watch()
    container.systemctl("stop", STANDIN)
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="stopped")
    container.mark()
    container.systemctl("start", STANDIN)
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="healthy")
    standin.mode("hang")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert agent.restarts() == 1


def test_a_crash_is_revived_although_the_unit_says_restart_no(container, agent, standin):
    agent.watch()
    assert container.show(STANDIN, "Restart") == "no"
    container.signal(STANDIN, "SIGKILL")
    agent.wait_for("restart-done", STORY_TIMEOUT)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert standin.is_healthy()
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1


def test_a_crash_that_somebody_stops_before_it_is_revived(container, agent, standin):
    """A stop of a failed unit changes nothing that systemd shows; it is meant all the same."""
    agent.watch(sustain="4s")
    container.signal(STANDIN, "SIGKILL")
    agent.wait_for("incident-opened", 10)
    container.systemctl("stop", STANDIN)
    standin.stays_down(4 + NOTHING_HAPPENS)
    assert untouched(agent)


def test_a_stop_while_we_are_dead_in_the_middle_of_a_restart(container, agent, standin):
    standin.start("--stop-delay 5")
    agent.watch()
    standin.mode("hang")
    container.wait_until(lambda: container.show(STANDIN, "ActiveState") == "deactivating", STORY_TIMEOUT, "our restart")
    container.signal(UNIT, "SIGKILL")
    container.systemctl("stop", UNIT, STANDIN, check=False)
    assert standin.is_down()
    container.systemctl("start", UNIT)
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="stopped")
    standin.stays_down(NOTHING_HAPPENS)
    assert not container.invocations(STANDIN)


def test_a_crash_is_told_and_left_with_revive_no(container, agent, standin):
    agent.watch(revive="no")
    container.signal(STANDIN, "SIGKILL")
    agent.wait_for("unit-down", 10)
    standin.stays_down(NOTHING_HAPPENS)
    assert agent.events("unit-down") == ["unit-down"] and untouched(agent)


def test_a_unit_that_systemd_brings_back_is_left_to_systemd(container, agent, standin):
    standin.start("", "Restart=always\nRestartSec=5")
    agent.watch()
    container.signal(STANDIN, "SIGKILL")
    container.wait_until(lambda: container.show(STANDIN, "SubState") == "auto-restart", 10, "systemd's own restart to be pending")
    container.wait_until(standin.is_healthy, 20, "systemd to bring it back")
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="healthy")
    container.run("sleep", 3)
    assert container.show(STANDIN, "NRestarts") == "1"
    assert len(container.invocations(STANDIN)) == 1 and untouched(agent)
