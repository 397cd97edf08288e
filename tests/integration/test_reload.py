"""SIGHUP: what is unchanged goes on as it was, what changed begins anew, what is wrong changes nothing."""

import json
import os
import resource
import signal

import pytest

from harness import UNIT, until
from http_server import WorkerServer

RESTART = {"unit": UNIT, "action": "restart"}


def fail(agent, worker, mode="reset"):
    agent.expect("state-changed", state="healthy")
    worker.mode = mode
    return agent.expect("incident-opened")


def test_a_reload_tells_systemd_when_it_began_and_ended(agent, worker):
    agent.configure({"a": {"url": worker.url}})
    agent.start()
    agent.reload()
    _, began = agent.notify.expect("RELOADING")
    order = [key for _, fields in agent.notify.items for key in fields if key in ("READY", "RELOADING", "MONOTONIC_USEC")]
    assert order == ["READY", "RELOADING", "MONOTONIC_USEC", "READY"]
    (monotonic,) = [int(v) for _, v in agent.notify.of("MONOTONIC_USEC")]
    (sent,) = [when for when, _ in agent.notify.of("RELOADING")]
    assert began == "1" and 0 <= sent - monotonic / 1e6 < 30
    assert "1 worker" in agent.expect("config-reloaded").message


def test_a_bad_file_changes_nothing_and_says_where_it_is_wrong(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    good = agent.config.read_text()
    agent.config.write_text(good + "intervall = 3s\n[worker b]\nunit = kafka\n")
    mark = agent.mark()
    agent.reload()
    said = agent.journal.wait(lambda _: [m for m in (e.message for e in agent.journal.select("config-rejected", mark))
                                         if "stays in force" in m])
    assert said and "2 errors" in said[0]
    assert agent.expect("config-rejected", since=mark).message.startswith(f"{agent.config}:")
    assert not agent.journal.select("config-reloaded")
    agent.notify.status("^the configuration on disk was rejected; as before: 1 worker: 1 healthy$")
    # It is still watched as before, and restarted when that helps.
    fail(agent, worker)
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert not agent.journal.select(worker="b")


def test_failures_are_counted_on(agent, worker, bus):
    """A reload right before the verdict changes nothing of it."""
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="2s", failures=3)
    agent.start()
    opened = fail(agent, worker)
    worker.wait_for_requests(len(worker.requests) + 8)
    agent.reload()
    agent.reload()
    requested = agent.expect("restart-requested")
    assert requested.time - opened.time < 3.8       # a count begun anew would need sustain twice
    assert requested.field("incident") == opened.field("incident")
    unhealthy = agent.expect("state-changed", state="unhealthy")
    assert int(unhealthy.field("failures")) > 8
    worker.mode = "ok"


def test_holds_are_told_once_over_a_reload(agent, worker, bus):
    bus.do("inhibitors", list=[["APT", "block"]])
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    begun = agent.expect("hold-begun", hold="package-manager")
    agent.reload()
    worker.wait_for_requests(len(worker.requests) + 8)
    assert len(agent.journal.select("hold-begun")) == 1
    assert len(agent.journal.select("incident-opened")) == 1
    bus.do("inhibitors", list=[])
    agent.expect("hold-ended", since=begun)
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_a_reload_tells_what_holds_now_of_each_worker_that_it_changes(agent, worker, bus):
    with WorkerServer("ok") as other:
        agent.configure({"a": {"url": worker.url, **RESTART, "action": "alert"}, "b": {"url": other.url}})
        agent.start()
        agent.expect("watching", worker="b")
        mark = agent.mark()
        agent.configure({"a": {"url": worker.url, **RESTART}, "b": {"url": other.url}})
        agent.reload()
        assert "restarts kafka-connect.service after" in agent.expect("watching", since=mark, worker="a").message
        assert len(agent.journal.select("watching")) == 3


