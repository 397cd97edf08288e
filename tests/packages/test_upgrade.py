"""From one release to another while there is work: no worker feels it, and nothing is forgotten."""

import json

import pytest

from lib.agent import SOCKET, STANDIN, UNIT
from lib.package import NAME

# From the first failing poll to the end of the incident, on busy cores.
STORY_TIMEOUT = 40

BLOCKED_START = "/etc/systemd/system/connect-watchdog.service.d/60-blocked.conf"


@pytest.fixture
def upgradable(apt, container):
    """A host with the previous release."""
    apt.install("previous")
    return container


def ledger(container):
    return json.loads(container.sh("cat /var/lib/connect-watchdog/ledger.json"))["ledger"]["workers"][0]


def spent(container):
    """The restarts that are known, without their times: turned from clock to clock they may differ by a microsecond."""
    return [(restart["incident"], restart["invocation_id"], restart["result"]) for restart in ledger(container)["budget"]["restarts"]]


def incidents(container):
    return {entry["CONNECT_WATCHDOG_INCIDENT"] for entry in container.journal(UNIT) if "CONNECT_WATCHDOG_INCIDENT" in entry}


def version_told(container):
    return container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=agent-started")[-1]["MESSAGE"].split()[1]


def test_the_budget_that_an_incident_has_spent_stays_spent(upgradable, apt, agent, standin):
    agent.watch(restart_limit="1", backoff_max="1s", sustain="1s")
    standin.mode("always hang")
    agent.wait_for("exhausted", 2 * STORY_TIMEOUT)
    before, invocation, told = spent(upgradable), standin.invocation(), incidents(upgradable)
    assert set(upgradable.run("journalctl", "-F", "CONNECT_WATCHDOG_INCIDENT").stdout.split()) == told
    assert version_told(upgradable) == apt.version("previous") and len(told) == 1
    upgradable.mark()

    apt.install()
    assert upgradable.is_active(UNIT) and version_told(upgradable) == apt.version("current")
    upgradable.wait_until(lambda: "exhausted" in agent.status(), 30, "the same verdict")
    upgradable.run("sleep", 3)
    assert standin.invocation() == invocation and not agent.restarts(), "the upgrade restarts no worker, nor is it a fresh budget"
    assert spent(upgradable) == before and len(before) == 1

    standin.mode("healthy")
    closed = agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert {closed["CONNECT_WATCHDOG_INCIDENT"]} == told and "1 restart" in closed["MESSAGE"]
    assert standin.invocation() == invocation


def test_an_incident_without_a_verdict_yet_is_still_the_same(upgradable, apt, agent, standin):
    """And its failing polls are counted on. With this interval the upgrade is no gap in polling, also on busy cores."""
    agent.watch(sustain="40s", interval="10s")
    standin.mode("hang")
    opened = agent.wait_for("incident-opened", STORY_TIMEOUT)
    upgradable.mark()
    apt.install()
    assert not agent.restarts()
    suspect = agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="suspect")
    assert int(suspect["CONNECT_WATCHDOG_FAILURES"]) > 1
    # The end of the incident would be as many seconds of health away.
    agent.wait_for("restart-done", 2 * STORY_TIMEOUT)
    assert incidents(upgradable) == {opened["CONNECT_WATCHDOG_INCIDENT"]}
    assert len(upgradable.invocations(STANDIN)) == 1


def test_a_restart_that_is_under_way_is_adopted(upgradable, apt, agent, standin):
    standin.start("--stop-delay 8")
    agent.watch(restart_limit="1")
    upgradable.mark()
    standin.mode("hang")
    upgradable.wait_until(lambda: upgradable.show(STANDIN, "ActiveState") == "deactivating", 30, "the unit's slow stop")
    apt.install()
    assert upgradable.show(STANDIN, "ActiveState") == "deactivating", "the upgrade came in between"
    agent.wait_for("restart-done", 30)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert version_told(upgradable) == apt.version("current")
    assert len(upgradable.invocations(STANDIN)) == agent.restarts() == 1
    assert len(incidents(upgradable)) == len(spent(upgradable)) == 1


# --- what the administrator has set -----------------------------------------------------------------------------------


