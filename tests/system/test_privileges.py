"""What the agent may do, and what it may not, as installed: sandbox, polkit, units; and others with what is the agent's."""

import json

import pytest

from lib import sandbox_probe
from lib.agent import OTHER, STANDIN, UNIT
from lib.container import TREE

BUSCTL = "busctl call --allow-interactive-authorization=no"
MANAGER = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager"


@pytest.fixture
def in_its_place(container):
    """Runs a command as a process of the agent's own unit: its user, its sandbox, its cgroup. Returns whether it ended well,
    and what it printed."""
    # Another program in the agent's place keeps all the rest of the unit as it is.
    container.drop_in(UNIT, "[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nEnvironmentFile=/run/call\nExecStart=\n"
                            "StandardOutput=truncate:/run/call.answer\nStandardError=truncate:/run/call.errors\n"
                            "ExecStart=/bin/sh -c \"exec $CALL\"\n")

    def run(command):
        container.write("/run/call", f"CALL='{command}'\n")
        ended_well = container.systemctl("start", UNIT, check=False).returncode == 0
        return ended_well, container.sh("cat /run/call.answer"), container.sh("cat /run/call.errors")

    container.systemctl("stop", UNIT)
    yield run
    container.drop_in(UNIT, "")
    container.systemctl("reset-failed", UNIT, check=False)


@pytest.fixture
def as_the_agent(in_its_place):
    """Makes a call to systemd's manager, or to what `to` names, as the agent. Returns whether it was allowed."""
    def call(text, to=MANAGER):
        allowed, _, said = in_its_place(f"{BUSCTL} {to} {text}")
        assert allowed or "ccess denied" in said or "nteractive authentication required" in said, said
        return allowed

    return call


