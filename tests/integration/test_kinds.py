"""Workers that are no Kafka Connect: each kind found well, failing, restarted and well again, and its own keys."""

import pytest

from harness import UNIT, until
from http_server import WorkerServer, fixed, response

RESTART = {"unit": UNIT, "action": "restart"}

UP = fixed(200, {"status": "UP"}, "application/vnd.spring-boot.actuator.v3+json")
DOWN = fixed(503, {"status": "DOWN", "components": {"brokerReady": {"status": "DOWN"}, "nodeIdProviderReady": {"status": "UP"}}})
NONE = fixed(404, {"status": 404, "error": "Not Found"})
LIVE = "/actuator/health/liveness"


def krakend(agents=None, now="2026-11-21 10:00:00.5 +0000 UTC m=+1000.5"):
    return fixed(200, {"status": "ok", "agents": agents or {}, "now": now})


STALE = {"orders": "2026-11-21 09:50:00.5 +0000 UTC m=+400.5"}

# kind: (the answers of one that is well, of one that fails, what is told of the failure)
STORIES = {
    "zeebe-broker": ({"/actuator/health/startup": UP, "/actuator/health/readiness": UP, LIVE: UP, "/actuator/health/status": UP,
                      "*": NONE}, {LIVE: DOWN, "*": UP}, "DOWN: brokerReady DOWN"),
    "zeebe-gateway": ({"/actuator/health/startup": UP, LIVE: UP, "/actuator/health": UP, "*": NONE}, {LIVE: DOWN, "*": UP},
                      "DOWN: brokerReady DOWN"),
    "krakend": ({"/__health": krakend(), "*": NONE}, "reset", "closed the connection without a whole answer"),
    "http": (fixed(200, "all is well", "text/plain"), fixed(500, "oops", "text/plain"), "answered with a server error"),
}


def start(agent, worker, kind, **keys):
    agent.configure({"a": {"kind": kind, "url": worker.url, **keys}})
    agent.start()


def asked(worker):
    return {request.path for request in worker.requests}


@pytest.mark.parametrize("kind", STORIES)
def test_a_failing_one_is_restarted_and_well_again(agent, worker, bus, kind):
    well, failing, said = STORIES[kind]
    worker.mode = well
    start(agent, worker, kind, **RESTART)
    agent.expect("state-changed", state="healthy")
    worker.mode = failing
    opened = agent.expect("incident-opened")
    assert said in opened.message
    # As long as without an answer: there is no Kafka to wait for.
    agent.expect("restart-requested")
    worker.mode = well
    agent.expect("incident-closed")
    assert bus.do("counts")["TryRestartUnit"] == 1
    assert not any("Kafka" in entry.message for entry in agent.journal.items if entry.field("worker") == "a")


def test_a_broker_that_starts_is_given_time(agent, worker, bus):
    worker.mode = {"/actuator/health/startup": DOWN, "*": DOWN}
    start(agent, worker, "zeebe-broker", **RESTART)
    agent.expect("state-changed", state="starting")
    worker.mode = {"/actuator/health/startup": UP, "*": DOWN}
    until(lambda: "/actuator/health/readiness" in asked(worker), what="its readiness to be asked for")
    worker.wait_for_requests(len(worker.requests) + 20)
    worker.mode = UP
    agent.expect("state-changed", state="healthy")
    assert not agent.journal.select("incident-opened")


def test_a_broker_that_lives_but_is_not_well_is_degraded(agent, worker, bus):
    worker.mode = UP
    start(agent, worker, "zeebe-broker", **RESTART)
    agent.expect("state-changed", state="healthy")
    worker.mode = {"/actuator/health/status": DOWN, "*": UP}
    told = agent.expect("state-changed", state="degraded")
    assert told.field("reason") == "degraded" and "brokerReady DOWN" in told.message
    worker.wait_for_requests(len(worker.requests) + 20)
    assert not agent.journal.select("incident-opened")


