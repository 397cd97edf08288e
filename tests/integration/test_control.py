"""The control socket: who may come, what is answered there, and that nothing of it keeps the agent from its work."""

import contextlib
import json
import os
import pathlib
import stat
import tempfile

import pytest

import harness
from conftest import cannot
from control_ask import PROTOCOL, connect, get, order, raw
from http_ask import UnixConnection, ask, free_port, is_closed

@pytest.fixture
def control(agent, worker, runtime):
    """The socket of an agent that has found its worker healthy."""
    agent.port = free_port()
    agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{agent.port}"})
    agent.start()
    agent.expect("state-changed", state="healthy")
    return runtime / "control"


def test_it_is_for_its_user_and_group_alone(agent, control):
    status = control.stat()
    assert stat.S_ISSOCK(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o660
    assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
    assert str(control) not in agent.expect("agent-started").message
    agent.stop()
    assert not control.exists()


def test_it_has_its_own_routes(control):
    status, version = get(control, "/version", **{PROTOCOL: "1"})
    assert status == 200 and version["protocol"] == 1 and version["version"]
    status, workers = get(control, "/workers")
    assert status == 200 and workers["version"] == version["version"]
    assert [w["name"] for w in workers["workers"]] == ["a"]
    assert get(control, "/workers/a")[1]["state"] == "healthy"
    assert get(control, "/ping")[0] == 404
    status, refused = get(control, "/workers/b")
    assert status == 404 and '"b"' in refused["error"]


def test_a_port_has_none_of_them(agent, control):
    status, _, response = ask(agent.port, "/version")
    assert status == 404 and PROTOCOL not in response.headers
    for path in "/version", "/workers", "/pause", "/restart":
        for method in "POST", "PUT", "DELETE":
            assert ask(agent.port, path, method)[0] == 405


def test_what_is_no_question_is_refused_as_json(control):
    for method, expected in ("PUT", 405), ("DELETE", 405), ("GET", 413):
        status, refused = raw(control, f"{method} /workers HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx".encode())
        assert status == expected and list(refused) == ["error"]


def test_a_newer_protocol_is_refused(control):
    for status, refused in (get(control, "/workers", **{PROTOCOL: "2"}),
                            raw(control, f"POST /pause HTTP/1.1\r\nHost: x\r\n{PROTOCOL}: 2\r\n\r\n".encode())):
        assert status == 505 and "version 1" in refused["error"] and "version 2" in refused["error"]


def test_an_order_is_read_strictly(control):
    assert order(control, "nothing") == (404, {"error": "there is nothing under this path of the control socket"})
    assert order(control, "pause", worker="b", for_seconds=1)[0] == 404
    assert "for_seconds" in order(control, "pause", worker="a")[1]["error"]
    assert "did you mean" in order(control, "resume", worker="A")[1]["error"]
    assert get(control, "/pause")[0] == 405
    for head, expected in ("", 400), ("Content-Length: 16385\r\n", 413), ("Transfer-Encoding: chunked\r\n", 411):
        status, refused = raw(control, f"POST /pause HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
        assert status == expected and list(refused) == ["error"]


def test_a_body_may_come_in_pieces(agent, control):
    body = json.dumps({"worker": "a", "for_seconds": 60, "reason": "x" * 200}).encode()
    with connect(control) as s:
        s.sendall(f"POST /pause HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        for i in range(len(body)):
            s.sendall(body[i:i + 1])
        assert s.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert agent.expect("paused").message.endswith("x): watched, but not restarted")


def as_user(uid, gid, groups, path):
    """What GET /version says to a process of that user: the status, or the error's name. In a process of its own, for
    there is no way back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
            told = str(ask(path, "/version")[0])
        except OSError as e:
            told = type(e).__name__
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as f:
        told = f.read()
    os.waitpid(child, 0)
    return told


def who_is_let_in(path, mine):
    assert as_user(65534, 65534, [], path) == "PermissionError"
    path.chmod(0o666)
    assert as_user(65534, 65534, [], path) == "403"
    assert as_user(65534, 65534, [7, 8], path) == "403"
    assert as_user(65534, 65534, [7, mine], path) == "200"
    assert as_user(65534, mine, [], path) == "200"
    assert as_user(0, 65534, [], path) == "200"


def test_the_kernel_says_who_comes(agent, worker):
    """Also where the socket's mode lets everybody in."""
    if os.geteuid() != 0:
        cannot("needs root to be somebody else")
    mine = 12345
    plain = agent.command
    agent.command = lambda: ["setpriv", f"--regid={mine}", "--clear-groups", *plain()]
    agent.configure({"a": {"url": worker.url}})
    with tempfile.TemporaryDirectory() as directory:        # pytest keeps its own from others
        os.chmod(directory, 0o755)
        agent.options += ["--runtime-dir", directory]
        agent.start()
        who_is_let_in(pathlib.Path(directory) / "control", mine)
        agent.stop()


def test_a_killed_agents_socket_is_replaced(agent, control):
    agent.kill()
    assert control.exists()
    agent.start()
    assert get(control, "/version")[0] == 200
    assert not agent.journal.select("listen-failed")


def test_what_stands_in_its_place_keeps_nobody_from_watching(agent, worker, runtime):
    path = runtime / "control"
    path.write_text("mine")
    agent.configure({"a": {"url": worker.url}})
    agent.start()
    failed = agent.expect("listen-failed")
    assert str(path) in failed.message and "Address already in use" in failed.message
    agent.expect("state-changed", state="healthy")
    assert path.read_text() == "mine"
    path.unlink()
    assert str(path) in agent.expect("listening", timeout=60).message
    assert get(path, "/workers/a")[0] == 200
    assert len(agent.journal.select("listen-failed")) == 1


@pytest.mark.parametrize("directory", ["/nonexistent", "relative", "/" + "x" * 120])
def test_a_directory_that_is_none_keeps_nobody_from_watching(agent, worker, directory):
    agent.options += ["--runtime-dir", directory]
    agent.configure({"a": {"url": worker.url}})
    agent.start()
    assert directory in agent.expect("listen-failed").message
    agent.expect("state-changed", state="healthy")


def test_without_a_runtime_directory_there_is_none(agent, worker):
    agent.configure({"a": {"url": worker.url}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    assert not agent.journal.select("listen-failed")


def test_it_is_there_and_says_so_before_anything_is_known(agent, worker, runtime):
    worker.mode = "hang"
    agent.configure({"a": {"url": worker.url}}, timeout="60s")
    agent.start()
    assert get(runtime / "control", "/workers/a")[1]["outcome"] is None


def test_clients_that_mean_no_good_harm_nobody(agent, worker, control):
    """Silent ones, vanishing ones, what is no HTTP, and more of them than there are places."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(control)) for _ in range(300)]
        for _ in range(50):
            with connect(control) as s:
                s.sendall(b"GET /workers HTTP/1.1\r\nHost: x\r\n\r\n")
        for junk in b"\0" * 1000, b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9" * 9:
            with connect(control) as s, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                s.sendall(junk)
        begun = b"POST /pause HTTP/1.1\r\nHost: x\r\nContent-Length: 16384\r\n\r\n"
        for _ in range(50):
            with connect(control) as s, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                s.sendall(begun + b"x" * 8000)
        n = len(worker.requests)
        worker.wait_for_requests(n + 5)
        assert ask(agent.port)[0] == 200        # the other server has places of its own
        harness.until(lambda: all(is_closed(s) for s in silent[:100]), 60, "an end to silence")
    assert get(control, "/workers/a")[1]["state"] == "healthy"


def test_a_connection_serves_many_questions(control):
    with contextlib.closing(UnixConnection(control)) as connection:
        for _ in range(20):
            connection.request("GET", "/version", headers={PROTOCOL: "1"})
            assert json.load(connection.getresponse())["protocol"] == 1
