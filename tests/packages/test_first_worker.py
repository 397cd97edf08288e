"""The way from a fresh installation to a worker that is watched."""

from lib.agent import STANDIN, UNIT, worker


def test_configured_and_reloaded_it_watches_and_restarts(container, apt, agent, standin):
    """With the rule, the sandbox and the user of the package."""
    apt.install()
    process = container.show(UNIT, "MainPID")
    container.write("/etc/connect-watchdog/conf.d/connect-a.conf", worker())
    container.systemctl("reload", UNIT)
    agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="healthy")
    assert container.show(UNIT, "MainPID") == process
    container.mark()
    standin.mode("hang")
    agent.wait_for("incident-closed", 40)
    assert len(container.invocations(STANDIN)) == 1 and standin.is_healthy()
