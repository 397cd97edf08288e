"""connect-watchdogctl status: of the real agent, of none, and of one that says strange things."""

import json
import os
import signal
import socket
import subprocess
import threading

import ctl
import pytest
from control_server import ControlServer
from harness import UNIT


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control"


@pytest.fixture
def watched(agent, worker, path):
    """A healthy worker, and one that is not there."""
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT}, "away": {"url": "http://127.0.0.1:1"}})
    agent.options += ["--runtime-dir", str(path.parent)]
    agent.start()
    agent.expect("state-changed", worker="connect-a", state="healthy")
    agent.expect("state-changed", worker="away", state="starting")
    return agent


@pytest.fixture
def scripted(path):
    with ControlServer(path) as control:
        yield control


def test_all_workers(watched, path):
    said = ctl.run(path, "status", status=ctl.NOT_HEALTHY)
    assert said.stderr == "" and "\033" not in said.stdout
    head, counts, empty, titles, *rows = said.stdout.splitlines()
    assert head.startswith("connect-watchdog 0.1.0 on ") and counts == "2 workers: 1 healthy, 1 starting (away)" and empty == ""
    assert titles.split() == ["WORKER", "STATE", "SINCE", "UNIT", "WHY"]
    assert rows[0].split()[:3] == ["●", "connect-a", "healthy"] and UNIT in rows[0] and "is healthy (HTTP 200 after" in rows[0]
    assert rows[1].split()[:3] == ["↻", "away", "starting"] and rows[1].endswith("does not listen yet (Connection refused)")
    assert len(rows) == 2


def test_one_worker(watched, path):
    lines = ctl.run(path, "status", "connect-a", status=ctl.OK).stdout.splitlines()
    assert lines[0].startswith("● connect-a - kafka-connect at http://127.0.0.1:")
    assert lines[1].startswith("      State: healthy since ")
    fields = dict(line.strip().split(": ", 1) for line in lines[1:])
    assert fields["Why"].startswith("is healthy (HTTP 200 after")
    assert fields["Unit"].startswith(f"{UNIT}, active (running) since ")
    assert fields["Action"] == "alert" and fields["Budget"].startswith("3 of 3 restarts left within 1h")
    assert ctl.run(path, "status", "away").returncode == ctl.NOT_HEALTHY


def test_for_scripts(watched, path):
    everything = json.loads(ctl.run(path, "status", "--json", status=ctl.NOT_HEALTHY).stdout)
    assert [w["name"] for w in everything["workers"]] == ["connect-a", "away"]
    one = json.loads(ctl.run(path, "status", "connect-a", "--json", status=ctl.OK).stdout)
    assert one["name"] == "connect-a" and one["state"] == "healthy"
    assert ctl.run(path, "status", "--list", status=ctl.OK).stdout == "connect-a\naway\n"


def test_an_unknown_worker(watched, path):
    said = ctl.run(path, "status", "connect-b", status=ctl.NO_WORKER)
    assert said.stdout == "" and said.stderr == "connect-watchdogctl status: there is no worker connect-b; did you mean connect-a?\n"


@pytest.mark.parametrize("arguments", [["a", "b"], ["--list", "a"], ["--json", "--list"], ["--watch"], ["--force"]])
def test_what_is_refused(path, arguments):
    said = ctl.run(path, "status", *arguments, status=ctl.USAGE)
    assert said.stdout == "" and said.stderr


# ---- when the agent cannot be asked

NOT_RUNNING = "connect-watchdogctl status: connect-watchdog.service is not running ({}: {}): systemctl start connect-watchdog.service\n"


def test_without_an_agent(path):
    assert ctl.run(path, "status", status=ctl.NO_AGENT).stderr == NOT_RUNNING.format(path, "No such file or directory")


