"""Connectors and tasks: what is told of them, that they never cost the worker a restart, and how they are restarted."""

import json
import time
import urllib.parse

import pytest

from connect_cluster import ELSEWHERE, HERE, TRACE, Cluster, only_names
from harness import BINARY, until
from http_server import CONNECTORS, response

LOOKS = {"connectors_interval": "100ms", "rebalance_delay": "1s"}
RESTARTS = {**LOOKS, "unit": "kafka-connect.service", "action": "restart", "connector_restart": "yes", "worker_id": HERE}


@pytest.fixture
def cluster(worker):
    worker.mode = Cluster()
    return worker.mode


def start(agent, worker, **keys):
    agent.configure({"a": {"url": worker.url, **LOOKS, **keys}})
    agent.start()
    agent.expect("state-changed", state="healthy")


def looks(cluster):
    return sum(path == CONNECTORS for _, path in cluster.asked)


def wait_for_looks(cluster, n=3):
    """So many more have been begun, so one less has been taken."""
    target = looks(cluster) + n
    until(lambda: looks(cluster) >= target, what="the next looks")


def test_a_failed_task_makes_it_degraded_and_never_restarts_it(agent, bus, worker, cluster):
    cluster.add("orders", tasks=2)
    start(agent, worker, unit="kafka-connect.service", action="restart")
    cluster.fail("orders", 1)
    told = agent.expect("connector-failed")
    assert (told.field("connector"), told.field("task"), told.field("connector_state")) == ("orders", "1", "FAILED")
    assert told.field("worker_id") == HERE and told.field("trace") == TRACE
    assert told.message == ("a: task 1 of connector orders is FAILED on 10.0.0.1:8083: "
                            "org.apache.kafka.connect.errors.ConnectException: no such file")
    degraded = agent.expect("state-changed", state="degraded")
    assert degraded.field("reason") == "connectors-failed" and "task 1 of orders" in degraded.message
    wait_for_looks(cluster, 20)
    assert len(agent.journal.select("connector-failed")) == 1, "told once"
    cluster.mend("orders", 1)
    assert "task 1 of connector orders is no longer FAILED" in agent.expect("connector-recovered").message
    agent.expect("state-changed", state="healthy", since=degraded)
    assert not agent.journal.select("incident-opened") and not agent.journal.select("restart-requested")
    assert not cluster.posted


def test_every_look_of_the_worker_itself_stays_on_schedule(agent, worker, cluster):
    """The statuses take ten times as long as a poll's interval."""
    cluster.add("orders")
    cluster.delay = 2.0
    worker.mode = lambda e: cluster(e) if e.path == CONNECTORS else Cluster()(e)
    start(agent, worker)
    until(lambda: looks(cluster) >= 2, what="two looks")
    polls = [r.time for r in worker.requests if r.path == "/health"]
    gaps = [b - a for a, b in zip(polls, polls[1:])]
    assert len(gaps) > 5 and max(gaps) < 0.6, gaps


def test_only_this_workers_failures_count(agent, worker, cluster):
    cluster.add("orders")
    cluster.add("payments", worker_id=ELSEWHERE)
    start(agent, worker, worker_id=HERE.upper())
    cluster.fail("payments", 0)
    wait_for_looks(cluster)
    cluster.fail("orders")
    assert agent.expect("connector-failed").field("connector") == "orders"
    assert "connector orders" in agent.expect("state-changed", state="degraded").message
    assert len(agent.journal.select("connector-failed")) == 1


def test_a_threshold_lets_some_fail(agent, worker, cluster):
    for i in range(9):
        cluster.add(f"c{i}")
    start(agent, worker, failure_threshold=10)
    cluster.fail("c0", 0)
    agent.expect("connector-failed")
    wait_for_looks(cluster)
    assert not agent.journal.select("state-changed", state="degraded")
    cluster.fail("c1", 0)
    agent.expect("state-changed", state="degraded")


