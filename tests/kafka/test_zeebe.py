"""A real broker of Zeebe, 1.3.6, as a unit: one of those that answer at their own paths with 204 and 503."""

import pytest

from lib.container import TREE
from lib.kinds import SYSTEMS

pytestmark = pytest.mark.xdist_group("zeebe")

BROKER = "zeebe-broker.service"

# It takes 20 s to be well, on two idle cores; other tests may be busy on them.
STORY_TIMEOUT = 180

QUICK = """[defaults]
interval = 1s
retry_interval = 500ms
timeout = 5s
failures = 2
sustain = 2s
"""


@pytest.fixture(scope="module")
def watched(booted_zeebe):
    """Watched since it was started, with the section of conf/examples, and healthy."""
    example = (TREE / "conf/examples/zeebe.conf").read_text()
    booted_zeebe.run("connect-watchdogctl", "authorize", BROKER)
    booted_zeebe.mark()
    booted_zeebe.agent.start(QUICK + example[:example.index("[worker zeebe-gateway]")])
    booted_zeebe.agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="healthy")
    return booted_zeebe


def test_its_start_is_no_incident(watched):
    """Although it calls itself unhealthy for some time after it is ready."""
    assert not watched.agent.events("incident-opened", "cannot-tell")


def test_it_answers_as_recorded(watched):
    paths = SYSTEMS["zeebe-broker-old"].paths
    expected = {path: (healthy[0], healthy[2]) for path, (healthy, *_) in paths.items()}
    assert {path: watched.http(f"http://127.0.0.1:9600{path}") for path in paths} == expected
    none = SYSTEMS["zeebe-broker-old"].absent
    for path in SYSTEMS["zeebe-broker"].paths:
        if path not in paths:
            assert watched.http(f"http://127.0.0.1:9600{path}") == (none[0], none[2]), path


def test_a_hung_one_is_restarted_once_and_well_again(watched):
    watched.mark()
    watched.signal(BROKER, "SIGSTOP")
    watched.agent.wait_for("incident-closed", STORY_TIMEOUT)
    events = watched.agent.events()
    print("\n".join(entry["MESSAGE"] for entry in watched.journal("connect-watchdog.service")))
    assert [event for event in events if event != "state-changed"] == [
        "incident-opened", "evidence", "restart-requested", "restart-done", "incident-closed"]
    assert len(watched.invocations(BROKER)) == 1
    assert watched.http("http://127.0.0.1:9600/health") == (204, "")
