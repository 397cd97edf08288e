"""What Kafka is to the workers that require it: the agent with its module, a scripted broker, and every way to be away."""

import json
import pathlib
import time

import pytest

import harness
from connect_cluster import Cluster
from harness import UNIT, until
from http_ask import ask, free_port
from kafka_broker import KafkaBroker, Topic

MODULE_DIR = harness.BINARY.parent

pytestmark = pytest.mark.skipif(
    not (MODULE_DIR / "connect-watchdog-kafka.so").exists(), reason="built without Kafka")

QUICK = {"interval": "200ms", "timeout": "1s"}
WORKER = {"unit": UNIT, "action": "restart", "requires": "main", "dependency_grace": "1s"}


@pytest.fixture
def broker():
    with KafkaBroker(connect_configs=1, connect_offsets=3, connect_status=1, health=2) as b:
        yield b


class Watched:
    """An agent that watches one worker and one broker."""

    def __init__(self, agent, worker):
        self.agent = agent
        self.worker = worker
        self.port = free_port()

    def configure(self, bootstrap, kafka=None, worker=None, **defaults):
        section = {**QUICK, "bootstrap": bootstrap, "topics": "connect-configs connect-offsets connect-status", **(kafka or {})}
        keys = {"url": self.worker.url, **WORKER, **(worker or {})}
        self.agent.configure({"connect-a": {k: v for k, v in keys.items() if v is not None}},
                             http={"listen": f"127.0.0.1:{self.port}"}, kafka={"main": section} if bootstrap else None,
                             **defaults)
        return self

    def workers(self):
        return json.loads(ask(self.port, "/workers")[1])

    def kafka(self):
        return self.workers()["kafka"][0]

    def dependency(self):
        return self.workers()["workers"][0]["dependency"]

    def until_kafka(self, outcome, timeout=harness.TIMEOUT):
        until(lambda: self.kafka()["outcome"] == outcome, timeout, f"Kafka {outcome}")
        return self.kafka()

    def until_dependency(self, state, timeout=harness.TIMEOUT):
        until(lambda: self.dependency()["state"] == state, timeout, f"dependency {state}")
        return self.dependency()


@pytest.fixture
def watched(agent, worker):
    return Watched(agent, worker)


def restarts(bus):
    counts = bus.do("counts")
    return counts.get("TryRestartUnit", 0) + counts.get("RestartUnit", 0)


def still_polls(worker, n=8):
    worker.wait_for_requests(len(worker.requests) + n)


def test_an_outage_of_kafka_restarts_nothing_and_its_story_names_kafka(watched, broker, worker, agent, bus):
    watched.configure(broker.bootstrap)
    agent.start()
    agent.expect("state-changed", state="healthy")
    watched.until_kafka("up")
    watched.until_dependency("up")
    broker.down()
    watched.until_kafka("down")
    worker.mode = "unhealthy"
    opened = agent.expect("incident-opened")
    assert "Kafka main is down" in opened.message
    agent.notify.status(r"; Kafka main is down$")
    still_polls(worker)
    assert watched.workers()["workers"][0]["state"] == "suspect"
    broker.up()
    watched.until_dependency("grace")
    worker.mode = "ok"
    closed = agent.expect("incident-closed", since=opened)
    assert closed.field("incident") == opened.field("incident")
    watched.until_dependency("up")
    still_polls(worker)
    assert restarts(bus) == 0
    assert not agent.journal.select("restart-requested") and not agent.journal.select("would-restart")


def test_a_worker_that_does_not_come_back_after_the_outage_is_restarted_once(watched, broker, worker, agent, bus):
    """Counting begins anew when the grace ends, and then Kafka is up, so nothing is waited for but sustain."""
    watched.configure(broker.bootstrap)
    agent.start()
    agent.expect("state-changed", state="healthy")
    watched.until_dependency("up")
    broker.down()
    watched.until_dependency("down")
    worker.mode = "unhealthy"
    agent.expect("incident-opened")
    still_polls(worker)
    assert restarts(bus) == 0
    broker.up()
    watched.until_dependency("grace")
    back = time.monotonic()
    requested = agent.expect("restart-requested")
    assert requested.time - back > 0.9
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert restarts(bus) == 1


