"""Fixtures of the tests that need booted containers."""

import os

import pytest

from lib.agent import OTHER, UNIT, Agent, Standin, built
from lib.container import SUITES, Container, ThisMachine, cannot_boot


@pytest.fixture(scope="session")
def bootable():
    if reason := cannot_boot():
        if os.environ.get("CI") == "true":
            pytest.fail(f"containers cannot be booted here: {reason}")
        pytest.skip(f"containers cannot be booted here: {reason}")


@pytest.fixture(scope="session", params=["here"] if ThisMachine.is_chosen() else SUITES)
def booted(request):
    """A container of each suite with the agent and the stand-in worker installed, shared by all tests."""
    if ThisMachine.is_chosen():
        machine = ThisMachine()
    else:
        request.getfixturevalue("bootable")
        machine = Container.boot(request.param, install=[built(request.param)])
    with machine as container:
        container.standin = Standin(container)
        container.agent = Agent(container)
        yield container


@pytest.fixture
def container(booted):
    """The shared container, its journal beginning with this test, and nothing of ours running before and after."""
    booted.mark()
    yield booted
    booted.sh("systemctl stop connect-watchdog.service kafka-connect.service 2>/dev/null || :")


@pytest.fixture
def agent(container):
    return container.agent


@pytest.fixture
def standin(container):
    container.standin.start()
    return container.standin


@pytest.fixture
def other(container):
    """A worker whose unit the agent may not restart, unless somebody authorizes it; the agent ends before it."""
    container.write(f"/etc/systemd/system/{OTHER}",
                    "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/usr/local/bin/standin-worker --mode-file /run/other-mode\n")
    container.systemctl("daemon-reload")
    container.systemctl("start", OTHER)
    container.wait_until(lambda: container.http("http://127.0.0.1:8083/"), 10, "the other worker")
    yield OTHER
    container.systemctl("stop", UNIT)
    container.systemctl("stop", OTHER, check=False)
    container.systemctl("reset-failed", OTHER, check=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its container's journal says."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Container):
                report.sections.append((f"journal in the {value.suite} container", value.report()))
                break
