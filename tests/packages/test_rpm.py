"""The RPM package's life, with its scriptlets: what Fedora's rules want to be other than on Debian, and the rest as well."""

import json

import pytest

from lib.agent import CONFIG, SOCKET, STANDIN, UNIT, Agent, Standin, worker
from lib.package import NAME
from lib.rpm import Rpm

CONF = "/etc/connect-watchdog/connect-watchdog.conf"
LEDGER = "/var/lib/connect-watchdog/ledger.json"
AUTHORIZED = "/etc/polkit-1/rules.d/51-connect-watchdog-units.rules"

# From the first failing poll to the end of the incident, on busy cores.
STORY_TIMEOUT = 40


@pytest.fixture
def booted(suite):
    """A host that has rpm and the stand-in worker, but not yet the package."""
    with Rpm.boot(suite) as container:
        container.standin = Standin(container)
        container.agent = Agent(container)
        yield container


@pytest.fixture
def rpm(container):
    return container.rpm


@pytest.fixture
def enabled(container, rpm):
    """A host where it was installed and enabled, as the manual says."""
    rpm.install()
    container.systemctl("enable", "--now", UNIT)
    return container


@pytest.fixture
def upgradable(container, rpm):
    """The same with the previous release."""
    rpm.install("previous")
    container.systemctl("enable", "--now", UNIT)
    return container


def is_enabled(container, unit=UNIT):
    return container.systemctl("is-enabled", unit, check=False).stdout.strip()


def read(container, path):
    return container.run("cat", path).stdout


def exists(container, path):
    return container.run("test", "-e", path, check=False).returncode == 0


def version_told(container):
    return container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=agent-started")[-1]["MESSAGE"].split()[1]


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_it_asks_for_what_it_needs_and_brings_nothing_that_enables_it(rpm):
    assert {"polkit", "systemd", "/usr/bin/kill"} <= set(rpm.query("--requires"))
    assert rpm.query("--recommends") == ["rpm-plugin-systemd-inhibit"]
    assert rpm.query("--configfiles") == [CONF]
    assert not [path for path in rpm.query("--list") if path.startswith("/var") or "preset" in path]


# --- installed --------------------------------------------------------------------------------------------------------


def test_installed_it_does_nothing_until_it_is_enabled(container, rpm):
    rpm.install()
    for unit in (UNIT, SOCKET):
        assert is_enabled(container, unit) == "disabled" and container.show(unit, "ActiveState") == "inactive"
    assert container.run("getent", "passwd", NAME).stdout.strip().endswith("/nologin")
    assert container.sh("stat -c '%U %a' /etc/connect-watchdog/conf.d /etc/connect-watchdog/credentials") == "root 755\nroot 700\n"
    assert rpm.verify() == ""


def test_enabled_it_is_harmless_and_its_entries_are_explained(enabled, rpm):
    assert enabled.is_active(UNIT) and is_enabled(enabled) == "enabled"
    assert enabled.show(UNIT, "StatusText") == "watching nothing: no worker configured; see connect-watchdog.conf(5)"
    assert enabled.journalctl("-x", "-u", UNIT).count("Defined-By: connect-watchdog") == 2, "the catalog was updated"
    assert version_told(enabled) == rpm.version()
    assert rpm.verify() == "", "running it changes nothing that is the package's"


def test_configured_and_reloaded_it_watches(enabled, agent, standin):
    invocation = enabled.show(UNIT, "InvocationID")
    assert agent.reload(worker()) == "config-reloaded"
    agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="healthy")
    assert enabled.show(UNIT, "InvocationID") == invocation


# --- upgraded ---------------------------------------------------------------------------------------------------------


