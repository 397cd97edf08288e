"""The package on a fresh server, with nothing from us beforehand: what is there afterwards, and that it does no harm."""

import pytest

from lib.agent import SOCKET, UNIT
from lib.container import tool
from lib.package import NAME, Apt, repository

pytestmark = pytest.mark.xdist_group("install")


@pytest.fixture(scope="module")
def host(suite):
    """A bare server on which the package was installed, with what it depends on and nothing more."""
    with Apt.boot(suite, layer="bare") as container:
        container.failed_before = failed_units(container)
        container.apt.install("current", "--no-install-recommends")
        yield container


def failed_units(container):
    return container.systemctl("list-units", "--failed", "--plain", "--legend=no").stdout


def test_it_is_enabled_and_running_and_says_what_to_do_next(host):
    assert host.apt.status() == "installed"
    assert host.systemctl("is-enabled", UNIT).stdout.strip() == "enabled"
    assert host.is_active(UNIT) and host.show(UNIT, "NRestarts") == "0"
    assert host.show(UNIT, "StatusText") == "watching nothing: no worker configured; see connect-watchdog.conf(5)"
    told, = host.journal(UNIT, "CONNECT_WATCHDOG_EVENT=no-worker")
    assert told["MESSAGE"].startswith("no worker configured; see connect-watchdog.conf(5)")
    assert failed_units(host) == host.failed_before


def test_its_socket_is_left_to_whoever_wants_it(host):
    assert host.systemctl("is-enabled", SOCKET, check=False).stdout.strip() == "disabled"
    assert host.show(SOCKET, "ActiveState") == "inactive"


def test_it_does_nothing_and_does_not_end(host):
    process = host.show(UNIT, "MainPID")
    host.run("sleep", 5)
    assert host.is_active(UNIT) and host.show(UNIT, "MainPID") == process
    events = [entry["CONNECT_WATCHDOG_EVENT"] for entry in host.journal(UNIT) if "CONNECT_WATCHDOG_EVENT" in entry]
    assert events == ["agent-started", "no-worker"]


def test_it_says_its_version(host):
    version = host.apt.version("current")
    assert host.run("connect-watchdog", "--version").stdout.split() == ["connect-watchdog", version]
    assert host.run("connect-watchdogctl", "--version").stdout.split() == ["connect-watchdogctl", version]
    started, = host.journal(UNIT, "CONNECT_WATCHDOG_EVENT=agent-started")
    assert version in started["MESSAGE"]


def test_each_file_is_as_it_was_packed(host):
    assert host.run("dpkg", "--verify", NAME).stdout == ""


def test_each_library_is_there(host):
    # The programs have run; what they might load only later is linked, too.
    assert "not found" not in host.sh("ldd /usr/bin/connect-watchdog /usr/bin/connect-watchdogctl")


@pytest.mark.parametrize("path", [
    "/usr/share/man/man1/connect-watchdogctl.1.gz",
    "/usr/share/man/man5/connect-watchdog.conf.5.gz",
    "/usr/share/man/man8/connect-watchdog.8.gz",
    "/usr/share/bash-completion/completions/connect-watchdog",
    "/usr/share/bash-completion/completions/connect-watchdogctl",
    "/usr/share/zsh/vendor-completions/_connect-watchdog",
    "/usr/share/polkit-1/rules.d/50-connect-watchdog.rules",
    "/usr/lib/sysusers.d/connect-watchdog.conf",
])
def test_what_goes_with_it_is_there_for_all_to_read(host, path):
    assert host.run("stat", "--dereference", "--format=%U:%G %a", path).stdout.strip() == "root:root 644"


@pytest.mark.parametrize("path, owner, mode", [
    ("/etc/connect-watchdog", "root:root", "755"),
    ("/etc/connect-watchdog/conf.d", "root:root", "755"),
    ("/etc/connect-watchdog/connect-watchdog.conf", "root:root", "644"),
    ("/etc/connect-watchdog/credentials", "root:root", "700"),
    ("/var/lib/connect-watchdog", "connect-watchdog:connect-watchdog", "700"),
    ("/var/lib/connect-watchdog/ledger.json", "connect-watchdog:connect-watchdog", "600"),
])
def test_who_may_see_what(host, path, owner, mode):
    assert host.run("stat", "--format=%U:%G %a", path).stdout.strip() == f"{owner} {mode}"


def test_its_user_can_do_nothing_else(host):
    name, _, uid, _, _, home, shell = host.run("getent", "passwd", NAME).stdout.strip().split(":")
    assert 0 < int(uid) < 1000 and home == "/" and shell.endswith("/nologin")
    assert host.sh(f"ps -o user= -p {host.show(UNIT, 'MainPID')}").strip()[:7] == name[:7]


def test_journalctl_x_explains_each_entry(host):
    """The catalog was updated when the package came."""
    entries = [entry for entry in host.journal(UNIT) if entry.get("_SYSTEMD_UNIT") == UNIT]
    assert host.journalctl("-x", "-u", UNIT).count("Defined-By: connect-watchdog") == len(entries) == 2


def test_it_comes_with_nothing_that_listens(host):
    """A watchdog that opens a port is one more thing that can be attacked."""
    # Port 18083 of the loopback is the design's; nothing else may be there.
    lines = host.sh("cat /proc/net/tcp /proc/net/tcp6 | grep ' 0A ' || :").splitlines()
    assert [line for line in lines if not line.split()[1].endswith(":46A3")] == []


def test_it_goes_into_an_image_that_is_not_booted(suite, package):
    """As debootstrap and image builders install it: enabled, and started by the first boot."""
    said = tool("run", suite, "--layer", "bare", "--bind", f"{package.parent}:/srv/current",
                "--bind", f"{repository(suite)}:/srv/repository", "--", "sh", "-ec", f"""
        echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
        rm -f /etc/apt/sources.list.d/debian.sources
        {{ apt-get update; apt-get -y install --no-install-recommends /srv/current/{package.name}; }} >&2
        systemctl is-enabled {UNIT}
        getent passwd {NAME} | cut -d : -f 1
        grep -l connect-watchdog /usr/lib/systemd/catalog/*""")
    assert said.splitlines() == ["enabled", NAME, "/usr/lib/systemd/catalog/connect-watchdog.catalog"]
