"""A real broker and a real Kafka Connect as units of a container."""

import json
import subprocess
import tempfile

from .container import TREE, Container

CONNECT = "kafka-connect.service"
STANDALONE = "kafka-connect-standalone.service"
BROKER = "kafka.service"
REST = "http://127.0.0.1:8083"

# A worker is healthy within five seconds on two idle cores; other tests may be busy on them.
START_TIMEOUT = 90


def stage(dest, connect_version):
    """Fills dest with units and properties; returns the boot options that go with them."""
    # Maven may have to fetch a hundred jars, and apt a JDK.
    result = subprocess.run([TREE / "tests/kafka/stage", dest, connect_version], stdout=subprocess.PIPE, text=True,
                            timeout=1200, check=True)
    return result.stdout.splitlines()


def boot(suite, install, connect_version):
    """A container with the broker up; Connect is there and not started."""
    with tempfile.TemporaryDirectory(prefix="connect-watchdog-") as staged:
        options = stage(staged, connect_version)
        # The broker's logs are in memory too.
        container = Container.boot(suite, [*install, staged], ["--size", "3g", *options])
    container.systemctl("start", BROKER)
    return container


class Connect:
    """The worker of one container."""

    def __init__(self, container, unit=CONNECT):
        self.container = container
        self.unit = unit

    def get(self, path="/health", timeout=12):
        """(status, body), or None without an answer. Connect itself takes ten seconds to call itself unhealthy."""
        return self.container.http(REST + path, timeout)

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
        status, body = self.container.http(f"{REST}/connectors/{name}/config", 30, "PUT", config)
        assert status in (200, 201), body

    def create_blocking(self, name, file):
        """A connector that blocks the tick thread for as long as that file exists in the container."""
        self.create(name, {"connector.class": "BlockingSource", "tasks.max": "1", "block.while": file})

    def delete(self, name):
        self.container.http(f"{REST}/connectors/{name}", 30, "DELETE")

    def status(self):
        return json.loads(self.get("/connectors?expand=status")[1])

    def invocation(self):
        return self.container.show(self.unit, "InvocationID")

    def main_pid(self):
        return int(self.container.show(self.unit, "MainPID"))
