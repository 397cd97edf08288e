"""Systems other than Kafka Connect, each through ok, failing, restart and ok again as a real unit, with its file of
conf/examples. One agent watches all of them at once."""

import json
import re

import pytest

from lib.agent import UNIT
from lib.container import TREE
from lib.kinds import SYSTEMS, StandinSystem

pytestmark = pytest.mark.xdist_group("kinds")

STORY = ["incident-opened", "evidence", "restart-requested", "restart-done", "incident-closed"]
STORY_TIMEOUT = 120

QUICK = """[defaults]
interval = 1s
retry_interval = 500ms
timeout = 2s
failures = 2
sustain = 2s
thread_dump = yes
thread_dump_interval = 200ms
"""

# As often as it may be polled.
BACKBEAT_QUICK = """interval = {interval}s
retry_interval = 30s
failures = 1
successes = 1
sustain = 100ms
sustain_kafka = 100ms
"""

# A worker without a unit: nothing is known of it but its answers.
FROM_AFAR = "krakend-from-afar"


def example(name):
    return (TREE / "conf/examples" / f"{name}.conf").read_text()


def second(name, like):
    """A section for a form of a system that the examples do not have."""
    system = SYSTEMS[name]
    return f"[worker {name}]\nkind = {like}\nunit = {name}.service\nurl = http://127.0.0.1:{system.port}\naction = restart\n"


def adapted(backbeat_interval):
    """The examples, on spans of seconds. There is no Kafka here for Backbeat to require."""
    backbeat_quick = BACKBEAT_QUICK.format(interval=backbeat_interval)
    backbeat = example("backbeat")
    return "\n".join([
        QUICK,
        example("zeebe") + "action = restart\n",
        second("zeebe-broker-308", "zeebe-broker"),
        second("zeebe-broker-old", "zeebe-broker"),
        example("krakend"),
        f"[worker {FROM_AFAR}]\nkind = krakend\nurl = http://127.0.0.1:{SYSTEMS['krakend'].port}\n",
        example("http").replace("sustain = 1min\n", ""),
        backbeat[backbeat.index("[worker backbeat-api]"):].replace("requires = zenko\n", "") + backbeat_quick,
        second("backbeat-processor", "backbeat") + backbeat_quick,
    ])


class Watched:
    """All of SYSTEMS in a container, watched by its agent."""

    def __init__(self, container):
        self.container = container
        self.agent = container.agent
        self.systems = [StandinSystem(container, name) for name in SYSTEMS]
        self.units = [system.unit for system in self.systems]
        self.backbeat_interval = 30

    def start(self):
        for system in self.systems:
            system.install()
        self.container.systemctl("daemon-reload")
        self.container.systemctl("start", *self.units)
        self.container.run("connect-watchdogctl", "authorize", *self.units)
        self.container.mark()
        self.agent.start(adapted(self.backbeat_interval))
        for system in self.systems:
            self.wait_for("state-changed", system.name, CONNECT_WATCHDOG_STATE="healthy")

    def stop(self):
        self.agent.stop()
        self.container.systemctl("stop", *self.units)
        self.container.run("connect-watchdogctl", "authorize", "--revoke", *self.units)
        for system in self.systems:
            system.remove()
        self.container.systemctl("daemon-reload")

    def wait_for(self, event, name, **fields):
        return self.agent.wait_for(event, STORY_TIMEOUT, CONNECT_WATCHDOG_WORKER=name, **fields)

    def wait_until_closed(self, name):
        def closed():
            if self.told(name, "incident-closed"):
                return True
            if SYSTEMS[name].kind == "backbeat":
                self.poll_backbeat()
            return False

        self.container.wait_until(closed, STORY_TIMEOUT, f"the end of the incident of {name}")

    def poll_backbeat(self):
        """Every 30 s is its minimum; but who gets another interval is polled at once."""
        self.backbeat_interval += 1
        self.agent.reload(adapted(self.backbeat_interval))

    def told(self, name, *events):
        """What the agent has told of one worker."""
        entries = self.container.journal(UNIT, f"CONNECT_WATCHDOG_WORKER={name}",
                                         *(f"CONNECT_WATCHDOG_EVENT={event}" for event in events))
        return [entry for entry in entries if "CONNECT_WATCHDOG_EVENT" in entry]


