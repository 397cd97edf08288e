"""pause and resume over the control socket: nothing is restarted, all else goes on, and it outlives the agent."""

import json
import os
import time

import pytest

from connect_cluster import HERE, Cluster
from control_ask import connect, get, order
from harness import UNIT, until
from http_ask import ask, free_port

RESTART = {"unit": UNIT, "action": "restart"}


@pytest.fixture
def control(agent, worker, runtime):
    """The socket of an agent that restarts its worker when that fails, which it does not yet."""
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    return runtime / "control"


def pauses(agent):
    return json.loads(agent.ledger.read_text())["ledger"].get("pauses", [])


def uid():
    return str(os.geteuid())


def test_paused_nothing_is_restarted_and_all_else_goes_on(agent, worker, bus, control):
    status, answer = order(control, "pause", worker="a", for_seconds=3600, reason="new disks")
    assert status == 200 and answer["worker"] == "a" and answer["kept"] is True
    assert answer["text"].startswith("a: paused until 20") and answer["text"].endswith(f" UTC (by uid {uid()}: new disks)")
    told = agent.expect("paused", worker="a", uid=uid())
    assert told["PRIORITY"] == "5" and f"(by uid {uid()}: new disks): watched, but not restarted" in told.message
    agent.notify.status("^1 worker: 1 paused")

    worker.mode = "unhealthy"
    held = agent.expect("hold-begun", hold="paused")
    assert "new disks" in held.message
    n = len(worker.requests)
    worker.wait_for_requests(n + 5)
    now = get(control, "/workers/a")[1]
    assert (now["state"], now["health_state"], now["outcome"]) == ("paused", "unhealthy", "failing")
    assert now["paused"]["reason"] == "new disks" and now["paused"]["uid"] == os.geteuid()
    assert now["holds"][0]["name"] == "paused" and now["holds"][0]["until"] == now["paused"]["until"]
    agent.notify.status(r"1 paused \(a, held: paused\)")
    assert "TryRestartUnit" not in bus.do("counts")

    status, answer = order(control, "resume", worker="a")
    assert (status, answer["text"]) == (200, "a: resumed")
    assert agent.expect("resumed", worker="a", uid=uid()).message.startswith(f"a: resumed by uid {uid()}, ")
    agent.expect("hold-ended", hold="paused")
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_all_of_them(agent, worker, control):
    assert order(control, "pause", worker="a", for_seconds=60)[0] == 200
    status, answer = order(control, "pause", worker=None, for_seconds=3600, reason="new racks")
    assert status == 200 and answer["worker"] is None and answer["text"].startswith("all workers: paused until ")
    told = [e for e in agent.journal.select("paused") if not e.field("worker")]
    assert len(told) == 1 and told[0].message.startswith("all workers: paused until ")
    assert get(control, "/workers/a")[1]["paused"]["all_workers"] is True      # it lasts longer
    assert order(control, "resume", worker="a")[1]["text"] == "a: resumed, but all workers are paused still"
    status, refused = order(control, "resume", worker="a")
    assert status == 409 and "resume without a name" in refused["error"]
    assert get(control, "/workers/a")[1]["state"] == "paused"
    assert order(control, "resume", worker=None)[1]["text"] == "all workers: resumed"
    assert get(control, "/workers/a")[1]["state"] == "healthy"
    assert order(control, "resume", worker=None)[1]["text"] == "all workers: not paused"
    assert order(control, "resume", worker="a")[1]["text"] == "a: not paused"


def test_it_ends_by_itself_and_says_so(agent, worker, control):
    order(control, "pause", worker="a", for_seconds=1)
    worker.mode = "unhealthy"
    assert agent.expect("resumed", worker="a").message == "a: the pause of 1s is over"
    agent.expect("restart-done")
    until(lambda: not pauses(agent), what="its end in the ledger")
    worker.mode = "ok"
    agent.expect("incident-closed")


