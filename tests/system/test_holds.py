"""What keeps the agent from acting: each hold with the real thing behind it, and what is refused."""

import pytest

from lib.agent import STANDIN, UNIT, worker

STORY_TIMEOUT = 30


def test_a_worker_that_may_only_be_alerted_about_is_left_alone(container, agent, standin):
    agent.watch(action="alert", thread_dump="yes")
    standin.mode("hang")
    agent.wait_for("would-restart", STORY_TIMEOUT)
    standin.mode("healthy")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert not container.invocations(STANDIN) and not agent.restarts()
    assert "Full thread dump" not in container.journal_cat(STANDIN), "and no signal is sent to it"


def test_a_dry_run_says_what_it_would_do(container, agent, standin):
    agent.start("[agent]\ndry_run = yes\n" + worker())
    standin.mode("hang")
    entry = agent.wait_for("would-restart", STORY_TIMEOUT)
    assert "dry run" in entry["MESSAGE"]
    container.run("sleep", 3)
    assert not container.invocations(STANDIN) and not agent.restarts()


@pytest.mark.parametrize("who, holds", [("APT", True), ("Unattended Upgrades Shutdown", False)])
def test_apt_at_work_holds_and_a_permanent_inhibitor_does_not(container, agent, standin, who, holds):
    container.run("systemd-run", "--unit=apt-at-work", "systemd-inhibit", "--what=shutdown", "--mode=block", f"--who={who}",
                  "sleep", "infinity")
    try:
        container.wait_until(lambda: who in container.sh("systemd-inhibit --list"), 10, "the inhibitor")
        agent.watch()
        standin.mode("hang")
        if holds:
            entry = agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="package-manager")
            assert "APT is at work" in entry["MESSAGE"]
            container.run("sleep", 4)
            assert not agent.restarts()
            container.systemctl("stop", "apt-at-work")
            agent.wait_for("hold-ended", 10, CONNECT_WATCHDOG_HOLD="package-manager")
        agent.wait_for("incident-closed", STORY_TIMEOUT)
        assert len(container.invocations(STANDIN)) == agent.restarts() == 1
        assert agent.events("hold-begun") == ["hold-begun"] * holds
    finally:
        container.systemctl("stop", "apt-at-work", check=False)


@pytest.fixture
def slow_package(container):
    """A .deb whose installation goes on until /run/go-on is there."""
    tree = "/root/slow-package"
    container.write(f"{tree}/DEBIAN/control", "Package: slow-package\nVersion: 1\nArchitecture: all\nMaintainer: test <t@example.org>\n"
                                              "Description: takes its time\n")
    container.write(f"{tree}/DEBIAN/postinst", "#!/bin/sh\nwhile [ ! -e /run/go-on ]; do sleep 0.1; done\n", mode="755")
    container.sh(f"rm -f /run/go-on; dpkg-deb --build {tree} {tree}.deb")
    yield f"{tree}.deb"
    container.sh("touch /run/go-on; systemctl stop installation 2>/dev/null || :; dpkg --purge slow-package; rm -r /root/slow-package*")


def install(container, *command):
    """Runs this as a package manager runs, beside us."""
    container.run("systemd-run", "--unit=installation", "--setenv=DEBIAN_FRONTEND=noninteractive", *command)
    container.wait_until(lambda: "half-configured" in container.sh("dpkg --status slow-package || :"), 20, "the installation")


def test_a_real_apt_get_install_holds_and_goes_on_undisturbed(container, agent, standin, slow_package):
    agent.watch()
    install(container, "apt-get", "install", "--yes", slow_package)
    standin.mode("hang")
    entry = agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="package-manager")
    assert "APT is at work" in entry["MESSAGE"]
    container.run("sleep", 4)
    assert not agent.restarts()
    container.sh("touch /run/go-on")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert agent.events("hold-ended") == ["hold-ended"]
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1


def test_dpkg_alone_tells_nobody_that_it_is_at_work(container, agent, standin, slow_package):
    """As the manual says: only APT takes the inhibitor."""
    agent.watch()
    install(container, "dpkg", "--install", slow_package)
    assert "APT" not in container.sh("systemd-inhibit --list")
    standin.mode("hang")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert agent.restarts() == 1 and not agent.events("hold-begun")