@pytest.fixture(scope="module")
def watched(booted):
    """All are healthy, and begin to fail."""
    everything = Watched(booted)
    everything.start()
    for system in everything.systems:
        system.fail()
    everything.poll_backbeat()
    yield everything
    everything.stop()


@pytest.fixture(params=SYSTEMS)
def closed(watched, request):
    """The name of a system whose incident is over."""
    watched.wait_until_closed(request.param)
    return request.param


def test_it_is_restarted_once_and_well_again(watched, closed):
    told = [entry for entry in watched.told(closed) if "CONNECT_WATCHDOG_INCIDENT" in entry]
    print("\n".join(entry["MESSAGE"] for entry in told))
    events = [entry["CONNECT_WATCHDOG_EVENT"] for entry in told]
    assert [event for event in events if event not in ("state-changed", "watching")] == STORY
    assert len({entry["CONNECT_WATCHDOG_INCIDENT"] for entry in told}) == 1
    assert {entry["CONNECT_WATCHDOG_UNIT"] for entry in told} == {f"{closed}.service"}
    assert len(watched.container.invocations(f"{closed}.service")) == 1


def test_what_is_told_speaks_of_that_system(watched, closed):
    opened, = watched.told(closed, "incident-opened")
    assert re.search(SYSTEMS[closed].told, opened["MESSAGE"])
    said = "\n".join(entry["MESSAGE"] for entry in watched.told(closed))
    assert not re.search("connector|Kafka Connect|herder", said, re.IGNORECASE)
    explained = watched.container.journalctl("-x", f"CONNECT_WATCHDOG_WORKER={closed}")
    assert f"Subject: Worker {closed} has recovered" in explained and "connector" not in explained


def test_its_own_words_are_in_the_evidence_and_only_a_jvm_is_asked_for_its_threads(watched, closed):
    evidence, = watched.told(closed, "evidence")
    assert f"The stand-in is listening on 127.0.0.1:{SYSTEMS[closed].port}" in evidence["CONNECT_WATCHDOG_UNIT_LOG"]
    own_words = watched.container.journal_cat(f"{closed}.service")
    if SYSTEMS[closed].runtime == "jvm":
        assert own_words.count("Full thread dump") == 2
        assert evidence["CONNECT_WATCHDOG_THREAD_DUMP"].count("zb-actors-0") == 2
    else:
        assert f"no thread dump: a worker of kind {SYSTEMS[closed].kind} is no JVM" in evidence["MESSAGE"]
        assert "CONNECT_WATCHDOG_THREAD_DUMP" not in evidence
        assert "SIGQUIT" not in own_words and "code=" not in own_words


def test_a_process_whose_clock_goes_back_was_started_anew(watched):
    """KrakenD tells how long it has been running; of a worker without a unit nothing else says so."""
    def age():
        health = watched.container.http(f"http://127.0.0.1:{SYSTEMS['krakend'].port}/__health")
        return float(json.loads(health[1])["now"].rpartition(" m=+")[2]) if health else 0

    watched.wait_until_closed("krakend")
    # Older than the next one will be when it is asked for the first time.
    watched.container.wait_until(lambda: age() > 10, STORY_TIMEOUT, "a clock that can go back")
    before = len(watched.told(FROM_AFAR, "unit-restarted"))
    watched.container.systemctl("restart", "krakend.service")
    watched.container.wait_until(lambda: len(watched.told(FROM_AFAR, "unit-restarted")) > before, STORY_TIMEOUT,
                                 "word of the restart")
    assert "its process was started anew" in watched.told(FROM_AFAR, "unit-restarted")[-1]["MESSAGE"]
    assert not watched.told(FROM_AFAR, "restart-requested")
