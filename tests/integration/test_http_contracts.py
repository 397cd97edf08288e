"""The contracts of Zeebe, Spring, KrakenD and Connect, as their clients see them, while the real agent watches scripted
workers start, work, fail, recover, and be stopped.
"""

import json
import re
import shutil
import subprocess
import time

import pytest

import harness
from connect_cluster import ELSEWHERE, HERE, Cluster
from harness import UNIT, until
from http_ask import ask
from http_server import WorkerServer

SPRING = "application/vnd.spring-boot.actuator.v3+json"
GROUPS = "startup", "readiness", "liveness"
CODES = {"UP": 200, "UNKNOWN": 200, "DOWN": 503, "OUT_OF_SERVICE": 503}
# Long enough for what is only suspect to be looked at.
PATIENT = {"sustain": "1h", "sustain_kafka": "1h"}


class Client:
    """Whoever asks the agent."""

    def __init__(self, agent):
        self.agent = agent
        self.path = agent.directory / "http"

    def start(self, workers, http=None, **defaults):
        self.configure(workers, http, **defaults)
        self.agent.start()
        return self

    def configure(self, workers, http=None, **defaults):
        self.agent.configure(workers, http={"listen": f"unix:{self.path}", **(http or {})}, **defaults)

    def json(self, path, **options):
        status, body, _ = ask(self.path, path, **options)
        return status, json.loads(body)

    def status(self, path):
        return ask(self.path, path)[0]

    def spring(self, below=""):
        """Its status, whose code must be Spring's."""
        status, answer = self.json("/actuator/health" + below)
        assert status == CODES[answer["status"]]
        return answer["status"]

    def all(self):
        """What each contract says: code and word of /health, codes of /startup and /ready, Spring's words."""
        status, answer = self.json("/health")
        return (f"{status} {answer['status']}", self.status("/startup"), self.status("/ready"), self.spring(),
                *(self.spring("/" + group) for group in GROUPS))

    def becomes(self, state, *answers):
        self.agent.expect("incident-opened" if state == "suspect" else "state-changed", self.since, state=state)
        self.since = self.agent.mark()
        assert self.all() == answers

    since = 0


@pytest.fixture
def client(agent):
    return Client(agent)


def test_one_life_of_a_worker(client, worker):
    worker.mode = "starting"
    client.start({"a": {"url": worker.url, "unit": UNIT}}, **PATIENT)
    client.becomes("starting", "503 starting", 503, 503, "OUT_OF_SERVICE", "DOWN", "OUT_OF_SERVICE", "UP")
    assert client.json("/__health")[1]["agents"] == {}
    worker.mode = "ok"
    client.becomes("healthy", "200 healthy", 204, 204, "UP", "UP", "UP", "UP")
    worker.mode = "unhealthy"
    client.becomes("suspect", "500 unhealthy", 204, 503, "DOWN", "UP", "OUT_OF_SERVICE", "UP")

    client.configure({"a": {"url": worker.url, "unit": UNIT}})
    client.agent.reload()
    client.becomes("unhealthy", "500 unhealthy", 204, 503, "DOWN", "UP", "OUT_OF_SERVICE", "DOWN")
    _, answer = client.json("/actuator/health/a")
    assert answer["details"].items() >= {"state": "unhealthy", "outcome": "failing", "reason": "unhealthy", "unit": UNIT}.items()
    assert "generating task configs for connector scripted" in answer["details"]["message"]
    worker.mode = "ok"
    client.becomes("healthy", "200 healthy", 204, 204, "UP", "UP", "UP", "UP")


def test_a_worker_of_which_nothing_can_be_told(client, worker):
    client.start({"a": {"url": worker.url, "unit": UNIT}})
    client.becomes("healthy", "200 healthy", 204, 204, "UP", "UP", "UP", "UP")
    worker.mode = "401"
    client.agent.expect("cannot-tell")
    assert client.all() == ("503 unknown", 204, 503, "UNKNOWN", "UP", "OUT_OF_SERVICE", "UP")


def test_who_is_stopped_or_restarted_on_purpose_is_not_killed_as_well(client, worker, bus):
    client.start({"a": {"url": worker.url, "unit": UNIT}})
    client.becomes("healthy", "200 healthy", 204, 204, "UP", "UP", "UP", "UP")
    worker.refuse()
    bus.do("stop", name=UNIT)
    client.becomes("stopped", "503 stopped", 503, 503, "OUT_OF_SERVICE", "DOWN", "OUT_OF_SERVICE", "UP")


