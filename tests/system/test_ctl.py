"""connect-watchdogctl as installed: who may use it, and what it says of a worker in an incident and of no agent."""

import json

import pytest

from lib.agent import STANDIN, UNIT

HEALTHY, NOT_HEALTHY, NO_AGENT, HELD, NOT_ALLOWED = 0, 3, 69, 75, 77
CHECK_OK, CHECK_CRITICAL, CHECK_UNKNOWN = 0, 2, 3


@pytest.fixture
def ctl(container):
    """Runs it as that user with these groups."""
    def ctl(*arguments, status=0, uid=0, groups=()):
        groups = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
        said = container.run("setpriv", f"--reuid={uid}", f"--regid={uid}", groups, "connect-watchdogctl", *arguments, check=False)
        assert said.returncode == status, said.stdout + said.stderr
        return said

    return ctl


def test_root_and_the_group_may_use_it_and_others_are_told_so(container, standin, agent, ctl):
    agent.watch()
    group = int(container.sh("getent group connect-watchdog").split(":")[2])
    for who in {}, {"uid": 65534, "groups": [group]}:
        assert "● connect-a  healthy" in ctl("status", **who, status=HEALTHY).stdout
        assert ctl("status", "--list", **who).stdout == "connect-a\n"
        assert ctl("check", **who, status=CHECK_OK).stdout.startswith("WORKERS OK - 1 worker: 1 healthy | ")
    refused = "only root and members of the group connect-watchdog may ask the agent (/run/connect-watchdog/control): use sudo"
    said = ctl("status", uid=65534, status=NOT_ALLOWED)
    assert (said.stdout, said.stderr) == ("", f"connect-watchdogctl status: {refused}\n")
    said = ctl("check", uid=65534, status=CHECK_UNKNOWN)
    assert (said.stdout, said.stderr) == (f"WORKERS UNKNOWN - {refused}\n", "")
    # Which needs neither the agent nor its leave.
    assert "is healthy" in ctl("check", "--once", "http://127.0.0.1:8083", uid=65534, status=CHECK_OK).stdout


def test_an_incident_from_the_agents_start_to_its_end(container, standin, agent, ctl):
    said = ctl("status", status=NO_AGENT)
    assert said.stderr == (f"connect-watchdogctl status: {UNIT} is not running (/run/connect-watchdog/control: No such file or "
                           f"directory): systemctl start {UNIT}\n")
    assert "is not running" in ctl("check", status=CHECK_UNKNOWN).stdout

    agent.watch(action="alert")
    lines = ctl("status", "connect-a", status=HEALTHY).stdout.splitlines()
    assert lines[0] == "● connect-a - kafka-connect at http://127.0.0.1:8083"
    assert any(line.startswith(f"       Unit: {STANDIN}, active (running) since ") and "main PID" in line for line in lines)

    standin.mode("hang")
    incident = agent.wait_for("would-restart", 30)["CONNECT_WATCHDOG_INCIDENT"]
    said = ctl("status", "connect-a", status=NOT_HEALTHY).stdout
    assert "  State: unhealthy since " in said and "Held by: observe-only: " in said and "did not answer within the timeout" in said
    assert f"journalctl CONNECT_WATCHDOG_INCIDENT={incident}\n" in said
    assert json.loads(ctl("status", "connect-a", "--json", status=NOT_HEALTHY).stdout)["incident"] == incident
    assert "1 unhealthy (connect-a, held: observe-only)" in ctl("check", status=CHECK_CRITICAL).stdout

    standin.mode("healthy")
    agent.wait_for("incident-closed", 30)
    assert "Incident" not in ctl("status", "connect-a", status=HEALTHY).stdout

    agent.stop()
    assert ctl("incidents").stdout.splitlines()[1].startswith(incident)
    told = ctl("incident", incident[:4]).stdout
    assert told.startswith(f"incident {incident} of connect-a, {STANDIN}\n") and "would restart" in told and "recovered: " in told
    assert "connect-a" in ctl("report", "--since", "1h").stdout
    for verb in "incidents", "incident", "report":
        said = ctl(verb, uid=65534, status=NOT_ALLOWED)
        assert (said.stdout, said.stderr) == (
            "", f"connect-watchdogctl {verb}: only root may read /var/lib/connect-watchdog/incidents: use sudo\n")


def test_orders_of_a_member_of_the_group(container, standin, agent, ctl):
    """What the agent may do, who may not do it himself has it do; and the journal names him."""
    agent.watch()
    group = int(container.sh("getent group connect-watchdog").split(":")[2])
    who = {"uid": 65534, "groups": [group]}
    ctl("pause", "--for", "1h", "--reason", "new disks", **who)
    said = ctl("restart", "connect-a", **who, status=HELD).stderr
    assert "connect-a is not restarted: paused" in said and not container.invocations(STANDIN)
    ctl("resume", **who)
    assert ctl("restart", "connect-a", **who).stdout.startswith(f"connect-a: systemd restarts {STANDIN} now")
    agent.wait_for("restart-done", 60)
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1
    assert ctl("reset", "connect-a", **who).stdout.startswith("connect-a: ")
    for event in "paused", "resumed", "restart-requested", "budget-reset":
        assert agent.wait_for(event, 10)["CONNECT_WATCHDOG_UID"] == "65534"