def test_an_edited_configuration_file_stays(upgradable, apt, agent):
    path = "/etc/connect-watchdog/connect-watchdog.conf"
    edited = upgradable.sh(f"cat {path}") + "\n[agent]\nlog_level = debug\n"
    upgradable.write(path, edited)
    # As unattended-upgrades and Ansible ask for it; dpkg alone would ask a person.
    apt.install("current", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
    assert upgradable.sh(f"cat {path}") == edited
    assert upgradable.sh(f"cat {path}.dpkg-dist") != edited
    assert upgradable.is_active(UNIT)


def test_a_configuration_file_nobody_edited_becomes_the_new_one(upgradable, apt):
    path = "/etc/connect-watchdog/connect-watchdog.conf"
    assert "earlier release" in upgradable.sh(f"cat {path}")
    apt.install()
    assert "earlier release" not in upgradable.sh(f"cat {path}")
    assert upgradable.sh("find /etc/connect-watchdog -name '*.dpkg-*'") == ""


def disabled(container):
    container.systemctl("disable", "--now", UNIT)
    return "disabled"


def masked(container):
    container.systemctl("mask", "--now", UNIT)
    return "masked"


@pytest.mark.parametrize("switched_off", [disabled, masked])
def test_what_is_switched_off_stays_off(upgradable, apt, switched_off):
    state = switched_off(upgradable)
    upgradable.mark()
    apt.install()
    assert upgradable.systemctl("is-enabled", UNIT, check=False).stdout.strip() == state
    assert upgradable.show(UNIT, "ActiveState") == "inactive" and not upgradable.invocations(UNIT)


def test_what_was_only_stopped_is_started_as_debian_does_it(upgradable, apt):
    """Stopping is for now; what is to stay off over an upgrade must be disabled."""
    upgradable.systemctl("stop", UNIT)
    apt.install()
    assert upgradable.is_active(UNIT)


def test_a_disabled_service_that_runs_is_restarted_and_stays_disabled(upgradable, apt):
    upgradable.systemctl("disable", UNIT)
    upgradable.mark()
    apt.install()
    assert upgradable.systemctl("is-enabled", UNIT, check=False).stdout.strip() == "disabled"
    assert upgradable.is_active(UNIT) and version_told(upgradable) == apt.version("current")


def test_the_addresses_that_systemd_holds_are_never_closed(upgradable, apt, agent):
    agent.move_to_socket()
    invocation = upgradable.show(SOCKET, "InvocationID")
    upgradable.mark()
    apt.install()
    assert upgradable.is_active(SOCKET) and upgradable.show(SOCKET, "InvocationID") == invocation
    assert upgradable.systemctl("is-enabled", SOCKET).stdout.strip() == "enabled"
    started, = upgradable.journal(UNIT, "CONNECT_WATCHDOG_EVENT=agent-started")
    assert started["MESSAGE"].split()[1] == apt.version("current") and started["MESSAGE"].endswith("HTTP at 127.0.0.1:18083")
    assert upgradable.http("http://127.0.0.1:18083/ping")[0] == 200


# --- a configuration that is wrong ------------------------------------------------------------------------------------

MISTAKE = "/etc/connect-watchdog/conf.d/mistake.conf"
TOLD = f"connect-watchdog: the configuration was rejected:\n{MISTAKE}:2: urll is no key"
REMEDY = f"When these lines are mended: systemctl restart {NAME}\n"


def break_configuration(container):
    container.write(MISTAKE, "[worker a]\nurll = http://127.0.0.1:8083\n")


def test_where_the_configuration_is_broken_the_old_agent_goes_on(upgradable, apt, agent, standin):
    """It does with the one that it has; the next could not begin."""
    agent.watch()
    break_configuration(upgradable)
    process = upgradable.show(UNIT, "MainPID")
    upgradable.mark()
    said = apt.install().stderr
    assert TOLD in said and "The previous version keeps running" in said and REMEDY in said
    assert "Could not execute systemctl" not in said
    assert apt.status() == "installed" and upgradable.show(UNIT, "MainPID") == process

    standin.mode("hang")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(upgradable.invocations(STANDIN)) == 1

    upgradable.run("rm", MISTAKE)
    upgradable.systemctl("restart", UNIT)
    assert version_told(upgradable) == apt.version("current")


def test_a_reload_of_a_broken_configuration_succeeds_and_the_next_start_does_not(upgradable, agent):
    """As README and connect-watchdog.conf(5) say it."""
    break_configuration(upgradable)
    upgradable.systemctl("reload", UNIT)
    upgradable.wait_until(lambda: agent.status().startswith("the configuration on disk was rejected"), 10, "the status line")
    upgradable.wait_until(lambda: f"{MISTAKE}:2: " in upgradable.journal_cat(UNIT), 10, "the mistake in the journal")
    assert upgradable.systemctl("restart", UNIT, check=False).returncode != 0
    assert upgradable.show(UNIT, "ExecMainStatus") == "78"


def test_a_broken_configuration_does_not_keep_one_from_installing_it(container, apt):
    break_configuration(container)
    said = apt.install().stderr
    assert TOLD in said and "The service is not running, and cannot start." in said and REMEDY in said
    assert apt.status() == "installed" and container.show(UNIT, "ExecMainStatus") == "78"
    container.run("rm", MISTAKE)
    apt.install("current", "--reinstall")
    assert container.is_active(UNIT), "what failed is started by the next one that can begin"


# --- accidents --------------------------------------------------------------------------------------------------------


def test_an_upgrade_that_is_killed_is_finished_by_dpkg(upgradable, apt, agent, standin):
    agent.watch(restart_limit="1", backoff_max="1s", sustain="1s")
    standin.mode("always hang")
    agent.wait_for("exhausted", 2 * STORY_TIMEOUT)
    before, invocation = spent(upgradable), standin.invocation()
    # The new agent does not start until it may: so the package's script is still waiting for it when all is killed.
    upgradable.write(BLOCKED_START, "[Service]\nExecStartPre=/bin/sh -c 'while [ ! -e /run/go ]; do sleep 0.2; done'\n")
    upgradable.systemctl("daemon-reload")
    upgradable.run("systemd-run", "--unit=upgrade", *apt.command("install", apt.path("current")))
    upgradable.wait_until(lambda: upgradable.show(UNIT, "ActiveState") == "activating", 60, "the new agent to be started")
    upgradable.systemctl("kill", "--signal=KILL", "upgrade")
    upgradable.wait_until(lambda: not upgradable.is_active("upgrade"), 10, "the end of apt")
    assert apt.status() == "half-configured"

    upgradable.write("/run/go", "")
    upgradable.run("dpkg", "--configure", "--pending", timeout=60)
    assert apt.status() == "installed" and upgradable.run("dpkg", "--audit").stdout == ""
    assert upgradable.is_active(UNIT) and version_told(upgradable) == apt.version("current")
    upgradable.run("sleep", 3)
    assert standin.invocation() == invocation
    assert spent(upgradable) == before and len(before) == 1


def test_half_an_upgrade_leaves_the_old_agent_at_work(upgradable, apt, agent, standin):
    """The machine is busy with other packages between unpacking and configuring, or somebody's power fails there."""
    agent.watch()
    process = upgradable.show(UNIT, "MainPID")
    upgradable.run("dpkg", "--unpack", apt.path("current"))
    assert apt.status() == "unpacked" and upgradable.show(UNIT, "MainPID") == process
    upgradable.mark()
    standin.mode("hang")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(upgradable.invocations(STANDIN)) == 1
    upgradable.run("dpkg", "--configure", NAME)
    assert version_told(upgradable) == apt.version("current")


# --- back -------------------------------------------------------------------------------------------------------------


def test_after_a_downgrade_the_ledger_of_the_newer_is_put_aside_and_counts_as_spent(container, apt, agent, standin):
    apt.install("next")
    agent.watch(sustain="1s")
    newer = container.sh("cat /var/lib/connect-watchdog/ledger.json")
    container.mark()
    apt.install("current", "--allow-downgrades")
    assert version_told(container) == apt.version("current")
    told = agent.wait_for("ledger-damaged", 10)
    assert "newer" in told["MESSAGE"] and "spent" in told["MESSAGE"]
    aside, = container.sh("ls /var/lib/connect-watchdog/ledger.json.newer-*").split()
    assert aside in told["MESSAGE"] or aside.rpartition("/")[2] in told["MESSAGE"]
    assert json.loads(container.sh(f"cat {aside}"))["version"] == json.loads(newer)["version"]

    invocation = standin.invocation()
    standin.mode("hang")
    agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="budget-exhausted")
    container.run("sleep", 3)
    assert standin.invocation() == invocation


def test_with_nothing_at_work_an_upgrade_and_back_is_like_a_restart(upgradable, apt, agent, standin):
    agent.watch()
    invocation = standin.invocation()
    upgradable.mark()
    apt.install()
    agent.wait_for("agent-started", 10)
    apt.install("previous", "--allow-downgrades")
    upgradable.wait_until(lambda: agent.status() == "1 worker: 1 healthy", 20, "the worker to be seen healthy")
    assert not agent.events("ledger-damaged", "incident-opened") and standin.invocation() == invocation
    assert upgradable.show(UNIT, "NRestarts") == "0"
