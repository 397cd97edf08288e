"""An admin's stop is never undone, at whatever moment it comes; a crash is revived; systemd is left to its own work."""

import signal

import pytest

from harness import UNIT, until

RESTART = {"unit": UNIT, "action": "restart"}

STOP = {"do": "stop", "name": UNIT, "ms": 400}

# Right before the call that the agent makes at that step, the admin's stop is under way.
STEPS = {
    "before anything is read": ("ListInhibitors", 0),
    "during evidence": ("KillUnit", 0),
    "when all is read again": ("ListInhibitors", 1),
    "between the intent and the call": ("ResetFailedUnit", 0),
    "as the restart is asked for": ("TryRestartUnit", 0),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("ends", ["inactive", "failed with 143"])
def test_a_stop_during_the_decision_stays(agent, worker, bus, jvm, step, ends):
    method, skip = STEPS[step]
    bus.do("set", name=UNIT, properties={"MainPID": jvm.pid})
    bus.do("hook", method=method, skip=skip, then={**STOP, "failed": ends != "inactive"})
    agent.configure({"a": {"url": worker.url, **RESTART}}, thread_dump="yes", thread_dump_interval="100ms")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    agent.expect("state-changed", state="stopped")
    worker.refuse()
    down = "inactive" if ends == "inactive" else "failed"
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == down, what="the stop's end")
    stays_stopped(agent, bus, down)


def stays_stopped(agent, bus, down):
    agent.notify.status("1 stopped")
    mark = agent.mark()
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == down)
    # A reload looks at everything anew: it would act now if ever.
    agent.reload()
    agent.expect("config-reloaded", since=mark)
    assert bus.do("get", name=UNIT)["ActiveState"] == down
    counts = bus.do("counts")
    assert not {"RestartUnit", "StartUnit"} & set(counts) and counts.get("TryRestartUnit", 0) <= 1
    assert not agent.journal.select("restart-requested", since=mark)
    assert not agent.journal.select("restart-done")


def test_an_admins_stop_of_a_worker_that_fails_is_left(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1min", sustain_kafka="1min")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    agent.expect("incident-opened")
    bus.do("stop", name=UNIT)
    closed = agent.expect("incident-closed")
    assert "down and left so" in closed.message
    worker.refuse()
    stays_stopped(agent, bus, "inactive")
    assert not agent.journal.select("unit-down")


def test_a_stop_that_timed_out_is_a_stop(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.refuse()
    bus.do("set", name=UNIT, properties={"ActiveState": "failed", "SubState": "failed", "MainPID": 0, "Result": "timeout",
                                         "ExecMainCode": 2, "ExecMainStatus": signal.SIGKILL})
    agent.expect("state-changed", state="stopped")
    stays_stopped(agent, bus, "failed")


def test_a_stop_while_the_agent_was_down_is_left(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1min", sustain_kafka="1min")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    agent.expect("incident-opened")
    agent.kill()
    bus.do("stop", name=UNIT, ms=0, failed=True)
    worker.refuse()
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == "failed")
    mark = agent.mark()
    agent.start()
    agent.expect("state-changed", since=mark, state="stopped")
    stays_stopped(agent, bus, "failed")


def test_a_unit_that_the_admin_starts_again_is_watched_again(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    bus.do("stop", name=UNIT)
    stopped = agent.expect("state-changed", state="stopped")
    bus.do("start", name=UNIT)
    agent.expect("state-changed", since=stopped, state="healthy")
    worker.mode = "unhealthy"
    agent.expect("restart-done")
    worker.mode = "ok"


def test_a_crash_is_revived_after_sustain(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="700ms", sustain_kafka="700ms")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.refuse()
    bus.do("crash", name=UNIT, status=1)
    opened = agent.expect("incident-opened")
    assert opened.field("reason") == "unit-failed" and "exit code 1" in opened.message
    requested = agent.expect("restart-requested")
    assert requested.time - opened.time > 0.6
    assert "crashed" in requested.message
    agent.expect("restart-done")
    worker.listen()
    agent.expect("incident-closed")
    counts = bus.do("counts")
    # ResetFailedUnit would make a crashed unit one that looks stopped, if the agent ended right then.
    assert counts["RestartUnit"] == 1 and not {"ResetFailedUnit", "TryRestartUnit"} & set(counts)


def test_a_crash_into_the_start_limit_is_revived_without_lifting_it(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.refuse()
    bus.do("crash", name=UNIT, result="start-limit-hit")
    agent.expect("restart-done")
    worker.listen()
    agent.expect("incident-closed")
    counts = bus.do("counts")
    assert counts["RestartUnit"] == 1 and "ResetFailedUnit" not in counts


def test_a_crash_is_left_and_told_with_revive_no(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, revive="no")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.refuse()
    bus.do("crash", name=UNIT, status=1)
    down = agent.expect("unit-down")
    assert "exit code 1" in down.message and "revive = no" in down.message
    stays_stopped(agent, bus, "failed")
    assert len(agent.journal.select("unit-down")) == 1


def test_an_enabled_unit_that_is_down_is_told_once_and_not_started(agent, worker, bus):
    worker.refuse()
    bus.do("unit", name=UNIT, started=False)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    down = agent.expect("unit-down")
    assert UNIT in down.message
    stays_stopped(agent, bus, "inactive")
    assert len(agent.journal.select("unit-down")) == 1


@pytest.mark.parametrize("properties", [{"UnitFileState": "disabled"}, {"LoadState": "masked", "UnitFileState": "masked"}])
def test_a_unit_that_is_not_meant_to_run_is_left(agent, worker, bus, properties):
    worker.refuse()
    bus.do("unit", name=UNIT, started=False, properties=properties)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="stopped")
    stays_stopped(agent, bus, "inactive")
    assert not agent.journal.select("unit-down")


def test_a_unit_that_does_not_exist_is_left_and_watched_once_it_does(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, "unit": "not-yet.service", "action": "restart"}})
    agent.start()
    assert "not-yet.service is down (not-found" in agent.expect("state-changed", state="stopped").message
    bus.do("unit", name="not-yet.service")
    agent.expect("state-changed", state="healthy")