@pytest.mark.parametrize("short, long, still", [
    ("a", None, "a: the pause of 1s is over, but all workers are paused still"),
    (None, "a", "all workers: the pause of 1s is over, but a is paused still"),
])
def test_one_that_ends_names_the_other_that_holds_still(agent, control, short, long, still):
    order(control, "pause", worker=long, for_seconds=3600)
    order(control, "pause", worker=short, for_seconds=1)
    assert agent.expect("resumed").message == still
    assert get(control, "/workers/a")[1]["state"] == "paused"


def test_all_resumed_names_the_one_that_is_paused_by_itself(agent, control):
    order(control, "pause", worker="a", for_seconds=3600)
    order(control, "pause", worker=None, for_seconds=60)
    assert order(control, "resume", worker=None)[1]["text"] == "all workers: resumed, but a is paused still"
    assert agent.expect("resumed").message.endswith("would have been over, but a is paused still")


def test_a_new_one_takes_the_place_of_the_old(agent, control):
    order(control, "pause", worker="a", for_seconds=3600, reason="old")
    order(control, "pause", worker="a", for_seconds=1, reason="new")
    assert agent.expect("resumed").message == "a: the pause of 1s is over"
    assert get(control, "/workers/a")[1]["paused"] is None


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_it_outlives_the_agent(agent, worker, bus, control, end):
    """What was answered is on disk."""
    assert order(control, "pause", worker="a", for_seconds=3600, reason="new disks")[1]["kept"] is True
    getattr(agent, end)()
    (kept,) = pauses(agent)
    assert kept["worker"] == "a" and kept["reason"] == "new disks" and kept["uid"] == os.geteuid()
    mark = agent.mark()
    worker.mode = "unhealthy"
    agent.start()
    assert agent.expect("paused", since=mark, worker="a", uid=uid()).message.startswith("a: still paused until ")
    agent.expect("hold-begun", since=mark, hold="paused")
    assert "TryRestartUnit" not in bus.do("counts")
    order(control, "resume", worker="a")
    agent.expect("restart-done", since=mark)
    worker.mode = "ok"
    agent.expect("incident-closed", since=mark)


def test_it_is_over_while_the_agent_does_not_run(agent, control):
    order(control, "pause", worker="a", for_seconds=1)
    agent.kill()
    until(lambda: time.time() > agent.ledger.stat().st_mtime + 1, what="its end")
    mark = agent.mark()
    agent.start()
    assert "while the agent did not run" in agent.expect("resumed", since=mark, worker="a").message
    assert not agent.journal.select("paused", since=mark)
    assert get(control, "/workers/a")[1]["state"] != "paused"


def test_it_outlives_that_its_worker_is_left_out_for_a_while(agent, worker, control):
    order(control, "pause", worker="a", for_seconds=3600)
    agent.configure({"b": {"url": worker.url}})
    agent.reload()
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.reload()
    assert get(control, "/workers/a")[1]["state"] == "paused"


def test_it_can_be_ended_while_its_worker_is_left_out(agent, worker, control):
    order(control, "pause", worker="a", for_seconds=3600)
    agent.configure({"b": {"url": worker.url}})
    agent.reload()
    assert order(control, "resume", worker="a")[1]["text"] == "a: resumed"
    assert agent.expect("resumed", worker="a").message.startswith(f"a: resumed by uid {uid()}, ")
    assert order(control, "resume", worker="a")[0] == 404
    assert not pauses(agent)


