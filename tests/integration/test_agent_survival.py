"""kill -9 of the agent at each step of a restart, and the ledger: no second restart, no fresh budget, one incident."""

import json
import os
import resource
import subprocess

import pytest

from control_ask import order
from harness import SANITIZED, UNIT, until

RESTART = {"unit": UNIT, "action": "restart"}
STAGE = "flushing updates to the status topic"


def begin(agent, worker, **keys):
    agent.configure({"a": {"url": worker.url, **RESTART}}, **keys)
    agent.start()
    agent.expect("state-changed", state="healthy")
    until(agent.ledger.exists, what="the ledger")
    worker.stage = STAGE
    worker.mode = "unhealthy"
    return agent.expect("incident-opened")


def entry(agent):
    (only,) = json.loads(agent.ledger.read_text())["ledger"]["workers"]
    return only


def restart_records(agent):
    return entry(agent)["budget"]["restarts"]


def saw(bus, method):
    """Waits until the fake was called; its count goes on growing in seen."""
    bus.seen = getattr(bus, "seen", {})
    def called():
        for name, n in bus.do("counts").items():
            bus.seen[name] = bus.seen.get(name, 0) + n
        return bus.seen.get(method, 0) > 0
    until(called, what=method)


def total(bus, method):
    bus.seen = getattr(bus, "seen", {})
    for name, n in bus.do("counts").items():
        bus.seen[name] = bus.seen.get(name, 0) + n
    return bus.seen.get(method, 0)


def again(agent):
    """Starts it once more; returns where its entries begin."""
    mark = agent.mark()
    agent.start()
    return mark


def recovers(agent, worker, mark, opened):
    worker.mode = "ok"
    closed = agent.expect("incident-closed", since=mark)
    assert closed.field("incident") == opened.field("incident")
    return closed


def test_killed_while_suspect_keeps_the_incident(agent, worker, bus):
    opened = begin(agent, worker, sustain="2s", sustain_kafka="2s")
    until(lambda: entry(agent)["incident"]["id"] == opened.field("incident"), what="the incident in the ledger")
    agent.kill()
    mark = again(agent)
    assert recovers(agent, worker, mark, opened).field("restarts") == "0"
    assert not agent.journal.select("incident-opened", since=mark)


def test_ended_while_suspect_the_next_agent_counts_on(agent, worker, bus):
    opened = begin(agent, worker, interval="5s", retry_interval="200ms", failures="1000")
    n = len(worker.requests)
    worker.wait_for_requests(n + 5)
    agent.stop()
    assert entry(agent)["streak"]["failures"] >= 3
    mark = again(agent)
    suspect = agent.expect("state-changed", since=mark, state="suspect")
    assert suspect.field("incident") == opened.field("incident")
    assert int(suspect.field("failures")) >= 4
    until(lambda: "streak" not in entry(agent), what="its being written only for the next agent")


def test_killed_before_the_intent_leaves_no_trace(agent, worker, bus):
    bus.do("answer", method="ListInhibitors", never=True)
    opened = begin(agent, worker)
    saw(bus, "ListInhibitors")
    agent.kill()
    assert total(bus, "ResetFailedUnit") == 0 and not restart_records(agent)
    bus.do("answer", method="ListInhibitors", times=0)
    mark = again(agent)
    agent.expect("restart-done", since=mark)
    recovers(agent, worker, mark, opened)
    assert total(bus, "TryRestartUnit") == 1


def test_killed_after_the_intent_and_before_the_restart_costs(agent, worker, bus):
    bus.do("answer", method="ResetFailedUnit", never=True)
    opened = begin(agent, worker, restart_limit=1)
    saw(bus, "ResetFailedUnit")
    agent.kill()
    assert [r["result"] for r in restart_records(agent)] == ["pending"]
    bus.do("answer", method="ResetFailedUnit", times=0)
    mark = again(agent)
    failed = agent.expect("restart-failed", since=mark)
    assert "interrupted" in failed.message and failed.field("incident") == opened.field("incident")
    # It may have happened for all we know, so it was charged: the budget is spent.
    agent.expect("exhausted", since=mark)
    assert total(bus, "TryRestartUnit") == 0
    assert [r["result"] for r in restart_records(agent)] == ["failed"]
    recovers(agent, worker, mark, opened)