def test_changed_settings_count_from_now_on(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1min", sustain_kafka="1min")
    agent.start()
    fail(agent, worker)
    worker.wait_for_requests(len(worker.requests) + 8)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.reload()
    agent.expect("restart-done")
    worker.mode = "ok"


@pytest.mark.parametrize("n, left, said", [
    (2, 2, "2 workers"),
    (2, 1, "1 worker; no longer watched: w1"),
    (2, 0, "0 workers; no longer watched: w0, w1"),
    (8, 0, "0 workers; no longer watched: w0, w1, w2, w3, w4 and 3 more"),
])
def test_who_is_no_longer_watched_is_named(agent, worker, n, left, said):
    agent.configure({f"w{i}": {"url": worker.url} for i in range(n)})
    agent.start()
    agent.configure({f"w{i}": {"url": worker.url} for i in range(left)})
    agent.reload()
    assert agent.expect("config-reloaded").message == f"configuration reloaded: {said}"


def test_another_url_is_another_target(agent, worker, bus):
    with WorkerServer("ok") as other:
        agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1min")
        agent.start()
        fail(agent, worker)
        agent.configure({"a": {"url": other.url, **RESTART}}, sustain="1min")
        mark = agent.mark()
        agent.reload()
        agent.expect("state-changed", since=mark, state="healthy")
        n = len(worker.requests)
        other.wait_for_requests(len(other.requests) + 5)
        assert len(worker.requests) == n


def test_nothing_was_seen_yet_at_another_url(agent, worker, bus):
    """A worker whose port is about to change: until its first answer there it starts, and is not restarted for it."""
    with WorkerServer("ok") as other:
        other.refuse()
        agent.configure({"a": {"url": worker.url, **RESTART}})
        agent.start()
        agent.expect("state-changed", state="healthy")
        agent.configure({"a": {"url": other.url, **RESTART}})
        mark = agent.mark()
        agent.reload()
        agent.expect("state-changed", since=mark, state="starting")
        other.listen()
        agent.expect("state-changed", since=mark, state="healthy")
        assert not agent.journal.select("incident-opened")


def test_many_workers_stay_spread_over_their_interval(agent, worker):
    agent.configure({f"w{i}": {"url": worker.url} for i in range(40)}, interval="1s", retry_interval="1s")
    agent.start()
    worker.wait_for_requests(80)
    for _ in range(3):
        agent.reload()
    n = len(worker.requests)
    # What was under way is asked anew at once; after that each has its place again.
    tenths = {int(r.time * 10) % 10 for r in worker.wait_for_requests(n + 140)[n + 60:n + 140]}
    assert len(tenths) > 5


def test_a_reload_before_the_first_polls_makes_nobody_ready(agent, worker, bus):
    bus.do("answer", method="GetAll", never=True)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start(ready=False)
    agent.expect("watching")
    agent.signal(signal.SIGHUP)
    agent.expect("config-reloaded")
    agent.notify.expect("READY")
    agent.expect("state-changed", state="healthy")
    assert len(agent.notify.of("READY")) == 1 and not agent.notify.of("RELOADING")


def test_a_reload_tries_at_once_what_was_refused(agent, worker, bus):
    """Whoever has written the missing polkit rule reloads, and does not wait for the backoff's end."""
    bus.do("answer", method="TryRestartUnit", error=["org.freedesktop.DBus.Error.AccessDenied", "Permission denied"])
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    refused = agent.expect("restart-refused")
    agent.expect("hold-begun", since=refused, hold="refused")
    agent.reload()
    until(lambda: bus.do("counts").get("TryRestartUnit"), what="the second try")
    agent.expect("hold-ended", since=refused, hold="refused")
    assert len(agent.journal.select("restart-refused")) == 1
    bus.do("answer", method="TryRestartUnit", times=0)
    agent.reload()
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_a_new_worker_is_polled_and_a_removed_one_is_not(agent, worker, bus):
    with WorkerServer("ok") as other:
        agent.configure({"a": {"url": worker.url}})
        agent.start()
        agent.expect("state-changed", worker="a", state="healthy")
        agent.configure({"b": {"url": other.url}})
        agent.reload()
        agent.expect("watching", worker="b")
        agent.expect("state-changed", worker="b", state="healthy")
        n = len(worker.requests)
        other.wait_for_requests(len(other.requests) + 5)
        assert len(worker.requests) == n
        agent.notify.status("^1 worker: 1 healthy$")


def test_without_descriptors_nobody_is_left_unwatched(agent, worker):
    """Each [kafka] section needs one; what begins after them is begun all the same."""
    agent.configure({"a": {"url": worker.url}})
    agent.start()
    agent.expect("state-changed", worker="a", state="healthy")
    sections = "".join(f"[kafka k{i}]\nbootstrap = 127.0.0.1:1\ninterval = 1h\n" for i in range(20))
    agent.config.write_text(f"{agent.config.read_text()}\n[worker b]\nurl = {worker.url}\n{sections}")
    in_use = max(map(int, os.listdir(f"/proc/{agent.process.pid}/fd")))
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (in_use + 6, 4096))
    agent.reload()
    agent.may_fail = True
    told = agent.expect("internal-error")
    assert told.message == "reload failed: Too many open files"
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
    agent.expect("state-changed", worker="b", state="healthy")
    before = len(worker.requests)
    worker.wait_for_requests(before + 4)


def test_from_nothing_and_to_nothing(agent, worker, bus):
    agent.config.write_text("")
    agent.start()
    agent.expect("no-worker")
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.reload()
    agent.expect("state-changed", state="healthy")
    agent.config.write_text("")
    mark = agent.mark()
    agent.reload()
    agent.expect("no-worker", since=mark)
    agent.notify.status("watching nothing")


