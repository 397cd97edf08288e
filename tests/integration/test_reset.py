"""reset over the control socket: the budget is whole again, and what was given up is tried again at once."""

import json
import os

from connect_cluster import HERE, Cluster
from control_ask import get, order
from harness import UNIT, until

RESTART = {"unit": UNIT, "action": "restart"}


def ledger(agent):
    (worker,) = json.loads(agent.ledger.read_text())["ledger"]["workers"]
    return worker


def test_an_exhausted_worker_is_restarted_again(agent, worker, bus, runtime):
    agent.configure({"a": {"url": worker.url, **RESTART}}, restart_limit=1, backoff_max="1s")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    exhausted = agent.expect("exhausted")
    control = runtime / "control"
    assert get(control, "/workers/a")[1]["state"] == "exhausted"
    agent.notify.status("1 exhausted")
    status, answer = order(control, "reset", worker="a")
    assert (status, answer["kept"]) == (200, True)
    assert answer["text"] == "a: its budget is whole again: 1 restart within 1h"
    told = agent.expect("budget-reset", since=exhausted, uid=str(os.geteuid()))
    assert told.message == f"a: its budget is whole again: 1 restart within 1h (reset by uid {os.geteuid()})"
    agent.expect("restart-done", since=told)
    agent.expect("exhausted", since=told)       # it was one again
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_what_was_answered_outlives_the_agent(agent, worker, bus, runtime):
    agent.configure({"a": {"url": worker.url, **RESTART}}, restart_limit=1, exhausted_retry="0")
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    agent.expect("exhausted")
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert len(ledger(agent)["budget"]["restarts"]) == 1
    assert order(runtime / "control", "reset", worker="a")[0] == 200
    agent.kill()
    budget = ledger(agent)["budget"]
    assert budget["restarts"] == [] and budget["n"] == 0 and budget["exhausted_at"] is None
    agent.start()


def test_not_while_a_restart_is_under_way(agent, worker, bus, runtime):
    """What was written down of it is what tells the next agent, should this one be killed."""
    bus.do("restarts", job_ms=2000)
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    agent.expect("restart-requested")
    status, refused = order(runtime / "control", "reset", worker="a")
    assert status == 409 and "is under way" in refused["error"]
    assert [r["result"] for r in ledger(agent)["budget"]["restarts"]] == ["pending"]
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert order(runtime / "control", "reset", worker="a")[0] == 200


def test_connectors_begin_anew_too(agent, worker, runtime):
    worker.mode = cluster = Cluster()
    cluster.add("orders")
    agent.configure({"a": {"url": worker.url, **RESTART, "connector_restart": "yes", "worker_id": HERE,
                           "connectors_interval": "100ms", "connector_restart_limit": 1}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    cluster.fail("orders", 0)
    given_up = agent.expect("connector-exhausted")
    until(lambda: ledger(agent).get("connectors"), what="what was restarted, in the ledger")
    assert order(runtime / "control", "reset", worker="a")[0] == 200
    agent.expect("connector-restart-requested", since=given_up)
