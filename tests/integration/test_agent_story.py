"""The main job from beginning to end, and the same where nothing may be done."""

import time

import pytest

from harness import UNIT, until

RESTART = {"unit": UNIT, "action": "restart"}


def hang_up(agent, worker, mode="reset"):
    """The worker is well, then fails. Returns the incident's first entry."""
    agent.expect("state-changed", state="healthy")
    worker.mode = mode
    return agent.expect("incident-opened")


def still_polls(worker, n=5):
    worker.wait_for_requests(len(worker.requests) + n)


def test_the_hung_worker_is_found_restarted_and_told_of_in_order(agent, worker, bus):
    agent.configure({"connect-a": {"url": worker.url, **RESTART}})
    agent.start()
    opened = hang_up(agent, worker)
    agent.expect("restart-requested")
    worker.mode = "ok"
    closed = agent.expect("incident-closed")

    story = [(e.name, e.field("state")) for e in agent.journal.items[opened.index:closed.index + 1]]
    assert story == [
        ("incident-opened", "suspect"),
        ("state-changed", "unhealthy"),
        ("evidence", "unhealthy"),
        ("restart-requested", "restarting"),
        ("restart-done", "starting"),
        ("state-changed", "healthy"),
        ("incident-closed", "healthy"),
    ]
    incident = opened.field("incident")
    assert incident and {e.field("incident") for e in agent.journal.items[opened.index:closed.index + 1]} == {incident}
    assert closed.field("restarts") == "1"
    assert len(agent.journal.items) <= 12

    still_polls(worker)
    counts = bus.do("counts")
    assert counts["ResetFailedUnit"] == 1 and counts["TryRestartUnit"] == 1
    assert not {"RestartUnit", "StartUnit", "StopUnit", "KillUnit"} & set(counts)
    assert agent.journal.items[-1] is closed


def test_an_answered_failure_waits_for_sustain_kafka(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="200ms", sustain_kafka="1500ms")
    agent.start()
    opened = hang_up(agent, worker, "unhealthy")
    assert agent.expect("restart-requested").time - opened.time > 1.4
    worker.mode = "ok"


def test_a_short_hang_is_nothing(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="2s", failures=3)
    agent.start()
    hang_up(agent, worker)
    time.sleep(0.5)         # several failures, well under sustain
    worker.mode = "ok"
    closed = agent.expect("incident-closed")
    assert closed.field("restarts") == "0" and "before it was unhealthy" in closed.message
    assert "TryRestartUnit" not in bus.do("counts")


def test_nothing_is_restarted_while_it_starts(agent, worker, bus):
    worker.refuse()
    agent.configure({"a": {"url": worker.url, **RESTART}}, startup_timeout="1s")
    agent.start()
    agent.expect("state-changed", state="starting")
    agent.expect("startup-slow")
    worker.listen()
    agent.expect("state-changed", state="healthy")
    assert len(agent.journal.select("startup-slow")) == 1
    assert not agent.journal.select("incident-opened")
    assert "TryRestartUnit" not in bus.do("counts")


def test_a_slow_start_is_restarted_where_asked(agent, worker, bus):
    worker.mode = "starting"
    agent.configure({"a": {"url": worker.url, **RESTART}}, startup_timeout="1s", startup_action="restart")
    agent.start()
    agent.expect("startup-slow")
    done = agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("state-changed", since=done, state="healthy")
    assert bus.do("counts")["TryRestartUnit"] == 1


def test_the_budget_is_spent_once_and_told(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, restart_limit=2, sustain="100ms", sustain_kafka="100ms")
    agent.start()
    worker.stage = "flushing updates to the status topic"
    hang_up(agent, worker, "unhealthy")
    exhausted = agent.expect("exhausted")
    assert exhausted["PRIORITY"] == "2" and "2 restarts within" in exhausted.message
    agent.notify.status("1 exhausted")
    still_polls(worker, 10)
    assert bus.do("counts")["TryRestartUnit"] == 2
    assert len(agent.journal.select("exhausted")) == 1
    assert len(agent.journal.select("hold-begun", hold="backoff")) == 1         # the second restart spends the budget
    assert not agent.journal.select("restart-requested", since=exhausted.index)


def test_the_same_connector_after_two_restarts_is_named_and_left(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, restart_limit=5)
    agent.start()
    worker.stage = "generating task configs for connector poison"
    hang_up(agent, worker, "unhealthy")
    told = agent.expect("exhausted")
    assert told.field("hold") == "recurring" and "connector poison" in told.message
    assert bus.do("counts")["TryRestartUnit"] == 2


# ---- where nothing may be done