def test_an_old_broker_is_found_out_and_a_redirect_followed(agent, worker):
    worker.mode = {"/startup": fixed(204, "", None), "/ready": fixed(204, "", None), "*": NONE,
                   "/health": lambda e: e.send(response(301, "", None, [("Location", "/elsewhere")])) or True,
                   "/elsewhere": fixed(204, "", None)}
    start(agent, worker, "zeebe-broker")
    agent.expect("state-changed", state="healthy")
    assert "/elsewhere" in asked(worker)


def test_a_stale_agent_is_named_and_agent_stale_is_reloaded(agent, worker, bus):
    worker.mode = {"/__health": krakend(STALE), "*": NONE}
    start(agent, worker, "krakend", **RESTART)
    told = agent.expect("state-changed", state="degraded")
    assert told.field("reason") == "agent-stale" and "agent orders was last seen 10min ago" in told.message
    agent.configure({"a": {"kind": "krakend", "url": worker.url, **RESTART, "agent_stale": "11min"}})
    since = agent.mark()
    agent.reload()
    agent.expect("state-changed", since, state="healthy")
    assert not agent.journal.select("incident-opened")


def test_what_backbeat_says_with_200_is_read(agent, worker):
    """Polled every 30 s, so one answer has to do."""
    partition = {"id": 2, "leader": 1, "replicas": [1, 2, 3], "isrs": [1, 2]}
    worker.mode = {"/_/live": fixed(200, "OK", "text/plain"), "*": NONE, "/_/backbeat/api/healthcheck": fixed(200, {
        "topics": {"backbeat-replication": {"name": "backbeat-replication", "partitions": [partition]}},
        "internalConnections": {"isrHealth": "error", "zookeeper": {"status": "error", "details": {"name": "DISCONNECTED"}},
                                "kafkaProducer": {"status": "ok"}}})}
    start(agent, worker, "backbeat", interval="30s", retry_interval="30s", deep="yes")
    told = agent.expect("state-changed", state="degraded")
    assert "ZooKeeper DISCONNECTED, replicas out of sync: partition 2 of backbeat-replication" in told.message
    # replicas = 2 makes the partition right, and the deep check is not offered.
    worker.mode["/_/backbeat/api/healthcheck"] = fixed(200, {
        "topics": {"backbeat-replication": {"name": "backbeat-replication", "partitions": [partition]}},
        "internalConnections": {"isrHealth": "error", "zookeeper": {"status": "ok"}, "kafkaProducer": {"status": "ok"}}})
    agent.configure({"a": {"kind": "backbeat", "url": worker.url + "/", "replicas": "2", "deep": "yes", "interval": "31s",
                           "retry_interval": "30s"}})
    since = agent.mark()
    agent.reload()
    agent.expect("state-changed", since, state="healthy")
    assert "/_/backbeat/api/healthcheck/deep" in asked(worker)


@pytest.mark.parametrize("before, keys, after", [
    ({}, {"path": "/healthz?full=1"}, "healthy"),
    ({"path": "/healthz?full=1"}, {"method": "HEAD"}, "healthy"),
    ({"path": "/made"}, {"expect_status": "200 201"}, "healthy"),
    ({"path": "/json", "expect_body": "nothing of it"}, {"expect_body": "/status/db = up"}, "healthy"),
    ({"path": "/json"}, {"degraded_body": "up"}, "degraded"),
    ({"path": "/early"}, {"starting_status": "503"}, "starting"),
    ({"path": "/locked"}, {"headers_file": "headers"}, "healthy"),
], ids=["path", "method", "expect_status", "expect_body", "degraded_body", "starting_status", "headers_file"])
def test_each_key_of_http_is_reloaded(agent, worker, before, keys, after):
    worker.mode = {"/healthz?full=1": fixed(200, "fine", "text/plain"), "/made": fixed(201, "", None),
                   "/json": fixed(200, {"status": {"db": "up"}}), "/early": fixed(503, "not yet", "text/plain"), "*": NONE}
    if "method" in keys:
        worker.mode["/healthz?full=1"] = lambda e: e.send(response(200 if e.request.method == "HEAD" else 500, "", None)) or True
    if "headers_file" in keys:
        (agent.directory / keys["headers_file"]).write_text("X-Key: s3cret\n")
        keys = {"headers_file": agent.directory / keys["headers_file"]}
        worker.mode["/locked"] = lambda e: e.send(response(200 if e.request.headers.get("x-key") else 403, "", None)) or True
    plain = {"expect_status": "200"} if "expect_status" in keys else {}
    start(agent, worker, "http", **plain, **before)
    worker.wait_for_requests(3)
    agent.configure({"a": {"kind": "http", "url": worker.url, **before, **keys}})
    since = agent.mark()
    agent.reload()
    if after == "healthy" or before.get("path") != "/json":
        agent.expect("state-changed", since, state=after)
    else:
        agent.expect("state-changed", state=after)


