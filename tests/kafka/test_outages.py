"""Kafka is away while the agent knows that the workers require it: nobody is restarted, and the story names Kafka.

A fault takes most of a minute, so it is made once, and several tests look at what it left in the journal. The workers' and
the cluster's spans are seconds, so that without `requires` a restart would have come in the midst of it.
"""

import json
import os
import time
from itertools import pairwise

import pytest

from lib import kafka
from lib.agent import QUICK, UNIT, worker
from lib.container import TREE
from lib.kafka import BROKER, CONNECT, SECOND

pytestmark = pytest.mark.xdist_group("outages")

# By hand: ten minutes, and the agent and Connect with their own defaults.
LONG = "CONNECT_WATCHDOG_LONG" in os.environ
OUTAGE = 600 if LONG else 40
STORY_TIMEOUT = 1200 if LONG else kafka.STORY_TIMEOUT

# Connect takes ten seconds to call itself unhealthy.
WORKER_SPANS = dict.fromkeys(QUICK) if LONG else {"timeout": "15s", "failures": "2", "dependency_grace": "3s"}
CLUSTER_SPANS = {"interval": None, "timeout": None} if LONG else {"timeout": "5s"}
SECOND_PROPERTIES = "/etc/kafka/connect-second.properties"
# How long the second worker waits for an absent Kafka when it starts, instead of a minute.
SECOND_SPANS = "" if LONG else "default.api.timeout.ms=5000\nrequest.timeout.ms=5000\n"

# Asked often, and by the same loop: it shows whether anybody waits for Kafka.
PACER = "pacer.service"
PACE = 0.2
# As often, and asks nobody: it shows how late anybody is on this machine.
METRONOME = "metronome.service"

HEALTH_TOPIC = "watchdog-health"


def required_by(name, unit, port):
    return worker(name, **{**WORKER_SPANS, "url": f"http://127.0.0.1:{port}", "unit": unit, "action": "restart", "requires": "main"})


CONFIG = "\n".join([
    kafka.cluster(**CLUSTER_SPANS, deep="yes", deep_topic=HEALTH_TOPIC, deep_interval="1s"),
    required_by("first", CONNECT, 8083),
    required_by("second", SECOND, 8084),
    worker("pacer", unit=None, action="alert", url="http://127.0.0.1:8085", interval=f"{PACE}s",
           retry_interval=f"{PACE}s", connectors="no"),
])


class Story:
    """What was told of one fault, from its beginning until all is well again."""

    def __init__(self, container, before):
        self.entries = [entry for entry in container.journal(UNIT) if "CONNECT_WATCHDOG_EVENT" in entry]
        self.text = container.journal_cat(UNIT)
        self.before = before
        self.after = invocations(container)
        polls = [seconds(entry) for entry in container.journal(PACER) if "GET /health" in entry["MESSAGE"]]
        self.worst_delay, self.latest = worst_delay(polls)
        self.of_the_machine, _ = worst_delay([seconds(entry) for entry in container.journal(METRONOME)])
        print(self.text)
        print(f"{len(polls)} polls of the pacer, {PACE} s apart; the latest was {self.worst_delay * 1000:.0f} ms late, "
              f"the metronome {self.of_the_machine * 1000:.0f} ms")

    def events(self, event, worker=None):
        return [entry for entry in self.entries if entry["CONNECT_WATCHDOG_EVENT"] == event
                and worker in (None, entry.get("CONNECT_WATCHDOG_WORKER"))]

    def outcomes(self):
        return [entry["CONNECT_WATCHDOG_KAFKA_OUTCOME"] for entry in self.events("kafka-changed")]

    def of_the_incident(self, worker):
        """What `journalctl CONNECT_WATCHDOG_INCIDENT=…` shows of the only one that this worker had."""
        opened, closed = self.events("incident-opened", worker), self.events("incident-closed", worker)
        assert len(opened) == len(closed) == 1, self.text
        incident = opened[0]["CONNECT_WATCHDOG_INCIDENT"]
        return [entry["MESSAGE"] for entry in self.entries if entry.get("CONNECT_WATCHDOG_INCIDENT") == incident]


def worst_delay(times):
    """How much, and when that was."""
    return max((later - earlier - PACE, later) for earlier, later in pairwise(times))


def is_up(outcome):
    return outcome in ("up", "slow")


def seconds(entry):
    return int(entry["__REALTIME_TIMESTAMP"]) / 1e6


def invocations(container):
    return {unit: container.show(unit, "InvocationID") for unit in (CONNECT, SECOND)}


def deep(container):
    """What is served of the deep check: (status, body)."""
    return container.http("http://127.0.0.1:18083/healthcheck/deep")