def test_an_upgrade_during_an_incident_goes_on_with_it(upgradable, rpm, agent, standin):
    agent.watch(sustain="1s")
    standin.mode("always hang")
    held = agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="backoff")
    incident, invocation = held["CONNECT_WATCHDOG_INCIDENT"], standin.invocation()
    upgradable.mark()

    rpm.upgrade()
    assert upgradable.is_active(UNIT) and is_enabled(upgradable) == "enabled"
    assert upgradable.show(UNIT, "NeedDaemonReload") == "no" and version_told(upgradable) == rpm.version()
    # It still knows of the restart that the previous release asked for.
    held = agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="backoff")
    assert held["CONNECT_WATCHDOG_INCIDENT"] == incident and not agent.restarts()

    standin.mode("healthy")
    closed = agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert closed["CONNECT_WATCHDOG_INCIDENT"] == incident and "1 restart" in closed["MESSAGE"]
    assert standin.invocation() == invocation


def test_no_worker_is_restarted_while_rpm_is_at_work(enabled, agent, standin):
    """With rpm's own inhibitor, while a scriptlet of another package takes its time."""
    enabled.write("/root/slow.spec", "Name: slow\nVersion: 1\nRelease: 1\nSummary: Takes its time\nLicense: None\nBuildArch: noarch\n"
                                     "%description\n%post\nuntil [ -e /run/go ]; do sleep 0.2; done\n%files\n")
    enabled.sh("rpmbuild -bb --define '_rpmdir /root' /root/slow.spec")
    agent.watch()
    enabled.run("systemd-run", "--unit=rpm-at-work", "rpm", "--install", "--nodeps", "/root/noarch/slow-1-1.noarch.rpm")
    enabled.wait_until(lambda: "RPM" in enabled.sh("systemd-inhibit --list --no-legend"), 20, "rpm's inhibitor")
    standin.mode("hang")
    held = agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="package-manager")
    assert "RPM is at work" in held["MESSAGE"]
    enabled.run("sleep", 3)
    assert not enabled.invocations(STANDIN)
    enabled.write("/run/go", "")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(enabled.invocations(STANDIN)) == 1


def test_the_addresses_that_systemd_holds_are_kept_over_an_upgrade_and_closed_at_the_end(upgradable, rpm, agent):
    agent.move_to_socket()
    invocation = upgradable.show(SOCKET, "InvocationID")
    rpm.upgrade()
    assert upgradable.is_active(SOCKET) and upgradable.show(SOCKET, "InvocationID") == invocation
    assert is_enabled(upgradable, SOCKET) == "enabled" and version_told(upgradable) == rpm.version()
    rpm.erase()
    for unit in (SOCKET, UNIT):
        assert upgradable.show(unit, "LoadState") == "not-found" and upgradable.show(unit, "ActiveState") == "inactive"
    assert upgradable.http("http://127.0.0.1:18083/ping") is None
    assert upgradable.sh("find /etc/systemd -name 'connect-watchdog*'") == ""


def test_an_edited_configuration_file_stays_and_the_new_one_lies_beside_it(upgradable, rpm):
    edited = read(upgradable, CONF) + "[agent]\nlog_level = debug\n"
    upgradable.write(CONF, edited)
    assert f"{CONF}.rpmnew" in rpm.upgrade()
    assert read(upgradable, CONF) == edited
    assert "earlier release" not in read(upgradable, f"{CONF}.rpmnew")
    assert upgradable.is_active(UNIT)


def test_a_configuration_file_nobody_edited_becomes_the_new_one(upgradable, rpm):
    assert "earlier release" in read(upgradable, CONF)
    rpm.upgrade()
    assert "earlier release" not in read(upgradable, CONF) and not exists(upgradable, f"{CONF}.rpmnew")


def test_where_the_configuration_is_broken_the_old_agent_goes_on(upgradable, rpm):
    mistake = "/etc/connect-watchdog/conf.d/mistake.conf"
    upgradable.write(mistake, "[worker a]\nurll = http://127.0.0.1:8083\n")
    process = upgradable.show(UNIT, "MainPID")
    said = rpm.upgrade()
    assert f"{mistake}:2: urll is no key" in said and f"systemctl restart {NAME}\n" in said
    assert upgradable.show(UNIT, "MainPID") == process != "0"
    upgradable.run("rm", mistake)
    upgradable.systemctl("restart", UNIT)
    assert version_told(upgradable) == rpm.version()