def test_an_upgrade_under_way_keeps_a_lost_worker_live(client, worker, bus):
    bus.do("inhibitors", list=[["APT", "block"]])
    client.start({"a": {"url": worker.url, "unit": UNIT, "action": "restart"}})
    client.agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    client.agent.expect("hold-begun", hold="package-manager")
    assert client.spring() == "DOWN"
    assert client.spring("/liveness") == "UP"


def test_our_own_restart_is_no_death(client, worker, bus):
    client.start({"a": {"url": worker.url, "unit": UNIT, "action": "restart"}})
    client.agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    client.agent.expect("restart-done")
    until(lambda: client.spring() == "OUT_OF_SERVICE", what="the start after the restart")
    assert client.all() == ("503 starting", 503, 503, "OUT_OF_SERVICE", "DOWN", "OUT_OF_SERVICE", "UP")


def test_several_workers_answer_as_the_worst_and_each_for_itself(client, worker):
    with WorkerServer() as other:
        client.start({"a": {"url": worker.url, "unit": UNIT}, "b": {"url": other.url}}, **PATIENT)
        for name in "a", "b":
            client.agent.expect("state-changed", worker=name, state="healthy")
        assert client.all() == ("200 healthy", 204, 204, "UP", "UP", "UP", "UP")
        other.mode = "reset"
        client.agent.expect("incident-opened", worker="b")
        assert client.all() == ("500 unhealthy", 204, 503, "DOWN", "UP", "OUT_OF_SERVICE", "UP")
        assert client.json("/health?worker=a") == (
            200, {"status": "healthy", "message": "Worker has completed startup and is ready to handle requests."})
        assert [client.status(f"/ready?worker={name}") for name in ("a", "b", "c")] == [204, 503, 404]
        assert [client.spring(f"/{name}") for name in ("a", "b")] == ["UP", "DOWN"]
        assert client.spring("/readiness/a") == "UP"
        components = client.json("/actuator/health")[1]["components"]
        assert {name: component["status"] for name, component in components.items()} == {"a": "UP", "b": "DOWN"}
        assert "unit" not in components["b"]["details"]
        assert ask(client.path, "/actuator/health/c")[:2] == (404, b"")


def test_an_empty_204_and_a_503_that_says_why(client, worker):
    client.start({"a": {"url": worker.url}}, **PATIENT)
    client.agent.expect("state-changed", state="healthy")
    for path in "/startup", "/ready":
        status, body, response = ask(client.path, path)
        assert (status, body) == (204, b"")
        assert response.getheader("Content-Type") is None and response.getheader("Content-Length") in (None, "0")
        assert ask(client.path, path, "HEAD")[0] == 204
    worker.mode = "reset"
    client.agent.expect("incident-opened")
    status, body, response = ask(client.path, "/ready")
    assert status == 503 and body.startswith(b"a: suspect; ") and response.getheader("Content-Type").startswith("text/plain")


def test_spring_sends_the_type_that_is_asked_for(client, worker):
    client.start({"a": {"url": worker.url}})
    client.agent.expect("state-changed", state="healthy")
    for accept, expected in {"*/*": SPRING, "application/json": "application/json", SPRING: SPRING}.items():
        response = ask(client.path, "/actuator/health", headers={"Accept": accept})[2]
        assert response.getheader("Content-Type") == expected
    assert client.json("/actuator/health")[1]["groups"] == sorted(GROUPS)


# --- kafka-connect-healthcheck


@pytest.fixture
def cluster(worker):
    worker.mode = cluster = Cluster()
    cluster.add("orders", tasks=3)
    return cluster


def test_the_peers_answer_follows_the_connectors(client, worker, cluster):
    client.start({"a": {"url": worker.url, "connectors_interval": "100ms"}})
    until(lambda: client.status("/") == 200, what="the first look")
    assert client.json("/")[1] == {"failures": [], "failure_states": ["FAILED"], "failure_rate": 0.0, "failure_threshold": 0.0,
                                   "healthy": True}
    cluster.fail("orders", 1)
    until(lambda: client.status("/") == 503, what="the failure")
    assert client.json("/")[1] == {
        "failures": [{"type": "task", "connector": "orders", "id": 1, "state": "FAILED", "worker_id": HERE, "trace": None}],
        "failure_states": ["FAILED"], "failure_rate": 0.25, "failure_threshold": 0.0, "healthy": False}
    assert client.json("/?worker=a")[0] == 503 and client.status("/?worker=b") == 404
    assert client.status("/ready") == 204       # it answers requests, and its restart would not help
    cluster.mend("orders", 1)
    until(lambda: client.status("/") == 200, what="the recovery")


