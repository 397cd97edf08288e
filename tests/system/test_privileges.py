"""What the agent may do, and what it may not, as installed: sandbox, polkit, units."""

import pytest

from lib.agent import STANDIN, UNIT, worker

OTHER = "other-worker.service"


def as_the_agent(container, *call, inside=True):
    """A call to systemd over D-Bus by the agent's user, from inside its unit, which polkit may ask for too."""
    join = f'echo $$ >/sys/fs/cgroup/system.slice/{UNIT}/cgroup.procs; ' if inside else ""
    return container.run(
        "sh", "-ec", join + 'exec setpriv --reuid=connect-watchdog --regid=connect-watchdog --init-groups "$@"', "sh",
        "busctl", "call", "--allow-interactive-authorization=no",
        "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", *call, check=False)


def test_the_unit_is_hardened(container):
    unit = container.show(UNIT, "FragmentPath")
    container.run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
    verified = container.run("systemd-analyze", "--man=no", "verify", unit)
    assert UNIT not in verified.stderr


def test_it_runs_as_its_own_user_without_any_capability(container, agent):
    agent.start("")
    status = container.sh(f"cat /proc/{container.show(UNIT, 'MainPID')}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert container.show(UNIT, "User") == "connect-watchdog"


def test_polkit_lets_it_restart_the_known_unit_and_start_none(container, agent, standin):
    agent.start("")
    assert as_the_agent(container, "TryRestartUnit", "ss", STANDIN, "replace").returncode == 0
    container.wait_until(lambda: standin.get("/"), 10, "the restarted worker")
    container.systemctl("stop", STANDIN)
    assert as_the_agent(container, "StartUnit", "ss", STANDIN, "replace").returncode != 0
    assert container.show(STANDIN, "MainPID") == "0"


def test_polkit_lets_it_do_nothing_else(container, agent):
    agent.start("")
    for call in (["StopUnit", "ss", "dbus.service", "replace"], ["RestartUnit", "ss", "dbus.service", "replace"], ["Reboot"]):
        assert as_the_agent(container, *call).returncode != 0, call


def test_a_process_of_that_user_outside_the_unit_may_do_nothing_where_polkit_can_tell(container, agent, standin):
    agent.start("")
    refused = as_the_agent(container, "TryRestartUnit", "ss", STANDIN, "replace", inside=False).returncode != 0
    # polkit 122 does not know the unit of a caller.
    assert refused == (container.suite != "bookworm")


@pytest.fixture
def other(container):
    container.write(f"/etc/systemd/system/{OTHER}",
                    "[Service]\nExecStart=/usr/local/bin/standin-worker --mode-file /run/other-mode\n")
    container.systemctl("daemon-reload")
    container.systemctl("start", OTHER)
    yield OTHER
    container.sh(f"systemctl stop {OTHER}; systemctl reset-failed {OTHER}")


def test_a_refused_restart_is_told_once_with_its_remedy(container, agent, other):
    agent.start(worker(unit=other))
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="healthy")
    invocation = container.show(other, "InvocationID")
    container.signal(other, "SIGSTOP")
    entry = agent.wait_for("restart-refused", 30)
    assert "polkit" in entry["MESSAGE"]
    container.run("sleep", "5")
    assert agent.events("restart-refused") == ["restart-refused"]
    container.signal(other, "SIGCONT")
    assert container.show(other, "InvocationID") == invocation
