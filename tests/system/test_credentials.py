"""Secrets: systemd hands them over at the start, so that a new one is the only thing that a reload does not suffice for."""

import pytest

from lib.agent import STANDIN, UNIT, worker

OTHER = "confluent-kafka-connect.service"
CREDENTIALS = "/etc/connect-watchdog/credentials"


@pytest.fixture
def guarded(container):
    """A second worker, which wants a user and a password."""
    container.write(f"/etc/systemd/system/{OTHER}", "[Service]\nExecStart=/usr/local/bin/standin-worker"
                    " --listen 127.0.0.1:8084 --mode-file /run/other-mode --login watchdog:word\n")
    container.systemctl("daemon-reload")
    container.systemctl("start", OTHER)
    container.wait_until(lambda: container.http("http://127.0.0.1:8084/") == (401, "User cannot access the resource."), 10,
                         "the other worker")
    yield worker("guarded", url="http://127.0.0.1:8084", unit=OTHER, username="watchdog", password_file="guarded-password")
    container.systemctl("stop", UNIT, OTHER)
    container.sh(f"rm -f {CREDENTIALS}/guarded-password")


def states(container, name):
    """Of a worker, in the order in which they were told."""
    entries = container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=state-changed", f"CONNECT_WATCHDOG_WORKER={name}")
    return [entry["CONNECT_WATCHDOG_STATE"] for entry in entries]


def test_a_new_credential_needs_a_restart_of_the_agent_which_loses_nothing(container, agent, standin, guarded):
    agent.watch(backoff_max="1h")
    standin.mode("always hang")
    held = agent.wait_for("hold-begun", 30, CONNECT_WATCHDOG_HOLD="backoff")

    container.write(f"{CREDENTIALS}/guarded-password", "word\n", mode="600")
    assert agent.reload(worker(backoff_max="1h") + guarded) == "config-reloaded"
    warned = [entry["MESSAGE"] for entry in container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=config-warning")]
    assert any("guarded-password" in text and "restart connect-watchdog.service" in text for text in warned)
    told = agent.wait_for("cannot-tell", 20, CONNECT_WATCHDOG_WORKER="guarded")
    assert told["CONNECT_WATCHDOG_REASON"] == "credential"

    container.mark()
    container.systemctl("restart", UNIT)
    container.wait_until(lambda: "healthy" in states(container, "guarded"), 20, "the credential to be used")
    again = agent.wait_for("hold-begun", 30, CONNECT_WATCHDOG_HOLD="backoff")
    assert again["CONNECT_WATCHDOG_INCIDENT"] == held["CONNECT_WATCHDOG_INCIDENT"], "it is the same incident still"
    assert not container.invocations(STANDIN) and not agent.restarts(), "and its one restart has not been forgotten"
    assert "word" not in container.journal_cat(UNIT).replace("guarded-password", "")


def test_a_secret_at_a_path_needs_only_to_be_written(container, agent, standin, guarded):
    path = "/etc/connect-watchdog/guarded-secret"
    container.write(path, "wrong\n", mode="640")
    container.run("chgrp", "connect-watchdog", path)
    try:
        agent.start(guarded.replace("password_file = guarded-password", f"password_file = {path}"))
        assert agent.wait_for("cannot-tell", 20)["CONNECT_WATCHDOG_REASON"] == "unauthorized"
        container.write(path, "word\n", mode="640")
        container.wait_until(lambda: "healthy" in states(container, "guarded"), 20, "the new secret to be used")
    finally:
        container.run("rm", path)
