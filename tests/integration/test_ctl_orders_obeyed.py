"""connect-watchdogctl and the agent, each the real one: what a person types at night, and what comes of it."""

import ctl
from harness import UNIT

RESTART = {"unit": UNIT, "action": "restart"}


def test_a_night_of_an_operator(agent, worker, bus, runtime):
    agent.configure({"a": {"url": worker.url, **RESTART}}, restart_limit=1)
    agent.start()
    agent.expect("state-changed", state="healthy")
    control = runtime / "control"

    said = ctl.run(control, "pause", "a", "--for", "2h", "--reason", "new disks", status=ctl.OK).stdout
    assert said.startswith("a: paused until ") and said.endswith(": new disks)\n")
    status = ctl.run(control, "status", "a").stdout
    assert "paused" in status and "new disks" in status and "healthy" in status
    worker.mode = "unhealthy"
    agent.expect("hold-begun", hold="paused")
    held = ctl.run(control, "restart", "a", status=ctl.HELD)
    assert held.stdout == "" and held.stderr.splitlines()[1].startswith("    paused until ")
    assert held.stderr.splitlines()[-1] == "To do it whatever holds stand: connect-watchdogctl restart a --force"
    assert "in spite of paused" in ctl.run(control, "restart", "a", "--force", status=ctl.OK).stdout
    agent.expect("restart-done")
    assert ctl.run(control, "resume", "a", status=ctl.OK).stdout == "a: resumed\n"

    exhausted = agent.expect("exhausted")       # by its own restart, for that of the operator costs nothing
    assert exhausted.index > agent.expect("resumed").index
    assert ctl.run(control, "reset", "a", status=ctl.OK).stdout == "a: its budget is whole again: 1 restart within 1h\n"
    agent.expect("restart-done", since=agent.expect("budget-reset"))
    worker.mode = "ok"
    assert agent.expect("incident-closed").field("restarts") == "3"
