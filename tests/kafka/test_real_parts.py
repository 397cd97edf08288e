"""The real parts alone: that a real Kafka Connect behaves in our container as the other tests, and the agent, assume.

No agent takes part.
"""

import json
import time

import pytest

from lib.kafka import CONNECT, STANDALONE, Connect

pytestmark = pytest.mark.xdist_group("stops")


def test_a_worker_says_that_it_is_healthy(connect):
    status, body = connect.get("/health")
    assert (status, json.loads(body)["status"]) == (200, "healthy")


def test_a_stopped_jvm_hangs_and_a_continued_one_returns(container, connect):
    container.signal(CONNECT, "SIGSTOP")
    assert connect.get("/health", timeout=2) is None
    assert container.is_active(CONNECT), "systemd sees no harm in it"
    container.signal(CONNECT, "SIGCONT")
    container.wait_until(connect.is_healthy, 10, "the JVM to go on")


def test_a_thread_dump_arrives_in_the_units_journal(container, connect):
    container.signal(CONNECT, "SIGQUIT")
    container.wait_until(lambda: '"DistributedHerder-connect-' in container.journal_cat(CONNECT), 10, "the thread dump")


def test_a_connector_that_blocks_the_tick_thread_makes_the_worker_unhealthy(container, connect):
    container.sh("touch /run/block")
    try:
        connect.create_blocking("stuck", "/run/block")
        container.wait_until(lambda: (connect.get("/health") or (0,))[0] == 500, 60, "an answer of 500")
        began = time.monotonic()
        status, body = connect.get("/health")
        assert status == 500
        assert json.loads(body)["status"] == "unhealthy"
        assert "generating task configs for connector stuck" in body
        assert time.monotonic() - began > 9, "Connect waits ten seconds for its tick thread"
        assert connect.get("/", 2)[0] == 200, "what needs no tick thread goes on"
    finally:
        container.sh("rm /run/block")
    container.wait_until(connect.is_healthy, 30, "the tick thread to go on")
    connect.delete("stuck")


def test_a_stop_ends_as_a_failure_with_status_143(container, connect):
    container.systemctl("stop", CONNECT)
    assert container.show(CONNECT, "ExecMainStatus") == "143"
    assert container.show(CONNECT, "ActiveState") == "failed"


def test_a_standalone_worker_is_healthy_too(container, connect):
    container.systemctl("stop", CONNECT)
    standalone = Connect(container, STANDALONE)
    try:
        standalone.start()
        assert json.loads(standalone.get("/health")[1])["status"] == "healthy"
    finally:
        container.systemctl("stop", STANDALONE)