@pytest.fixture(scope="module")
def prepared(booted):
    """The second worker, in a group of its own, and the pacer; the agent runs, and knows that all are well."""
    booted.write("/usr/local/bin/standin-worker", (TREE / "tests/lib/standin_worker.py").read_text(), "755")
    properties = booted.sh("cat /etc/kafka/connect-distributed.properties").replace(":8083", ":8084").replace("=connect", "=second")
    booted.write(SECOND_PROPERTIES, properties)
    unit = booted.sh(f"cat /etc/systemd/system/{CONNECT}").replace("connect-distributed", "connect-second")
    booted.write(f"/etc/systemd/system/{SECOND}", unit)
    booted.systemctl("daemon-reload")
    booted.run("systemd-run", "--quiet", f"--unit={PACER}", "/usr/local/bin/standin-worker", "--listen", "127.0.0.1:8085",
               "--access-log")
    booted.run("systemd-run", "--quiet", f"--unit={METRONOME}", "sh", "-c", f"while sleep {PACE}; do echo tick; done")
    agent, second = booted.agent, kafka.Connect(booted, SECOND, 8084)
    booted.connect.start()
    second.start()
    booted.sh("echo one >/run/health-lines")
    booted.connect.create_source("health", HEALTH_TOPIC, "/run/health-lines", partitions=2)
    booted.mark()
    agent.start(CONFIG)
    for name in ("first", "second", "pacer"):
        agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="healthy", CONNECT_WATCHDOG_WORKER=name)
    booted.wait_until(lambda: deep(booted)[0] == 200, STORY_TIMEOUT, "the deep check to be ok")
    yield booted
    booted.connect.delete("health")
    booted.sh(f"systemctl stop {UNIT} {SECOND} {PACER} {METRONOME}; rm /etc/systemd/system/{SECOND}; systemctl daemon-reload")


def test_the_deep_check_goes_through_each_partition(prepared):
    body = json.loads(deep(prepared)[1])
    assert body.pop("timeElapsed") > 0
    assert body == {"0": "ok", "1": "ok"}


@pytest.fixture(scope="module")
def outage(prepared):
    """The broker is killed, and an administrator restarts the second worker meanwhile."""
    container, agent = prepared, prepared.agent
    before = invocations(container)
    container.mark()
    end = time.monotonic() + OUTAGE
    container.signal(BROKER, "SIGKILL")
    try:
        properties = container.sh(f"cat {SECOND_PROPERTIES}")
        container.write(SECOND_PROPERTIES, properties + SECOND_SPANS)
        container.systemctl("restart", SECOND)
        container.wait_until(lambda: deep(container)[0] == 500, STORY_TIMEOUT, "the deep check to fail")
        container.wait_until(lambda: container.show(SECOND, "ActiveState") == "failed", STORY_TIMEOUT, "the second worker to end")
        assert container.show(SECOND, "ExecMainStatus") == "2"
        container.write(SECOND_PROPERTIES, properties)
        agent.wait_for("incident-opened", STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER="first")
        time.sleep(max(0, end - time.monotonic()))
    finally:
        container.systemctl("start", BROKER)
    for name in ("first", "second"):
        agent.wait_for("incident-closed", STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER=name)
    return Story(container, before)


@pytest.fixture(scope="module")
def frozen(prepared, outage):
    """The broker accepts connections, and answers nobody."""
    container, agent = prepared, prepared.agent
    before = invocations(container)
    container.wait_until(lambda: deep(container)[0] == 200, STORY_TIMEOUT, "the deep check to be ok again")
    container.mark()
    end = time.monotonic() + OUTAGE
    container.signal(BROKER, "SIGSTOP")
    try:
        for name in ("first", "second"):
            agent.wait_for("incident-opened", STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER=name)
        time.sleep(max(0, end - time.monotonic()))
    finally:
        container.signal(BROKER, "SIGCONT")
    for name in ("first", "second"):
        agent.wait_for("incident-closed", STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER=name)
    return Story(container, before)


@pytest.fixture(params=["outage", "frozen"])
def story(request):
    return request.getfixturevalue(request.param)


def test_nobody_is_restarted_for_it(story):
    assert story.after[CONNECT] == story.before[CONNECT]
    assert not story.events("restart-requested", "first")


def test_it_is_one_incident_and_the_story_names_kafka(story):
    told = story.of_the_incident("first")
    assert any("Kafka main is down" in message for message in told[:3]), told
    assert "recovered" in told[-1]


def test_kafka_itself_is_told_when_it_goes_and_when_it_is_back(story):
    assert "down" in story.outcomes() and is_up(story.outcomes()[-1])


def test_no_poll_is_late_because_kafka_is_slow(story):
    """A check may take five seconds, and takes them while the broker is frozen."""
    around = [(seconds(entry), entry["MESSAGE"]) for entry in story.entries if abs(seconds(entry) - story.latest) < 20]
    assert story.worst_delay < 2 + story.of_the_machine, f"late at {story.latest}: {around}"


def test_a_worker_that_died_of_the_outage_is_revived_after_it(outage):
    assert outage.after[SECOND] != outage.before[SECOND]
    requested = outage.events("restart-requested", "second")
    assert len(requested) == 1
    down = [entry for entry in outage.events("kafka-changed") if entry["CONNECT_WATCHDOG_KAFKA_OUTCOME"] == "down"][-1]
    back = next(entry for entry in outage.events("kafka-changed")
                if is_up(entry["CONNECT_WATCHDOG_KAFKA_OUTCOME"]) and seconds(entry) > seconds(down))
    assert seconds(requested[0]) - seconds(back) >= (120 if LONG else 3), "dependency_grace"


def test_a_frozen_broker_kills_nobody(frozen):
    assert frozen.after == frozen.before
    assert not frozen.events("restart-requested")
