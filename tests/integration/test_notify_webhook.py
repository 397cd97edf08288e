"""[notify NAME] with a webhook: what a receiver is told, and that no receiver, however bad, loses an event or delays a poll."""

import json
import threading

import ctl
import pytest

from harness import UNIT, until
from http_server import WorkerServer
from receiver import Receiver

STORY = ["state-changed", "restart-done", "incident-closed"]
ALL = "unhealthy recovered restart-done"


@pytest.fixture
def scene(agent, worker, receiver):
    class Scene:
        keys = {"webhook": receiver.webhook, "timeout": "1s", "events": ALL}

        def start(self, **keys):
            self.write(**keys)
            agent.start()
            agent.expect("state-changed", state="healthy")

        def write(self, **keys):
            self.keys = {k: v for k, v in {**self.keys, **keys}.items() if v is not None}
            agent.configure({"a": {"url": worker.url, "unit": UNIT, "action": "restart"}}, notify={"ops": self.keys})

        def incident(self):
            """One, from its beginning to its end."""
            since = agent.mark()
            worker.mode = "reset"
            agent.expect("restart-done", since)
            worker.mode = "ok"
            return agent.expect("incident-closed", since)

    return Scene()


def test_a_story_is_told_in_its_order(agent, scene, receiver):
    scene.start()
    closed = scene.incident()
    receiver.expect("incident-closed")
    told = receiver.taken()
    assert [e["event"] for e in told] == STORY
    assert told[2]["message"] == closed.message
    assert told[2]["worker"] == "a" and told[2]["unit"] == UNIT
    assert told[2]["priority"] == "notice" and told[0]["priority"] == "err" and told[0]["state"] == "unhealthy"
    assert told[0]["incident"] == told[2]["incident"] == closed.field("incident")
    assert told[0]["reason"] == agent.expect("state-changed", state="unhealthy").field("reason")
    assert told[0]["hostname"] and told[0]["time"].endswith("Z")
    request = receiver.took[0]
    assert (request.method, request.path) == ("POST", "/hook?key=1")
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    assert not agent.journal.select("notify-failed")


BAD = {
    "500": "answered HTTP 500 (internal error)",
    "redirect": "answered HTTP 302, which sends us elsewhere; that is not followed",
    "hang": "did not answer within the timeout",
    "endless": "answers with more than anybody would read",
    "down": "refuses the connection",
}


@pytest.mark.parametrize("mode", BAD)
def test_a_bad_receiver_loses_nothing_and_is_told_once(agent, scene, receiver, worker, mode):
    if mode == "down":
        scene.start()
        receiver.refuse()
    else:
        receiver.mode = mode
        scene.start()
    scene.incident()
    failed = agent.expect("notify-failed")
    assert failed.message.startswith(f"notify ops: the receiver {BAD[mode]}")
    assert failed.field("notify") == "ops"
    polls = len(worker.requests)
    worker.wait_for_requests(polls + 10)
    if mode == "down":
        receiver.listen()
    receiver.mode = "ok"
    receiver.expect("incident-closed")
    assert [e["event"] for e in receiver.taken()] == STORY
    agent.expect("notify-recovered", failed)
    scene.incident()
    receiver.expect("incident-closed", 2)
    assert len(agent.journal.select("notify-failed")) == 1
    assert len(agent.journal.select("notify-recovered")) == 1
    assert not agent.journal.select("notify-lost")


def test_a_moment_of_failure_calls_nobody(agent, scene, receiver, worker):
    scene.start()
    agent.configure({"a": {"url": worker.url, "unit": UNIT, "failures": 1000}}, notify={"ops": scene.keys})
    agent.reload()
    worker.mode = "reset"
    agent.expect("incident-opened")
    worker.mode = "ok"
    agent.expect("incident-closed")
    agent.stop()
    assert not receiver.requests


def test_polls_go_on_while_the_receiver_hangs(agent, scene, receiver, worker):
    receiver.mode = "hang"
    scene.start(timeout="10min")
    worker.mode = "reset"
    agent.expect("restart-done")
    receiver.wait_for_requests(1)
    worker.wait_for_requests(len(worker.requests) + 20)
    assert len(receiver.requests) == 1 and not agent.journal.select("notify-failed")


def test_what_is_refused_is_lost_alone(agent, scene, receiver):
    receiver.mode = "400"
    scene.start(events="incident-closed")
    scene.incident()
    failed = agent.expect("notify-failed")
    assert failed.message == ("notify ops: the receiver answered HTTP 400 (invalid_payload); that event is not sent again")
    assert agent.expect("notify-lost").field("lost") == "1"
    receiver.mode = "ok"
    second = scene.incident()
    agent.expect("notify-recovered")
    assert receiver.expect("incident-closed")["incident"] == second.field("incident")
    assert len(receiver.taken()) == 1


