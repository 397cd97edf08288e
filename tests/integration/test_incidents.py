"""connect-watchdogctl incidents, incident and report: what the agent has kept of a real outage and restart."""

import json
import os
import subprocess

import pytest

import harness
from harness import until

CTL = harness.BINARY.with_name("connect-watchdogctl")
NOBODY = 65534


def ctl(*arguments, status=0, **how):
    said = subprocess.run([CTL, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=harness.TIMEOUT,
                          env={"PATH": os.environ["PATH"], "TZ": "UTC"}, **how)
    assert said.returncode == status, said
    return said


@pytest.fixture
def closed(scene):
    """The id of an incident that ended; the agent is gone."""
    scene.start()
    scene.fail()
    scene.expect("restart-done")
    scene.worker.mode = "ok"
    incident = scene.expect("incident-closed").field("incident")
    until(lambda: "incident-closed" in (scene.agent.state_directory / "incidents" / f"{incident}.jsonl").read_text(), what="its end")
    scene.agent.stop()
    return incident


def test_what_happened_is_told_when_the_agent_is_gone(scene, closed):
    state = "--state-dir", scene.agent.state_directory
    line = ctl("incidents", *state).stdout.splitlines()[1]
    assert line.startswith(closed) and " a " in line
    assert ctl("incidents", "--list", *state).stdout == closed + "\n"
    assert ctl("incidents", "b", *state).stderr == "No incident of b is kept.\n"
    assert "is kept since 2100-01-01" in ctl("incidents", "--since", "2100-01-01", *state).stderr

    told = ctl("incident", closed[:5], *state).stdout
    journal = [e.message.removeprefix("a: ") for e in scene.agent.journal.items if e.field("incident") == closed]
    assert journal and all(message in told for message in journal)
    assert ctl("incident", *state).stdout == told

    one = json.loads(ctl("incident", "--json", *state).stdout)
    assert (one["incident"], one["worker"], one["restarts"], len(one["entries"])) == (closed, "a", 1, len(journal))
    assert one["opened"] < one["unhealthy"] < one["recovered"] <= one["closed"]
    (listed,) = json.loads(ctl("incidents", "--json", *state).stdout)["incidents"]
    assert listed == {key: value for key, value in one.items() if key != "entries"}

    (worker,) = json.loads(ctl("report", "--json", "--since", "1h", *state).stdout)["workers"]
    assert (worker["worker"], worker["incidents"], worker["restarts"], worker["window_seconds"]) == ("a", 1, 1, 3600)
    assert 0 < worker["mean_seconds_to_detect"] <= worker["mean_seconds_to_recover"] == worker["down_seconds"]
    assert "TO RECOVER" in ctl("report", *state).stdout


def test_what_is_not_there_or_not_allowed_is_said(tmp_path):
    assert "No incident" in ctl("incidents", "--state-dir", tmp_path).stderr
    assert "there is no incident yet" in ctl("incident", "--state-dir", tmp_path, status=4).stderr
    assert "there is no incident ffff" in ctl("incident", "ffff", "--state-dir", tmp_path, status=4).stderr
    assert "No incident of any worker is kept" in ctl("report", "--state-dir", tmp_path).stderr
    assert "--since soon is no time; write" in ctl("report", "--since", "soon", status=2).stderr
    assert "cannot be read: No such file" in ctl("incidents", "--state-dir", tmp_path / "absent", status=1).stderr
    if os.geteuid() == 0:
        (tmp_path / "incidents").mkdir(mode=0o700)
        tmp_path.chmod(0o755)
        assert "use sudo" in ctl("incidents", "--state-dir", tmp_path, status=77, user=NOBODY).stderr