def test_a_worker_out_of_the_group_is_no_peer(client, worker, cluster):
    """Nothing runs on it, and its herder answers nothing."""
    cluster.herder_status = 500
    client.start({"a": {"url": worker.url, "connectors_interval": "100ms", "worker_id": ELSEWHERE}})
    until(lambda: client.json("/")[1].get("failures") == [{"type": "broker", "connector": "orders"}], what="the broker check")
    assert client.json("/")[0] == 503


def test_the_peers_answer_of_a_worker_that_fails(client, worker, cluster):
    client.start({"a": {"url": worker.url, "connectors_interval": "100ms"}}, **PATIENT)
    until(lambda: client.status("/") == 200, what="the first look")
    worker.mode = "reset"
    client.agent.expect("incident-opened")
    status, answer = client.json("/")
    assert status == 503 and answer["healthy"] is False and answer["error"].startswith("a: suspect; ")
    assert answer["failure_states"] == ["FAILED"] and "assuming unhealthy" in answer["message"]


# --- KrakenD

GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d{0,8}[1-9])? ([+-]\d{4}) (\S+) m=\+(\d+\.\d{9})")


def parse(text):
    """(realtime, seconds since the agent's start) of a time in Go's manner."""
    when, fraction, zone, name, since = GO_TIME.fullmatch(text).groups()
    assert name == "CET" if zone == "+0100" else "CEST"
    return time.mktime(time.strptime(when, "%Y-%m-%d %H:%M:%S")) + float(fraction or 0), float(since)


@pytest.fixture
def in_paris(monkeypatch, agent):
    agent.environment["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    monkeypatch.setenv("TZ", agent.environment["TZ"])
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_krakend_tells_each_workers_last_ok(client, worker, in_paris):
    with WorkerServer("starting") as other:
        client.start({"a": {"url": worker.url}, "b": {"url": other.url}}, **PATIENT)
        client.agent.expect("state-changed", state="healthy")

        def ages():
            """How old each last ok is."""
            status, answer = client.json("/__health")
            assert status == 200 and answer["status"] == "ok"
            realtime, since = parse(answer["now"])
            assert abs(realtime - time.time()) < 5
            return {name: since - parse(at)[1] for name, at in answer["agents"].items()}

        assert list(ages()) == ["a"]
        other.mode = "ok"
        client.agent.expect("state-changed", worker="b", state="healthy")
        assert list(ages()) == ["a", "b"]
        worker.mode = "hang"
        until(lambda: ages()["a"] > 3, what="growing old")
        assert ages()["b"] < 3
        assert list(client.json("/__health?worker=b")[1]["agents"]) == ["b"]


def test_krakend_by_curl(client, worker):
    """As the seed document asks; also that nothing else is needed to read it."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    client.start({"a": {"url": worker.url}}, http={"krakend_path": "/health", "krakend_body": '{"custom": "response", "foo": "bar"}'})
    got = subprocess.run(["curl", "-sSi", "--unix-socket", client.path, "http://localhost/health"],
                         capture_output=True, text=True, check=True).stdout
    assert got.startswith("HTTP/1.1 200 OK\n") and "\nContent-Type: application/json; charset=utf-8\n" in got
    assert got.endswith('\n\n{"custom": "response", "foo": "bar"}')
    assert client.status("/__health") == 404


def test_the_paths_of_a_load_balancer_stay_out_of_the_access_log(client, worker):
    client.start({"a": {"url": worker.url}}, http={"access_log": "yes", "access_log_skip": "/__health /ready"})
    for path in "/__health", "/ready", "/__health?worker=a", "/ping":
        client.status(path)
    assert "asked GET /ping: 200, " in client.agent.expect("http-request").message
    assert len(client.agent.journal.select("http-request")) == 1


def test_wrong_keys_are_told_with_their_lines(tmp_path):
    config = tmp_path / "wrong.conf"
    config.write_text("[http]\nkrakend_path = health\nkrakend_body = {status: ok}\naccess_log_skip = /a?b\n")
    got = subprocess.run([harness.BINARY, "--check-config", config], capture_output=True, text=True, check=False)
    assert got.returncode == 78
    assert [line.split(":", 2)[1] for line in got.stderr.splitlines() if "wrong.conf:" in line] == ["2", "3", "4"]