def test_a_worker_removed_and_added_again_keeps_its_budget(agent, worker, bus):
    full = {"a": {"url": worker.url, **RESTART}}
    agent.configure(full, restart_limit=1, exhausted_retry="0")
    agent.start()
    worker.stage = "flushing updates to the status topic"
    fail(agent, worker, "unhealthy")
    agent.expect("restart-done")
    agent.expect("exhausted")
    agent.config.write_text("")
    agent.reload()
    assert "no longer watched" in agent.expect("incident-closed").message
    agent.expect("no-worker")
    agent.configure(full, restart_limit=1, exhausted_retry="0")
    mark = agent.mark()
    agent.reload()
    agent.expect("hold-begun", since=mark, hold="budget-exhausted")
    worker.wait_for_requests(len(worker.requests) + 15)
    assert bus.do("counts")["TryRestartUnit"] == 1


def test_a_restart_under_way_goes_on(agent, worker, bus):
    bus.do("restarts", job_ms=1500)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    opened = fail(agent, worker)
    requested = agent.expect("restart-requested")
    agent.reload()
    agent.configure({"a": {"url": worker.url, **RESTART}}, failures=3)
    agent.reload()
    done = agent.expect("restart-done", since=requested)
    assert done.field("incident") == opened.field("incident")
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert bus.do("counts")["TryRestartUnit"] == 1
    assert len(agent.journal.select("restart-requested")) == 1


def test_a_restart_under_way_of_a_worker_that_is_removed_is_not_forgotten(agent, worker, bus):
    bus.do("restarts", job_ms=1200)
    full = {"a": {"url": worker.url, **RESTART}}
    agent.configure(full, backoff_max="1min")
    agent.start()
    fail(agent, worker)
    agent.expect("restart-requested")
    agent.config.write_text("")
    agent.reload()
    agent.expect("no-worker")
    agent.configure(full, backoff_max="1min")
    mark = agent.mark()
    agent.reload()
    agent.expect("restart-done", since=mark)
    worker.mode = "ok"
    agent.expect("state-changed", since=mark, state="healthy")
    assert bus.do("counts")["TryRestartUnit"] == 1
    until(lambda: [r["result"] for r in json.loads(agent.ledger.read_text())["ledger"]["workers"][0]["budget"]["restarts"]]
          == ["done"], what="the outcome in the ledger")


@pytest.mark.parametrize("method", ["ListInhibitors", "ResetFailedUnit", "TryRestartUnit"])
def test_a_reload_at_each_step_of_a_restart_restarts_once(agent, worker, bus, method):
    bus.do("answer", method=method, delay=500, times=1)
    agent.configure({"a": {"url": worker.url, **RESTART}}, backoff_max="1min")
    agent.start()
    fail(agent, worker)
    until(lambda: method in bus.do("counts"), what=method)
    for _ in range(3):
        agent.reload()
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert len(agent.journal.select("restart-requested")) == 1


def test_dry_run_switched_on_and_off(agent, worker, bus):
    full = {"a": {"url": worker.url, **RESTART}}
    agent.configure(full, agent={"dry_run": "yes"}, backoff_max="1min")
    agent.start()
    fail(agent, worker)
    agent.expect("would-restart")
    agent.configure(full, backoff_max="1min")
    agent.reload()
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert bus.do("counts")["TryRestartUnit"] == 1


def test_a_unit_that_is_exchanged_is_watched_from_now_on(agent, worker, bus):
    bus.do("unit", name="other.service")
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1min", sustain_kafka="1min")
    agent.start()
    fail(agent, worker)
    agent.configure({"a": {"url": worker.url, "unit": "other.service", "action": "restart"}})
    agent.reload()
    worker.mode = "ok"
    mark = agent.mark()
    agent.expect("state-changed", since=mark, state="healthy")
    worker.mode = "unhealthy"
    requested = agent.expect("restart-requested", since=mark)
    assert requested.field("unit") == "other.service"
    worker.mode = "ok"


def test_many_reloads_in_a_row(agent, worker, bus):
    texts = []
    for keys in ({"interval": "100ms"}, {"interval": "150ms"}, {"peers": "http://127.0.0.1:1"}, {"thread_dump": "yes"}):
        agent.configure({"a": {"url": worker.url, **RESTART, **keys}, "b": {"url": worker.url + "/b"}})
        texts.append(agent.config.read_text())
    texts += ["", "[worker a]\nbad = 1\n"]
    agent.start()
    worker.mode = {"*": "hang", "/health": "unhealthy"}
    for n in range(60):
        agent.config.write_text(texts[n % len(texts)])
        agent.reload()
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.reload()
    worker.mode = "ok"
    mark = agent.mark()
    agent.expect("state-changed", since=mark, state="healthy")
    agent.notify.status("^1 worker: 1 healthy$")