@pytest.mark.parametrize("form", ["json", "alertmanager"])
def test_two_that_refuse_do_not_feed_each_other(agent, worker, form):
    with Receiver("400") as one, Receiver("400") as two:
        notify = {name: {"webhook": r.webhook, "events": "*", "format": form} for name, r in {"one": one, "two": two}.items()}
        agent.configure({"a": {"url": worker.url}}, notify=notify)
        agent.start()
        agent.expect("state-changed", state="healthy")
        agent.journal.wait(lambda _: len(agent.journal.select("notify-lost")) >= 2)
        worker.wait_for_requests(len(worker.requests) + 30)
        agent.stop()
        refused = {"one": len(one.requests), "two": len(two.requests)}
        about_receivers = [r for r in one.requests + two.requests if b"refused what it was sent" in r.body]
    # The other one may have begun to refuse a moment later.
    assert len(about_receivers) <= 2, refused
    lost = agent.journal.select("notify-lost")
    assert {name: sum(int(e.field("lost")) for e in lost if e.field("notify") == name) for name in refused} == refused


# --- the end, and a reload


def test_the_last_events_go_out_at_the_end(agent, scene, receiver):
    scene.start(events="agent-*")
    agent.stop()
    assert [e["event"] for e in receiver.taken()] == ["agent-started", "agent-stopping"]


@pytest.mark.parametrize("mode", ["hang", "500"])
def test_a_bad_receiver_does_not_keep_the_agent(agent, scene, receiver, mode):
    receiver.mode = mode
    scene.start(events="agent-*", timeout="10min")
    receiver.wait_for_requests(1)
    agent.stop()
    lost = agent.expect("notify-lost")
    assert lost.message == "notify ops: 2 events were lost: the agent ended before they were sent"


def test_what_waits_survives_a_reload(agent, scene, receiver):
    receiver.mode = "hang"
    scene.start(timeout="10min")
    scene.incident()
    receiver.wait_for_requests(1)
    scene.write(timeout="9min")
    receiver.mode = "ok"
    agent.reload()
    receiver.expect("incident-closed")
    assert [e["event"] for e in receiver.taken()] == STORY


def test_a_section_that_is_gone_says_what_it_takes_with_it(agent, scene, receiver, worker):
    receiver.mode = "500"
    scene.start()
    scene.incident()
    agent.expect("notify-failed")
    agent.configure({"a": {"url": worker.url}})
    agent.reload()
    assert agent.expect("notify-lost").message == "notify ops: 3 events were lost: its section is gone"
    asked = len(receiver.requests)
    worker.wait_for_requests(len(worker.requests) + 5)
    assert len(receiver.requests) == asked


# --- receivers of other formats, and ways in


def test_slack_and_mattermost(scene, receiver):
    scene.start(format="slack", events="unhealthy")
    opened = scene.incident() and receiver.took[0]
    text = json.loads(opened.body)["text"]
    assert "] err: a: unhealthy after" in text and text.startswith("[")
    assert list(json.loads(opened.body)) == ["text"]


def test_alertmanager_is_told_when_it_is_over(scene, receiver):
    scene.start(format="alertmanager", events="unhealthy recovered")
    scene.incident()
    until(lambda: len(receiver.took) == 2)
    (opened,), (closed,) = (json.loads(request.body) for request in receiver.took)
    assert opened["labels"] == closed["labels"]
    assert opened["labels"]["alertname"] == "ConnectWatchdogIncident" and opened["labels"]["worker"] == "a"
    assert opened["startsAt"] < closed["endsAt"] < opened["endsAt"]
    assert "startsAt" not in closed and "recovered" in closed["annotations"]["summary"]


def test_a_secret_url_and_a_token_stand_in_files(agent, scene, receiver, tmp_path):
    (tmp_path / "url").write_text(receiver.url + "/services/T0/B0/secret\n")
    (tmp_path / "token").write_text("abc\n")
    scene.start(webhook=None, webhook_file=tmp_path / "url", bearer_token_file=tmp_path / "token")
    scene.incident()
    receiver.expect("incident-closed")
    assert receiver.took[0].path == "/services/T0/B0/secret"
    assert receiver.took[0].headers["authorization"] == "Bearer abc"
    assert "T0/B0" not in agent.journal.story()


