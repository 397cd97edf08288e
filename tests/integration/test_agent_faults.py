"""Workers that answer badly: each becomes its own outcome and reason, is told once, and stops nobody else's polls."""

import socket
import threading

import pytest

from harness import UNIT
from http_server import WorkerServer

RESTART = {"unit": UNIT, "action": "restart"}

FAILING = {
    "unhealthy": "unhealthy", "shutting-down": "shutting-down", "502": "server-error",
    "hang": "timeout", "slow-headers": "timeout", "half-head": "timeout", "half-body": "timeout",
    "reset": "reset", "close": "reset", "cut-body": "reset",
}

CANNOT_TELL = {
    "401": "unauthorized", "403": "forbidden", "redirect": "redirect", "429": "rate-limited", "400": "client-error",
    "html-404": "not-found", "json-404": "not-found", "not-connect": "not-connect", "garbage": "not-connect",
    "not-http": "not-http", "endless": "too-large",
}


@pytest.fixture
def other():
    with WorkerServer() as server:
        yield server


def others_are_polled(other, n=5):
    other.wait_for_requests(len(other.requests) + n)


@pytest.mark.parametrize("mode", FAILING)
def test_a_failing_answer_fails_and_is_restarted(agent, worker, other, bus, mode):
    agent.configure({"a": {"url": worker.url, **RESTART}, "b": {"url": other.url}})
    agent.start()
    agent.expect("state-changed", worker="a", state="healthy")
    worker.mode = mode
    opened = agent.expect("incident-opened", worker="a")
    assert opened.field("outcome") == "failing" and opened.field("reason") == FAILING[mode]
    agent.expect("restart-done", worker="a")
    others_are_polled(other)
    assert not agent.journal.select("cannot-tell") and not agent.journal.select("incident-opened", worker="b")
    worker.mode = "ok"


@pytest.mark.parametrize("mode", CANNOT_TELL)
def test_what_cannot_be_told_is_told_once_with_a_remedy_and_nothing_is_done(agent, worker, other, bus, mode):
    agent.configure({"a": {"url": worker.url, **RESTART}, "b": {"url": other.url}}, max_response="64K")
    agent.start()
    agent.expect("state-changed", worker="a", state="healthy")
    worker.mode = mode
    told = agent.expect("cannot-tell", worker="a")
    assert told.field("outcome") == "unknown" and told.field("reason") == CANNOT_TELL[mode]
    assert "nothing is counted and nothing done. " in told.message and told["PRIORITY"] == "4"
    worker.wait_for_requests(len(worker.requests) + 5)
    others_are_polled(other)
    assert len(agent.journal.select("cannot-tell")) == 1 and not agent.journal.select("incident-opened")
    agent.notify.status("2 workers: 1 healthy, 1 unknown")
    worker.mode = "ok"
    agent.expect("state-changed", since=told, worker="a", state="healthy")
    assert "TryRestartUnit" not in bus.do("counts")


def test_endless_headers_end(agent, worker, other, bus):
    agent.configure({"a": {"url": worker.url}, "b": {"url": other.url}})
    agent.start()
    agent.expect("state-changed", worker="a", state="healthy")
    worker.mode = "endless-headers"
    mark = agent.mark()
    agent.journal.wait(lambda _: agent.journal.select(worker="a", since=mark))
    (first, *_) = agent.journal.select(worker="a", since=mark)
    assert first.name in ("incident-opened", "cannot-tell")
    others_are_polled(other)


def test_while_we_cannot_tell_a_count_stands_still(agent, worker, bus):
    agent.configure({"a": {"url": worker.url, **RESTART}}, sustain="1min", sustain_kafka="1min", failures=3)
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    agent.expect("incident-opened")
    worker.wait_for_requests(len(worker.requests) + 3)
    worker.mode = "401"
    told = agent.expect("cannot-tell")
    n = int(told.field("failures"))
    worker.mode = "unhealthy"
    agent.expect("state-changed", since=told, state="suspect")
    again = agent.journal.select("state-changed", since=told.index, state="suspect")[0]
    assert int(again.field("failures")) == n + 1


