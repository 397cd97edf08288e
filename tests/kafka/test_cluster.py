"""Three brokers, of which two are lost: what is told of topics, and that the worker is left alone."""

import json

import pytest

from lib import kafka
from lib.agent import UNIT, worker
from lib.kafka import BOOTSTRAP, BROKERS, CONNECT, INTERNAL_TOPICS

pytestmark = pytest.mark.xdist_group("cluster")

# The controller gives up a lost broker after three seconds here, and each broker starts a JVM.
TIMEOUT = 60

def topics(container):
    """The states of the required topics, as /workers serves them."""
    document = json.loads(container.http("http://127.0.0.1:18083/workers")[1])
    return {topic["name"]: topic["state"] for topic in document["kafka"][0]["topics"]}


def wait_for_topics(container, state):
    expected = dict.fromkeys(INTERNAL_TOPICS, state)
    container.wait_until(lambda: topics(container) == expected, TIMEOUT, f"all topics to be {state}")


def told(container, state):
    """Of which topics this state was told."""
    entries = container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=kafka-topic")
    return sorted(entry["CONNECT_WATCHDOG_TOPIC"] for entry in entries if entry["CONNECT_WATCHDOG_TOPIC_STATE"] == state)


def test_two_of_three_brokers_are_lost_and_come_back(cluster):
    agent, connect = cluster.agent, cluster.connect
    agent.start("\n".join([kafka.cluster(bootstrap=BOOTSTRAP), worker(timeout="15s", requires="main")]))
    agent.wait_for("state-changed", 30, CONNECT_WATCHDOG_STATE="healthy")
    wait_for_topics(cluster, "ok")
    invocation = connect.invocation()
    cluster.mark()

    cluster.signal(BROKERS[1], "SIGKILL")
    wait_for_topics(cluster, "under-replicated")
    assert told(cluster, "under-replicated") == INTERNAL_TOPICS, "once each"

    cluster.signal(BROKERS[2], "SIGKILL")
    wait_for_topics(cluster, "below-min-isr")
    assert told(cluster, "below-min-isr") == INTERNAL_TOPICS

    # What hangs now is not restarted: it could not write to its own topics.
    cluster.signal(CONNECT, "SIGSTOP")
    opened = agent.wait_for("incident-opened", TIMEOUT)
    cluster.signal(CONNECT, "SIGCONT")
    assert "below its minimum ISR" in opened["MESSAGE"]

    cluster.systemctl("start", *BROKERS)
    wait_for_topics(cluster, "ok")
    assert told(cluster, "ok") == INTERNAL_TOPICS
    agent.wait_for("incident-closed", TIMEOUT)
    assert connect.is_healthy() and connect.invocation() == invocation
    assert not agent.restarts()
    print(cluster.journal_cat(UNIT))
