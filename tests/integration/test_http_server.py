"""The HTTP server itself: where it listens, what it refuses, and what has to wait there."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

import pytest

import harness
from http_ask import ask, free_port, is_closed


def raw(port, data, until_closed=True):
    """What comes back for these bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as s:
        s.sendall(data)
        answer = b""
        while until_closed or b"\r\n\r\n" not in answer:
            try:
                got = s.recv(65536)
            except ConnectionResetError:
                break
            if not got:
                break
            answer += got
        return answer


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def served(agent, worker, port):
    """An agent that has found its worker healthy and listens on `port`."""
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"}, interval="100ms")
    agent.start()
    agent.expect("state-changed", state="healthy")
    return agent


# --- where it listens


def test_it_listens_on_each_address(agent, worker, tmp_path, port):
    six = free_port(socket.AF_INET6, "::1")
    path = agent.directory / "http"
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port} [::1]:{six} unix:{path}"})
    agent.start()
    started = agent.expect("agent-started").message
    assert started.endswith(f"; HTTP at 127.0.0.1:{port}, [::1]:{six}, unix:{path}")
    assert ask(port)[:2] == ask(path)[:2] == (200, b'{"status":"UP"}')
    with socket.create_connection(("::1", six)) as s:
        s.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
        assert s.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_socket_that_a_killed_agent_left_is_replaced_and_goes_with_its_agent(agent, worker):
    path = agent.directory / "http"
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"unix:{path}"})
    agent.start()
    agent.kill()
    assert path.exists()
    agent.start()
    assert ask(path)[0] == 200
    agent.stop()
    assert not path.exists()


def test_a_file_at_a_sockets_path_stays(agent, worker):
    path = agent.directory / "precious"
    path.write_text("mine")
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"unix:{path}"})
    agent.start()
    assert "Address already in use" in agent.expect("listen-failed").message
    agent.stop()
    assert path.read_text() == "mine"


def test_a_socket_that_another_put_in_its_place_stays(agent, worker):
    path = agent.directory / "http"
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"unix:{path}"})
    agent.start()
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        agent.stop()
        assert path.exists()


def test_an_address_in_use_is_told_once_tried_again_and_keeps_nobody_from_watching(agent, worker, port):
    with socket.create_server(("127.0.0.1", port)):
        agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"}, interval="100ms")
        agent.start()
        entry = agent.expect("listen-failed")
        assert f"127.0.0.1:{port}" in entry.message and "Address already in use" in entry.message
        assert entry["PRIORITY"] == "3"
        agent.expect("state-changed", state="healthy")
    agent.expect("listening", timeout=15)
    assert ask(port)[0] == 200
    assert len(agent.journal.select("listen-failed")) == 1


def test_a_reload_moves_it_and_leaves_what_stays(served, worker, port):
    other = free_port()
    with socket.create_connection(("127.0.0.1", port)) as kept:
        kept.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(1000).startswith(b"HTTP/1.1 200 ")
        served.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port} 127.0.0.1:{other}"})
        served.reload()
        assert ask(other)[0] == 200
        kept.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(1000).startswith(b"HTTP/1.1 200 ")
    served.configure({"a": {"url": worker.url}}, http={"listen": "off"})
    served.reload()
    for closed in port, other:
        with pytest.raises(ConnectionRefusedError):
            ask(closed)


def test_sockets_from_systemd_are_served_in_place_of_listen(agent, worker, port):
    with socket.create_server(("127.0.0.1", 0)) as s:
        given = s.getsockname()[1]
        agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"})
        # LISTEN_PID is that of the program, which only the last shell before it knows.
        agent.command = lambda plain=agent.command: [
            "bash", "-c", f'exec 3<&{s.fileno()}; exec "$@"', "sh", *wrapped(plain())]
        os.set_inheritable(s.fileno(), True)
        popen = subprocess.Popen
        subprocess.Popen = lambda *args, **keys: popen(*args, **keys, pass_fds=[s.fileno()])
        try:
            agent.start()
        finally:
            subprocess.Popen = popen
        assert agent.expect("agent-started").message.endswith(f"; HTTP at 127.0.0.1:{given}")
        assert ask(given)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        ask(port)