def test_unassigned_is_told_only_after_the_rebalance_delay(agent, worker, cluster):
    cluster.add("orders")
    start(agent, worker)
    cluster.part("orders", 0)["state"] = "UNASSIGNED"
    began = time.monotonic()
    told = agent.expect("connector-unassigned")
    assert told.time - began > 0.9 and told.field("task") == "0"
    cluster.mend("orders", 0)
    agent.expect("connector-recovered")
    assert not agent.journal.select("state-changed", state="degraded")


def test_a_connector_without_a_task_is_told(agent, worker, cluster):
    cluster.add("orders")
    start(agent, worker)
    cluster.add("idle", tasks=0)
    cluster.add("stopped", tasks=0, state="STOPPED")
    assert agent.expect("connector-without-tasks").field("connector") == "idle"
    wait_for_looks(cluster)
    assert len(agent.journal.select("connector-without-tasks")) == 1


def test_a_storm_is_one_entry(agent, worker, cluster):
    cluster.add("orders", tasks=500)
    start(agent, worker)
    trace = TRACE + "\tat org.example.Deep.call(Deep.java:1)\n" * 200
    for i in range(500):
        cluster.part("orders", i).update(state="FAILED", trace=trace)
    told = agent.expect("connectors-changed")
    assert told.message.startswith("a: 500 connectors and tasks changed at once: 500 failed; first task 0 of connector orders")
    assert told.field("connectors_failed") == "500" and told.field("trace") == trace
    assert told.field("connectors").splitlines()[:2] == ["orders task 0 FAILED", "orders task 1 FAILED"]
    agent.expect("state-changed", state="degraded")
    assert not agent.journal.select("connector-failed")
    for i in range(500):
        cluster.mend("orders", i)
    told = agent.expect("connectors-changed", since=told)
    assert told["PRIORITY"] == "5" and told.field("connectors_recovered") == "500"


@pytest.mark.skipif(b"__asan_init" in BINARY.read_bytes(), reason="a sanitizer's own memory counts, too")
def test_ten_thousand_connectors_leave_no_memory_behind(agent, worker, cluster):
    for i in range(10000):
        cluster.add(f"connector-{i:05}", tasks=2)
    body = response(200, {name: {"status": c} for name, c in cluster.connectors.items()})
    cluster.answer = lambda e: e.send(body)
    start(agent, worker, connectors_interval="300ms")
    wait_for_looks(cluster, 3)
    assert rss_kb(agent) < 20000, "the answer is 3 MB, its tree many times that"


