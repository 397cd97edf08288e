"""connect-watchdogctl authorize against real polkit and systemd: what it allows from then on, and what it refuses to."""

import json
import re

import pytest

from lib.agent import UNIT

RULE = "/etc/polkit-1/rules.d/51-connect-watchdog-units.rules"

# Answers nothing, as a bus daemon that hangs.
SILENT = "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('/run/silent'); s.listen(); time.sleep(120)"


@pytest.fixture
def authorize(container):
    """Runs the verb as root; takes back all that it gave."""
    def run(*args, status=0, env=()):
        said = container.run("env", *env, "connect-watchdogctl", "authorize", *args, check=False)
        assert said.returncode == status, said.stdout + said.stderr
        return said

    container.sh(f"rm -f {RULE}")
    yield run
    container.sh(f"rm -f {RULE}")


@pytest.fixture
def make_unit(container):
    """Writes a unit that sleeps."""
    made = []

    def make(name, service="ExecStart=/bin/sleep 1d", install="", directory="/etc/systemd/system"):
        container.write(f"{directory}/{name}", f"[Service]\n{service}\n[Install]\n{install}\n")
        container.systemctl("daemon-reload")
        made.append(name)
        return name

    yield make
    for name in made:
        container.systemctl("disable", name, check=False)
        container.sh(f"rm -f /etc/systemd/system/{name}")
    container.systemctl("daemon-reload")


def hang(container, unit):
    container.signal(unit, "SIGSTOP")


def test_the_agent_restarts_it_once_it_is_authorized_and_not_before_or_after(container, agent, other, authorize):
    """Neither polkit nor the agent is restarted for that."""
    # There is a file, so that it is replaced rather than made.
    authorize("third.service")
    agent.watch(unit=other)
    processes = [container.show(unit, "InvocationID") for unit in (UNIT, "polkit.service")]
    before = container.show(other, "InvocationID")
    hang(container, other)
    refused = agent.wait_for("restart-refused", 30)
    assert f"connect-watchdogctl authorize {other}" in refused["MESSAGE"]
    assert container.show(other, "InvocationID") == before

    said = authorize(other)
    assert f"{other} is authorized now" in said.stdout and "systemctl reload connect-watchdog" in said.stdout
    container.systemctl("reload", UNIT)
    agent.wait_for("restart-done", 30)
    assert container.show(other, "InvocationID") not in ("", before)
    assert processes == [container.show(unit, "InvocationID") for unit in (UNIT, "polkit.service")]

    authorize("--revoke", other)
    agent.watch(unit=other)
    container.mark()
    before = container.show(other, "InvocationID")
    hang(container, other)
    agent.wait_for("restart-refused", 30)
    assert container.show(other, "InvocationID") == before and not agent.events("restart-done")


def test_what_is_in_force_is_listed(container, authorize):
    shipped = ["kafka-connect.service (shipped rule)", "confluent-kafka-connect.service (shipped rule)"]
    assert authorize("--list").stdout.splitlines() == shipped
    authorize("b.service", "a@1.service")
    assert authorize("--list").stdout.splitlines() == shipped + ["a@1.service", "b.service"]
    assert [unit["from"] for unit in json.loads(authorize("--list", "--json").stdout)["units"]] == ["shipped"] * 2 + ["authorized"] * 2


@pytest.mark.parametrize("user", ["nobody", "connect-watchdog"])
def test_an_ordinary_user_is_refused(container, authorize, user):
    for args, why in (["other.service"], "only root"), (["--revoke", "other.service"], "only root"), (["--list"], "as root"):
        said = container.run("runuser", "-u", user, "--", "connect-watchdogctl", "authorize", *args, check=False)
        assert said.returncode == 1 and why in said.stderr, args


def test_an_alias_is_authorized_under_the_name_that_polkit_is_told(container, authorize, make_unit):
    real = make_unit("real-worker.service", install="Alias=nick-name.service")
    container.systemctl("enable", real)
    said = authorize("nick-name.service")
    assert said.stdout.startswith(f"nick-name.service is an alias of {real}, which is authorized now\n")
    assert authorize("--list").stdout.splitlines()[2:] == [real]
    assert "was authorized already" in authorize(real).stdout
    assert f"nick-name.service is an alias of {real}, which is authorized no longer" in authorize("--revoke", "nick-name.service").stdout


@pytest.mark.parametrize("behind", ["connect-watchdog.service", "dbus.service"])
def test_an_alias_of_what_is_refused_is_refused(container, authorize, behind):
    path = container.show(behind, "FragmentPath")
    container.sh(f"ln -s {path} /etc/systemd/system/harmless.service; systemctl daemon-reload")
    try:
        said = authorize("harmless.service", status=1)
        assert f"harmless.service is an alias of {behind}, which is the " in said.stderr
    finally:
        container.sh("rm /etc/systemd/system/harmless.service; systemctl daemon-reload")