def test_it_runs_as_its_own_user_without_any_capability(container, agent):
    agent.start("")
    status = container.sh(f"cat /proc/{container.show(UNIT, 'MainPID')}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == int(fields["CapPrm"], 16) == 0
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
    assert fields["Uid"].split()[0] == container.sh("id -u connect-watchdog").strip() != "0"


def test_what_it_may_do_to_the_worker(container, standin, as_the_agent):
    invocation = standin.invocation()
    assert as_the_agent(f"TryRestartUnit ss {STANDIN} replace")
    container.wait_until(lambda: standin.invocation() not in ("", invocation), 10, "the restart")
    assert as_the_agent(f"ResetFailedUnit s {STANDIN}")
    container.wait_until(lambda: standin.get("/"), 10, "the worker")
    assert as_the_agent(f"KillUnit ssi {STANDIN} main 3")
    container.wait_until(lambda: "Full thread dump" in container.journal_cat(STANDIN), 5, "the thread dump")
    for call in f"StopUnit ss {STANDIN} replace", f"StartUnit ss {STANDIN} replace", f"SetUnitProperties sba(sv) {STANDIN} true 0":
        assert not as_the_agent(call), call
    assert container.is_active(STANDIN)


@pytest.mark.parametrize("call", [
    f"RestartUnit ss {OTHER} replace",
    f"TryRestartUnit ss {OTHER} replace",
    f"StopUnit ss {OTHER} replace",
    f"KillUnit ssi {OTHER} all 9",
    "RestartUnit ss dbus.service replace",
    "Reboot",
    "Reload",
    "PowerOff",
    "SetEnvironment as 1 LD_PRELOAD=/tmp/evil.so",
    "DisableUnitFiles asb 1 kafka-connect.service false",
    "EnableUnitFiles asbb 1 /tmp/evil.service false true",
    "LinkUnitFiles asbb 1 /tmp/evil.service true true",
    "StartTransientUnit ssa(sv)a(sa(sv)) evil.service replace 1 ExecStart a(sasb) 1 /bin/touch 2 /bin/touch /root/evil false 0",
])
def test_what_it_may_not_do(container, other, as_the_agent, call):
    before = container.show(other, "InvocationID")
    assert not as_the_agent(call)
    assert container.show(other, "InvocationID") == before and container.is_active(other)
    assert not container.sh("ls /root/evil 2>/dev/null || :")


@pytest.mark.parametrize("to, call", [
    ("org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager", "ScheduleShutdown st poweroff 4102444800000000"),
    ("org.freedesktop.hostname1 /org/freedesktop/hostname1 org.freedesktop.hostname1", "SetHostname sb evil false"),
    ("org.freedesktop.timedate1 /org/freedesktop/timedate1 org.freedesktop.timedate1", "SetTimezone sb Europe/Berlin false"),
])
def test_nor_does_anybody_else_on_the_bus_obey_it(as_the_agent, to, call):
    assert not as_the_agent(call, to)


def test_no_command_in_the_name_of_a_worker_that_is_not_installed(container, standin, as_the_agent):
    """Where polkit allows the verb start for a unit, systemd 257 takes StartTransientUnit of that name for it."""
    container.systemctl("stop", STANDIN)
    unit = f"/usr/lib/systemd/system/{STANDIN}"
    container.sh(f"mv {unit} /root/; rm -rf /etc/systemd/system/{STANDIN}.d; systemctl daemon-reload; systemctl reset-failed {STANDIN}")
    try:
        assert not as_the_agent(f"StartTransientUnit ssa(sv)a(sa(sv)) {STANDIN} replace 1"
                                " ExecStart a(sasb) 1 /bin/touch 2 /bin/touch /root/evil false 0")
        assert not container.sh("ls /root/evil 2>/dev/null || :")
    finally:
        container.sh(f"mv /root/{STANDIN} {unit}; systemctl daemon-reload")


def test_another_process_of_its_user_is_refused_where_polkit_can_tell(container, standin):
    """From polkit 126 on the rule asks for the agent's own unit, too; 122 does not know the unit of a process."""
    invocation = standin.invocation()
    result = container.run("runuser", "-u", "connect-watchdog", "--", *BUSCTL.split(), *MANAGER.split(),
                           "TryRestartUnit", "ss", STANDIN, "replace", check=False)
    if container.suite == "bookworm":
        assert result.returncode == 0
    else:
        assert "denied" in result.stderr and standin.invocation() == invocation


def test_a_refused_restart_is_told_once_with_its_remedy(container, agent, other):
    agent.watch(unit=other, restart_limit="1")
    invocation = container.show(other, "InvocationID")
    container.signal(other, "SIGSTOP")
    try:
        entry = agent.wait_for("restart-refused", 30)
        assert "polkit" in entry["MESSAGE"] and f"connect-watchdogctl authorize {other}" in entry["MESSAGE"]
        container.run("sleep", 4)
        assert agent.events("restart-refused") == ["restart-refused"]
        assert not agent.events("exhausted"), "what was refused costs no budget"
        assert container.show(other, "InvocationID") == invocation
    finally:
        container.signal(other, "SIGCONT")


# --- a process in the agent's place, at what is not its business ------------------------------------------------------


@pytest.fixture(scope="module")
def secrets(booted):
    """Things that are others', and a credential of the agent's."""
    booted.write("/etc/connect-watchdog/credentials/probe", "secret", mode="600")
    booted.write("/home/alice/notes", "private")
    booted.write("/var/lib/other/ledger.json", "{}", mode="600")
    booted.sh("chmod 700 /var/lib/other; cp /usr/bin/id /usr/local/bin/setuid-id; chmod 4755 /usr/local/bin/setuid-id")
    yield
    booted.sh("rm -rf /etc/connect-watchdog/credentials/probe /home/alice /var/lib/other /usr/local/bin/setuid-id")


def probe(container, in_its_place):
    """Each attempt of tests/lib/sandbox_probe.py, from within the sandbox."""
    container.write("/usr/local/bin/sandbox-probe", (TREE / "tests/lib/sandbox_probe.py").read_text(), mode="755")
    ended_well, said, errors = in_its_place(f"/usr/local/bin/sandbox-probe {container.standin.main_pid()}")
    assert ended_well, errors
    return json.loads(said)


def test_what_it_can_reach_from_within_its_sandbox(container, standin, secrets, in_its_place):
    found = probe(container, in_its_place)
    ends = found["ends"]
    print("\n".join(f"{end:16}{name}" for name, end in ends.items()))
    wrong = {name: end for name, end in ends.items() if end not in sandbox_probe.ATTEMPTS[name][1]}
    assert not wrong
    # And nothing of it had an effect.
    assert standin.get("/")[0] == 200 and container.sh("hostname").strip() == "connect-host"
    # From systemd 254 on a service may write to this one file of its cgroup, to be told when memory is short.
    assert [path for path in found["writable"] if not path.endswith(f"/{UNIT}/memory.pressure")] == WRITABLE
    assert not container.sh("ls /tmp/probe-was-here 2>/dev/null || :"), "its /tmp is its own"


# Its own, and what PrivateIPC= and PrivateTmp= make its own.
WRITABLE = ["/dev/mqueue", "/run/connect-watchdog", "/tmp", "/var/lib/connect-watchdog", "/var/tmp"]


@pytest.mark.parametrize("path", [
    "/var/lib/connect-watchdog",
    "/var/lib/connect-watchdog/ledger.json",
    "/run/connect-watchdog",
    "/run/credentials/connect-watchdog.service",
    "/etc/connect-watchdog/credentials",
    "/etc/connect-watchdog/credentials/probe",
])
def test_what_is_its_own_is_closed_to_others(container, agent, standin, secrets, path):
    agent.watch()
    container.run("test", "-e", path)
    for test, what in ("-r", "read"), ("-w", "written"), ("-x", "entered"):
        assert container.run("runuser", "-u", "nobody", "--", "test", test, path, check=False).returncode, f"{path} can be {what}"
