"""Reasons not to act now, each told once when it begins and once when it ends; and calls that are refused or go wrong."""

import os
import subprocess

import pytest

from harness import UNIT, until
from http_server import WorkerServer

RESTART = {"unit": UNIT, "action": "restart"}
# A restart that is due and still not done within so many more polls will not be done.
SOME_POLLS = 8


def fail(agent, worker, mode="unhealthy"):
    agent.expect("state-changed", state="healthy")
    worker.stage = "flushing updates to the status topic"
    worker.mode = mode


def still_polls(worker, n=SOME_POLLS):
    worker.wait_for_requests(len(worker.requests) + n)


def restarts(bus):
    counts = bus.do("counts")
    return counts.get("TryRestartUnit", 0) + counts.get("RestartUnit", 0)


def held(agent, worker, bus, hold, said):
    begun = agent.expect("hold-begun", hold=hold)
    assert said in begun.message
    still_polls(worker)
    assert len(agent.journal.select("hold-begun", hold=hold)) == 1
    assert not agent.journal.select("restart-requested") and restarts(bus) == 0
    agent.notify.status(f"1 unhealthy .*held: {hold}")
    return begun


def released(agent, worker, bus, begun, hold):
    ended = agent.expect("hold-ended", since=begun, hold=hold)
    assert ended.field("incident") == begun.field("incident")
    agent.expect("restart-done", since=begun)
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert restarts(bus) == 1
    assert len(agent.journal.select("hold-ended", hold=hold)) == 1


@pytest.mark.parametrize("who", ["APT", "DNF", "RPM"])
def test_a_package_manager_at_work_holds_until_it_is_done(agent, worker, bus, who):
    bus.do("inhibitors", list=[[who, "block"]])
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    begun = held(agent, worker, bus, "package-manager", who)
    bus.do("inhibitors", list=[])
    released(agent, worker, bus, begun, "package-manager")


def test_other_inhibitors_hold_nothing(agent, worker, bus):
    bus.do("inhibitors", list=[["Unattended Upgrades Shutdown", "delay"], ["APTITUDE", "block"]])
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    agent.expect("restart-done")
    worker.mode = "ok"


@pytest.mark.parametrize("error", ["org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.systemd1.LoadFailed",
                                   "org.freedesktop.DBus.Error.AccessDenied"])
def test_a_missing_logind_is_told_once_and_holds_nothing(agent, worker, bus, error):
    bus.do("answer", method="ListInhibitors", error=[error, "no logind here"])
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    agent.expect("restart-done")
    assert "holds nothing" in agent.expect("logind-unreachable").message
    still_polls(worker)
    assert len(agent.journal.select("logind-unreachable")) == 1
    worker.mode = "ok"


@pytest.mark.parametrize("state", ["stopping", "maintenance"])
def test_a_system_that_stops_holds(agent, worker, bus, state):
    bus.do("system-state", state=state)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    begun = held(agent, worker, bus, "unit-busy", state)
    bus.do("system-state", state="degraded")
    released(agent, worker, bus, begun, "unit-busy")


@pytest.mark.parametrize("properties, said", [
    ({"ActiveState": "reloading"}, "reloading"),
    ({"FreezerState": "frozen"}, "frozen"),
])
def test_a_unit_that_is_busy_is_left_until_it_is_not(agent, worker, bus, properties, said):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    bus.do("set", name=UNIT, properties=properties)
    fail(agent, worker)
    begun = held(agent, worker, bus, "unit-busy", said)
    bus.do("set", name=UNIT, properties={"ActiveState": "active", "FreezerState": "running"})
    released(agent, worker, bus, begun, "unit-busy")


def test_systemds_own_auto_restart_is_left_to_it(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, startup_timeout="1s", startup_action="restart")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.refuse()
    bus.do("set", name=UNIT, properties={"ActiveState": "activating", "SubState": "auto-restart", "MainPID": 0,
                                         "Result": "exit-code", "ExecMainCode": 1, "ExecMainStatus": 2})
    begun = agent.expect("hold-begun", hold="unit-busy")
    assert "auto-restart" in begun.message
    bus.do("start", name=UNIT)
    worker.listen()
    agent.expect("state-changed", since=begun, state="healthy")
    assert restarts(bus) == 0


