"""From an installed package to a watched worker: what discover makes of a real Kafka Connect is a worker that survives a hung
JVM."""

import json

import pytest

from lib.agent import UNIT
from lib.kafka import CONNECT

pytestmark = pytest.mark.xdist_group("restarts")

STORY_TIMEOUT = 90
WRITTEN = "/etc/connect-watchdog/conf.d/50-kafka-connect.conf"

# Everything but the spans is left to discover.
QUICK = """[defaults]
interval = 1s
retry_interval = 500ms
timeout = 2s
sustain = 2s
dependency_grace = 1s
"""


@pytest.fixture
def undiscovered(container, agent):
    agent.start(QUICK)
    yield container
    container.sh(f"rm -f {WRITTEN}")


def test_a_discovered_worker_survives_a_hung_jvm(undiscovered, agent, connect):
    container, pid = undiscovered, connect.main_pid()
    (found,) = json.loads(container.run("connect-watchdogctl", "discover", "--json").stdout)["workers"]
    assert (found["unit"], found["pid"], found["watched_as"]) == (CONNECT, pid, None)
    print(container.run("connect-watchdogctl", "discover", "--write"))

    agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="healthy", CONNECT_WATCHDOG_WORKER="kafka-connect")
    container.wait_until(lambda: json.loads(container.http("http://127.0.0.1:18083/workers")[1])["kafka"][0]["outcome"] == "up",
                         STORY_TIMEOUT, "Kafka to be found up")
    container.signal(CONNECT, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert connect.is_healthy() and connect.main_pid() != pid
    assert len(container.invocations(CONNECT)) == agent.restarts() == 1

    (found,) = json.loads(container.run("connect-watchdogctl", "discover", "--json").stdout)["workers"]
    assert found["watched_as"] == "kafka-connect"
    print(container.journal_cat(UNIT))
