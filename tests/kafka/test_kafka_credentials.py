"""The agent's own way into Kafka: where that is barred it cannot tell whether Kafka is up, which holds a restart."""

import pytest

from lib import kafka
from lib.agent import UNIT, worker
from lib.kafka import CONNECT, PATIENT, STORY_TIMEOUT

pytestmark = pytest.mark.xdist_group("outages")

PASSWORD = "/etc/connect-watchdog/credentials/kafka-password"

# The worker comes in without a password, at another listener.
CONFIG = "\n".join([
    kafka.cluster(bootstrap="127.0.0.1:9094", property=["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN"],
                  username="watchdog", password_file="kafka-password"),
    worker(**PATIENT, requires="main"),
])


@pytest.fixture
def password(container):
    """Writes it where root puts it; a restart of the agent takes it over."""
    yield lambda text: container.write(PASSWORD, text, "600")
    container.run("rm", PASSWORD)


def test_a_hung_worker_is_held_for_a_wrong_password_and_restarted_with_the_right_one(container, agent, connect, password):
    password("wrong\n")
    agent.start(CONFIG)
    agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="healthy")
    cannot = agent.wait_for("kafka-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_KAFKA_OUTCOME="unknown",
                            CONNECT_WATCHDOG_KAFKA_REASON="unauthenticated")
    assert "wrong\n" not in cannot["MESSAGE"]
    invocation = connect.invocation()
    container.signal(CONNECT, "SIGSTOP")
    hold = agent.wait_for("hold-begun", STORY_TIMEOUT)
    assert hold["CONNECT_WATCHDOG_HOLD"] == "dependency-down"
    assert "cannot tell whether Kafka main is up" in hold["MESSAGE"]
    container.run("sleep", "3")
    assert connect.invocation() == invocation and not agent.restarts()

    password("right\n")
    container.systemctl("restart", UNIT)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(CONNECT)) == agent.restarts() == 1
    print(container.journal_cat(UNIT))
