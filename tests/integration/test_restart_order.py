"""restart over the control socket: the same path as the agent's own restarts, and what stands against it."""

import json
import os
import resource
import threading

import pytest

from control_ask import connect, get, order
from harness import SANITIZED, UNIT, until

RESTART = {"unit": UNIT, "action": "restart"}


@pytest.fixture
def start(agent, worker, runtime):
    """Starts an agent whose worker is healthy; returns its control socket."""
    def start(**keys):
        agent.configure({"a": {"url": worker.url, **RESTART}}, **keys)
        agent.start()
        agent.expect("state-changed", state="healthy")
        until(agent.ledger.exists, what="the ledger")
        return runtime / "control"

    return start


def budget(agent):
    (worker,) = json.loads(agent.ledger.read_text())["ledger"]["workers"]
    return worker["budget"]


def uid():
    return str(os.geteuid())


def names(refused):
    return [hold["name"] for hold in refused["holds"]]


def cannot_write(agent):
    """From now on; not while it is just writing."""
    try:
        (agent.state_directory / "ledger.json.tmp").mkdir()
    except FileExistsError:
        return False
    return True


def forgotten(control):
    """Orders, and does not wait."""
    s = connect(control)
    body = b'{"worker":"a"}'
    s.sendall(b"POST /restart HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return s


def ordered(control):
    """Orders one, which is done."""
    status, answer = order(control, "restart", worker="a")
    assert status == 200, answer
    return answer


def test_a_healthy_worker_is_restarted_as_by_the_agent_itself(agent, worker, bus, start):
    bus.do("restarts", job_ms=1500)
    control = start()
    before = bus.do("get", name=UNIT)["InvocationID"]
    answer = ordered(control)       # the job is queued, and goes on
    assert answer["text"].startswith(f"a: systemd restarts {UNIT} now; ")
    assert [(r["result"], r["operator"]) for r in budget(agent)["restarts"]] == [("pending", True)]
    assert not agent.journal.select("restart-done")
    evidence = agent.expect("evidence")
    requested = agent.expect("restart-requested", since=evidence, uid=uid())
    assert requested.message == f"a: restarting {UNIT}, as uid {uid()} ordered"
    agent.expect("restart-done", since=requested)
    agent.expect("state-changed", since=requested, state="healthy")
    assert bus.do("get", name=UNIT)["InvocationID"] != before
    counts = bus.do("counts")
    assert counts["ResetFailedUnit"] == counts["TryRestartUnit"] == 1 and "RestartUnit" not in counts
    now = get(control, "/workers/a")[1]
    assert now["budget"]["left"] == now["budget"]["limit"] and now["budget"]["n"] == 0 and now["budget"]["last_restart"]
    assert now["counts"]["restarts"]["done"] == 1 and not agent.journal.select("incident-opened")
    assert not agent.journal.select("unit-restarted")


def test_it_begins_the_startup_grace(agent, worker, bus, start):
    control = start()
    ordered(control)
    done = agent.expect("restart-done")
    worker.mode = "starting"
    n = len(worker.requests)
    worker.wait_for_requests(n + 5)
    assert get(control, "/workers/a")[1]["state"] == "starting"
    worker.mode = "ok"
    agent.expect("state-changed", since=done, state="healthy")


def test_holds_are_listed_and_force_overrules_them(agent, worker, bus, start):
    control = start()
    order(control, "pause", worker="a", for_seconds=3600, reason="new disks")
    bus.do("inhibitors", list=[["APT", "block"]])
    status, refused = order(control, "restart", worker="a")
    assert status == 409 and refused["error"] == f"a is not restarted: paused (by uid {uid()}: new disks)"
    assert names(refused) == ["paused", "package-manager"]
    assert refused["holds"][0]["until"] == get(control, "/workers/a")[1]["paused"]["until"]
    assert "TryRestartUnit" not in bus.do("counts") and not budget(agent)["restarts"]
    assert not agent.journal.select("evidence") and not agent.journal.select("hold-begun")

    status, answer = order(control, "restart", worker="a", force=True)
    assert status == 200 and "in spite of paused, package-manager" in answer["text"]
    assert agent.expect("restart-requested").message.endswith("ordered, in spite of paused, package-manager")
    agent.expect("restart-done")
    assert get(control, "/workers/a")[1]["state"] == "paused"


def test_an_exhausted_budget_is_left_as_it_is(agent, worker, bus, start):
    control = start(restart_limit=1)
    worker.mode = "unhealthy"
    agent.expect("exhausted")
    status, refused = order(control, "restart", worker="a")
    assert status == 409 and "budget-exhausted" in names(refused)
    mark = agent.mark()
    assert order(control, "restart", worker="a", force=True)[0] == 200
    requested = agent.expect("restart-requested", since=mark, uid=uid())
    assert requested.field("incident")
    agent.expect("restart-done", since=requested)
    worker.mode = "ok"
    assert agent.expect("incident-closed", since=requested).field("restarts") == "2"
    assert budget(agent)["exhausted_at"] and budget(agent)["n"] == 1


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("keys, options, remedy", [
    ({"unit": UNIT}, [], "write action = restart into [worker a]"),
    ({}, [], "write unit = NAME.service into [worker a]"),
    (RESTART, ["--dry-run"], "end the dry run"),
])
def test_what_the_configuration_does_not_allow_is_refused_with_what_to_write(agent, worker, bus, runtime, keys, options,
                                                                             remedy, force):
    agent.options += options
    agent.configure({"a": {"url": worker.url, **keys}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    status, refused = order(runtime / "control", "restart", worker="a", force=force)
    assert status == 409 and names(refused)[0] == "observe-only" and remedy in refused["error"]
    assert "TryRestartUnit" not in bus.do("counts")


def test_without_a_systemd(lone_agent, worker):
    agent, directory = lone_agent, lone_agent.directory / "runtime"
    directory.mkdir()
    agent.options += ["--runtime-dir", str(directory)]
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    status, refused = order(directory / "control", "restart", worker="a", force=True)
    assert status == 409 and "no systemd to act over" in refused["error"]


def test_a_stopped_unit_stays_stopped(agent, worker, bus, start):
    control = start()
    bus.do("stop", name=UNIT)
    agent.expect("state-changed", state="stopped")
    status, refused = order(control, "restart", worker="a", force=True)
    assert status == 409 and names(refused) == ["unit-busy"] and "is not meant to run" in refused["error"]
    counts = bus.do("counts")
    assert "TryRestartUnit" not in counts and "RestartUnit" not in counts


def test_what_cannot_be_written_down_is_not_done(agent, worker, bus, start):
    control = start()
    until(lambda: cannot_write(agent), what="a ledger that cannot be written")
    status, refused = order(control, "restart", worker="a", force=True)
    assert status == 409 and "could not be written down" in refused["error"]
    status, refused = order(control, "restart", worker="a", force=True)
    assert status == 409 and names(refused) == ["ledger-unwritable"]
    assert "TryRestartUnit" not in bus.do("counts")
    assert get(control, "/workers/a")[1]["state"] == "healthy"


def test_what_systemd_refuses(agent, worker, bus, start):
    bus.do("answer", method="ResetFailedUnit", error=["org.freedesktop.DBus.Error.AccessDenied", "Permission denied"])
    control = start()
    status, refused = order(control, "restart", worker="a")
    assert status == 502 and f"systemd refused to restart {UNIT}" in refused["error"] and "authorize" in refused["error"]
    agent.expect("restart-refused")
    assert get(control, "/workers/a")[1]["state"] == "healthy"
    until(lambda: budget(agent)["restarts"] == [], what="its being given back")


def test_a_disk_that_is_well_again_is_found_to_be(agent, worker, bus, start):
    control = start()
    agent.stop()
    until(lambda: cannot_write(agent), what="a ledger that cannot be written")
    agent.start()
    agent.expect("ledger-unwritable")
    assert names(order(control, "restart", worker="a")[1]) == ["ledger-unwritable"]
    (agent.state_directory / "ledger.json.tmp").rmdir()
    ordered(control)


def test_a_write_that_fails_at_once_leaves_no_order_behind(agent, worker, bus, runtime):
    """The ledger's thread cannot be begun: there is room for one thread's stack only, which is the journal's."""
    if SANITIZED:
        pytest.skip("a sanitizer needs more address space than can be limited")
    agent.environment["AFTER_SANDBOX"] = "ulimit -S -s 2097152 && ulimit -S -v 3500000"
    agent.configure({"a": {"url": worker.url.replace("127.0.0.1", "localhost"), **RESTART}})
    agent.start()
    agent.expect("ledger-unwritable")
    agent.expect("state-changed", state="healthy")
    status, refused = order(runtime / "control", "restart", worker="a")
    assert status == 409 and names(refused) == ["ledger-unwritable"]
    resource.prlimit(agent.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    ordered(runtime / "control")
    agent.expect("restart-done")


def test_one_at_a_time(agent, worker, bus, start):
    bus.do("restarts", job_ms=2000)
    control = start()
    ordered(control)
    status, refused = order(control, "restart", worker="a", force=True)
    assert status == 409 and refused["error"] == "a restart of a is under way already"
    agent.expect("restart-done")
    assert bus.do("counts")["TryRestartUnit"] == 1


def test_a_reload_that_comes_between_is_told(agent, worker, bus, start):
    control = start()
    bus.do("answer", method="ListInhibitors", never=True)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(order(control, "restart", worker="a")))
    asking.start()
    until(lambda: bus.do("counts").get("ListInhibitors"), what="its being thought about")
    agent.reload()
    asking.join()
    ((status, refused),) = answers
    assert status == 503 and refused["error"].startswith("nothing was restarted: the configuration was reloaded")


@pytest.mark.parametrize("renamed", [False, True])
def test_a_reload_after_systemd_was_asked_is_not_told_as_nothing(agent, worker, bus, start, renamed):
    control = start()
    bus.do("answer", method="TryRestartUnit", never=True)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(order(control, "restart", worker="a")))
    asking.start()
    until(lambda: bus.do("counts").get("TryRestartUnit"), what="systemd's being asked")
    agent.configure({"b": {"url": worker.url, **RESTART}} if renamed else
                    {"a": {"url": worker.url, **RESTART, "unit": "other.service"}})
    agent.reload()
    asking.join()
    ((status, refused),) = answers
    assert status == 503 and refused["error"].startswith(f"systemd was asked to restart {UNIT}, but ")
    assert f"systemctl status {UNIT}" in refused["error"]


def test_whoever_vanishes_is_obeyed_all_the_same(agent, worker, bus, start):
    control = start()
    bus.do("answer", method="ListInhibitors", delay=500)
    with forgotten(control):
        until(lambda: bus.do("counts").get("ListInhibitors"), what="its being thought about")
    agent.expect("restart-done")
    assert order(control, "restart", worker="b")[0] == 404


def test_an_agent_that_ends_meanwhile_keeps_nobody_waiting(agent, worker, bus, start):
    control = start()
    bus.do("answer", method="ListInhibitors", never=True)
    with forgotten(control) as s:
        until(lambda: bus.do("counts").get("ListInhibitors"), what="its being thought about")
        assert agent.stop() == 0
        assert s.recv(1000) == b""


def test_killed_after_the_intent_it_is_neither_repeated_nor_charged(agent, worker, bus, start):
    control = start(restart_limit=1)
    bus.do("answer", method="ResetFailedUnit", never=True)
    with forgotten(control):
        until(lambda: bus.do("counts").get("ResetFailedUnit"), what="the step before the restart")
        agent.kill()
    assert [(r["result"], r["operator"]) for r in budget(agent)["restarts"]] == [("pending", True)]
    bus.do("answer", method="ResetFailedUnit", times=0)
    mark = agent.mark()
    agent.start()
    assert agent.expect("restart-failed", since=mark).message.endswith("interrupted while it asked for one")
    agent.expect("state-changed", since=mark, state="healthy")
    assert get(control, "/workers/a")[1]["budget"]["left"] == 1
    assert "TryRestartUnit" not in bus.do("counts")


def test_killed_while_the_job_runs_it_is_adopted(agent, worker, bus, start):
    bus.do("restarts", job_ms=2500)
    control = start()
    ordered(control)
    agent.kill()
    mark = agent.mark()
    agent.start()
    agent.expect("restart-done", since=mark)
    agent.expect("state-changed", since=mark, state="healthy")
    assert bus.do("counts")["TryRestartUnit"] == 1
    until(lambda: [(r["result"], r["operator"]) for r in budget(agent)["restarts"]] == [("done", True)], what="its outcome")


def test_a_crashed_unit_is_started(agent, worker, bus, start):
    control = start(failures=1000)
    worker.refuse()
    bus.do("crash", name=UNIT)
    agent.expect("incident-opened")
    ordered(control)
    agent.expect("restart-done")
    assert bus.do("counts")["RestartUnit"] == 1
