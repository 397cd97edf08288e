"""What is remembered, and what is not done twice, when the agent is killed, hangs or is misconfigured, and when systemd
reloads and re-executes itself."""

import json

import pytest

from lib.agent import CONFIG, STANDIN, UNIT, worker

STORY_TIMEOUT = 40

QUICK_RETURN = "[Service]\nRestartSec=100ms\n"


@pytest.fixture
def agent(container):
    """The agent, back at once when it dies."""
    container.drop_in(UNIT, QUICK_RETURN)
    yield container.agent
    container.drop_in(UNIT, "")


def kill_agent(container):
    container.systemctl("kill", "--kill-whom=main", "--signal=SIGKILL", UNIT)


def incidents(container):
    return {entry["CONNECT_WATCHDOG_INCIDENT"] for entry in container.journal(UNIT) if "CONNECT_WATCHDOG_INCIDENT" in entry}


def ledger(container):
    return json.loads(container.sh("cat /var/lib/connect-watchdog/ledger.json"))["ledger"]


def budget(container):
    """The restarts that the ledger of the stopped agent knows."""
    container.agent.stop()
    return ledger(container)["workers"][0]["budget"]["restarts"]


def test_a_hung_agent_is_killed_and_restarted_by_systemd_and_remembers(container, agent, standin):
    container.drop_in(UNIT, QUICK_RETURN + "WatchdogSec=3\n")
    agent.watch(restart_limit="1", backoff_max="1s", sustain="1s")
    container.mark()
    standin.mode("always hang")
    agent.wait_for("restart-done", 30)
    container.signal(UNIT, "SIGSTOP")
    container.wait_until(lambda: container.show(UNIT, "NRestarts") == "1", 30, "systemd to restart the agent")
    assert "Watchdog timeout" in container.journal_cat(UNIT)
    container.wait_until(lambda: container.is_active(UNIT), 10, "the agent to be ready again")
    agent.wait_for("exhausted", 30)
    assert len(container.invocations(STANDIN)) == 1, "the budget of one is still spent"
    assert len(incidents(container)) == 1


def first_dump(container):
    container.wait_until(lambda: "Full thread dump" in container.journal_cat(STANDIN), 30, "the first thread dump")


def event(name, **fields):
    def moment(container):
        container.agent.wait_for(name, 30, **fields)
    return moment


def slow_stop(container):
    container.wait_until(lambda: container.show(STANDIN, "ActiveState") == "deactivating", 30, "the unit's slow stop")
    container.run("sleep", 1)


def end_of_slow_stop(container):
    """Dead while systemd does what it was asked for."""
    slow_stop(container)
    kill_agent(container)
    container.systemctl("stop", UNIT)
    container.wait_until(lambda: container.invocations(STANDIN), 30, "the restart, without us")
    container.systemctl("start", UNIT)


@pytest.mark.parametrize("moment", [
    pytest.param(event("incident-opened"), id="suspect"),
    pytest.param(event("state-changed", CONNECT_WATCHDOG_STATE="unhealthy"), id="unhealthy"),
    pytest.param(first_dump, id="gathering"),
    pytest.param(event("evidence"), id="evidence"),
    pytest.param(event("restart-requested"), id="requested"),
    pytest.param(slow_stop, id="slow-stop"),
    pytest.param(end_of_slow_stop, id="dead-until-it-was-done"),
    pytest.param(event("restart-done"), id="done"),
    pytest.param(event("state-changed", CONNECT_WATCHDOG_STATE="healthy"), id="healthy-again"),
])
def test_killed_at_any_moment_it_restarts_the_worker_once(container, agent, standin, moment):
    # A slow stop keeps the restart's job under way while the agent comes back.
    standin.start("--stop-delay 3")
    agent.watch(sustain="3s", thread_dump="yes", thread_dump_interval="1s", backoff_max="1s")
    container.mark()
    standin.mode("hang")
    moment(container)
    kill_agent(container)
    container.wait_until(lambda: container.is_active(UNIT), 10, "the agent to be back")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDIN)) == 1
    assert len(incidents(container)) == 1, "it is one incident throughout"
    assert len(budget(container)) == 1


def test_restarted_in_good_order_during_a_restart_it_adopts_that(container, agent, standin):
    standin.start("--stop-delay 4")
    agent.watch(restart_limit="1")
    container.mark()
    standin.mode("hang")
    slow_stop(container)
    container.systemctl("restart", UNIT)
    agent.wait_for("restart-done", 20)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1
    assert len(incidents(container)) == 1 and len(budget(container)) == 1


@pytest.mark.parametrize("killed", [False, True])
def test_a_worker_that_does_not_stop_when_told_is_restarted_all_the_same(container, agent, standin, killed):
    """The stop of our own restart times out, which looks like an administrator's stop that did."""
    standin.start("--stop-delay 60", "TimeoutStopSec=3")
    agent.watch()
    container.mark()
    standin.mode("hang")
    slow_stop(container)
    if killed:
        kill_agent(container)
    agent.wait_for("restart-done", 20)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert standin.is_healthy()
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1


