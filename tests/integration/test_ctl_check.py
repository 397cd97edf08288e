"""connect-watchdogctl check: a plugin's one line and exit status, of the real agent and of workers that it asks itself."""

import re

import ctl
import pytest
from harness import UNIT
from http_server import WorkerServer

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
# What the guidelines let performance data be.
DATA = re.compile(r"[^ ='|]+=[0-9.]+(s|)(;[0-9.]*){0,4}")


def check(path, *arguments, status):
    """The text of its only line; whoever runs plugins shows no standard error."""
    said = ctl.run(path, "check", *arguments, status=status)
    word = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[status]
    line, = said.stdout.splitlines()
    text, _, data = line.partition(" | ")
    assert re.match(f"WORKERS? {word} - ", text) and said.stderr == ""
    assert all(map(DATA.fullmatch, data.split()))
    return text, dict(d.split("=") for d in data.split())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control"


def test_the_agents_workers(agent, worker, runtime):
    path = runtime / "control"
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    text, data = check(path, status=OK)
    assert text == "WORKERS OK - 1 worker: 1 healthy" and data["healthy"] == "1;;;0;1" and data["connect-a_latency"]
    text, data = check(path, "connect-a", status=OK)
    assert text.startswith("WORKER OK - connect-a: healthy") and data["failures"] == "0;;;0" and data["latency"].endswith("s;;;0")
    worker.refuse()
    agent.expect("state-changed", state="unhealthy")
    assert "1 unhealthy (connect-a" in check(path, status=CRITICAL)[0]
    text, data = check(path, "connect-a", status=CRITICAL)
    assert "refused the connection" in text and int(data["failures"].split(";")[0]) >= 2
    assert check(path, "connect-b", status=UNKNOWN)[0].endswith("there is no worker connect-b; did you mean connect-a?")


def test_without_an_agent_nothing_is_known(path):
    assert "connect-watchdog.service is not running" in check(path, status=UNKNOWN)[0]


@pytest.mark.parametrize("mode, status, said", [
    ("ok", OK, "is healthy (HTTP 200 after"),
    ("starting", WARNING, "says that it is still starting up (HTTP 503 after"),
    ("unhealthy", CRITICAL, "says that it is unhealthy (HTTP 500 after"),
    ("401", UNKNOWN, "wants credentials (401)"),
    ("hang", CRITICAL, "did not answer within the timeout"),
])
def test_a_worker_asked_without_an_agent(path, mode, status, said):
    with WorkerServer(mode) as worker:
        text, data = check(path, "--once", worker.url, "--timeout", "1s" if mode == "hang" else "60s", status=status)
    assert f" - {worker.url} {said}" in text and data["latency"]


def test_a_worker_of_another_kind(path):
    with WorkerServer("json-404") as worker:
        assert "there is no such path (404)" in check(path, "--once", worker.url, "--kind", "http", status=UNKNOWN)[0]
        assert worker.requests[0].path == "/"


def test_nobody_there(path):
    assert "refused the connection" in check(path, "--once", "http://127.0.0.1:1", status=CRITICAL)[0]


@pytest.mark.parametrize("arguments, said", [
    (["--once", "ftp://x"], "is no URL"),
    (["--once", "http://127.0.0.1:1", "--kind", "kraken"], "is no kind of worker"),
    (["--once", "http://127.0.0.1:1", "--timeout", "soon"], "--timeout: "),
    (["--once", "http://127.0.0.1:1", "a"], "goes with no worker"),
    (["--kind", "http"], "go only with --once"),
    (["a", "b"], "one worker or all"),
])
def test_what_is_refused_is_no_alarm_about_the_worker(path, arguments, said):
    assert said in check(path, *arguments, status=UNKNOWN)[0]


@pytest.mark.parametrize("arguments", [["--kind"], ["--json"], ["--nonsense"]])
def test_neither_is_what_cannot_be_read(path, arguments):
    said = ctl.run(path, "check", *arguments, status=UNKNOWN)
    assert said.stdout == "" and said.stderr