def test_a_frozen_unit_is_busy(container, agent, standin):
    agent.watch()
    container.systemctl("freeze", STANDIN)
    try:
        entry = agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="unit-busy")
        assert "frozen" in entry["MESSAGE"]
    finally:
        container.systemctl("thaw", STANDIN)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert not container.invocations(STANDIN) and not agent.restarts()


def test_a_unit_that_refuses_is_told_once_with_its_remedy(container, agent, standin):
    container.drop_in(STANDIN, "[Unit]\nRefuseManualStart=yes\nRefuseManualStop=yes\n")
    try:
        agent.watch(restart_limit="1")
        standin.mode("hang")
        entry = agent.wait_for("restart-refused", STORY_TIMEOUT)
        assert "RefuseManualStart" in entry["MESSAGE"]
        assert agent.wait_for("hold-begun", 10, CONNECT_WATCHDOG_HOLD="refused")
        container.run("sleep", 4)
        assert agent.events("restart-refused") == ["restart-refused"]
        assert container.is_active(STANDIN) and not container.invocations(STANDIN)
    finally:
        agent.stop()
        container.drop_in(STANDIN, "")


def test_a_masked_unit_is_told_once_costs_nothing_and_is_tried_again(container, agent, standin):
    container.systemctl("mask", "--runtime", STANDIN)
    try:
        agent.watch(restart_limit="1")
        standin.mode("hang")
        entry = agent.wait_for("restart-refused", STORY_TIMEOUT)
        assert "systemctl unmask" in entry["MESSAGE"]
        # The first retry comes after 30 s.
        container.wait_until(lambda: len(agent.events("hold-begun")) == 2, 50, "the first retry to be refused, too")
        assert agent.events("evidence", "restart-requested", "restart-refused") == ["evidence", "restart-requested", "restart-refused"]
        # … the second a minute after that; a new start of the agent does not wait for it.
        container.systemctl("unmask", "--runtime", STANDIN)
        container.systemctl("restart", UNIT)
        agent.wait_for("incident-closed", STORY_TIMEOUT)
        assert len(container.invocations(STANDIN)) == 1, "the budget of one was still there"
    finally:
        agent.stop()
        container.systemctl("unmask", "--runtime", STANDIN)


def test_the_budget_ends_and_the_units_own_start_limit_is_never_reached(container, agent, standin):
    standin.start(unit_settings="[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=10min")
    agent.watch(restart_limit="3", backoff_max="1s", sustain="1s")
    standin.mode("always hang")
    entry = agent.wait_for("exhausted", 90)
    assert entry["PRIORITY"] == "2"
    container.run("sleep", 3)
    assert agent.events("restart-done") == ["restart-done"] * 3
    assert len(container.invocations(STANDIN)) == 3
    assert container.is_active(STANDIN), "and not failed for its start limit"
    assert "exhausted" in agent.status()


def test_the_backoff_is_told_with_its_end(container, agent, standin):
    agent.watch(sustain="1s")
    standin.mode("always hang")
    agent.wait_for("restart-done", STORY_TIMEOUT)
    entry = agent.wait_for("hold-begun", STORY_TIMEOUT, CONNECT_WATCHDOG_HOLD="backoff")
    assert "until" in entry["MESSAGE"]
    container.run("sleep", 3)
    assert agent.restarts() == 1 and agent.events("hold-begun") == ["hold-begun"]


def test_a_connector_that_comes_back_after_two_restarts_is_named(container, agent, standin):
    standin.start("--tick-timeout 0.2")
    agent.watch(backoff_max="1s", sustain="1s", sustain_kafka="1s", restart_limit="5")
    standin.mode("always hang-tick orders-sink")
    entry = agent.wait_for("exhausted", 60)
    assert "orders-sink" in entry["MESSAGE"]
    container.run("sleep", 3)
    assert agent.events("restart-done") == ["restart-done"] * 2
    assert container.is_active(STANDIN) and len(container.invocations(STANDIN)) == 2