def test_a_hung_worker_is_restarted_while_kafka_is_up(watched, broker, worker, agent, bus):
    watched.configure(broker.bootstrap, sustain_kafka="1h")
    agent.start()
    agent.expect("state-changed", state="healthy")
    watched.until_dependency("up")
    worker.mode = "unhealthy"
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert restarts(bus) == 1


def test_a_silent_broker_is_an_outage_and_delays_no_poll(watched, broker, worker, agent, bus):
    """As one that is stopped: it accepts, and answers nothing."""
    broker.silent = True
    watched.configure(broker.bootstrap, interval="100ms", retry_interval="100ms")
    agent.start()
    kafka = watched.until_kafka("down")
    assert kafka["reason"] == "no-broker" and kafka["brokers"] == []
    n = len(worker.requests)
    worker.wait_for_requests(n + 50)
    times = [r.time for r in worker.requests[n:] if r.path.startswith("/health")]
    worst = max(b - a for a, b in zip(times, times[1:])) - 0.1
    print(f"worst delay of a poll: {worst * 1000:.1f} ms, of {len(times)}")
    assert worst < 0.5      # who waited for Kafka would wait for a second
    worker.mode = "unhealthy"
    assert "Kafka main is down" in agent.expect("incident-opened").message
    still_polls(worker)
    assert restarts(bus) == 0


def test_ready_and_the_end_do_not_wait_for_a_check_that_hangs(watched, broker, agent):
    broker.silent = True
    watched.configure(broker.bootstrap, kafka={"timeout": "30s"})
    began = time.monotonic()
    agent.start()
    agent.expect("state-changed", state="healthy")
    assert time.monotonic() - began < 2
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 4


def test_without_the_module_kafka_is_unknown_and_restarts_are_held(watched, worker, agent, bus, tmp_path):
    agent.environment["CONNECT_WATCHDOG_MODULE_DIR"] = str(tmp_path)
    watched.configure("127.0.0.1:9092")
    agent.start()
    kafka = watched.until_kafka("unknown")
    until(lambda: watched.kafka()["checked_at"], what="a check")
    kafka = watched.kafka()
    assert "install the package connect-watchdog-kafka" in kafka["detail"]
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    begun = agent.expect("hold-begun", hold="dependency-down")
    assert "cannot tell" in begun.message
    still_polls(worker)
    assert restarts(bus) == 0


def test_a_reload_goes_on_with_what_is_unchanged_and_asks_anew_what_is(watched, broker, worker, agent):
    watched.configure(broker.bootstrap)
    agent.start()
    watched.until_kafka("up")
    checks = watched.kafka()["checks"]["up"]
    agent.reload()
    assert watched.kafka()["checks"]["up"] >= checks
    watched.until_dependency("up")

    watched.configure("127.0.0.1:1")
    agent.reload()
    watched.until_kafka("down")
    watched.until_dependency("down")
    # DOWN is not forgotten into UP: a grace follows
    watched.configure(broker.bootstrap, worker={"dependency_grace": "5s"})
    agent.reload()
    watched.until_dependency("grace")
    watched.until_dependency("up")


def test_a_section_that_asks_elsewhere_is_not_known_to_be_up(watched, broker, worker, agent, bus):
    """What it asked before says nothing of the cluster that it asks now."""
    watched.configure(broker.bootstrap)
    agent.start()
    agent.expect("state-changed", state="healthy")
    watched.until_dependency("up")
    with KafkaBroker() as other:
        other.silent = True
        watched.configure(other.bootstrap, kafka={"timeout": "12s"})
        agent.reload()
        assert watched.kafka()["reason"] == "not-asked"
        worker.mode = "unhealthy"
        assert "has not been asked yet" in agent.expect("hold-begun", hold="dependency-down").message
        still_polls(worker)
        assert restarts(bus) == 0
        watched.configure(broker.bootstrap)
        agent.reload()
        watched.until_kafka("up")
        agent.expect("restart-done")
        worker.mode = "ok"
        agent.expect("incident-closed")


def test_a_section_that_leaves_holds_nobody_any_more(watched, broker, worker, agent, bus):
    broker.silent = True
    watched.configure(broker.bootstrap, kafka={"timeout": "30s"})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "unhealthy"
    agent.expect("hold-begun", hold="dependency-down")
    watched.configure(None, worker={"requires": None})
    agent.reload()
    assert watched.workers()["kafka"] == [] and watched.dependency() is None
    agent.expect("restart-done")
    worker.mode = "ok"
    agent.expect("incident-closed")
    assert restarts(bus) == 1


