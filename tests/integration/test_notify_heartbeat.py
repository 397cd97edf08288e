"""heartbeat of [notify NAME]: it beats while the agent does its work, however its worker is."""

import pytest


@pytest.fixture
def start(lone_agent, worker, receiver):
    def start(**keys):
        lone_agent.configure({"a": {"url": worker.url}},
                             notify={"switch": {"heartbeat": receiver.url + "/uuid?x=1", "heartbeat_interval": "1s", **keys}})
        lone_agent.start()
        return lone_agent
    return start


def test_it_beats_while_the_agent_works(start, worker, receiver):
    worker.mode = "hang"
    agent = start()
    beats = receiver.wait_for_requests(3)
    assert {(b.method, b.path, b.body) for b in beats} == {("GET", "/uuid?x=1", b"")}
    agent.stop()
    assert not agent.journal.select("notify-failed") and not agent.journal.select("notify-lost")


def test_a_switch_that_fails_is_told_once(start, receiver):
    receiver.mode = "500"
    agent = start()
    failed = agent.expect("notify-failed")
    assert failed.message == ("notify switch: the heartbeat's receiver answered HTTP 500 (internal error); "
                              "it is asked again each 1s")
    receiver.wait_for_requests(3)
    receiver.mode = "ok"
    agent.expect("notify-recovered", failed)
    receiver.wait_for_requests(len(receiver.requests) + 2)
    assert len(agent.journal.select("notify-failed")) == len(agent.journal.select("notify-recovered")) == 1


def test_what_gets_into_the_webhook_is_not_shown_to_the_switch(start, receiver, tmp_path):
    (tmp_path / "token").write_text("abc")
    start(webhook=receiver.webhook, bearer_token_file=tmp_path / "token", events="agent-started")
    requests = receiver.wait_for_requests(3)
    shown = {r.method: r.headers.get("authorization") for r in requests}
    assert shown == {"POST": "Bearer abc", "GET": None}