# --- a socket, and headers from a file


@pytest.mark.parametrize("kind", ["http", "kafka-connect"])
def test_what_listens_at_a_socket_is_restarted_and_well_again(agent, bus, kind):
    """No name is looked up, and it is this machine's without being asked: no hold stands."""
    with WorkerServer(socket_path=agent.directory / "x.sock") as worker:
        start(agent, worker, kind, **RESTART)
        assert f"watching {'/ at ' if kind == 'http' else ''}{worker.url} every" in agent.expect("watching").message
        agent.expect("state-changed", state="healthy")
        assert worker.requests[-1].headers["host"] == "localhost"
        worker.refuse()
        if kind == "http":
            worker.socket_path.unlink()
        opened = agent.expect("incident-opened")
        assert opened.field("reason") == "refused"
        assert ("(No such file or directory)" if kind == "http" else "(Connection refused)") in opened.message
        agent.expect("restart-requested")
        worker.listen()
        agent.expect("incident-closed")
        assert not agent.journal.select("hold-begun")
    assert bus.do("counts")["TryRestartUnit"] == 1


def test_one_that_hangs_at_its_socket_is_restarted(agent, bus):
    with WorkerServer(socket_path=agent.directory / "x.sock") as worker:
        start(agent, worker, "http", **RESTART)
        agent.expect("state-changed", state="healthy")
        worker.mode = "hang"
        assert agent.expect("incident-opened").field("reason") == "timeout"
        agent.expect("restart-requested")


def echo(e):
    """A page that shows what it was asked, as many do that are in trouble."""
    key = e.request.headers.get("x-key", "none")
    e.send(response(200 if key == "s3cret-2" else 500, f"no such key: {key}", "text/plain"))


def test_headers_come_from_a_file_and_are_never_shown(agent, worker, bus):
    headers = agent.directory / "headers"
    headers.write_text("X-Tenant: a\r\nX-Key: s3cret-1\r\n")
    worker.mode = echo
    start(agent, worker, "http", **RESTART, headers_file=headers)
    told = agent.expect("incident-opened")
    assert told.message.startswith("a: answered with a server error (HTTP 500 after") and "text/plain)" in told.message
    assert worker.requests[-1].headers["x-tenant"] == "a"
    # Read for each request, as a password is; what is wrong with it is ours to mend, and no fault of the service.
    headers.write_text("X-Key: s3cret-2\n")
    agent.expect("incident-closed")
    headers.write_text("X-Tenant: a\nHost: s3cret-3\n")
    told = agent.expect("cannot-tell")
    assert told.field("reason") == "credential" and f"headers_file {headers} line 2: a header of that name" in told.message
    since = agent.mark()
    headers.write_text("X-Key: s3cret-2\n")
    agent.expect("state-changed", since, state="healthy")
    agent.stop()
    said = [repr(dict(entry)) for entry in agent.journal.items] + [agent.stderr, agent.ledger.read_text()]
    assert not any("s3cret" in text for text in said)
