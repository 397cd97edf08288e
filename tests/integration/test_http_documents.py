"""What the real agent serves of its workers, read with the parsers that others use."""

import json
import re

import pytest

from harness import UNIT, until
from http_ask import ask, free_port


@pytest.fixture
def port():
    return free_port()


def document(port, path):
    status, body, response = ask(port, path)
    assert (status, response.headers["Content-Type"]) == (200, "application/json")
    return json.loads(body)


def test_a_worker_from_health_through_a_restart_and_back(agent, worker, bus, port):
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT, "action": "restart"}},
                    agent={"hostname": "host.example.org"}, http={"listen": f"127.0.0.1:{port}"}, backoff_max="1h")
    agent.start()
    agent.expect("state-changed", state="healthy")
    whole = document(port, "/workers")
    (well,) = whole.pop("workers")
    stamp = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(stamp, whole.pop("now")) and re.fullmatch(stamp, whole.pop("started"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", whole.pop("version"))
    assert whole == {"hostname": "host.example.org", "dry_run": False, "config_rejected": False}
    assert (well["name"], well["kind"], well["unit"], well["url"]) == ("connect-a", "kafka-connect", UNIT, worker.url)
    assert (well["state"], well["outcome"], well["reason"]) == ("healthy", "ok", "healthy")
    assert re.fullmatch(stamp, well["last_ok"]) and well["last_answer"]["http_status"] == 200
    assert 0 < well["last_answer"]["latency_seconds"] < 1
    assert (well["incident"], well["holds"], well["budget"]["left"]) == (None, [], 3)

    worker.stage = 'generating task configs for connector "quoted"'
    worker.mode = "unhealthy"
    opened = agent.expect("incident-opened")
    agent.expect("hold-begun", hold="backoff")
    held = document(port, "/workers/connect-a")
    assert held["state"] == "unhealthy" and held["stage"] == worker.stage
    assert held["incident"] == opened.field("incident")
    assert [hold["name"] for hold in held["holds"]] == ["backoff"] and re.fullmatch(stamp, held["holds"][0]["until"])
    assert held["last_answer"]["http_status"] == 500 and held["last_answer"]["connector"] == '"quoted"'
    assert (held["incident_restarts"], held["budget"]["left"], held["budget"]["n"]) == (1, 2, 1)
    assert held["unit_state"]["active"] == "active" and held["seen_ok"] is False
    assert held["counts"]["restarts"] == {"done": 1, "failed": 0, "refused": 0}

    worker.mode = "ok"
    agent.expect("incident-closed")
    again = document(port, "/workers/connect-a")
    assert (again["state"], again["incident"], again["failures"], again["holds"]) == ("healthy", None, 0, [])
    assert again["counts"]["incidents"] == 1 and again["counts"]["polls"]["failing"] >= 2


def test_before_any_answer_and_of_nobody(lone_agent, worker, port):
    worker.mode = "hang"
    lone_agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"}, timeout="30s")
    lone_agent.start()
    alone = document(port, "/workers/a")
    assert (alone["state"], alone["outcome"], alone["last_answer"], alone["unit_state"]) == ("unknown", None, None, None)
    assert ask(port, "/workers/b")[0] == 404
    assert ask(port, "/workers?worker=b")[0] == 404


def test_a_reload_that_fails_is_seen(lone_agent, worker, port):
    lone_agent.configure({"a": {"url": worker.url}}, agent={"dry_run": "yes"}, http={"listen": f"127.0.0.1:{port}"})
    lone_agent.start()
    lone_agent.config.write_text("[nonsense]\n")
    lone_agent.reload()
    until(lambda: document(port, "/workers")["config_rejected"])
    assert document(port, "/workers")["dry_run"] is True
