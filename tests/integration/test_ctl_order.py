"""connect-watchdogctl pause, resume, restart and reset: what the agent is told, and how what it answers is."""

import json
import os

import ctl
import pytest
from control_server import ControlServer
from harness import UNIT

ORDERS = [
    (["pause", "connect-a", "--for", "2h", "--reason", "an upgrade"], "/pause",
     {"worker": "connect-a", "for_seconds": 7200, "reason": "an upgrade"}),
    (["pause", "--for=1min 30s", "--reason=x"], "/pause", {"worker": None, "for_seconds": 90, "reason": "x"}),
    (["resume", "connect-a"], "/resume", {"worker": "connect-a"}),
    (["resume"], "/resume", {"worker": None}),
    (["restart", "connect-a"], "/restart", {"worker": "connect-a", "force": False}),
    (["restart", "connect-a", "--force"], "/restart", {"worker": "connect-a", "force": True}),
    (["reset", "connect-a"], "/reset", {"worker": "connect-a"}),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control"


@pytest.fixture
def control(path):
    with ControlServer(path) as control:
        yield control


@pytest.mark.parametrize("arguments, where, request_body", ORDERS)
def test_what_is_asked_and_answered(control, path, arguments, where, request_body):
    control.answers["POST", where] = 200, {"worker": request_body["worker"], "text": "connect-a: so be it"}
    said = ctl.run(path, *arguments, status=ctl.OK)
    assert (said.stdout, said.stderr) == ("connect-a: so be it\n", "")
    (method, asked, headers, body), = control.requests
    assert (method, asked, body) == ("POST", where, request_body)
    assert headers["Connect-Watchdog-Protocol"] == "1" and headers["Content-Type"] == "application/json"
    assert json.loads(ctl.run(path, *arguments, "--json", status=ctl.OK).stdout)["text"] == "connect-a: so be it"


def test_a_pause_of_the_real_agent(agent, worker, runtime):
    path = runtime / "control"
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT, "action": "restart"}, "b": {"url": worker.url + "/b"}})
    agent.start()
    agent.expect("state-changed", worker="connect-a", state="healthy")
    said = ctl.run(path, "pause", "connect-a", "--for", "2h", "--reason", "upgrade of Kafka", status=ctl.OK)
    assert said.stdout.startswith("connect-a: paused until 20") and said.stdout.endswith(f"by uid {os.geteuid()}: upgrade of Kafka)\n")
    agent.expect("paused", worker="connect-a", uid=str(os.geteuid()))
    shown = ctl.run(path, "status", "connect-a", status=ctl.NOT_HEALTHY).stdout
    assert f"(in 1h 59min) by uid {os.geteuid()}: upgrade of Kafka\n" in shown and "  Otherwise: healthy since " in shown
    assert "○ connect-a  paused" in ctl.run(path, "status").stdout
    assert ctl.run(path, "check", "connect-a", status=0).stdout.startswith("WORKER OK - connect-a: paused")
    said = ctl.run(path, "resume", "connect-a", status=ctl.OK)
    assert said.stdout.startswith("connect-a: ") and said.stderr == ""
    agent.expect("resumed", worker="connect-a")
    ctl.run(path, "status", "connect-a", status=ctl.OK)
    assert ctl.run(path, "resume", "connect-a", status=ctl.OK).stdout == "connect-a: not paused\n"
    assert 'did you mean "connect-a"' in ctl.run(path, "resume", "connect-b", status=ctl.NO_WORKER).stderr
    assert "31d" in ctl.run(path, "pause", "--for", "5w", "--reason", "x", status=ctl.FAILED).stderr
    assert ctl.run(path, "pause", "--for", "1h", "--reason", "x", status=ctl.OK).stdout.startswith("all workers: paused until 20")
    assert "2 paused" in ctl.run(path, "status", status=ctl.NOT_HEALTHY).stdout
    ctl.run(path, "resume", status=ctl.OK)