def test_killed_as_the_restart_is_asked_for_does_it_once(agent, worker, bus):
    """systemd has the call, the agent has no answer."""
    bus.do("answer", method="TryRestartUnit", delay=800)
    bus.do("restarts", job_ms=1500)
    opened = begin(agent, worker)
    saw(bus, "TryRestartUnit")
    agent.kill()
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == "deactivating", what="the restart")
    mark = again(agent)
    agent.expect("restart-done", since=mark)
    recovers(agent, worker, mark, opened)
    assert total(bus, "TryRestartUnit") == 1 and total(bus, "RestartUnit") == 0


def test_killed_during_the_units_slow_stop_adopts_the_job(agent, worker, bus):
    bus.do("restarts", job_ms=2500)
    opened = begin(agent, worker, backoff_max="1min")
    agent.expect("restart-requested")
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == "deactivating", what="the slow stop")
    agent.kill()
    mark = again(agent)
    agent.notify.status("1 restarting")
    agent.expect("restart-done", since=mark)
    closed = recovers(agent, worker, mark, opened)
    assert closed.field("restarts") == "1"
    assert total(bus, "TryRestartUnit") == 1 and total(bus, "RestartUnit") == 0
    assert [r["result"] for r in restart_records(agent)] == ["done"]
    assert not agent.journal.select("restart-failed")


def test_killed_and_the_job_ends_meanwhile(agent, worker, bus):
    bus.do("restarts", job_ms=700)
    opened = begin(agent, worker, backoff_max="1min")
    agent.expect("restart-requested")
    saw(bus, "TryRestartUnit")
    agent.kill()
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == "active", what="the restart's end")
    mark = again(agent)
    done = agent.expect("restart-done", since=mark)
    assert done.field("incident") == opened.field("incident")
    assert not agent.journal.select("unit-restarted")       # it was us
    recovers(agent, worker, mark, opened)
    assert total(bus, "TryRestartUnit") == 1
    assert [r["result"] for r in restart_records(agent)] == ["done"]


def test_killed_and_the_job_fails_meanwhile(agent, worker, bus):
    bus.do("restarts", job_ms=700, job_result="failed")
    begin(agent, worker, backoff_max="1min", revive="no")
    agent.expect("restart-requested")
    saw(bus, "TryRestartUnit")
    agent.kill()
    until(lambda: bus.do("get", name=UNIT)["ActiveState"] == "failed", what="the job's end")
    worker.refuse()
    mark = again(agent)
    failed = agent.expect("restart-failed", since=mark)
    agent.expect("unit-down", since=failed)
    assert total(bus, "TryRestartUnit") == 1 and total(bus, "RestartUnit") == 0


def test_killed_after_the_restart_before_the_first_ok(agent, worker, bus):
    opened = begin(agent, worker, backoff_max="1min")
    agent.expect("restart-done")
    worker.mode = "starting"
    until(lambda: [r["result"] for r in restart_records(agent)] == ["done"], what="the outcome in the ledger")
    agent.kill()
    mark = again(agent)
    worker.wait_for_requests(len(worker.requests) + 5)
    recovers(agent, worker, mark, opened)
    assert total(bus, "TryRestartUnit") == 1


def test_killed_before_a_crashed_unit_is_started_it_is_started_once_by_the_next(agent, worker, bus):
    bus.do("answer", method="RestartUnit", never=True)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.refuse()
    bus.do("crash", name=UNIT)
    opened = agent.expect("incident-opened")
    saw(bus, "RestartUnit")
    agent.kill()
    bus.do("answer", method="RestartUnit", times=0)
    bus.seen = {}
    mark = again(agent)
    agent.expect("restart-failed", since=mark)
    done = agent.expect("restart-done", since=mark)
    assert done.field("incident") == opened.field("incident")
    worker.listen()
    recovers(agent, worker, mark, opened)
    assert total(bus, "RestartUnit") == 1 and total(bus, "TryRestartUnit") == 0