def test_what_will_not_work_is_said(container, authorize, make_unit):
    said = authorize("not-there.service")
    assert "not-there.service is not there yet" in said.stderr
    container.systemctl("mask", "masked-worker.service")
    try:
        assert "systemctl unmask masked-worker.service" in authorize("masked-worker.service").stderr
    finally:
        container.systemctl("unmask", "masked-worker.service")
    real = make_unit("my-connect.service")
    container.systemctl("start", real)
    similar = re.search("my-conect.service is not there yet: see that its name is right; there is (.*)",
                        authorize("my-conect.service").stderr)
    container.systemctl("stop", real)
    assert real in similar.group(1).split(", ")
    authorize("--revoke", "my-conect.service")
    stubborn = make_unit("stubborn.service")
    container.write(f"/etc/systemd/system/{stubborn}", "[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep 1d\n")
    container.systemctl("daemon-reload")
    assert "RefuseManualStart=" in authorize(stubborn).stderr
    assert authorize("--list").stdout.splitlines()[2:] == ["masked-worker.service", "not-there.service", stubborn]


@pytest.mark.parametrize("make_open", [
    "chown connect-watchdog /root-of-worker/worker.sh",
    "chown connect-watchdog /root-of-worker/worker.sh; sed -i 's,=,=/bin/sh ,' /etc/systemd/system/open.service",
    "chgrp connect-watchdog /root-of-worker/worker.sh; chmod g+w /root-of-worker/worker.sh",
    "chmod o+w /root-of-worker",
    "chown connect-watchdog /etc/systemd/system/open.service",
    "mkdir -p /etc/systemd/system/open.service.d; echo '[Service]' >/etc/systemd/system/open.service.d/x.conf;"
    " chmod o+w /etc/systemd/system/open.service.d",
], ids=["owner", "script", "group", "directory", "unit", "drop-in"])
def test_a_unit_that_the_agents_user_could_change_is_refused(container, authorize, make_unit, make_open):
    """Its restart would run, as root, what that user wrote."""
    container.write("/root-of-worker/worker.sh", "#!/bin/sh\nexec sleep 1d\n", mode="755")
    unit = make_unit("open.service", "ExecStart=/root-of-worker/worker.sh")
    try:
        authorize(unit)
        authorize("--revoke", unit)
        container.sh(f"{make_open}; systemctl daemon-reload")
        said = authorize(unit, status=1)
        assert "runs what the user connect-watchdog can change" in said.stderr
        assert container.run("test", "-e", RULE, check=False).returncode == 1
    finally:
        container.sh("rm -rf /root-of-worker /etc/systemd/system/open.service.d")


def test_bash_completes_what_systemctl_lists(container, authorize, make_unit):
    make_unit("shown-worker@.service")
    container.systemctl("start", "shown-worker@8083.service")
    authorize("given.service")

    def complete(line):
        return container.sh(f"""exec bash -c 'source /usr/share/bash-completion/completions/connect-watchdogctl
            COMP_WORDBREAKS=" =" COMP_LINE="{line}" COMP_POINT={len(line)}
            read -ra COMP_WORDS <<<"$COMP_LINE"; COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _connect_watchdogctl; printf "%s\\n" "${{COMPREPLY[@]}}"'""").split()

    try:
        assert complete("connect-watchdogctl authorize shown") == ["shown-worker@8083.service"]
        assert complete("connect-watchdogctl authorize connect-w") == ["connect-watchdog.service"]
        assert complete("connect-watchdogctl authorize --revoke g") == ["given.service"]
    finally:
        container.systemctl("stop", "shown-worker@8083.service")


def test_without_a_bus_names_are_taken_as_they_are(container, authorize):
    said = authorize("some.service", env=["DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent"])
    assert "cannot be reached" in said.stderr and "names were taken as they are" in said.stderr
    assert "was not looked at" in said.stderr
    assert authorize("--list").stdout.splitlines()[2:] == ["some.service"]


def test_a_bus_that_hangs_is_given_up(container, authorize):
    container.run("systemd-run", "--unit=silent-bus", "python3", "-c", SILENT)
    try:
        container.wait_until(lambda: container.run("test", "-S", "/run/silent", check=False).returncode == 0, 10, "the silent bus")
        said = authorize("some.service", env=["DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/silent", "timeout", "20"])
        assert "names were taken as they are" in said.stderr
    finally:
        container.sh("systemctl stop silent-bus.service; rm -f /run/silent")