def test_an_old_worker_is_asked_for_a_connector_and_the_404_is_found_out_once(agent, worker, bus):
    worker.mode = "old"
    agent.configure({"a": {"url": worker.url, **RESTART}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.wait_for_requests(8)
    assert [r.path for r in worker.requests].count("/health") == 1
    worker.mode = "old-stuck"
    opened = agent.expect("incident-opened")
    assert opened.field("reason") == "herder-stuck"
    agent.expect("restart-done")
    worker.mode = "ok"      # a newer one was installed
    agent.expect("incident-closed")


def test_a_name_server_that_never_answers_stops_nobody(agent, worker, bus, dead_resolver):
    agent.environment.update(RESOLV_CONF=dead_resolver, WATCHDOG_USEC="400000")
    names = {f"n{i}": {"url": f"http://worker{i}.example:8083"} for i in range(12)}
    agent.configure({"a": {"url": worker.url, **RESTART}, **names})
    agent.start()
    told = agent.expect("cannot-tell")
    assert told.field("reason") == "name-not-resolved" and "DNS" in told.message
    others_are_polled(worker)
    agent.notify.expect("WATCHDOG", len(agent.notify.of("WATCHDOG")) + 3)
    worker.mode = "reset"
    agent.expect("restart-done", worker="a")
    worker.mode = "ok"
    agent.expect("incident-closed", worker="a")
    assert len(agent.journal.select("cannot-tell", worker="n3")) <= 1


# ---- TLS and credentials

def test_a_certificate_that_is_not_trusted_is_told_with_its_remedy(agent, bus, certificates):
    with WorkerServer(certificate=certificates / "worker.pem", key=certificates / "worker.key") as worker:
        agent.configure({"a": {"url": worker.url, **RESTART}})
        agent.start()
        told = agent.expect("cannot-tell")
        assert told.field("reason") == "tls-untrusted" and "ca_file" in told.message
        agent.configure({"a": {"url": worker.url, "ca_file": certificates / "worker.pem", **RESTART}})
        agent.reload()
        agent.expect("state-changed", state="healthy")


def test_https_where_http_is_spoken_is_told(agent, bus):
    """Jetty answers a TLS handshake at once, and in plain text."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def refuse_what_is_not_http():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 400 Illegal character CNTL=0x16\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=refuse_what_is_not_http)
        thread.start()
        agent.configure({"a": {"url": f"https://127.0.0.1:{listener.getsockname()[1]}", **RESTART}})
        agent.start()
        told = agent.expect("cannot-tell")
        assert told.field("reason") == "not-http" and "scheme" in told.message
        assert "TryRestartUnit" not in bus.do("counts")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_credentials_are_sent_and_never_told(agent, worker, bus, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    agent.configure({"a": {"url": worker.url, "username": "watch", "password_file": secret, **RESTART}},
                    agent={"log_level": "debug"})
    agent.start()
    agent.expect("state-changed", state="healthy")
    assert worker.requests[0].headers["authorization"] == "Basic d2F0Y2g6czNjcmV0"
    worker.mode = "401"
    agent.expect("cannot-tell")
    secret.unlink()
    worker.mode = "ok"
    assert not [e for e in agent.journal.items if "s3cret" in str(dict(e))]


def test_a_credential_that_cannot_be_read_is_told(agent, worker, bus, tmp_path):
    agent.configure({"a": {"url": worker.url, "username": "watch", "password_file": tmp_path / "none", **RESTART}})
    agent.start(ready=False)
    told = agent.expect("cannot-tell")
    assert told.field("reason") == "credential" and "none" in told.message


def test_proxies_of_the_environment_are_ignored(agent, worker, bus):
    agent.environment.update(http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")
    agent.configure({"a": {"url": worker.url}})
    agent.start()
    agent.expect("state-changed", state="healthy")