def test_peers_that_are_not_well_hold(agent, worker, bus):
    with WorkerServer("unhealthy") as one, WorkerServer("hang") as two:
        agent.configure({"a": {"url": worker.url, "peers": f"{one.url} {two.url}", **RESTART}})
        agent.start()
        fail(agent, worker)
        held(agent, worker, bus, "peers-unhealthy", "0 of 2 peers answer healthy, 1 must")


def test_a_peer_that_is_well_is_enough(agent, worker, bus):
    with WorkerServer("unhealthy") as one, WorkerServer("ok") as two:
        agent.configure({"a": {"url": worker.url, "peers": f"{one.url} {two.url}", **RESTART}})
        agent.start()
        fail(agent, worker)
        agent.expect("restart-done")
        worker.mode = "ok"
        assert [r.path for r in two.requests] == ["/health"]
        assert not agent.journal.select("hold-begun")


def test_peers_are_asked_only_when_a_restart_is_at_stake(agent, worker, bus):
    with WorkerServer("ok") as peer:
        agent.configure({"a": {"url": worker.url, "peers": peer.url, **RESTART}})
        agent.start()
        still_polls(worker)
        assert not peer.requests


# ---- not this host

def test_a_url_that_is_not_this_machines_holds(agent, bus):
    """An address that is routed but not ours, where nobody answers."""
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace with a route")
    agent.network_namespace = True
    agent.environment["AFTER_SANDBOX"] = "ip link set lo up && ip addr add 198.51.100.1/24 dev lo && " \
                                         "ip route add 203.0.113.0/24 dev lo"
    agent.configure({"a": {"url": "http://203.0.113.7:8083", **RESTART}, "b": {"url": "http://198.51.100.1:8083"}})
    agent.start()
    begun = agent.expect("hold-begun", worker="a")
    assert begun.field("hold") == "not-this-host" and "url_is_local = yes overrules" in begun.message
    assert restarts(bus) == 0
    agent.configure({"a": {"url": "http://203.0.113.7:8083", "url_is_local": "yes", **RESTART}})
    agent.reload()
    agent.expect("hold-ended", since=begun, hold="not-this-host")
    agent.expect("restart-done", since=begun)


def test_an_address_that_moves_to_another_host_holds_from_then_on(agent, bus):
    """It was ours when it was asked for first: that says nothing about now."""
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace with an address that goes")
    agent.network_namespace = True
    agent.environment["AFTER_SANDBOX"] = "ip link set lo up && ip addr add 198.51.100.1/24 dev lo && " \
                                         "ip route add 203.0.113.0/24 dev lo && ip addr add 203.0.113.7/32 dev lo"
    # Nobody listens: refused is a start, and a start that takes too long is restarted here.
    agent.configure({"a": {"url": "http://203.0.113.7:8083", **RESTART}}, startup_timeout="1s", startup_action="restart")
    agent.start()
    done = agent.expect("restart-done")
    subprocess.run(["nsenter", "--net", f"--target={agent.process.pid}", "ip", "addr", "del", "203.0.113.7/32", "dev", "lo"],
                   check=True)
    agent.expect("hold-begun", since=done, hold="not-this-host")
    n = len(agent.journal.select("restart-done"))
    subprocess.run(["nsenter", "--net", f"--target={agent.process.pid}", "ip", "addr", "add", "203.0.113.7/32", "dev", "lo"],
                   check=True)
    agent.expect("hold-ended", since=done, hold="not-this-host")
    assert restarts(bus) == n


def test_a_name_that_does_not_resolve_restarts_nothing(agent, worker, bus, dead_resolver):
    agent.environment["RESOLV_CONF"] = dead_resolver
    agent.configure({"a": {"url": "http://worker.example:8083", **RESTART}, "b": {"url": worker.url}})
    agent.start()
    told = agent.expect("cannot-tell", worker="a")
    assert told.field("outcome") == "unknown"
    still_polls(worker)
    assert restarts(bus) == 0


