"""A real broker and a real gateway of Zeebe, 1.3.6, as units: the broker is one of those that answer at their own paths with
204 and 503, the gateway has Spring's health."""

import pytest

from lib.agent import UNIT
from lib.container import TREE
from lib.kinds import SYSTEMS

pytestmark = pytest.mark.xdist_group("zeebe")

BROKER = "zeebe-broker.service"
GATEWAY = "zeebe-gateway.service"

# The broker takes 20 s to be well, on two idle cores; other tests may be busy on them.
STORY_TIMEOUT = 180

# A broker that is away for less than ten seconds would not be missed by the gateway.
QUICK = """[defaults]
interval = 1s
retry_interval = 500ms
timeout = 5s
failures = 2
sustain = 10s
"""


def wait_for_state(container, worker, state):
    return container.agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER=worker, CONNECT_WATCHDOG_STATE=state)


def told(container, worker):
    """The names of the events of a worker, but for its states."""
    entries = container.journal(UNIT, f"CONNECT_WATCHDOG_WORKER={worker}")
    print("\n".join(entry["MESSAGE"] for entry in entries))
    return [entry["CONNECT_WATCHDOG_EVENT"] for entry in entries if entry["CONNECT_WATCHDOG_EVENT"] != "state-changed"]


@pytest.fixture(scope="module")
def watched(booted_zeebe):
    """Both watched since they were started, the broker after the gateway, with conf/examples; and healthy."""
    container = booted_zeebe
    container.run("connect-watchdogctl", "authorize", BROKER, GATEWAY)
    container.mark()
    container.agent.start(QUICK + (TREE / "conf/examples/zeebe.conf").read_text() + "action = restart\n")
    container.wait_until(lambda: container.http("http://127.0.0.1:9601/actuator/health/startup") == (200, '{"status":"UP"}'),
                         STORY_TIMEOUT, "the gateway to start")
    container.systemctl("start", BROKER)
    for worker in "zeebe-gateway", "zeebe-broker":
        wait_for_state(container, worker, "healthy")
    return container


def test_their_start_is_no_incident(watched):
    """Although the gateway is not live before it has met a broker, and the broker not healthy for some time after it is
    ready."""
    assert told(watched, "zeebe-broker") == told(watched, "zeebe-gateway") == ["watching"]


def test_the_broker_answers_as_recorded(watched):
    paths, none = SYSTEMS["zeebe-broker-old"].paths, SYSTEMS["zeebe-broker-old"].absent
    expected = {path: (healthy[0], healthy[2]) for path, (healthy, *_) in paths.items()}
    expected |= {path: (none[0], none[2]) for path in SYSTEMS["zeebe-broker"].paths if path not in paths}
    assert {path: watched.http(f"http://127.0.0.1:9600{path}") for path in expected} == expected


def test_a_hung_broker_is_restarted_and_its_gateway_is_not(watched):
    watched.mark()
    watched.signal(BROKER, "SIGSTOP")
    degraded = wait_for_state(watched, "zeebe-gateway", "degraded")
    assert "gatewayClusterAwareness DOWN" in degraded["MESSAGE"]
    watched.agent.wait_for("incident-closed", STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER="zeebe-broker")
    wait_for_state(watched, "zeebe-gateway", "healthy")
    assert told(watched, "zeebe-broker") == ["incident-opened", "evidence", "restart-requested", "restart-done", "incident-closed"]
    assert told(watched, "zeebe-gateway") == []
    assert len(watched.invocations(BROKER)) == 1 and not watched.invocations(GATEWAY)
