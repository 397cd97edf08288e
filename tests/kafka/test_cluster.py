"""Three brokers, of which one freezes, and up to two are lost: what is told of topics, and that the worker is left alone."""

import contextlib
import json
from itertools import pairwise

import pytest

from lib import kafka
from lib.agent import UNIT, worker
from lib.kafka import BOOTSTRAP, BROKERS, CONNECT, INTERNAL_TOPICS, LONELY

pytestmark = pytest.mark.xdist_group("cluster")

# The controller gives up a lost broker after three seconds here, and each broker starts a JVM; busy cores take long for it.
TIMEOUT = 120


def all_internal(state, **others):
    return {**dict.fromkeys(INTERNAL_TOPICS, state), **others}


@contextlib.contextmanager
def watching(cluster, required, **keys):
    """All these topics are ok and the worker is healthy, before it and, with the brokers back, after it; never is that
    restarted."""
    cluster.agent.start("\n".join([
        kafka.cluster(bootstrap=BOOTSTRAP, topics=", ".join(required), timeout="5s"), worker(requires="main", **keys),
    ]))
    cluster.agent.wait_for("state-changed", TIMEOUT, CONNECT_WATCHDOG_STATE="healthy")
    wait_for_topics(cluster, dict.fromkeys(required, "ok"))
    invocation = cluster.connect.invocation()
    cluster.mark()
    try:
        yield
    finally:
        for unit in (CONNECT, BROKERS[1]):
            cluster.systemctl("kill", "--kill-whom=main", "--signal=SIGCONT", unit, check=False)
        cluster.systemctl("start", *BROKERS)
    wait_for_topics(cluster, dict.fromkeys(required, "ok"))
    cluster.wait_until(cluster.connect.is_healthy, TIMEOUT, "the worker to be healthy")
    assert all(states[-1] == "ok" for states in told(cluster).values())
    assert cluster.connect.invocation() == invocation and not cluster.agent.restarts()
    print(cluster.journal_cat(UNIT))


def served(container):
    return json.loads(container.http("http://127.0.0.1:18083/workers")[1])


def topics(container):
    """The states of the required topics, as /workers serves them."""
    return {topic["name"]: topic["state"] for topic in served(container)["kafka"][0]["topics"]}


def wait_for_topics(container, expected):
    container.wait_until(lambda: topics(container) == expected, TIMEOUT, f"the topics to be {expected}")


def told(container):
    """The states that were told of each topic, in order."""
    states = {}
    for entry in container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=kafka-topic"):
        states.setdefault(entry["CONNECT_WATCHDOG_TOPIC"], []).append(entry["CONNECT_WATCHDOG_TOPIC_STATE"])
    assert all(earlier != later for of_topic in states.values() for earlier, later in pairwise(of_topic)), "when it changes"
    return states


def hang(container):
    """The worker, which has got over what became of the brokers, hangs until an incident is told; returns what that says."""
    def incidents():
        return container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=incident-opened")

    container.wait_until(lambda: not served(container)["workers"][0].get("incident"), TIMEOUT, "the worker to be well")
    before = len(incidents())
    container.signal(CONNECT, "SIGSTOP")
    container.wait_until(lambda: len(incidents()) > before, TIMEOUT, "an incident")
    container.signal(CONNECT, "SIGCONT")
    return incidents()[-1]["MESSAGE"]


def test_one_that_is_frozen_is_told_by_what_is_not_in_sync(cluster):
    with watching(cluster, INTERNAL_TOPICS, timeout="15s"):
        cluster.signal(BROKERS[1], "SIGSTOP")
        wait_for_topics(cluster, all_internal("under-replicated"))
        assert set(told(cluster)) == set(INTERNAL_TOPICS)
        reasons = [entry["CONNECT_WATCHDOG_KAFKA_REASON"] for entry in cluster.journal(UNIT, "CONNECT_WATCHDOG_EVENT=kafka-changed")]
        assert "no-broker" not in reasons, "the others answer"


def test_one_topic_that_is_offline_suffices_to_hold_a_restart(cluster):
    with watching(cluster, [*INTERNAL_TOPICS, LONELY], timeout="5s"):
        cluster.signal(BROKERS[2], "SIGKILL")
        wait_for_topics(cluster, all_internal("under-replicated", **{LONELY: "offline"}))
        assert told(cluster)[LONELY] == ["offline"]
        assert f"topic {LONELY} of Kafka main has been offline" in hang(cluster)
        cluster.systemctl("start", BROKERS[2])
        cluster.agent.wait_for("incident-closed", TIMEOUT)


def test_two_of_three_brokers_are_lost_and_come_back(cluster):
    with watching(cluster, INTERNAL_TOPICS, timeout="15s"):
        cluster.signal(BROKERS[1], "SIGKILL")
        wait_for_topics(cluster, all_internal("under-replicated"))
        cluster.signal(BROKERS[2], "SIGKILL")
        wait_for_topics(cluster, all_internal("below-min-isr"))
        assert all({"under-replicated", "below-min-isr"} <= set(told(cluster)[topic]) for topic in INTERNAL_TOPICS)

        # What hangs now is not restarted: it could not write to its own topics.
        assert "below its minimum ISR" in hang(cluster)
        cluster.systemctl("start", *BROKERS)
        cluster.agent.wait_for("incident-closed", TIMEOUT)