def test_where_one_was_killed(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
    assert ctl.run(path, "status", status=ctl.NO_AGENT).stderr == NOT_RUNNING.format(path, "Connection refused")


@pytest.mark.parametrize("state", ["active", "activating", "inactive", "failed"])
def test_a_service_that_runs_without_its_socket(bus, tmp_path, state):
    """Its own socket, which is looked for in a /run of the test's, and its unit."""
    bus.do("unit", name="connect-watchdog.service", properties={"ActiveState": state})
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    said = subprocess.run(["unshare", "--mount", "--propagation", "private", *user, "sh", "-ec",
                           'mount --bind "$1" /run; exec "$2" status', "sh", tmp_path, ctl.CTL],
                          capture_output=True, text=True, timeout=60, env=ctl.environment(DBUS_SYSTEM_BUS_ADDRESS=bus.address))
    assert said.returncode == ctl.NO_AGENT
    nobody = "/run/connect-watchdog/control: No such file or directory"
    if state == "inactive":
        assert said.stderr == NOT_RUNNING.replace("{}: {}", nobody)
    elif state == "failed":
        assert said.stderr == ("connect-watchdogctl status: connect-watchdog.service has failed: connect-watchdogctl verify-config and "
                               "journalctl -u connect-watchdog.service say why; then systemctl start connect-watchdog.service\n")
    else:
        assert said.stderr == (f"connect-watchdogctl status: connect-watchdog.service is {state}, but nobody answers at {nobody}. "
                               "journalctl -u connect-watchdog.service may say why, and systemctl restart connect-watchdog.service "
                               "starts it anew\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user")
def test_as_an_ordinary_user(scripted, path):
    os.chmod(path, 0o660)
    said = ctl.run(path, "status", status=ctl.NOT_ALLOWED, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    assert said.stdout == "" and scripted.requests == []
    assert said.stderr == ("connect-watchdogctl status: only root and members of the group connect-watchdog may ask the agent "
                           f"({path}): use sudo\n")


def test_a_path_that_is_none(tmp_path):
    said = ctl.run(tmp_path / ("a" * 108), "status", status=ctl.USAGE)
    assert said.stderr.endswith(": the path is too long for a socket\n")


@pytest.mark.parametrize("answer, status, said", [
    ((200, b"nonsense"), ctl.FAILED, "is no agent of connect-watchdog, or another version of it"),
    ((200, b""), ctl.FAILED, "is no agent of connect-watchdog, or another version of it"),
    ((403, {"error": "uid 7 may not"}), ctl.NOT_ALLOWED, "uid 7 may not"),
    ((500, b""), ctl.FAILED, "the agent answered HTTP 500 without saying why"),
    ((505, {"error": "protocol 2\033[2J is unknown; this is 3"}), ctl.FAILED, "protocol 2 [2J is unknown; this is 3"),
])
def test_strange_answers(scripted, path, answer, status, said):
    scripted.answers["GET", "/workers"] = answer
    result = ctl.run(path, "status", status=status)
    assert result.stdout == "" and said in result.stderr and result.stderr.count("\n") == 1


def test_a_connection_that_ends(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
        s.listen()

        def hear_and_hang_up():
            connection = s.accept()[0]
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=hear_and_hang_up)
        thread.start()
        said = ctl.run(path, "status", status=ctl.NO_AGENT)
        thread.join()
    assert said.stderr.startswith(f"connect-watchdogctl status: the agent did not answer at {path}: Empty reply from server")


def test_it_says_which_protocol_it_speaks_and_uses_no_proxy(scripted, path):
    scripted.answers["GET", "/workers"] = 200, {"workers": []}
    ctl.run(path, "status", status=ctl.OK, http_proxy="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1")
    (_, _, headers, _), = scripted.requests
    assert headers["Connect-Watchdog-Protocol"] == "1"


# ---- on a terminal

@pytest.mark.parametrize("columns", [80, 60, 40])
def test_it_fits_the_terminal(watched, path, columns):
    terminal = ctl.Terminal(path, "status", "--no-pager", columns=columns)
    assert terminal.end() == ctl.NOT_HEALTHY
    assert max(map(len, terminal.lines)) <= columns
    assert "\033[1;32m●\033[0m connect-a" in terminal.output


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}])
def test_no_colours_where_they_are_not_wanted(watched, path, variables):
    terminal = ctl.Terminal(path, "status", "--no-pager", **variables)
    assert terminal.end() == ctl.NOT_HEALTHY
    assert "\033" not in terminal.output and "● connect-a" in terminal.output


def test_a_pager_is_for_terminals(watched, path, tmp_path):
    shown = tmp_path / "shown"
    for variables in ({"PAGER": f"cat >{shown}"}, {"SYSTEMD_PAGER": f"cat >{shown}", "PAGER": "false"}):
        terminal = ctl.Terminal(path, "status", **variables)
        assert terminal.end() == ctl.NOT_HEALTHY and terminal.output == ""
        assert "\033[1;32mhealthy\033[0m" in shown.read_text()
        shown.unlink()
        ctl.run(path, "status", **variables)
        assert ctl.Terminal(path, "status", "--no-pager", **variables).end() == ctl.NOT_HEALTHY
        assert not shown.exists()
    for variables in ({"PAGER": ""}, {"PAGER": "false", "TERM": "dumb"}):
        terminal = ctl.Terminal(path, "status", **variables)
        assert terminal.end() == ctl.NOT_HEALTHY and "connect-a" in terminal.output


def test_watching(watched, worker, path):
    """A change is seen, also that of the agent to none and back, and ^C leaves nothing behind."""
    terminal = ctl.Terminal(path, "status", "--watch")
    terminal.wait(lambda output: "1 healthy" in output)
    worker.refuse()
    terminal.wait(lambda output: "1 unhealthy" in output)
    watched.kill()
    terminal.wait(lambda output: "connect-watchdog.service is not running" in output)
    worker.listen()
    watched.start()
    seen = len(terminal.output)
    # To the frame's end: ^C would be shown within it.
    terminal.wait(lambda output: "1 healthy" in output[seen:] and output.endswith("\033[J"))
    terminal.type("\x03")
    assert terminal.end() == -signal.SIGINT
    assert terminal.output.rstrip().endswith("\033[J^C")


def test_watching_more_than_there_is_room_for(scripted, path):
    scripted.answers["GET", "/workers"] = 200, {"workers": [{"name": f"w{i}", "state": "healthy"} for i in range(30)]}
    terminal = ctl.Terminal(path, "status", "--watch", rows=10)
    terminal.wait(lambda output: "\033[J" in output)
    frame = terminal.output[:terminal.output.index("\033[J")].splitlines()
    assert len(frame) == 9 and frame[-1] == "and 26 more lines\033[K"
    terminal.type("\x03")
    assert terminal.end() == -signal.SIGINT


def test_a_dumb_terminal_is_not_drawn_on(watched, path):
    terminal = ctl.Terminal(path, "status", "--watch", TERM="dumb")
    assert terminal.end() == ctl.USAGE and "\033" not in terminal.output


def test_watching_does_not_begin_without_an_agent(path):
    terminal = ctl.Terminal(path, "status", "--watch")
    assert terminal.end() == ctl.NO_AGENT and "is not running" in terminal.output