def test_what_is_known_is_served(watched, broker, agent):
    # Long enough that it does not become slow in between, on a busy machine.
    watched.configure(broker.bootstrap, kafka={"timeout": "5s"})
    agent.start()
    kafka = watched.until_kafka("up")
    assert [t["name"] for t in kafka["topics"]] == ["connect-configs", "connect-offsets", "connect-status"]
    assert [len(t["partitions"]) for t in kafka["topics"]] == [1, 3, 1]
    assert len(kafka["brokers"]) == 1 and kafka["deep"] is None
    status, body, _ = ask(watched.port, "/healthcheck")
    assert status == 200 and json.loads(body)["internalConnections"]["kafkaProducer"] == {"status": "ok"}
    assert list(json.loads(body)["topics"]) == ["connect-configs", "connect-offsets", "connect-status"]
    assert ask(watched.port, "/_/backbeat/api/healthcheck/deep")[0] == 404
    assert ask(watched.port, "/healthcheck?kafka=main")[0] == 200
    assert ask(watched.port, "/healthcheck?kafka=other")[0] == 404
    assert b'connect_watchdog_kafka_outcome{kafka="main",outcome="up"} 1' in ask(watched.port, "/metrics")[1]
    assert b"Kafka <bdi" in ask(watched.port, "/status")[1]
    broker.down()
    watched.until_kafka("down")
    assert ask(watched.port, "/healthcheck")[0] == 500


def test_a_topic_without_leader_is_an_impediment(watched, broker, agent):
    watched.configure(broker.bootstrap)
    agent.start()
    watched.until_dependency("up")
    broker.topics["connect-offsets"].partitions[1].leader = -1
    assert "connect-offsets" in watched.until_dependency("down")["text"]
    assert watched.kafka()["topics"][1]["state"] == "offline"
    broker.topics["connect-offsets"].partitions[1].leader = 1
    watched.until_dependency("grace")


def test_a_deep_check_goes_through_every_partition(watched, broker, agent):
    watched.configure(broker.bootstrap, kafka={"deep": "yes", "deep_topic": "health", "timeout": "5s"})
    agent.start()
    until(lambda: watched.kafka()["deep"], what="a deep check")
    status, body, _ = ask(watched.port, "/healthcheck/deep")
    assert status == 200
    answer = json.loads(body)
    assert answer.pop("timeElapsed") >= 0 and answer == {"0": "ok", "1": "ok"}
    assert [p.end for p in broker.topics["health"].partitions] == [1, 1]


def test_a_sink_that_runs_and_commits_nothing_is_stuck(watched, broker, worker, agent):
    connectors = Cluster()
    connectors.add("orders")
    worker.mode = connectors
    broker.topics["orders"] = Topic(2)
    broker.committed["connect-orders"] = {("orders", 0): 5, ("orders", 1): 7}
    broker.topics["orders"].partitions[0].end = 5
    broker.topics["orders"].partitions[1].end = 10
    watched.configure(broker.bootstrap, worker={"lag": "yes", "lag_interval": "1s", "lag_stuck": "2s",
                                                "connectors_interval": "1s"})
    agent.start()
    until(lambda: watched.workers()["workers"][0]["lag"], what="lag")
    (lag,) = watched.workers()["workers"][0]["lag"]
    assert lag["connector"] == "orders" and lag["lag"] == 3 and not lag["stuck_since"]
    assert [(p["topic"], p["partition"], p["committed"], p["end"]) for p in lag["partitions"]] == [("orders", 1, 7, 10)]

    def more():
        broker.topics["orders"].partitions[1].end += 1
        return agent.journal.select("connector-stuck")

    until(more, what="stuck")
    stuck = agent.expect("connector-stuck", worker="connect-a")
    assert "orders" in stuck.message
    agent.expect("state-changed", since=stuck, state="degraded")
    broker.committed["connect-orders"][("orders", 1)] = 10
    agent.expect("state-changed", since=stuck, state="healthy")
    assert len(agent.journal.select("connector-stuck")) == 2


def test_nobody_else_pays_for_it(watched, worker, agent):
    watched.configure(None, worker={"requires": None})
    agent.start()
    agent.expect("state-changed", state="healthy")
    maps = pathlib.Path(f"/proc/{agent.process.pid}/maps")
    assert "rdkafka" not in maps.read_text()