def test_a_restart_by_the_real_agent(agent, worker, bus, runtime):
    """Refused with what holds it, and done when that is overruled."""
    path = runtime / "control"
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT, "action": "restart"}, "b": {"url": worker.url + "/b"}})
    agent.start()
    agent.expect("state-changed", worker="connect-a", state="healthy")
    ctl.run(path, "pause", "connect-a", "--for", "2h", "--reason", "new disks", status=ctl.OK)
    said = ctl.run(path, "restart", "connect-a", status=ctl.HELD)
    why, hold, remedy = said.stderr.splitlines()
    assert why.startswith("connect-watchdogctl restart: connect-a is not restarted: paused")
    assert hold.startswith("    paused until ") and hold.endswith(f"by uid {os.geteuid()}: new disks")
    assert remedy.endswith("connect-watchdogctl restart connect-a --force")
    said = ctl.run(path, "restart", "connect-a", "--force", status=ctl.OK)
    assert said.stdout.startswith(f"connect-a: systemd restarts {UNIT} now, in spite of paused") and said.stderr == ""
    agent.expect("restart-done", worker="connect-a")
    assert bus.do("counts")["TryRestartUnit"] == 1
    said = ctl.run(path, "restart", "b", status=ctl.HELD)
    assert "write unit = NAME.service into [worker b]" in said.stderr and "--force" not in said.stderr
    assert 'did you mean "connect-a"' in ctl.run(path, "restart", "connect-b", status=ctl.NO_WORKER).stderr


def test_a_reset_of_the_real_agent(agent, worker, runtime):
    path = runtime / "control"
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT, "action": "restart"}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    said = ctl.run(path, "reset", "connect-a", status=ctl.OK)
    assert said.stdout.startswith("connect-a: ") and said.stderr == ""
    agent.expect("budget-reset", worker="connect-a", uid=str(os.geteuid()))


@pytest.mark.parametrize("arguments, said", [
    (["pause", "a"], "say how long, and why"),
    (["pause", "a", "--for", "2h"], "say how long, and why"),
    (["pause", "a", "--for", "2h", "--reason", ""], "say how long, and why"),
    (["pause", "a", "--for", "soon", "--reason", "x"], "--for takes a span"),
    (["pause", "a", "--for", "0", "--reason", "x"], "--for takes a span"),
    (["pause", "a", "--for", "infinity", "--reason", "x"], "--for takes a span"),
    (["pause", "a", "b", "--for", "2h", "--reason", "x"], "one worker or all"),
    (["resume", "a", "b"], "one worker or all"),
    (["restart"], "which worker?"),
    (["restart", "a", "b"], "one worker at a time"),
    (["reset"], "which worker?"),
    (["reset", "a", "--force"], "takes no --force"),
])
def test_what_is_refused_at_once(control, path, arguments, said):
    result = ctl.run(path, *arguments, status=ctl.USAGE)
    assert result.stdout == "" and said in result.stderr and control.requests == []


def test_holds_are_listed(control, path):
    holds = [{"name": "backoff", "until": "2200-11-21T14:01:00.500Z", "text": "6min after restart 2"},
             {"name": "package-manager", "until": None, "text": "apt is at work"}]
    control.answers["POST", "/restart"] = 409, {"error": "connect-a is not restarted", "holds": holds}
    said = ctl.run(path, "restart", "connect-a", status=ctl.HELD)
    assert said.stdout == ""
    first, backoff, package_manager, remedy = said.stderr.splitlines()
    assert first == "connect-watchdogctl restart: connect-a is not restarted"
    assert backoff.startswith("    backoff until 2200-11-21 14:01:00 (in ") and backoff.endswith("): 6min after restart 2")
    assert package_manager == "    package-manager: apt is at work"
    assert remedy == "To do it whatever holds stand: connect-watchdogctl restart connect-a --force"
    said = ctl.run(path, "restart", "connect-a", "--force", status=ctl.HELD)
    assert len(said.stderr.splitlines()) == 3, "it was forced already"
    assert json.loads(ctl.run(path, "restart", "connect-a", "--json", status=ctl.HELD).stdout)["holds"] == holds
    holds.append({"name": "unit-busy", "until": None, "text": "it has a job"})
    said = ctl.run(path, "restart", "connect-a", status=ctl.HELD)
    assert said.stderr.splitlines()[-1] == "    unit-busy: it has a job", "force would not help"
    holds[:] = [{"name": "budget-exhausted", "until": None, "text": "3 restarts within 1h"}]
    said = ctl.run(path, "restart", "connect-a", status=ctl.HELD)
    assert said.stderr.splitlines()[2:] == ["When the cause is mended: connect-watchdogctl reset connect-a",
                                            "To do it whatever holds stand: connect-watchdogctl restart connect-a --force"]