# ---- refused, failed, lost

NOT_AUTHORISED = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"


def test_a_refused_call_is_told_once_with_its_remedy_costs_nothing_and_is_tried_again(agent, worker, bus):
    bus.do("answer", method="ResetFailedUnit", error=[NOT_AUTHORISED, "Interactive authentication required."])
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    refused = agent.expect("restart-refused")
    assert UNIT in refused.message and "polkit" in refused.message and refused["PRIORITY"] == "3"
    begun = agent.expect("hold-begun", since=refused, hold="refused")
    agent.notify.status("1 unhealthy .*held: refused")
    still_polls(worker)
    assert bus.do("counts")["ResetFailedUnit"] == 1
    assert len(agent.journal.select("restart-refused")) == 1
    assert not agent.journal.select("restart-requested")
    assert '"restarts":[]' in agent.ledger.read_text().replace(" ", "")
    assert begun.field("incident") == refused.field("incident")


@pytest.mark.parametrize("name, text, said", [
    ("org.freedesktop.systemd1.UnitMasked", f"Unit {UNIT} is masked.", "unmask"),
    ("org.freedesktop.systemd1.OnlyByDependency", "Operation refused.", "RefuseManual"),
])
def test_a_restart_refused_after_reset_failed_costs_nothing_either(agent, worker, bus, name, text, said):
    bus.do("answer", method="TryRestartUnit", error=[name, text])
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    refused = agent.expect("restart-refused")
    assert said in refused.message
    agent.expect("hold-begun", since=refused, hold="refused")
    until(lambda: '"restarts":[]' in agent.ledger.read_text().replace(" ", ""), what="the refund in the ledger")


def test_a_job_that_fails_is_told_and_costs(agent, worker, bus):
    bus.do("restarts", job_result="failed")
    agent.configure({"a": {"url": worker.url, **RESTART}}, revive="no")
    agent.start()
    fail(agent, worker)
    failed = agent.expect("restart-failed")
    assert "failed" in failed.message and failed["PRIORITY"] == "3"
    until(lambda: '"restarts":[{' in agent.ledger.read_text().replace(" ", ""), what="the charge in the ledger")
    # It crashed then, and revive = no leaves it.
    down = agent.expect("unit-down", since=failed)
    assert "start limit" in down.message
    still_down(agent, bus)


def still_down(agent, bus):
    assert bus.do("get", name=UNIT)["ActiveState"] == "failed"
    assert restarts(bus) == 1
    agent.notify.status("1 stopped")


def test_a_job_that_never_ends_is_given_up_at_its_deadline(agent, worker, bus):
    """Twice TimeoutStopSec plus TimeoutStartSec."""
    bus.do("set", name=UNIT, properties={"TimeoutStopUSec": 300000, "TimeoutStartUSec": 400000})
    bus.do("restarts", job_ms=-1)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    requested = agent.expect("restart-requested")
    failed = agent.expect("restart-failed")
    assert failed.time - requested.time > 0.9
    assert len(agent.journal.select("restart-requested")) == 1
    until(lambda: '"restarts":[{' in agent.ledger.read_text().replace(" ", ""), what="the charge in the ledger")


def test_a_bus_lost_during_the_job_costs_and_is_told(agent, worker, bus):
    bus.do("restarts", job_ms=-1)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    fail(agent, worker)
    requested = agent.expect("restart-requested")
    until(lambda: "TryRestartUnit" in bus.do("counts"), what="the call")
    bus.stop()
    agent.expect("cannot-act", since=requested)
    agent.expect("restart-failed", since=requested)
    until(lambda: '"restarts":[{' in agent.ledger.read_text().replace(" ", ""), what="the charge in the ledger")
    bus.start()
    bus.do("unit", name=UNIT)
    worker.mode = "ok"
    agent.expect("state-changed", since=requested, state="healthy")