def test_killed_often_the_budget_counts_all(agent, worker, bus):
    opened = begin(agent, worker, restart_limit=2, exhausted_retry="0")
    for n in (1, 2):
        until(lambda: len(restart_records(agent)) == n and restart_records(agent)[-1]["result"] == "done",
              what=f"restart {n} in the ledger")
        agent.kill()
        mark = again(agent)
    agent.expect("exhausted", since=mark)
    agent.kill()
    mark = again(agent)
    agent.notify.status("1 exhausted")
    worker.wait_for_requests(len(worker.requests) + 15)
    assert total(bus, "TryRestartUnit") == 2
    recovers(agent, worker, mark, opened)


def test_the_first_ok_of_a_start_is_remembered(agent, worker, bus):
    """A worker that refuses after it was well has failed, also when the agent was restarted in between."""
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    until(lambda: agent.ledger.exists() and entry(agent)["seen_ok"], what="the first ok in the ledger")
    agent.kill()
    worker.refuse()
    mark = again(agent)
    agent.expect("incident-opened", since=mark)
    agent.expect("restart-done", since=mark)
    worker.listen()
    agent.expect("incident-closed", since=mark)


# ---- the ledger

SLOW_DISK = """
#include <sys/syscall.h>
#include <unistd.h>
int fsync(int fd) { usleep(400000); return (int) syscall(SYS_fsync, fd); }
"""


def test_what_changed_during_a_slow_write_is_written_at_the_end(agent, worker, bus, tmp_path):
    if SANITIZED:
        pytest.skip("a sanitizer's runtime must be loaded first")
    subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", tmp_path / "slow-disk.so"], input=SLOW_DISK.encode(), check=True)
    agent.environment["AFTER_SANDBOX"] = f"export LD_PRELOAD={tmp_path}/slow-disk.so"
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1min", sustain_kafka="1min")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    opened = agent.expect("incident-opened")
    assert not agent.ledger.exists() or not entry(agent)["incident"]["id"], "the disk is not slow enough"
    assert agent.stop() == 0
    assert entry(agent)["incident"]["id"] == opened.field("incident")


HUNG_DISK = """
#include <sys/syscall.h>
#include <unistd.h>
int fsync(int fd) { while (access(HANGS, F_OK) == 0) usleep(10000); return (int) syscall(SYS_fsync, fd); }
"""