def only_observes(agent, worker, bus):
    hang_up(agent, worker)
    would = agent.expect("would-restart")
    still_polls(worker, 10)
    assert len(agent.journal.select("would-restart")) == 1
    assert not agent.journal.select("restart-requested") and not agent.journal.select("evidence")
    if bus:
        assert not {"ResetFailedUnit", "TryRestartUnit", "RestartUnit", "KillUnit"} & set(bus.do("counts"))
        assert bus.do("get", name=UNIT)["ActiveState"] == "active"
    return would


def test_action_alert_only_tells(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, "unit": UNIT}}, thread_dump="yes", backoff_max="1h")
    agent.start()
    would = only_observes(agent, worker, bus)
    assert "action = alert" in would.message and UNIT in would.message and would.field("hold") == "observe-only"


def test_dry_run_only_tells(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, thread_dump="yes", backoff_max="1h")
    agent.options = ["--dry-run"]
    agent.start()
    assert "dry run" in agent.expect("agent-started").message
    assert "dry run" in only_observes(agent, worker, bus).message


def test_dry_run_of_the_configuration_only_tells(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, agent={"dry_run": "yes"}, backoff_max="1h")
    agent.start()
    assert "dry run" in only_observes(agent, worker, bus).message


def test_without_a_unit_it_only_tells(agent, worker, bus):
    agent.configure({"a": {"url": worker.url}}, backoff_max="1h")
    agent.start()
    assert "no unit is named" in only_observes(agent, worker, bus).message


def test_a_virtual_budget_is_kept(agent, worker):
    """Would-be restarts are as rare as restarts would be: after the second the budget would be spent."""
    agent.configure({"a": {"url": worker.url, "unit": UNIT}}, restart_limit=2)
    agent.start()
    hang_up(agent, worker)
    first = agent.expect("would-restart")
    second = agent.expect("would-restart", since=first)
    assert second.time - first.time > 0.9       # backoff_max
    still_polls(worker, 15)
    assert len(agent.journal.select("would-restart")) == 2


def test_without_any_bus_it_watches_and_says_once_that_it_cannot_act(lone_agent, worker):
    lone_agent.configure({"a": {"url": worker.url, **RESTART}}, backoff_max="1h")
    lone_agent.start()
    lone_agent.expect("cannot-act")
    would = only_observes(lone_agent, worker, None)
    assert "no systemd to act over" in would.message
    assert len(lone_agent.journal.select("cannot-act")) == 1


def test_without_any_unit_nobody_hears_of_a_missing_bus(lone_agent, worker):
    lone_agent.configure({"a": {"url": worker.url}})
    lone_agent.start()
    lone_agent.expect("state-changed", state="healthy")
    still_polls(worker)
    assert not lone_agent.journal.select("cannot-act")


def test_a_bus_that_goes_away_and_comes_back_is_told_twice_and_used_again(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    bus.stop()
    gone = agent.expect("cannot-act")
    still_polls(worker)
    bus.start()
    bus.do("unit", name=UNIT)
    back = agent.expect("cannot-act", since=gone)
    assert "again" in back.message and back["PRIORITY"] == "5"
    # The unit has a new start: the worker's counters began anew with it.
    worker.mode = "ok"
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == "active")
    still_polls(worker)
    worker.mode = "unhealthy"
    agent.expect("restart-done", since=back)
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_a_bus_that_comes_later_is_used(agent, worker, bus):
    bus.stop()
    agent.configure({"a": {"url": worker.url, **RESTART}}, backoff_max="1h")
    agent.start()
    cannot = agent.expect("cannot-act")
    hang_up(agent, worker)
    agent.expect("would-restart")
    bus.start()
    minute_ago = {"InactiveExitTimestampMonotonic": int((time.monotonic() - 60) * 1e6),
                  "InactiveExitTimestamp": int((time.time() - 60) * 1e6)}
    bus.do("unit", name=UNIT, properties=minute_ago)
    agent.expect("cannot-act", since=cannot)
    # It is the start of which an ok was seen, although its name is learned only now.
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")


@pytest.mark.parametrize("way", ["restart", "stop-start"])
def test_anybodys_restart_begins_the_count_anew(agent, worker, bus, way):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1s", sustain_kafka="1s", failures=3)
    agent.start()
    opened = hang_up(agent, worker)
    time.sleep(0.5)
    bus.do("start" if way == "restart" else "stop-start", name=UNIT)
    agent.expect("unit-restarted", since=opened)
    # Refused or reset before the first ok of this start is a start, for as long as that takes.
    n = len(worker.requests)
    worker.wait_for_requests(n + 10)
    assert not agent.journal.select("restart-requested")
    worker.mode = "ok"
    agent.expect("state-changed", since=opened, state="healthy")
    assert "TryRestartUnit" not in bus.do("counts")