@pytest.mark.parametrize("answer, status, said", [
    ((409, {"error": "connect-a is not paused"}), ctl.HELD, "connect-a is not paused"),
    ((403, {"error": "uid 7 may not"}), ctl.NOT_ALLOWED, "uid 7 may not"),
    ((400, {"error": "a pause lasts at most 31d"}), ctl.FAILED, "a pause lasts at most 31d"),
    ((505, {"error": "speaks version 3"}), ctl.FAILED, "speaks version 3"),
    ((500, b""), ctl.FAILED, "the agent answered HTTP 500 without saying why"),
])
def test_what_the_agent_refuses(control, path, answer, status, said):
    control.answers["POST", "/resume"] = answer
    result = ctl.run(path, "resume", "connect-a", status=status)
    assert (result.stdout, result.stderr) == ("", f"connect-watchdogctl resume: {said}\n")


def test_an_unknown_worker(control, path):
    control.answers["GET", "/workers"] = 200, {"version": "0.2.0", "workers": [{"name": "connect-a"}]}
    control.answers["POST", "/resume"] = 404, {"error": 'no worker is called "connect-b"; did you mean "connect-a"?'}
    said = ctl.run(path, "resume", "connect-b", status=ctl.NO_WORKER)
    assert said.stderr == 'connect-watchdogctl resume: no worker is called "connect-b"; did you mean "connect-a"?\n'


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("worker", [["connect-a"], []])
def test_an_older_agent(control, path, status, worker):
    """It has no such path, whatever else it says."""
    control.answers["GET", "/workers"] = 200, {"version": "0.0.9", "workers": [{"name": "connect-a"}]}
    control.answers["POST", "/resume"] = status, {"error": "there is nothing under this path"}
    said = ctl.run(path, "resume", *worker, status=ctl.FAILED)
    assert said.stderr == ("connect-watchdogctl resume: the running agent (0.0.9) does not know this yet, as "
                           "connect-watchdogctl 0.1.0 does: systemctl restart connect-watchdog.service runs the one that is "
                           "installed\n")


def test_an_agent_that_has_gone_meanwhile(control, path):
    """What it was refused for cannot be told any better then."""
    control.answers["POST", "/resume"] = 404, {"error": "there is nothing here"}
    control.answers["GET", "/workers"] = 500, b""
    assert "there is nothing here" in ctl.run(path, "resume", "connect-a", status=ctl.NO_WORKER).stderr


@pytest.mark.parametrize("arguments", [order[0] for order in ORDERS if order[1] != "/pause"])
def test_without_an_agent(path, arguments):
    said = ctl.run(path, *arguments, status=ctl.NO_AGENT)
    assert said.stdout == "" and said.stderr == (
        f"connect-watchdogctl {arguments[0]}: connect-watchdog.service is not running ({path}: No such file or directory): "
        "systemctl start connect-watchdog.service\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user")
def test_as_an_ordinary_user(control, path):
    os.chmod(path, 0o660)
    said = ctl.run(path, "restart", "connect-a", status=ctl.NOT_ALLOWED,
                   prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    assert said.stdout == "" and said.stderr.count("\n") == 1 and "use sudo" in said.stderr and control.requests == []
