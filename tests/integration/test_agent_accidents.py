"""What must never become a restart by accident: a changed configuration, an address that moved away, a call that took its
time while somebody else acted."""

import json
import os
import socket
import subprocess
import sys

import pytest

from harness import UNIT, until
from http_server import WorkerServer

RESTART = {"unit": UNIT, "action": "restart"}


def restarts(bus):
    counts = bus.do("counts")
    return counts.get("TryRestartUnit", 0) + counts.get("RestartUnit", 0)


def entries(agent):
    return {(w["worker"], w["unit"]): w for w in json.loads(agent.ledger.read_text())["ledger"]["workers"]}


def polls_on(worker, n=20):
    worker.wait_for_requests(len(worker.requests) + n)


# ---- another URL

@pytest.fixture
def closed_url():
    """A port where nobody listens, and nobody else will."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{s.getsockname()[1]}"


@pytest.mark.parametrize("how", ["by a reload", "with the agent restarted"])
def test_a_mistaken_url_restarts_nothing(agent, worker, bus, closed_url, how):
    """That the old URL answered says nothing of the new one: refused there is no failure yet."""
    with WorkerServer("ok") as pace:
        agent.configure({"a": {"url": worker.url, **RESTART}, "pace": {"url": pace.url}})
        agent.start()
        agent.expect("state-changed", worker="a", state="healthy")
        until(lambda: agent.ledger.exists() and entries(agent)["a", UNIT]["seen_ok"], what="the first ok in the ledger")
        agent.configure({"a": {"url": closed_url, **RESTART}, "pace": {"url": pace.url}})
        if how == "by a reload":
            agent.reload()
        else:
            agent.stop()
            agent.start()
        polls_on(pace)
        assert restarts(bus) == 0 and not agent.journal.select("incident-opened")
        agent.notify.status("1 starting")


def test_the_same_url_keeps_what_was_seen_of_it(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    agent.configure({"a": {"url": worker.url, **RESTART}}, failures=3)
    agent.reload()
    worker.refuse()
    agent.expect("incident-opened")
    agent.expect("restart-done")
    worker.listen()
    agent.expect("incident-closed")


def test_another_url_during_a_restart_leaves_the_restart_ours(agent, worker, bus):
    bus.do("restarts", job_ms=1200)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    agent.expect("restart-requested")
    with WorkerServer("ok") as other:
        agent.configure({"a": {"url": other.url, **RESTART}})
        agent.reload()
        done = agent.expect("restart-done")
        agent.expect("state-changed", since=done, state="healthy")
        assert not agent.journal.select("unit-restarted"), agent.journal.story()


# ---- another name, another unit

def exhaust(agent, worker, workers, **keys):
    agent.configure(workers, restart_limit=1, exhausted_retry="0", **keys)
    agent.start()
    agent.expect("state-changed", worker="a", state="healthy")
    worker.stage = "flushing updates to the status topic"
    worker.mode = "unhealthy"
    agent.expect("restart-done")
    agent.expect("exhausted", worker="a")


def test_a_worker_of_another_name_has_its_units_budget(agent, worker, bus):
    exhaust(agent, worker, {"a": {"url": worker.url, **RESTART}})
    agent.configure({"b": {"url": worker.url, **RESTART}}, restart_limit=1, exhausted_retry="0")
    agent.reload()
    agent.expect("hold-begun", worker="b", hold="budget-exhausted")
    assert restarts(bus) == 1
    until(lambda: list(entries(agent)) == [("b", UNIT)], what="one entry of the unit in the ledger")


def test_units_that_change_places_keep_their_budgets(agent, worker, bus):
    bus.do("unit", name="other.service")
    other = {"unit": "other.service", "action": "restart"}
    with WorkerServer("ok") as well:
        exhaust(agent, worker, {"a": {"url": worker.url, **RESTART}, "b": {"url": well.url, **other}})
        for unit_of_a, unit_of_b, who in ((other, RESTART, "b"), (RESTART, other, "a")):
            urls = (well.url, worker.url) if who == "b" else (worker.url, well.url)
            agent.configure({"a": {"url": urls[0], **unit_of_a}, "b": {"url": urls[1], **unit_of_b}},
                            restart_limit=1, exhausted_retry="0")
            mark = agent.mark()
            agent.reload()
            agent.expect("hold-begun", since=mark, worker=who, hold="budget-exhausted")
    assert restarts(bus) == 1


# ---- what happens while a call takes its time

def slow_reset_failed(agent, worker, bus, **keys):
    bus.do("answer", method="ResetFailedUnit", delay=1000, times=1)
    agent.configure({"a": {"url": worker.url, **RESTART}}, **keys)
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    until(lambda: bus.do("counts").get("ResetFailedUnit"), what="ResetFailedUnit")


def test_a_unit_that_was_restarted_meanwhile_is_not_restarted_again(agent, worker, bus):
    slow_reset_failed(agent, worker, bus)
    bus.do("start", name=UNIT)
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert restarts(bus) == 0 and not agent.journal.select("restart-requested")
    until(lambda: not entries(agent)["a", UNIT]["budget"]["restarts"], what="the charge given back")


@pytest.mark.parametrize("change", [{"action": "alert"}, "dry_run"])
def test_an_operator_who_forbids_it_meanwhile_is_heard(agent, worker, bus, change):
    slow_reset_failed(agent, worker, bus)
    forbidden = {"url": worker.url, **RESTART}
    if change == "dry_run":
        agent.configure({"a": forbidden}, agent={"dry_run": "yes"})
    else:
        agent.configure({"a": {**forbidden, **change}})
    agent.reload()
    agent.expect("would-restart")
    assert restarts(bus) == 0 and not agent.journal.select("restart-requested")
    worker.mode = "ok"
    agent.expect("incident-closed")


# ---- an address that is ours today

VIP = "203.0.113.7"
SILENT = "import socket,time\ns=socket.socket(); s.bind(('', 8083)); s.listen(100); time.sleep(600)"


def in_network_of(agent, *command):
    return ["nsenter", "--net", "-t", str(agent.process.pid), *command]


def test_an_address_that_moves_away_is_asked_for_anew(agent, bus):
    """After a failover the address is another host's: its failure says nothing about our unit any more."""
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace with an address to move")
    agent.network_namespace = True
    # Routed to nobody: without the address no answer comes, and with it none comes either.
    agent.environment["AFTER_SANDBOX"] = f"ip link set lo up && ip addr add {VIP}/32 dev lo && " \
                                         "ip addr add 198.51.100.1/24 dev lo && ip route add 203.0.113.0/24 dev lo"
    agent.configure({"a": {"url": f"http://{VIP}:8083", **RESTART}}, failures=2, sustain="1s", sustain_kafka="1s",
                    restart_limit=20)
    agent.start()
    with subprocess.Popen(in_network_of(agent, sys.executable, "-c", SILENT)) as server:
        try:
            done = agent.expect("restart-done")
            subprocess.run(in_network_of(agent, "ip", "addr", "del", f"{VIP}/32", "dev", "lo"), check=True)
            begun = agent.expect("hold-begun", since=done, hold="not-this-host")
            subprocess.run(in_network_of(agent, "ip", "addr", "add", f"{VIP}/32", "dev", "lo"), check=True)
            ended = agent.expect("hold-ended", since=begun, hold="not-this-host")
            between = agent.journal.items[begun.index:ended.index]
            assert not [e for e in between if e.name == "restart-requested"]
            agent.expect("restart-done", since=ended)
        finally:
            server.kill()
