"""The real parts alone: that a real Kafka Connect behaves in our container as the other tests, and the agent, assume.

No agent takes part.
"""

import json

import pytest

from lib.kafka import CONNECT, START_TIMEOUT

pytestmark = pytest.mark.xdist_group("stops")


def test_a_worker_says_that_it_is_healthy(connect):
    status, body = connect.get("/health")
    assert (status, json.loads(body)["status"]) == (200, "healthy")


def test_a_stopped_jvm_hangs_and_a_continued_one_returns(container, connect):
    container.signal(CONNECT, "SIGSTOP")
    assert connect.get("/health", timeout=2) is None
    assert container.is_active(CONNECT), "systemd sees no harm in it"
    container.signal(CONNECT, "SIGCONT")
    container.wait_until(connect.is_healthy, START_TIMEOUT, "the JVM to go on")


def test_a_thread_dump_arrives_in_the_units_journal(container, connect):
    container.signal(CONNECT, "SIGQUIT")
    container.wait_until(lambda: '"DistributedHerder-connect-' in container.journal_cat(CONNECT), START_TIMEOUT,
                         "the thread dump")