@pytest.mark.parametrize("way_in", ["url", "token", "password"])
def test_what_an_answer_repeats_of_a_secret_is_not_shown(agent, scene, receiver, worker, tmp_path, way_in):
    for name, content in {"url": receiver.url + "/T0/secret", "token": "secret", "password": "secret"}.items():
        (tmp_path / name).write_text(content)
    keys = {
        "url": {"webhook_file": tmp_path / "url"},
        "token": {"webhook": receiver.webhook, "bearer_token_file": tmp_path / "token"},
        "password": {"webhook": receiver.webhook, "username": "ops", "password_file": tmp_path / "password"},
    }[way_in]
    with Receiver() as other:
        receiver.mode = "echo"
        agent.configure({"a": {"url": worker.url}}, notify={"ops": {"events": "agent-started", **keys},
                                                            "other": {"webhook": other.webhook, "events": "notify-*"}})
        agent.start()
        told = other.expect("notify-failed")["message"]
    assert told == agent.expect("notify-failed").message
    assert told.startswith("notify ops: the receiver answered HTTP 404; it is tried again")


@pytest.mark.parametrize("content, why", [
    (None, "could not be asked: webhook_file {}: No such file or directory"),
    ("slack\n", "could not be asked: webhook_file {} holds no URL that begins with http:// or https://"),
    ("", "could not be asked: webhook_file {} is empty"),
])
def test_a_bad_secret_url_is_told_and_mended_without_a_reload(agent, scene, receiver, tmp_path, content, why):
    path = tmp_path / "url"
    if content is not None:
        path.write_text(content)
    scene.start(webhook=None, webhook_file=path)
    scene.incident()
    assert f"the receiver {why.format(path)}; it is tried again" in agent.expect("notify-failed").message
    path.write_text(receiver.webhook)
    receiver.expect("incident-closed")
    agent.expect("notify-recovered")


def test_a_receiver_is_not_told_about_itself_but_another_is(agent, scene, receiver, worker):
    with Receiver("500") as bad:
        notify = {"ops": {"webhook": receiver.webhook, "events": "*"}, "bad": {"webhook": bad.webhook, "events": "*"}}
        agent.configure({"a": {"url": worker.url}}, notify=notify)
        agent.start()
        assert receiver.expect("notify-failed")["notify"] == "bad"
        bad.mode = "ok"
        assert receiver.expect("notify-recovered")["notify"] == "bad"
        agent.stop()
        assert "agent-stopping" in [e["event"] for e in bad.taken()]
        assert not bad.taken("notify-failed", "notify-recovered")


def test_a_flood_becomes_one(agent, receiver):
    """Of thirty workers that fall ill together."""
    with WorkerServer("401") as sick:
        agent.configure({f"w{i}": {"url": sick.url} for i in range(30)},
                        notify={"ops": {"webhook": receiver.webhook, "events": "cannot-tell"}})
        agent.start()
        agent.journal.wait(lambda _: len(agent.journal.select("cannot-tell")) == 30)
        until(lambda: len(receiver.taken()) == 10)
        agent.stop()
    told = receiver.taken()
    assert len(told) == 11 and told[10]["folded"] == "20"
    assert told[10]["message"].startswith("and 20 more cannot-tell within 1min, the last: w")


# --- notify-test


def test_a_test_says_whether_it_was_taken(agent, scene, receiver, runtime):
    scene.start()
    control = runtime / "control"
    assert ctl.run(control, "notify-test", "ops", status=ctl.OK).stdout == "ops: the receiver took a test event\n"
    told = receiver.expect("notify-test")
    assert "nothing has happened" in told["message"] and told["uid"] == agent.expect("notify-test").field("uid")
    receiver.mode = "500"
    said = ctl.run(control, "notify-test", "ops", status=ctl.FAILED)
    assert "ops: the receiver answered HTTP 500 (internal error); the test event waits, and is tried again" in said.stderr
    receiver.mode = "ok"
    assert ctl.run(control, "notify-test", "ops", status=ctl.OK)
    assert len(receiver.taken("notify-test")) == 3


def test_a_test_of_nobody_is_refused(agent, scene, receiver, runtime):
    scene.keys = {"heartbeat": receiver.url, "heartbeat_interval": "1h"}
    scene.start()
    control = runtime / "control"
    assert "has no [notify opps]; did you mean ops?" in ctl.run(control, "notify-test", "opps", status=ctl.FAILED).stderr
    assert "only a heartbeat" in ctl.run(control, "notify-test", "ops", status=ctl.FAILED).stderr
    assert "which receiver?" in ctl.run(control, "notify-test", status=ctl.USAGE).stderr


def test_a_test_is_answered_when_its_section_goes(agent, scene, receiver, runtime, worker):
    receiver.mode = "hang"
    scene.start(timeout="10min")
    said = []
    first = threading.Thread(target=lambda: said.append(ctl.run(runtime / "control", "notify-test", "ops")))
    first.start()
    receiver.wait_for_requests(1)
    assert "another test of it is under way" in ctl.run(runtime / "control", "notify-test", "ops", status=ctl.HELD).stderr
    agent.configure({"a": {"url": worker.url}})
    agent.reload()
    first.join()
    assert said[0].returncode == ctl.FAILED
    assert "ops: the receiver is not asked any more; the test event is not sent again" in said[0].stderr
