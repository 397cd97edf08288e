"""RUNNING is not progress: a sink that is stuck on one record is found by the lag of its group."""

import json

import pytest

from lib import kafka
from lib.agent import UNIT, worker
from lib.kafka import PATIENT, STORY_TIMEOUT

pytestmark = pytest.mark.xdist_group("outages")

TOPIC = "orders"
PRODUCER = "producer.service"

# lag_stuck: longer than offset.flush.interval.ms of the worker, which is a second here, but takes longer on busy cores.
CONFIG = "\n".join([
    kafka.cluster(),
    worker(**PATIENT, requires="main", connectors_interval="1s", lag="yes", lag_interval="1s", lag_stuck="8s"),
])


@pytest.fixture(params=["later", "first"])
def stuck(request, container, connect):
    """A topic that grows by five records a second, and a sink that blocks on one of them; returns its name. "first": it has
    done so on the very first, and committed nothing."""
    record = "poison" if request.param == "first" else "record"
    container.sh(f"""
        touch /run/stuck
        echo {record} >/run/orders
        systemd-run --quiet --unit={PRODUCER} sh -c 'while sleep 0.2; do echo record >>/run/orders; done'
    """)
    source, sink, topic = (f"{TOPIC}-{request.param}{part}" for part in ("-source", "-sink", ""))
    connect.create_source(source, topic, "/run/orders")
    connect.create(sink, {"connector.class": "StuckSink", "tasks.max": "1", "topics": topic, "block.while": "/run/stuck"})
    container.wait_until(lambda: tasks(connect, sink) == ["RUNNING"], STORY_TIMEOUT, "the sink to run")
    if request.param == "later":
        container.wait_until(lambda: committed(connect, sink), STORY_TIMEOUT, "the sink to have committed something")
        container.sh("echo poison >>/run/orders")
    yield sink
    container.sh(f"rm -f /run/stuck; systemctl stop {PRODUCER}")
    connect.delete(sink)
    connect.delete(source)


def tasks(connect, name):
    return [task["state"] for task in connect.status().get(name, {"status": {"tasks": []}})["status"]["tasks"]]


def committed(connect, name):
    return json.loads(connect.get(f"/connectors/{name}/offsets")[1])["offsets"]


def test_a_sink_that_is_stuck_on_one_record_is_found_by_its_lag(container, agent, connect, stuck):
    agent.start(CONFIG)
    found = agent.wait_for("connector-stuck", STORY_TIMEOUT)
    assert [found[f"CONNECT_WATCHDOG_{name}"] for name in ("CONNECTOR", "TOPIC", "PARTITION")] == \
        [stuck, stuck.removesuffix("-sink"), "0"]
    assert ("nothing was ever committed" in found["MESSAGE"]) == (not committed(connect, stuck))
    assert "while its lag grew from" in found["MESSAGE"]
    assert tasks(connect, stuck) == ["RUNNING"]
    agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="degraded")

    container.sh("rm /run/stuck")
    gets_on = container.wait_until(lambda: container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=connector-stuck", "PRIORITY=5"),
                                   STORY_TIMEOUT, "the sink to get on")
    assert "gets on again" in gets_on[0]["MESSAGE"]
    container.wait_until(lambda: "healthy" in agent.status(), STORY_TIMEOUT, "the worker to be called healthy")
    assert not agent.restarts() and not agent.events("incident-opened")
    print(container.journal_cat(UNIT))