@pytest.mark.parametrize("how", ["reload", "restart"])
def test_it_follows_the_unit_when_the_section_is_renamed(agent, worker, bus, control, how):
    order(control, "pause", worker="a", for_seconds=3600, reason="new disks")
    mark = agent.mark()
    agent.configure({"b": {"url": worker.url, **RESTART}})
    if how == "reload":
        agent.reload()
    else:
        agent.stop()
        agent.start()
    still = agent.expect("paused", since=mark, worker="b")
    assert still.message.startswith("b: still paused until ") and "new disks" in still.message
    worker.mode = "unhealthy"
    agent.expect("hold-begun", since=mark, hold="paused", worker="b")
    assert "TryRestartUnit" not in bus.do("counts")
    until(lambda: [p["worker"] for p in pauses(agent)] == ["b"], what="its new name in the ledger")
    assert order(control, "resume", worker="a")[0] == 404
    assert order(control, "resume", worker="b")[1]["text"] == "b: resumed"
    agent.expect("restart-done", since=mark)
    worker.mode = "ok"
    agent.expect("incident-closed", since=mark)


def test_a_restart_under_way_is_given_up_before_it_is_asked_for(agent, worker, bus, control):
    bus.do("answer", method="ResetFailedUnit", delay=1500)
    worker.mode = "unhealthy"
    until(lambda: bus.do("counts").get("ResetFailedUnit"), what="the last step before the restart")
    order(control, "pause", worker="a", for_seconds=3600)
    agent.expect("hold-begun", hold="paused")
    assert "TryRestartUnit" not in bus.do("counts")
    assert json.loads(agent.ledger.read_text())["ledger"]["workers"][0]["budget"]["n"] == 0
    worker.mode = "ok"
    agent.expect("incident-closed")


def test_connectors_are_not_restarted_either(agent, worker, runtime):
    worker.mode = cluster = Cluster()
    cluster.add("orders")
    agent.configure({"a": {"url": worker.url, **RESTART, "connector_restart": "yes", "worker_id": HERE,
                           "connectors_interval": "100ms"}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    control = runtime / "control"
    order(control, "pause", worker="a", for_seconds=3600)
    cluster.fail("orders", 0)
    agent.expect("connector-failed")
    n = len(worker.requests)
    worker.wait_for_requests(n + 10)
    assert not agent.journal.select("connector-restart-requested")
    order(control, "resume", worker="a")
    agent.expect("connector-restart-requested")


def test_without_a_state_directory_it_is_not_kept_and_says_so(agent, worker, runtime):
    agent.state_directory = None
    agent.configure({"a": {"url": worker.url}})
    agent.start()
    status, answer = order(runtime / "control", "pause", worker="a", for_seconds=60)
    assert status == 200 and answer["kept"] is False and "there is no state directory" in answer["text"]
    assert get(runtime / "control", "/workers/a")[1]["state"] == "paused"


def test_a_disk_that_is_full_keeps_nobody_from_pausing(agent, worker, runtime):
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    until(agent.ledger.exists, what="the ledger")
    agent.stop()
    (agent.state_directory / "ledger.json.tmp").mkdir()
    agent.start()
    status, answer = order(runtime / "control", "pause", worker="a", for_seconds=60)
    assert status == 200 and answer["kept"] is False and "could not be written down" in answer["text"]


def test_whoever_vanishes_is_obeyed_all_the_same(agent, control):
    body = b'{"worker":"a","for_seconds":60}'
    with connect(control) as s:
        s.sendall(b"POST /pause HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        agent.expect("paused", worker="a")
    assert get(control, "/workers/a")[1]["state"] == "paused"


def test_the_page_and_the_contracts(agent, worker, runtime):
    port = free_port()
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"})
    agent.start()
    agent.expect("state-changed", state="healthy")
    order(runtime / "control", "pause", worker="a", for_seconds=60, reason="<new> disks")
    page = ask(port, "/status")[1].decode()
    assert '<span class="state">paused</span>' in page and "&lt;new&gt; disks" in page
    assert "<bdi dir=\"auto\">healthy; " in page
    assert ask(port, "/ready")[0] == 204 and ask(port, "/health")[0] == 200
    assert b'connect_watchdog_worker_state{worker="a",state="paused"} 1' in ask(port, "/metrics")[1]