def rss_kb(agent):
    with open(f"/proc/{agent.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


@pytest.mark.parametrize("body, problem", [
    (b"{\"orders\":{\"status\":{\"connector\":", "it ends too early"),
    (b"{\"orders\":{}}", "a connector has no status"),
    (b"<html>", "it is neither an object nor an array"),
    (b"{\"orders\":1}}", "a connector has no status"),
], ids=["cut", "no-status", "html", "nonsense"])
def test_what_cannot_be_read_is_told_once_and_what_was_known_stays(agent, worker, cluster, body, problem):
    cluster.add("orders")
    cluster.fail("orders", 0)
    start(agent, worker)
    agent.expect("state-changed", state="degraded")
    cluster.answer = lambda e: e.send(response(200, body))
    told = agent.expect("connectors-unreadable")
    assert problem in told.message
    wait_for_looks(cluster, 5)
    cluster.answer = None
    assert "can be read again" in agent.expect("connectors-unreadable", since=told).message
    assert len(agent.journal.select("connectors-unreadable")) == 2
    assert len(agent.journal.select("connector-failed")) == 1 and not agent.journal.select("connector-recovered")


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_is_told_with_its_status(agent, worker, cluster, status):
    cluster.answer = lambda e: e.send(response(status, {"error_code": status, "message": "no"}))
    start(agent, worker)
    assert f"HTTP {status}" in agent.expect("connectors-unreadable").message
    assert not agent.journal.select("state-changed", state="degraded")


def test_an_answer_that_is_too_large(agent, worker, cluster):
    def endless(e):
        e.send(b"HTTP/1.1 200 OK\r\n\r\n{")
        e.flood(b" ")
    cluster.answer = endless
    start(agent, worker, connectors_max_response="64K")
    assert "larger than connectors_max_response" in agent.expect("connectors-unreadable").message


def test_an_answer_that_never_ends(agent, worker, cluster):
    def slow(e):
        e.send(b"HTTP/1.1 200 OK\r\n\r\n{")
        e.hang()
    worker.mode = lambda e: slow(e) if e.path == CONNECTORS else cluster(e)
    start(agent, worker, connectors_timeout="1s")
    assert "timeout" in agent.expect("connectors-unreadable").message
    assert not agent.journal.select("incident-opened")


def test_an_old_worker_is_asked_for_each(agent, worker, cluster):
    names = [f"connector {i}/é" for i in range(20)]
    for name in names:
        cluster.add(name)
    cluster.fail(names[7], 0)
    cluster.answer = only_names(cluster)
    start(agent, worker)
    assert agent.expect("connector-failed").field("connector") == names[7]
    agent.expect("state-changed", state="degraded")
    asked = [path for _, path in cluster.asked]
    assert "/connectors/connector%207%2F%C3%A9/status" in asked
    for name in names[:19]:
        del cluster.connectors[name]
    agent.expect("connector-recovered")


def test_a_worker_without_connectors_of_its_own_is_asked_through_its_herder(agent, worker, cluster):
    cluster.add("other", worker_id=ELSEWHERE)
    cluster.herder_status = 500
    start(agent, worker, worker_id=HERE)
    degraded = agent.expect("state-changed", state="degraded")
    assert degraded.field("reason") == "connector-unreadable" and "HTTP 500" in degraded.message
    cluster.herder_status = 200
    agent.expect("state-changed", state="healthy", since=degraded)
    assert "/connectors/other" in [path for _, path in cluster.asked]


def test_the_broker_connector_is_asked_for_in_the_firsts_place(agent, worker, cluster):
    cluster.add("a-first", worker_id=ELSEWHERE)
    cluster.add("named one", worker_id=ELSEWHERE)
    start(agent, worker, worker_id=HERE, broker_connector="named one")
    wait_for_looks(cluster)
    asked = [path for _, path in cluster.asked]
    assert "/connectors/named%20one" in asked and "/connectors/a-first" not in asked


def test_nothing_is_asked_where_connectors_are_not_watched(agent, worker, cluster):
    cluster.add("orders")
    start(agent, worker, connectors="no")
    worker.wait_for_requests(10)
    assert not cluster.asked


def test_secrets_of_configurations_are_never_asked_for(agent, worker, cluster):
    cluster.add("orders")
    start(agent, worker)
    wait_for_looks(cluster)
    assert not [r for r in worker.requests if "info" in r.path or r.path.endswith("/config")]


# --- restarts ---


def test_what_failed_is_restarted_and_heals(agent, bus, worker, cluster):
    cluster.add("orders é/1", tasks=3)
    cluster.heals = True
    start(agent, worker, **RESTARTS)
    cluster.fail("orders é/1", 2)
    assert "restarts what fails of the connectors on 10.0.0.1:8083" in agent.expect("watching").message
    told = agent.expect("connector-restart-requested")
    assert told.field("connector") == "orders é/1" and "(1 of 7)" in told.message
    agent.expect("connector-recovered")
    wait_for_looks(cluster)
    assert cluster.posts() == ["/connectors/orders%20%C3%A9%2F1/restart?includeTasks=true&onlyFailed=true"]
    request = next(r for r in worker.requests if r.method == "POST")
    assert (request.headers["content-type"], request.headers["content-length"]) == ("application/json", "0")
    assert all("content-type" not in r.headers for r in worker.requests if r.method == "GET")


def test_the_pause_grows_and_the_limit_ends_it(agent, bus, worker, cluster):
    """backoff_max is the pause from the first restart on."""
    cluster.add("orders")
    start(agent, worker, **RESTARTS, backoff_max="1s", connector_restart_limit="3")
    cluster.fail("orders", 0)
    told = agent.expect("connector-exhausted")
    assert "3 restarts did not help" in told.message and told.field("connector") == "orders"
    wait_for_looks(cluster, 15)
    assert len(cluster.posted) == 3 and len(agent.journal.select("connector-exhausted")) == 1
    times = [at for at, _ in cluster.posted]
    assert all(b - a > 0.7 for a, b in zip(times, times[1:]))
    cluster.mend("orders", 0)
    agent.expect("connector-recovered")


def test_a_restart_in_the_ledger_is_not_repeated_by_the_next_agent(agent, bus, worker, cluster):
    cluster.add("orders")
    start(agent, worker, **RESTARTS)
    cluster.fail("orders", 0)
    agent.expect("connector-restart-requested")
    ledger = json.loads(agent.ledger.read_text())
    assert [(c["name"], c["n"]) for c in ledger["ledger"]["workers"][0]["connectors"]] == [("orders", 1)]
    agent.kill()
    agent.start()
    wait_for_looks(cluster, 5)
    assert len(cluster.posted) == 1


def test_connectors_on_other_workers_are_left_to_their_agents(agent, bus, worker, cluster):
    cluster.add("orders", worker_id=ELSEWHERE)
    cluster.part("orders", 0)["worker_id"] = HERE
    cluster.add("mine")
    start(agent, worker, **RESTARTS)
    cluster.fail("orders", 0)
    agent.expect("connector-failed")
    wait_for_looks(cluster)
    assert not cluster.posted
    cluster.fail("mine")
    agent.expect("connector-restart-requested")
    assert [path.split("/")[2] for path in cluster.posts()] == ["mine"]


def test_a_rebalance_is_waited_for_and_costs_nothing(agent, bus, worker, cluster):
    cluster.add("orders")
    cluster.post_status = 409
    cluster.heals = True
    start(agent, worker, **RESTARTS, connector_restart_limit="1")
    cluster.fail("orders", 0)
    told = agent.expect("connector-restart-refused")
    assert "rebalance" in told.message and told["PRIORITY"] == "5"
    cluster.post_status = None
    assert "(1 of 1)" in agent.expect("connector-restart-requested").message
    assert len(agent.journal.select("connector-restart-refused")) == 1


def test_a_refusal_counts(agent, bus, worker, cluster):
    cluster.add("orders")
    cluster.post_status = 500
    start(agent, worker, **RESTARTS)
    cluster.fail("orders", 0)
    assert "HTTP 500" in agent.expect("connector-restart-refused").message
    wait_for_looks(cluster, 5)
    assert len(cluster.posted) == 1


@pytest.mark.parametrize("version", ["2.8.1", "6.2.1-ccs"])
def test_before_kafka_3_it_goes_task_by_task(agent, bus, worker, version):
    worker.mode = cluster = Cluster(version=version)
    cluster.add("orders", tasks=4)
    cluster.heals = True
    start(agent, worker, **RESTARTS)
    cluster.fail("orders", 1)
    cluster.fail("orders", 3)
    agent.expect("connector-restart-requested")
    assert [p for p in cluster.posts()] == ["/connectors/orders/tasks/1/restart", "/connectors/orders/tasks/3/restart"]
    wait_for_looks(cluster)
    cluster.fail("orders")
    wait_for_looks(cluster)
    assert len(cluster.posted) == 2, "the pause holds"


@pytest.mark.parametrize("keys, why", [({"action": "alert"}, "action = alert"), ({}, "a dry run")], ids=["alert", "dry-run"])
def test_who_only_observes_posts_nothing(agent, bus, worker, cluster, keys, why):
    cluster.add("orders")
    agent.configure({"a": {"url": worker.url, **RESTARTS, **keys, "backoff_max": "1s", "connector_restart_limit": "2"}},
                    agent={"dry_run": "yes"} if not keys else None)
    agent.start()
    agent.expect("state-changed", state="healthy")
    cluster.fail("orders", 0)
    told = agent.expect("connector-would-restart")
    assert "what failed of connector orders" in told.message and why in told.message
    agent.expect("connector-would-restart", since=told)
    wait_for_looks(cluster, 15)
    assert len(agent.journal.select("connector-would-restart")) == 2 and not cluster.posted


def test_what_would_be_restarted_in_a_storm_is_summed_up(agent, bus, worker, cluster):
    names = [f"c{i:03}" for i in range(300)]
    for name in names:
        cluster.add(name)
    agent.configure({"a": {"url": worker.url, **RESTARTS, "action": "alert"}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    for name in names:
        cluster.fail(name, 0)

    def told():
        """How many each entry speaks of."""
        words = [e.message.split("what failed of ")[1].split() for e in agent.journal.select("connector-would-restart")]
        return [1 if first == "connector" else int(first) for first, *_ in words]

    until(lambda: sum(told()) == 300, what="all of them to be told of")
    assert max(told()) > 1 and len(told()) < 100


def test_nothing_is_restarted_while_the_worker_is_unwell(agent, bus, worker, cluster):
    cluster.add("orders")
    sick = False

    def mode(e):
        if sick and e.path == "/health":
            e.send(response(500, {"status": "unhealthy", "message": "x"}))
        else:
            cluster(e)

    worker.mode = mode
    start(agent, worker, **RESTARTS, sustain_kafka="1h")
    sick = True
    agent.expect("incident-opened")
    cluster.fail("orders", 0)
    worker.wait_for_requests(len(worker.requests) + 10)
    assert not cluster.posted
    sick = False
    agent.expect("connector-restart-requested")


def test_no_name_and_no_trace_adds_a_line_or_a_step_in_the_path(agent, bus, worker, cluster):
    names = ["a\nb\x1b[31m", "..", "a/b?c#d", "é", "x" * 3000]
    for name in names:
        cluster.add(name)
        cluster.fail(name, 0, "boom\x1b[31m\nPRIORITY=0\n")
    start(agent, worker, **RESTARTS)
    until(lambda: len(agent.journal.select("connector-restart-requested")) >= len(names), what="all restarts")
    assert {urllib.parse.unquote(path.split("/")[2]) for path in cluster.posts()} == set(names)
    assert "/connectors/%2E%2E/restart?includeTasks=true&onlyFailed=true" in cluster.posts()
    assert {e.field("connector") for e in agent.journal.select("connector-restart-requested")} == set(names)
    assert not [e.message for e in agent.journal.items if "\n" in e.message or "\x1b" in e.message]


def test_several_are_restarted_one_at_a_time(agent, bus, worker, cluster):
    for i in range(8):
        cluster.add(f"c{i}")
    cluster.heals = True
    start(agent, worker, **RESTARTS)
    for i in range(8):
        cluster.fail(f"c{i}", 0)
    agent.journal.wait(lambda entries: len(agent.journal.select("connector-restart-requested")) >= 8)
    assert sorted(path.split("/")[2] for path in cluster.posts()) == [f"c{i}" for i in range(8)]


def test_what_a_reload_leaves_out_has_not_recovered(agent, worker, cluster):
    cluster.add("orders")
    start(agent, worker)
    cluster.fail("orders", 0)
    degraded = agent.expect("state-changed", state="degraded")
    agent.configure({"a": {"url": worker.url, **LOOKS, "worker_id": ELSEWHERE}})
    agent.reload()
    agent.expect("state-changed", state="healthy", since=degraded)
    wait_for_looks(cluster)
    assert not agent.journal.select("connector-recovered")


def test_a_reload_takes_over_what_is_watched(agent, bus, worker, cluster):
    cluster.add("orders")
    start(agent, worker)
    cluster.fail("orders", 0)
    degraded = agent.expect("state-changed", state="degraded")
    agent.configure({"a": {"url": worker.url, **LOOKS, "connectors": "no"}})
    agent.reload()
    agent.expect("state-changed", state="healthy", since=degraded)
