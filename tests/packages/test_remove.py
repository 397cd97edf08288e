"""Removed, purged, and installed again."""

import pytest

from lib.agent import CONFIG, SOCKET, STANDIN, UNIT
from lib.package import NAME

STATE = "/var/lib/connect-watchdog"
AUTHORIZED = "/etc/polkit-1/rules.d/51-connect-watchdog-units.rules"
HALF_WRITTEN = "/etc/polkit-1/rules.d/.51-connect-watchdog-units.rules.new"


@pytest.fixture
def installed(container, apt, agent, standin):
    """A host where it is at work, with everything that it and an operator leave behind."""
    apt.install()
    agent.watch()
    container.run("connect-watchdogctl", "authorize", "other-worker.service")
    container.write("/etc/connect-watchdog/credentials/secret", "secret", "600")
    container.mark()
    return container


def exists(container, path):
    return container.run("test", "-e", path, check=False).returncode == 0


def is_as_fresh(container):
    return (container.systemctl("is-enabled", UNIT).stdout.strip() == "enabled" and container.is_active(UNIT)
            and container.show(UNIT, "NRestarts") == "0")


def test_removed_it_leaves_nothing_running_and_keeps_what_was_written(installed, apt, standin):
    invocation, uid = standin.invocation(), installed.sh(f"id -u {NAME}").strip()
    apt.remove()
    assert apt.status() == "config-files"
    assert installed.sh(f"grep -l '^Uid:[[:space:]]*{uid}[[:space:]]' /proc/[0-9]*/status || :") == ""
    assert installed.show(UNIT, "LoadState") == "not-found"
    assert installed.systemctl("list-units", "--failed", "--plain", "--legend=no").stdout == ""
    assert standin.invocation() == invocation and standin.is_healthy()
    for path in ("/etc/connect-watchdog/connect-watchdog.conf", CONFIG, "/etc/connect-watchdog/credentials/secret",
                 f"{STATE}/ledger.json", AUTHORIZED):
        assert exists(installed, path), path
    assert not exists(installed, "/run/connect-watchdog")


def test_removed_during_an_incident_it_goes_quietly(installed, apt, agent, standin):
    standin.mode("hang")
    agent.wait_for("incident-opened", 20)
    apt.remove()
    # The restart itself may have been asked for in between; systemd then finishes it.
    installed.run("sleep", 5)
    assert len(installed.invocations(STANDIN)) <= 1
    assert installed.show(UNIT, "LoadState") == "not-found"
    assert installed.systemctl("list-units", "--failed", "--plain", "--legend=no").stdout == ""


def test_removed_while_systemd_holds_its_addresses_these_are_closed(container, apt, agent):
    apt.install()
    agent.move_to_socket()
    address = "http://127.0.0.1:18083/ping"
    assert container.http(address)[0] == 200
    apt.remove()
    for unit in (SOCKET, UNIT):
        assert container.show(unit, "LoadState") == "not-found" and container.show(unit, "ActiveState") == "inactive"
    assert container.http(address) is None
    assert container.systemctl("list-units", "--failed", "--plain", "--legend=no").stdout == ""
    apt.purge()
    assert container.sh("find /etc/systemd /var/lib/systemd -name 'connect-watchdog*'") == ""


def test_purged_it_leaves_its_user_and_what_the_operator_wrote(installed, apt):
    installed.write(HALF_WRITTEN, "what an authorize that was killed leaves")
    said = apt.purge().stderr
    assert apt.status() != "config-files"
    assert not exists(installed, STATE) and not exists(installed, AUTHORIZED) and not exists(installed, HALF_WRITTEN)
    assert not exists(installed, "/etc/connect-watchdog/connect-watchdog.conf")
    assert installed.run("getent", "passwd", NAME, check=False).returncode == 0
    assert exists(installed, CONFIG) and exists(installed, "/etc/connect-watchdog/credentials/secret")
    assert "/etc/connect-watchdog/conf.d" in said and "not empty so not removed" in said
    assert installed.sh("find /etc/systemd /var/lib/systemd -name 'connect-watchdog*'") == ""


def test_purged_from_an_image_the_host_keeps_its_own(installed):
    """As dpkg --root does it with --force-script-chrootless."""
    installed.run("mkdir", "-p", f"/root/image{STATE}", "/root/image/etc/polkit-1/rules.d")
    installed.write(f"/root/image{AUTHORIZED}", "")
    installed.run("env", "DPKG_ROOT=/root/image", f"DPKG_MAINTSCRIPT_PACKAGE={NAME}", "sh", f"/var/lib/dpkg/info/{NAME}.postrm", "purge")
    assert not exists(installed, f"/root/image{STATE}") and not exists(installed, f"/root/image{AUTHORIZED}")
    assert exists(installed, f"{STATE}/ledger.json") and exists(installed, AUTHORIZED)


def test_purged_where_nobody_wrote_anything_nothing_is_left_but_the_user(container, apt):
    before = set(container.sh("find /etc /usr /var -xdev -name '*connect-watchdog*'").split())
    apt.install()
    apt.purge()
    after = set(container.sh("find /etc /usr /var -xdev -name '*connect-watchdog*'").split())
    assert after == before


def test_installed_again_after_a_removal_it_knows_what_it_knew(installed, apt, agent, standin):
    standin.start()
    agent.watch(restart_limit="1", backoff_max="1s", sustain="1s")
    standin.mode("always hang")
    agent.wait_for("exhausted", 60)
    apt.remove()
    installed.mark()
    apt.install()
    assert is_as_fresh(installed)
    installed.wait_until(lambda: "exhausted" in agent.status(), 30, "the same verdict")
    assert not agent.restarts()


def test_installed_again_after_a_purge_it_is_as_fresh(installed, apt, agent):
    apt.purge()
    installed.run("rm", "-r", "/etc/connect-watchdog")
    installed.mark()
    apt.install()
    assert is_as_fresh(installed)
    assert agent.events() == ["agent-started", "no-worker"]
    assert installed.run("stat", "--format=%a", "/etc/connect-watchdog/credentials").stdout.strip() == "700"


def test_a_disabled_one_is_still_disabled_when_it_comes_back(installed, apt):
    installed.systemctl("disable", "--now", UNIT)
    apt.remove()
    apt.install()
    assert installed.systemctl("is-enabled", UNIT, check=False).stdout.strip() == "disabled"
    assert not installed.is_active(UNIT)