@pytest.mark.parametrize("command, state", [("disable", "disabled"), ("mask", "masked"), ("stop", "enabled")])
def test_what_is_switched_off_stays_off(upgradable, rpm, command, state):
    upgradable.systemctl(command, *([] if command == "stop" else ["--now"]), UNIT)
    rpm.upgrade()
    assert is_enabled(upgradable) == state and upgradable.show(UNIT, "ActiveState") == "inactive"


def test_after_a_downgrade_the_ledger_of_the_newer_is_put_aside_and_counts_as_spent(container, rpm, agent, standin):
    rpm.install("next")
    agent.watch(sustain="1s")
    newer = json.loads(read(container, LEDGER))["version"]
    container.mark()
    rpm.upgrade("current", "--oldpackage")
    assert version_told(container) == rpm.version()
    told = agent.wait_for("ledger-damaged", 10)
    assert "newer" in told["MESSAGE"] and "spent" in told["MESSAGE"]
    aside, = container.sh(f"ls {LEDGER}.newer-*").split()
    assert json.loads(read(container, aside))["version"] == newer

    invocation = standin.invocation()
    standin.mode("hang")
    agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="budget-exhausted")
    container.run("sleep", 3)
    assert standin.invocation() == invocation


# --- erased -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def used(enabled, agent, standin):
    """A host where it is at work, with all that it and an operator leave behind."""
    agent.watch()
    enabled.run("connect-watchdogctl", "authorize", "other-worker.service")
    enabled.write(AUTHORIZED.replace("units", "local"), "/* what an administrator wrote */\n")
    enabled.write("/etc/connect-watchdog/credentials/secret", "secret", "600")
    enabled.write(CONF, read(enabled, CONF) + "[agent]\nlog_level = debug\n")
    return enabled


def test_erased_it_leaves_nothing_running_and_nothing_allowed(used, rpm, standin):
    invocation, uid = standin.invocation(), used.sh(f"id -u {NAME}").strip()
    assert rpm.verify().split() == ["S.5....T.", "c", CONF], "what was authorised is known to the package, and not its content"
    rpm.erase()
    assert used.show(UNIT, "LoadState") == "not-found"
    assert used.sh(f"grep -l '^Uid:[[:space:]]*{uid}[[:space:]]' /proc/[0-9]*/status || :") == ""
    assert used.systemctl("list-units", "--failed", "--plain", "--legend=no").stdout == ""
    assert standin.invocation() == invocation and standin.is_healthy()
    assert used.sh("find /usr /run /etc/systemd -xdev -name '*connect-watchdog*'") == ""
    assert not exists(used, AUTHORIZED), "a privilege does not outlive the program that it was given to"


def test_erased_it_keeps_what_was_written(used, rpm):
    rpm.erase()
    assert "log_level = debug" in read(used, f"{CONF}.rpmsave")
    for path in (CONFIG, "/etc/connect-watchdog/credentials/secret", AUTHORIZED.replace("units", "local"), LEDGER):
        assert exists(used, path), path


def test_erased_before_it_was_used_it_leaves_its_user(container, rpm):
    rpm.install()
    rpm.erase()
    assert container.sh("find / -xdev -name '*connect-watchdog*'") == ""
    assert NAME in container.run("getent", "passwd", NAME).stdout


def test_erased_and_installed_again_it_is_as_fresh_and_knows_its_budget(used, rpm, agent, standin):
    standin.mode("hang")
    agent.wait_for("restart-done", STORY_TIMEOUT)
    rpm.erase()
    rpm.install()
    assert is_enabled(used) == "disabled" and used.show(UNIT, "ActiveState") == "inactive"
    assert "log_level = debug" not in read(used, CONF)
    used.systemctl("enable", "--now", UNIT)
    agent.stop()
    assert len(json.loads(read(used, LEDGER))["ledger"]["workers"][0]["budget"]["restarts"]) == 1