def test_a_disk_that_hangs_leaves_no_worker_unwatched(agent, worker, bus, runtime, tmp_path):
    if SANITIZED:
        pytest.skip("a sanitizer's runtime must be loaded first")
    hangs = tmp_path / "hangs"
    subprocess.run(["cc", "-shared", "-fPIC", f'-DHANGS="{hangs}"', "-xc", "-", "-o", tmp_path / "hung-disk.so"],
                   input=HUNG_DISK.encode(), check=True)
    agent.environment["AFTER_SANDBOX"] = f"export LD_PRELOAD={tmp_path}/hung-disk.so"
    begin(agent, worker)
    until(agent.ledger.exists, what="the ledger")
    hangs.touch()
    status, refused = order(runtime / "control", "restart", worker="a")
    assert status == 409 and "could not be written down" in refused["error"]
    assert "has not ended" in agent.expect("ledger-unwritable").message
    worker.mode = "unhealthy"
    held = agent.expect("hold-begun", hold="ledger-unwritable")
    assert total(bus, "TryRestartUnit") == 0
    hangs.unlink()
    agent.expect("hold-ended", since=held, hold="ledger-unwritable")
    agent.expect("restart-done", since=held)
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_a_thread_that_cannot_be_begun_at_first_is_begun_later(agent, worker, bus):
    """The ledger's: with room for one thread's stack only, which is the journal's."""
    if SANITIZED:
        pytest.skip("a sanitizer needs more address space than can be limited")
    agent.environment["AFTER_SANDBOX"] = "ulimit -S -s 2097152 && ulimit -S -v 3500000"
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    assert "Resource temporarily unavailable" in agent.expect("ledger-unwritable").message
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    begun = agent.expect("hold-begun", hold="ledger-unwritable")
    resource.prlimit(agent.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    agent.expect("hold-ended", since=begun, hold="ledger-unwritable")
    agent.expect("restart-done", since=begun)
    worker.mode = "ok"
    agent.expect("incident-closed")


def unwritable_then_writable(agent, worker, bus, spoil, mend):
    begin(agent, worker, sustain="600ms", sustain_kafka="600ms")
    spoil()
    begun = agent.expect("hold-begun", hold="ledger-unwritable")
    told = agent.expect("ledger-unwritable")
    assert str(agent.state_directory) in told.message
    worker.wait_for_requests(len(worker.requests) + 8)
    assert total(bus, "TryRestartUnit") == 0 and not agent.journal.select("restart-requested")
    assert len(agent.journal.select("ledger-unwritable")) == 1
    mend()
    agent.expect("hold-ended", since=begun, hold="ledger-unwritable")
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_a_state_directory_that_is_gone_holds_until_it_is_back(agent, worker, bus):
    aside = agent.directory / "aside"

    def spoil():
        agent.state_directory.rename(aside)
        agent.state_directory.write_text("a file")

    def mend():
        agent.state_directory.unlink()
        aside.rename(agent.state_directory)

    unwritable_then_writable(agent, worker, bus, spoil, mend)


def test_a_read_only_state_directory_holds_from_the_beginning(agent, worker, bus):
    agent.environment["AFTER_SANDBOX"] = f"mount -t tmpfs -o ro none {agent.state_directory}"
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    assert "Read-only file system" in agent.expect("ledger-unwritable").message
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    agent.expect("hold-begun", hold="ledger-unwritable")
    worker.wait_for_requests(len(worker.requests) + 8)
    assert total(bus, "TryRestartUnit") == 0


def test_without_a_state_directory_nothing_is_restarted(agent, worker, bus):
    agent.state_directory = None
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    assert "--state-dir" in agent.expect("ledger-unwritable").message
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    agent.expect("hold-begun", hold="ledger-unwritable")
    worker.wait_for_requests(len(worker.requests) + 8)
    assert total(bus, "TryRestartUnit") == 0


def test_a_full_disk_holds(agent, worker, bus):
    if os.geteuid() != 0:
        pytest.skip("needs root for a file system that is full")
    agent.environment["AFTER_SANDBOX"] = f"mount -t tmpfs -o size=4k none {agent.state_directory} && " \
                                         f"head -c 4096 /dev/zero > {agent.state_directory}/filler"
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    assert "No space left on device" in agent.expect("ledger-unwritable").message
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    agent.expect("hold-begun", hold="ledger-unwritable")
    assert total(bus, "TryRestartUnit") == 0


@pytest.mark.parametrize("text", ["", "{", "\0" * 100, '{"version": 1, "ledger": {}}',
                                  '{"version": 99, "ledger": {"workers": []}, "checksum": "0"}'],
                         ids=["empty", "cut", "zeroes", "not ours", "newer"])
def test_a_damaged_ledger_is_put_aside_and_counts_as_a_spent_budget(agent, worker, bus, text):
    agent.ledger.write_text(text)
    agent.configure({"a": {"url": worker.url, **RESTART}}, restart_window="3s")
    agent.start()
    told = agent.expect("ledger-damaged")
    assert "budget counts as spent" in told.message and told["PRIORITY"] == "3"
    assert "pauses are forgotten" in told.message and "connect-watchdogctl pause" in told.message
    (aside,) = [f for f in os.listdir(agent.state_directory) if f.startswith("ledger.json.") and f != "ledger.json.tmp"]
    assert (agent.state_directory / aside).read_text() == text and aside in told.message
    agent.expect("state-changed", state="healthy")
    worker.stage = STAGE
    worker.mode = "unhealthy"
    held = agent.expect("hold-begun", hold="budget-exhausted")
    assert total(bus, "TryRestartUnit") == 0
    # … for one window, and not for ever
    done = agent.expect("restart-done", since=held)
    assert done.time - told.time > 2.5
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_a_damaged_ledger_stays_distrusted_after_a_restart_of_the_agent(agent, worker, bus):
    agent.ledger.write_text("{")
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("ledger-damaged")
    # The damaged one stays in its place until a new one is there.
    until(lambda: agent.ledger.read_text() != "{", what="a new ledger")
    agent.expect("state-changed", state="healthy")
    agent.kill()
    mark = again(agent)
    agent.expect("state-changed", since=mark, state="healthy")
    worker.mode = "unhealthy"
    agent.expect("hold-begun", since=mark, hold="budget-exhausted")
    assert not agent.journal.select("ledger-damaged", since=mark)
    assert total(bus, "TryRestartUnit") == 0
