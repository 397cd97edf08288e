"""What is remembered, and what is not done twice, when the agent itself is killed, hangs or is misconfigured."""

import pytest

from lib.agent import CONFIG, STANDIN, UNIT, worker


def healthy(agent, **keys):
    """The agent watches a worker that it has found healthy; the journal is looked at from then on."""
    agent.start(worker(**keys))
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="healthy")
    agent.container.mark()


def restarts_of(container):
    """How often the worker's unit was started since the mark."""
    return sum("Started " in entry["MESSAGE"] for entry in container.journal(None, f"UNIT={STANDIN}"))


def test_a_hung_agent_is_killed_and_restarted_by_systemd_and_remembers(container, agent, standin):
    container.drop_in(UNIT, "[Service]\nWatchdogSec=3\nRestartSec=100ms\n")
    try:
        healthy(agent, restart_limit="1")
        standin.mode("always hang")
        agent.wait_for("restart-done", 30)
        container.signal(UNIT, "SIGSTOP")
        container.wait_until(lambda: container.show(UNIT, "NRestarts") == "1", 30, "systemd to restart the agent")
        container.wait_until(lambda: container.is_active(UNIT), 10, "the agent to be ready again")
        agent.wait_for("exhausted", 30)
        assert restarts_of(container) == 1, "the budget of one is still spent"
    finally:
        container.drop_in(UNIT, "")


@pytest.mark.parametrize("moment", ["incident-opened", "evidence", "restart-requested", "restart-done"])
def test_killed_at_any_moment_it_restarts_the_worker_once(container, agent, standin, moment):
    # A slow stop keeps the restart's job under way while the agent comes back.
    standin.start("--stop-delay 3")
    container.drop_in(UNIT, "[Service]\nRestartSec=100ms\n")
    try:
        healthy(agent)
        standin.mode("hang")
        agent.wait_for(moment, 30)
        container.systemctl("kill", "--kill-whom=main", "--signal=SIGKILL", UNIT)
        container.wait_until(lambda: restarts_of(container) == 1, 40, "the worker's restart")
        agent.wait_for("incident-closed", 40)
        assert restarts_of(container) == 1
        incidents = {entry["CONNECT_WATCHDOG_INCIDENT"] for entry in container.journal(UNIT) if "CONNECT_WATCHDOG_INCIDENT" in entry}
        assert len(incidents) == 1, "it is one incident throughout"
    finally:
        container.drop_in(UNIT, "")


def test_an_orderly_restart_of_the_agent_forgets_nothing(container, agent, standin):
    healthy(agent, restart_limit="1")
    standin.mode("always hang")
    agent.wait_for("restart-done", 30)
    container.systemctl("restart", UNIT)
    agent.wait_for("exhausted", 30)
    assert restarts_of(container) == 1


def test_a_bad_configuration_is_not_taken_and_the_old_one_goes_on(container, agent, standin):
    healthy(agent)
    assert agent.reload("[worker connect-a]\nintervall = 1s\n") == "config-rejected"
    assert container.is_active(UNIT)
    standin.mode("hang")
    agent.wait_for("incident-closed", 30)


def test_a_reload_keeps_an_incident_and_its_counters(container, agent, standin):
    healthy(agent, sustain="8s")
    standin.mode("hang")
    agent.wait_for("incident-opened", 10)
    assert agent.reload(worker(sustain="8s") + worker("other", url="http://127.0.0.1:9", unit=None, action="alert")) == "config-reloaded"
    agent.wait_for("incident-closed", 40, CONNECT_WATCHDOG_WORKER="connect-a")
    assert agent.events("incident-opened").count("incident-opened") >= 1
    assert agent.events("restart-requested") == ["restart-requested"]


def test_it_does_not_start_on_a_bad_configuration_and_is_not_tried_again(container, agent):
    container.write(CONFIG, "[worker x]\nurl = nonsense\nnope = 1\n")
    container.systemctl("restart", UNIT, check=False)
    container.wait_until(lambda: container.show(UNIT, "ActiveState") == "failed", 10, "the agent to give up")
    assert container.show(UNIT, "ExecMainStatus") == "78"
    assert container.show(UNIT, "NRestarts") == "0"
    container.systemctl("reset-failed", UNIT)
