"""A reload suffices for every key of [http]; test_reload_keys.py sees to it that none is forgotten."""

import json
import socket

import harness
from connect_cluster import TRACE
from reload_scene import Proofs

proves = Proofs()


def ask_over(path, target="/ping", body=False):
    """One request over a unix socket, and the status line of its answer, or its body."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(harness.TIMEOUT)
        s.connect(str(path))
        s.sendall(f"GET {target} HTTP/1.0\r\n\r\n".encode())
        head, _, content = s.makefile("rb").read().partition(b"\r\n\r\n")
        return content if body else head.split(b"\r\n")[0]


@proves("http", "listen")
def _(scene, tmp_path):
    scene.start()
    scene.http = {"listen": f"unix:{tmp_path}/http"}
    scene.change()
    assert ask_over(tmp_path / "http") == b"HTTP/1.1 200 OK"


@proves("http", "access_log")
def _(scene, tmp_path):
    scene.http = {"listen": f"unix:{tmp_path}/http"}
    scene.start()
    ask_over(tmp_path / "http")
    scene.http["access_log"] = "yes"
    scene.change()
    assert not scene.agent.journal.select("http-request")
    ask_over(tmp_path / "http")
    scene.expect("http-request")


@proves("http", "access_log_skip")
def _(scene, tmp_path):
    scene.http = {"listen": f"unix:{tmp_path}/http", "access_log": "yes"}
    scene.start()
    ask_over(tmp_path / "http")
    scene.expect("http-request")
    scene.http["access_log_skip"] = "/other /ping"
    scene.change()
    ask_over(tmp_path / "http")
    ask_over(tmp_path / "http", "/health")
    assert "asked GET /health: " in scene.expect("http-request").message


@proves("http", "krakend_path")
def _(scene, tmp_path):
    scene.http = {"listen": f"unix:{tmp_path}/http"}
    scene.start()
    assert ask_over(tmp_path / "http", "/__health") == b"HTTP/1.1 200 OK"
    scene.http["krakend_path"] = "/lives"
    scene.change()
    assert ask_over(tmp_path / "http", "/__health") == b"HTTP/1.1 404 Not Found"
    assert ask_over(tmp_path / "http", "/lives") == b"HTTP/1.1 200 OK"


@proves("http", "krakend_body")
def _(scene, tmp_path):
    scene.http = {"listen": f"unix:{tmp_path}/http"}
    scene.start()
    assert b'"agents"' in ask_over(tmp_path / "http", "/__health", body=True)
    scene.http["krakend_body"] = '{"custom": "response", "foo": "bar"}'
    scene.change()
    assert ask_over(tmp_path / "http", "/__health", body=True) == b'{"custom": "response", "foo": "bar"}'


@proves("http", "healthcheck_compat")
def _(scene, tmp_path):
    scene.http = {"listen": f"unix:{tmp_path}/http"}
    scene.start()
    assert ask_over(tmp_path / "http", "/ping") == b"HTTP/1.1 200 OK"
    scene.http["healthcheck_compat"] = "no"
    scene.change()
    assert ask_over(tmp_path / "http", "/ping") == ask_over(tmp_path / "http", "/") == b"HTTP/1.1 404 Not Found"


@proves("http", "expose_traces")
def _(scene, tmp_path, cluster):
    cluster.fail("orders", 0)
    scene.http = {"listen": f"unix:{tmp_path}/http"}
    scene.start()
    scene.agent.expect("connector-failed")
    assert b'"trace":null' in ask_over(tmp_path / "http", "/", body=True)
    scene.http["expose_traces"] = "yes"
    scene.change()
    assert json.dumps(TRACE).encode() in ask_over(tmp_path / "http", "/", body=True)


@proves("http", "metrics_connectors")
def _(scene, tmp_path, cluster):
    cluster.fail("orders", 0)
    scene.http = {"listen": f"unix:{tmp_path}/http"}
    scene.start()
    scene.agent.expect("connector-failed")
    assert b"orders" not in ask_over(tmp_path / "http", "/metrics", body=True)
    scene.http["metrics_connectors"] = "yes"
    scene.change()
    assert b',connector="orders",task="0",state="FAILED"} 1\n' in ask_over(tmp_path / "http", "/metrics", body=True)


test_a_reload_suffices_for = proves.test()