def test_killed_between_its_intent_and_the_call_it_counts_the_intent(container, agent, standin):
    """A polkit that hangs holds the call back, after the ledger was written."""
    agent.watch(restart_limit="2", backoff_max="1s")
    container.mark()
    container.systemctl("start", "polkit")
    container.signal("polkit", "SIGSTOP")
    try:
        standin.mode("hang")
        agent.wait_for("evidence", 30)
        container.wait_until(lambda: '"pending"' in container.sh("cat /var/lib/connect-watchdog/ledger.json"), 10, "the intent")
        kill_agent(container)
    finally:
        container.signal("polkit", "SIGCONT")
    agent.wait_for("restart-failed", 20)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDIN)) == 1 and len(incidents(container)) == 1
    assert len(budget(container)) == 2, "the intent without an outcome costs"


def test_an_orderly_restart_of_the_agent_forgets_nothing(container, agent, standin):
    agent.watch(restart_limit="1", backoff_max="1s", sustain="1s")
    container.mark()
    standin.mode("always hang")
    agent.wait_for("restart-done", 30)
    container.systemctl("restart", UNIT)
    agent.wait_for("exhausted", 30)
    assert len(container.invocations(STANDIN)) == 1


def test_the_ledger_knows_its_boot_although_the_sandbox_hides_it(container, agent, standin):
    agent.watch()
    agent.stop()
    assert ledger(container)["boot_id"] == container.sh("cat /proc/sys/kernel/random/boot_id").strip().replace("-", "")


def test_a_damaged_ledger_counts_as_a_spent_budget(container, agent, standin):
    agent.watch()
    agent.stop()
    container.write("/var/lib/connect-watchdog/ledger.json", '{"version": 1, "work')
    container.sh("chown connect-watchdog: /var/lib/connect-watchdog/ledger.json")
    container.mark()
    container.systemctl("start", UNIT)
    agent.wait_for("ledger-damaged", 10)
    standin.mode("hang")
    agent.wait_for("hold-begun", 30, CONNECT_WATCHDOG_HOLD="budget-exhausted")
    container.run("sleep", 3)
    assert not container.invocations(STANDIN)


def test_a_bad_configuration_is_not_taken_and_the_old_one_goes_on(container, agent, standin):
    agent.watch()
    assert agent.reload("[worker connect-a]\nintervall = 1s\n") == "config-rejected"
    assert container.is_active(UNIT)
    rejected = "\n".join(entry["MESSAGE"] for entry in agent.reloads())
    assert f"{CONFIG}:2: " in rejected and "interval" in rejected
    standin.mode("hang")
    agent.wait_for("incident-closed", 30)
    assert len(container.invocations(STANDIN)) == 1


def test_a_reload_keeps_an_incident_and_its_counters(container, agent, standin):
    agent.watch(sustain="6s")
    container.mark()
    standin.mode("hang")
    agent.wait_for("incident-opened", 10)
    other = worker("other", url="http://127.0.0.1:9", unit=None, action="alert")
    assert agent.reload(worker(sustain="6s") + other) == "config-reloaded"
    agent.wait_for("incident-closed", STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER="connect-a")
    assert len(container.invocations(STANDIN)) == 1
    assert len(incidents(container)) == 1
    assert container.show(UNIT, "NRestarts") == "0"


def test_it_does_not_start_on_a_bad_configuration_and_is_not_tried_again(container, agent):
    container.write(CONFIG, "[worker x]\nurl = nonsense\nnope = 1\n")
    container.systemctl("restart", UNIT, check=False)
    container.wait_until(lambda: container.show(UNIT, "ActiveState") == "failed", 10, "the agent to give up")
    assert container.show(UNIT, "ExecMainStatus") == "78"
    assert container.show(UNIT, "NRestarts") == "0"
    container.systemctl("reset-failed", UNIT)


def test_it_survives_that_systemd_reloads_and_reexecutes_itself(container, agent, standin):
    standin.start("--stop-delay 3")
    agent.watch(sustain="3s")
    pid = container.show(UNIT, "MainPID")
    container.mark()
    container.systemctl("daemon-reexec")
    standin.mode("hang")
    agent.wait_for("incident-opened", 10)
    container.systemctl("daemon-reload")
    slow_stop(container)
    container.systemctl("daemon-reexec")
    container.systemctl("daemon-reload")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1
    assert agent.events("restart-done") == ["restart-done"]
    assert container.show(UNIT, "MainPID") == pid
    # And it still hears of what happens to the unit.
    container.systemctl("stop", STANDIN)
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="stopped")
    standin.stays_down(4)


def test_it_survives_that_the_bus_is_restarted(container, agent, standin):
    agent.watch()
    container.mark()
    container.systemctl("restart", "dbus.service")
    container.run("sleep", 2)
    standin.mode("hang")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1
