"""What the agent makes of each way in which a worker answers, or does not."""

import pytest

from http_server import CONNECTORS, WorkerServer

UNKNOWN = {
    "401": "unauthorized",
    "403": "forbidden",
    "redirect": "redirect",
    "429": "rate-limited",
    "400": "client-error",
    "json-404": "not-found",
    "html-404": "not-found",
    "not-connect": "not-connect",
    "garbage": "not-connect",
    "not-http": "not-http",
    "endless": "too-large",
    "endless-headers": "too-large",
}

FAILING = {
    "unhealthy": "unhealthy",
    "shutting-down": "shutting-down",
    "502": "server-error",
    "hang": "timeout",
    "slow-headers": "timeout",
    "half-head": "timeout",
    "half-body": "timeout",
    "cut-body": "reset",
    "reset": "reset",
    "close": "reset",
    "old-stuck": "herder-stuck",
    "old-500": "herder-stuck",
}


def start(agent, worker, mode="ok", **keys):
    worker.mode = mode
    agent.configure({"a": {"url": worker.url, "max_response": "64K", **keys}})
    agent.start()
    if mode == "ok":
        agent.expect("state-changed", state="healthy")


@pytest.mark.parametrize("mode", UNKNOWN)
def test_after_an_ok_we_cannot_tell(agent, worker, mode):
    start(agent, worker)
    worker.mode = mode
    told = agent.expect("cannot-tell")
    assert told.field("reason") == UNKNOWN[mode]
    assert not agent.journal.select("incident-opened")


@pytest.mark.parametrize("mode", FAILING)
def test_after_an_ok_it_fails(agent, worker, mode):
    start(agent, worker)
    worker.mode = mode
    assert agent.expect("incident-opened").field("reason") == FAILING[mode]


def test_after_an_ok_a_refusal_is_a_failure(agent, worker):
    start(agent, worker)
    worker.refuse()
    assert agent.expect("incident-opened").field("reason") == "refused"


@pytest.mark.parametrize("mode", ["starting", "html-404", "reset", "close", "old-500"])
def test_before_the_first_ok_it_is_starting(agent, worker, mode):
    start(agent, worker, mode)
    worker.wait_for_requests(5)
    worker.mode = "ok"
    agent.expect("state-changed", state="healthy")
    assert not agent.journal.select("incident-opened")


def test_an_old_worker_is_asked_for_health_once(agent, worker):
    start(agent, worker, "old")
    agent.expect("state-changed", state="healthy")
    worker.wait_for_requests(8)
    paths = [r.path for r in worker.requests]
    assert paths.count("/health") == 1
    assert set(paths) - {CONNECTORS} == {"/health", "/connectors/connect-watchdog-probe"}


def test_one_connection_serves_all_polls(agent, worker):
    start(agent, worker)
    worker.wait_for_requests(10)
    assert worker.connections == 1
    request = worker.requests[-1]
    assert request.headers["user-agent"].startswith("connect-watchdog/")
    assert request.headers["accept"] == "*/*"


def test_the_stage_and_its_connector_are_told(agent, worker):
    start(agent, worker)
    worker.stage = "generating task configs for connector orders"
    worker.mode = "unhealthy"
    assert agent.expect("incident-opened").field("stage") == worker.stage


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_proxy_of_the_environment_is_not_asked(make_agent, worker, monkeypatch, host):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    agent = make_agent()
    agent.configure({"a": {"url": f"http://{host}:{worker.port}"}})
    agent.start()
    agent.expect("state-changed", state="healthy")


def test_a_worker_with_tls_and_client_certificates(agent, certificates):
    with WorkerServer(certificate=certificates / "worker.pem", key=certificates / "worker.key",
                      client_ca=certificates / "client.pem") as worker:
        agent.configure({"a": {"url": worker.url, "ca_file": certificates / "worker.pem",
                               "cert_file": certificates / "client.pem", "key_file": certificates / "client.key"}})
        agent.start()
        agent.expect("state-changed", state="healthy")


@pytest.mark.parametrize("keys, reason", [
    ({}, "tls-untrusted"),
    ({"ca_file": "worker.pem"}, "tls-client"),
    ({"ca_file": "missing"}, "credential"),
])
def test_tls_that_does_not_work_is_unknown(agent, certificates, keys, reason):
    with WorkerServer(certificate=certificates / "worker.pem", key=certificates / "worker.key",
                      client_ca=certificates / "client.pem") as worker:
        agent.configure({"a": {"url": worker.url, **{k: certificates / v for k, v in keys.items()}}})
        agent.start()
        assert agent.expect("cannot-tell").field("reason") == reason
