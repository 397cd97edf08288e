"""connect-watchdog --healthcheck-compat in kafka-connect-healthcheck's place: how it starts, runs and ends. What it answers
is test_healthcheck_peer.py's part.
"""

import base64
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

import harness
from compat import Compat
from connect_cluster import TRACE, Cluster
from harness import until
from http_ask import free_port


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*flags, wrapper=(), **variables):
        started.append(Compat(tmp_path, flags, variables, wrapper))
        return started[-1]

    yield start
    for one in started:
        one.__exit__()


@pytest.fixture
def cluster(worker):
    worker.mode = cluster = Cluster()
    cluster.add("orders", tasks=2)
    cluster.fail("orders", 1)
    return cluster


def test_the_first_request_has_the_whole_verdict(start, worker, cluster):
    cluster.delay = 0.3
    status, body, _ = start("--connect-url", worker.url).listens().ask()
    answer = json.loads(body)
    assert (status, answer["healthy"], answer["failures"][0]["trace"]) == (503, False, TRACE)
    assert [r.path for r in worker.requests[:2]] == ["/health", "/connectors?expand=status"]


def test_variables_alone_suffice_and_a_flag_wins(start, worker, cluster):
    port = free_port()
    compat = start("--failure-threshold-percentage=34", PORT=str(port), CONNECT_URL=worker.url, LOG_LEVEL="warning",
                   FAILURE_THRESHOLD_PERCENTAGE="0")
    compat.port = port
    until(lambda: worker.requests, what="the first poll")
    status, body, _ = compat.ask()
    assert (status, json.loads(body)["failure_threshold"]) == (200, 0.34)
    assert "started" not in compat.stderr


def only_child(pid):
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            if f"\nPPid:\t{pid}\n" in status.read_text(encoding="ascii"):
                return int(status.parent.name)
    raise LookupError(pid)


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT])
def test_as_process_1_of_any_user_without_a_bus(start, worker, cluster, tmp_path, signo):
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        compat = start(f"--connect-url={worker.url}", wrapper=["unshare", "--user", "--map-user=12345", "--pid", "--fork", "--kill-child"])
        compat.listens()
        child = only_child(compat.process.pid)
        status = pathlib.Path(f"/proc/{child}/status").read_text(encoding="ascii")
        assert re.search(r"^NSpid:.*\t1$", status, re.M) and re.search(r"^CapEff:\t0+$", status, re.M)
        assert compat.ask("/ping")[:2] == (200, b'{"status":"UP"}')
        worker.mode = "hang"
        n = len(worker.requests)
        worker.wait_for_requests(n + 1)
        began = time.monotonic()
        os.kill(child, signo)
        assert compat.wait() == 0
        # A poll may take 15 s.
        assert time.monotonic() - began < 10
        bus.settimeout(0)
        with pytest.raises(BlockingIOError):
            bus.accept()
    assert "stopping" in compat.stderr and "cannot" not in compat.stderr


def shown(pid):
    """What others may see of a process."""
    return b"".join(open(f"/proc/{pid}/{name}", "rb").read() for name in ("cmdline", "environ"))


@pytest.mark.parametrize("flags, variables", [
    (["--basic-auth", "user:s3:cr3t"], {}),
    (["--basic-auth=user:s3:cr3t"], {"BASIC_AUTH": "other:cr3t"}),
    ([], {"BASIC_AUTH": "user:s3:cr3t"}),
])
def test_the_password_is_sent_and_not_left_to_be_seen(start, worker, flags, variables):
    compat = start(f"--connect-url={worker.url}", *flags, **variables).listens()
    worker.wait_for_requests(1)
    expected = "Basic " + base64.b64encode(b"user:s3:cr3t").decode()
    assert {r.headers.get("authorization") for r in worker.requests} == {expected}
    assert b"HEALTHCHECK_" in shown(compat.process.pid) or b"--basic-auth" in shown(compat.process.pid)
    assert b"cr3t" not in shown(compat.process.pid) + compat.ask("/workers")[1]
    assert compat.stop() == 0
    assert "cr3t" not in compat.stderr


def test_a_reload_changes_nothing(start, worker, cluster):
    compat = start(f"--connect-url={worker.url}", "--basic-auth=user:word").listens()
    before = compat.ask()[1]
    compat.process.send_signal(signal.SIGHUP)
    until(lambda: "reloaded" in compat.stderr, what="the reload")
    n = len(worker.requests)
    assert worker.wait_for_requests(n + 1)[-1].headers["authorization"].startswith("Basic ")
    assert compat.ask()[1] == before
    assert compat.stop() == 0


def run(*arguments, **variables):
    return subprocess.run([harness.BINARY, *arguments], capture_output=True, text=True, timeout=harness.TIMEOUT, check=False,
                          env={**os.environ, **variables})


def test_a_wrong_value_ends_with_78_and_names_its_flag_or_variable():
    told = run("--healthcheck-compat", "--port=none", HEALTHCHECK_UNHEALTHY_STATES="FALED")
    assert told.returncode == 78
    assert "--port: " in told.stderr and "HEALTHCHECK_UNHEALTHY_STATES: " in told.stderr and "did you mean FAILED?" in told.stderr


@pytest.mark.parametrize("arguments, said", [
    (["--port=1"], "--port goes only with --healthcheck-compat"),
    (["--healthcheck-compat", "--config=/etc/x"], "--config does not go with --healthcheck-compat"),
    (["--healthcheck-compat", "--check-config", "/etc/x"], "--config does not go with --healthcheck-compat"),
    (["--healthcheck-compat", "--basic-auth"], "requires an argument"),
])
def test_what_does_not_go_together(arguments, said):
    told = run(*arguments)
    assert told.returncode == 1 and said in told.stderr


def test_variables_mean_nothing_without_the_option(tmp_path):
    (tmp_path / "empty.conf").touch()
    told = run("--check-config", str(tmp_path / "empty.conf"), HEALTHCHECK_PORT="none")
    assert told.returncode == 0 and "nothing is watched" in told.stdout


def test_check_config_says_the_keys_and_not_the_password():
    told = run("--healthcheck-compat", "--check-config", "--connect-worker-id=a:8083", HEALTHCHECK_BASIC_AUTH="user:secret")
    assert told.returncode == 0 and "secret" not in told.stdout
    assert "\nlisten = 0.0.0.0:18083\n" in told.stdout and "\nworker_id = a:8083\n" in told.stdout and "\nusername = user\n" in told.stdout
