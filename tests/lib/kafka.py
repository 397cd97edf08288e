"""A real broker and a real Kafka Connect as units of a container."""

import json
import subprocess
import tempfile

from .container import TREE, Container

CONNECT = "kafka-connect.service"
STANDALONE = "kafka-connect-standalone.service"
SECOND = "confluent-kafka-connect.service"
BROKER = "kafka.service"
BROKERS = ["kafka@1.service", "kafka@2.service", "kafka@3.service"]
BOOTSTRAP = "127.0.0.1:9192,127.0.0.1:9292,127.0.0.1:9392"

# A topic of the three.
LONELY = "lonely"

# What Connect keeps in Kafka.
INTERNAL_TOPICS = ["connect-configs", "connect-offsets", "connect-status"]

# A worker is healthy within five seconds on two idle cores; other tests may be busy on them.
START_TIMEOUT = 120
# For what must come of it: a verdict, a JVM's stop and start, the span of health that closes an incident.
STORY_TIMEOUT = 150

# Such a JVM may take seconds for an answer.
PATIENT = {"timeout": "5s", "failures": "2"}


def stage(dest, connect_version):
    """Fills dest with units and properties; returns the boot options that go with them."""
    # Maven may have to fetch a hundred jars, and apt a JDK.
    result = subprocess.run([TREE / "tests/kafka/stage", dest, connect_version], stdout=subprocess.PIPE, text=True,
                            timeout=1200, check=True)
    return result.stdout.splitlines()


def boot(suite, install, connect_version, brokers=(BROKER,)):
    """A container with these brokers up; Connect is there and not started."""
    with tempfile.TemporaryDirectory(prefix="connect-watchdog-") as staged:
        options = stage(staged, connect_version)
        # The broker's logs are in memory too.
        container = Container.boot(suite, [*install, staged], ["--size", "3g", *options])
    container.systemctl("start", *brokers)
    return container


def cluster(name="main", **keys):
    """A [kafka] section on short spans; a list stands for a key that is given several times."""
    merged = {"bootstrap": "127.0.0.1:9092", "topics": ", ".join(INTERNAL_TOPICS), "interval": "1s", "timeout": "3s", **keys}
    lines = [f"{key} = {value}" for key, values in merged.items() if values is not None
             for value in (values if isinstance(values, list) else [values])]
    return "\n".join([f"[kafka {name}]", *lines, ""])


class Connect:
    """A worker in a container."""

    def __init__(self, container, unit=CONNECT, port=8083):
        self.container = container
        self.unit = unit
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path="/health", timeout=12):
        """(status, body), or None without an answer. Connect itself takes ten seconds to call itself unhealthy."""
        return self.container.http(self.url + path, timeout)

    def is_healthy(self, timeout=2):
        answer = self.get("/health", timeout)
        return answer is not None and answer[0] == 200

    def answers(self):
        """Like is_healthy, also for versions without /health."""
        answer = self.get("/connectors/none", 2)
        return answer is not None and "none not found" in answer[1]

    def start(self):
        """(Re)starts it and waits until it is at work."""
        self.container.systemctl("reset-failed", self.unit, check=False)
        self.container.systemctl("restart", self.unit)
        self.wait_until_up()

    def wait_until_up(self):
        self.container.wait_until(self.answers, START_TIMEOUT, "Kafka Connect to answer")

    def create(self, name, config):
        status, body = self.container.http(f"{self.url}/connectors/{name}/config", START_TIMEOUT, "PUT", config)
        assert status in (200, 201), body

    def create_blocking(self, name, file):
        """A connector that blocks the tick thread for as long as that file exists in the container."""
        self.create(name, {"connector.class": "BlockingSource", "tasks.max": "1", "block.while": file})

    def create_source(self, name, topic, file, partitions=1):
        """A connector that makes each line of that file a record of the topic, which it creates."""
        self.create(name, {"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": "1",
                           "topic": topic, "file": file, "topic.creation.default.partitions": partitions,
                           "topic.creation.default.replication.factor": -1})

    def delete(self, name):
        self.container.http(f"{self.url}/connectors/{name}", START_TIMEOUT, "DELETE")

    def status(self):
        return json.loads(self.get("/connectors?expand=status")[1])

    def invocation(self):
        return self.container.show(self.unit, "InvocationID")

    def main_pid(self):
        return int(self.container.show(self.unit, "MainPID"))