def wrapped(command):
    """The same command, its program told that descriptor 3 is for it."""
    place = command.index(str(harness.BINARY))
    shim = ["sh", "-c", 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', "sh"]
    return command[:place] + shim + command[place:]


# --- what it answers, and what it refuses


def test_only_get_and_head_without_a_body(served, port):
    assert ask(port)[:2] == (200, b'{"status":"UP"}')
    status, body, response = ask(port, method="HEAD")
    assert (status, body, response.getheader("Content-Length")) == (200, b"", "15")
    for method in "POST", "PUT", "DELETE", "OPTIONS", "NONSENSE":
        status, _, response = ask(port, method=method, body=b"x")
        assert (status, response.getheader("Allow")) == (405, "GET, HEAD"), method
    assert ask(port, body=b"x")[0] == 413
    assert ask(port, headers={"Transfer-Encoding": "chunked"})[0] == 413


def test_a_connection_is_kept_and_requests_may_be_pipelined(served, port):
    requests = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert raw(port, requests).count(b'{"status":"UP"}') == 4


@pytest.mark.parametrize("data, status", [
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
    (b"GET /ping HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", b"431"),
    (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /%00%ff%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /ping%00x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /health?worker=a%00b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /p%69ng HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
    (b"\x16\x03\x01\x02\xff" * 80 + b"\r\n\r\n", None),
    (b"GET\r\n\r\n", None),
], ids=["path", "header", "dots", "escapes", "nul", "nul-in-name", "escaped", "bytes", "cut"])
def test_nonsense_is_refused_and_the_next_one_is_served(served, port, data, status):
    try:
        answer = raw(port, data)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""    # refused before all of it was sent
    assert not answer or answer.startswith(b"HTTP/1.1 " + (status or b"4")), answer[:200]
    assert ask(port)[0] == 200


def test_the_access_log_tells_who_asked_what_when_it_is_wanted(agent, worker, port):
    def configure(log):
        agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}", "access_log": log})

    configure("yes")
    agent.start()
    ask(port, "/ping?worker=a")
    assert agent.expect("http-request").message == "127.0.0.1 asked GET /ping: 200, 15 bytes"
    ask(port, "/%0aforged%1b[31m%ff")
    assert agent.expect("http-request", 1 + agent.journal.select("http-request")[0].index).message == (
        "127.0.0.1 asked GET / forged [31m?: 404, 64 bytes")
    configure("no")
    agent.reload()
    n = len(agent.journal.select("http-request"))
    ask(port)
    ask(port)
    agent.stop()
    assert len(agent.journal.select("http-request")) == n


# --- what waits, and what must not wait


def test_a_request_waits_for_the_first_poll_of_every_worker(agent, worker, port):
    worker.mode = "slow"
    worker.delay = 0.5
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"})
    agent.start()
    status, body, _ = ask(port, "/health")
    assert (status, json.loads(body)["status"]) == (200, "healthy")


def test_but_for_two_seconds_at_most_and_only_then(agent, worker, port):
    worker.mode = "hang"
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"}, timeout="30s")
    agent.start()
    status, body, _ = ask(port, "/health")
    assert (status, json.loads(body)["status"]) == (503, "unknown")


def test_and_no_longer_when_a_reload_takes_another_address_away(agent, worker, port):
    worker.mode = "hang"
    other = f"127.0.0.1:{free_port()}"
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port} {other}"}, timeout="30s")
    agent.start()
    with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as s:
        s.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
        begun = time.monotonic()
        time.sleep(1)       # half of what it waits
        agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"}, timeout="30s")
        agent.reload()
        assert s.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - begun < 3, "as long again"


def test_those_who_hold_every_connection_of_their_address_are_turned_away_alone(served, port):
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(70)]
    try:
        # Another address of this host has places of its own.
        with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) as s:
            s.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
            s.settimeout(harness.TIMEOUT)
            assert s.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert sum(is_closed(s) for s in held) >= 5
    finally:
        for s in held:
            s.close()
    harness.until(lambda: quietly_ask(port) == 200, 15, "a place after they have gone")


def test_where_all_who_took_every_place_go_at_once_the_next_client_finds_one(served, port):
    held = [socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.0.{2 + i // 60}", 0)) for i in range(256)]
    with pytest.raises(TimeoutError), socket.create_connection(("127.0.0.1", port), 0.5) as s:
        s.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
        s.recv(1000)
    served.signal(signal.SIGSTOP)
    for s in held:
        s.close()
    served.signal(signal.SIGCONT)
    assert ask(port)[0] == 200


def quietly_ask(port):
    try:
        return ask(port)[0]
    except (OSError, http.client.HTTPException):
        return None


@pytest.mark.skipif(b"__asan_init" in harness.BINARY.read_bytes(), reason="the sanitizer keeps what was freed")
def test_ten_thousand_requests_leave_nothing_behind(served, port):
    def resident():
        with open(f"/proc/{served.process.pid}/status", encoding="ascii") as f:
            return int(next(line for line in f if line.startswith("VmRSS:")).split()[1])

    def many(n):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.TIMEOUT)
        for _ in range(n):
            connection.request("GET", "/health")
            assert connection.getresponse().read()
        connection.close()

    many(1000)
    before = resident()
    many(9000)
    assert resident() - before < 2000, "kB"


def test_it_stops_with_requests_that_still_wait(agent, worker, port):
    worker.mode = "hang"
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"}, timeout="30s")
    agent.start()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        begun = time.monotonic()
        assert agent.stop() == 0
        assert time.monotonic() - begun < 10
