"""The systems other than Kafka Connect that can be watched: what a stand-in of each answers, and the unit that runs it.

The answers are those of tests/data; which path gives which of them is as in the systems' own sources, named in
tests/data/README.md.
"""

import json
from typing import NamedTuple

from .container import TREE

MODES = "healthy", "starting", "failing"


def recorded(name):
    """A file of tests/data as the stand-in takes answers."""
    head, _, body = (TREE / "tests/data" / name).read_text().partition("\n")
    status, _, content_type = head.split(" ", 5)[5].partition(" ")
    return [int(status), {"Content-Type": content_type} if content_type else {}, body]


def of_json(status, value):
    return [status, {"Content-Type": "application/json"}, json.dumps(value)]


def moved(status, path):
    return [status, {"Location": path}, ""]


def always(answer):
    return [answer] * len(MODES)


def each(directory, *names):
    """One recorded answer for each mode."""
    return [recorded(f"{directory}/{name}") for name in names]


class System(NamedTuple):
    """paths: an answer for each mode; failing: the mode in which it fails; told: a pattern of what is told of that."""
    kind: str
    port: int
    runtime: str
    paths: dict
    absent: list
    failing: str
    told: str
    starting_for: float = 1


BROKER_STARTUP = each("zeebe-broker", "startup-up.ask", "startup-down.starting-up", "startup-up.ask")
BROKER_READINESS = each("zeebe-broker", "status-up.healthy", *["readiness-down.not-ready-yet"] * 2)
BROKER_STATUS = each("zeebe-broker", "status-up.healthy", *["status-down-but-live.degraded"] * 2)
NO_SUCH_GROUP = recorded("zeebe-broker/no-actuator.ask")

SYSTEMS = {
    # Today's: the older paths lead to the newer ones.
    "zeebe-broker": System("zeebe-broker", 9600, "jvm", {
        "/actuator/health/startup": BROKER_STARTUP,
        "/actuator/health/readiness": BROKER_READINESS,
        "/actuator/health/liveness": each("zeebe-broker", "liveness-up.ask", *["liveness-not-ready.unhealthy"] * 2),
        "/actuator/health/status": BROKER_STATUS,
        "/startup": always(moved(301, "/actuator/health/startup")),
        "/ready": always(moved(301, "/actuator/health/readiness")),
        "/health": always(moved(301, "/actuator/health/status")),
    }, NO_SUCH_GROUP, "failing", r"says that it is down \(HTTP 503 .*DOWN: brokerReady DOWN\)"),
    "zeebe-gateway": System("zeebe-gateway", 9601, "jvm", {
        "/actuator/health/startup": BROKER_STARTUP,
        "/actuator/health/liveness": each("zeebe-gateway", "1.3.6-liveness.ask", "1.3.6-alone-liveness.not-ready-yet",
                                          "liveness-down.unhealthy"),
        "/actuator/health": each("zeebe-gateway", "1.3.6-health.healthy", *["1.3.6-broker-killed-health.degraded"] * 2),
    }, NO_SUCH_GROUP, "failing", r"says that it is down \(HTTP 503 .*DOWN: livenessGatewayPartitionLeaderAwareness DOWN\)"),
    # Between the oldest and today's: without a group "status", so that the older paths and what they lead to count.
    "zeebe-broker-308": System("zeebe-broker", 9602, "jvm", {
        "/actuator/health/startup": BROKER_STARTUP,
        "/actuator/health/readiness": BROKER_READINESS,
        "/actuator/health/liveness": BROKER_STATUS,
        "/startup": always(moved(308, "/actuator/health/startup")),
        "/ready": always(moved(308, "/actuator/health/readiness")),
        "/health": always(moved(308, "/actuator/health/liveness")),
    }, NO_SUCH_GROUP, "failing", r"says that it is down \(HTTP 503 "),
    "zeebe-broker-old": System("zeebe-broker", 9603, "jvm", {
        "/startup": each("zeebe-broker", "1.3.6-startup.ask", "1.3.6-startup.starting-up", "1.3.6-startup.ask"),
        "/ready": each("zeebe-broker", "1.3.6-ready.ask", *["1.3.6-ready.not-ready-yet"] * 2),
        "/health": each("zeebe-broker", "1.3.6-health.healthy", *["1.3.6-health.unhealthy"] * 2),
    }, recorded("zeebe-broker/1.3.6-actuator-status.ask"), "failing", r"says that it is down \(HTTP 503 "),
    # It has no answer that says that it fails.
    "krakend": System("krakend", 8080, "go", {
        "/__health": always(of_json(200, {"agents": {"orders": "@NOW@"}, "now": "@NOW@", "status": "ok"})),
    }, recorded("krakend/moved.not-found"), "hang", "did not answer within the timeout"),
    # As in conf/examples/http.conf.
    "orders": System("http", 9000, "node", {
        "/healthz": [of_json(200, {"status": "up", "cache": "warm"}), of_json(503, {"status": "starting"}),
                     of_json(200, {"status": "down", "cache": "warm"})],
    }, recorded("http/gone.not-found"), "failing", "answers, but not with what is expected of it"),
    # Its API has no liveness, its other processes have nothing else. Polled every 30 s, so they had better be up at once.
    "backbeat-api": System("backbeat", 8900, "node", {
        "/_/healthcheck": each("backbeat", "documented.healthy", "zookeeper-lost.degraded", "metadata-error.server-error"),
    }, recorded("backbeat/no-live.ask"), "failing", r"answered with a server error \(HTTP 500 ", 0),
    "backbeat-processor": System("backbeat", 8901, "node", {
        "/_/live": each("backbeat", "live.ask", *["not-live-503.unhealthy"] * 2),
    }, recorded("backbeat/no-live.ask"), "failing", "says that it is not live", 0),
}


class StandinSystem:
    """A stand-in of one of SYSTEMS as the unit NAME.service of a container."""

    def __init__(self, container, name):
        self.container = container
        self.name = name
        self.unit = f"{name}.service"
        self.system = SYSTEMS[name]
        self.mode_file = f"/run/standin-{name}"
        self.answers = f"/usr/local/share/standin/{name}.json"

    def install(self):
        answers = {mode: {path: per_mode[i] for path, per_mode in self.system.paths.items()} | {"*": self.system.absent}
                   for i, mode in enumerate(MODES)}
        self.container.write(self.answers, json.dumps(answers))
        self.container.write(f"/etc/systemd/system/{self.unit}", f"""[Unit]
Description={self.name} (stand-in)
[Service]
ExecStart=/usr/local/bin/standin-worker --listen 127.0.0.1:{self.system.port} --mode-file {self.mode_file} \\
        --answers {self.answers} --runtime {self.system.runtime} --starting-for {self.system.starting_for}
""")

    def remove(self):
        self.container.sh(f"rm -f /etc/systemd/system/{self.unit} {self.answers} {self.mode_file}")

    def fail(self):
        self.container.write(self.mode_file, self.system.failing)
