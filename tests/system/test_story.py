"""The main job, with real units: a worker hangs, is found, is restarted, recovers; what the journal makes of it; and
failures that are no reason to restart."""

import pytest

from lib.agent import STANDIN, UNIT, worker

# From the first failing poll: the verdict, the restart, the span of health that closes the incident; on busy cores.
STORY_TIMEOUT = 30


def test_as_shipped_it_is_ready_watches_nothing_and_harms_nothing(container, agent):
    agent.start("")
    assert container.is_active(UNIT)
    assert agent.events("no-worker") == ["no-worker"]
    status = container.systemctl("status", UNIT).stdout
    assert f'Status: "{agent.status()}"' in status
    assert agent.status() == "watching nothing: no worker configured; see connect-watchdog.conf(5)"


# --- one story, told to its end, and what is left of it -------------------------------------------------------------


@pytest.fixture(scope="module")
def story(booted):
    """A worker hangs so that its threads can still be dumped; everything that is told from the agent's start on."""
    standin, agent = booted.standin, booted.agent
    standin.start()
    before = standin.invocation(), standin.main_pid()
    # With a timeout about which there is nothing to warn; two failing polls, for the sake of our time.
    agent.watch(timeout="11s", failures="2", thread_dump="yes", thread_dump_interval="1s")
    standin.mode("hang")
    closed = agent.wait_for("incident-closed", 2 * 11 + STORY_TIMEOUT)
    told = {
        "before": before,
        "after": (standin.invocation(), standin.main_pid()),
        "healthy": standin.is_healthy(),
        "status": agent.status(),
        "cat": booted.journal_cat(UNIT),
        "explained": booted.journalctl("-x", "-u", UNIT),
        "entries": [entry for entry in booted.journal(UNIT) if entry.get("_SYSTEMD_UNIT") == UNIT],
        "incident": closed["CONNECT_WATCHDOG_INCIDENT"],
        "incident_cat": booted.journalctl("-o", "cat", f"CONNECT_WATCHDOG_INCIDENT={closed['CONNECT_WATCHDOG_INCIDENT']}"),
        "worker_journal": booted.journal_cat(STANDIN),
        "starts": booted.invocations(STANDIN),
    }
    agent.stop()
    return told


pytestmark_story = pytest.mark.xdist_group("story")


@pytestmark_story
def test_a_hung_worker_is_restarted_once_and_recovers(story):
    assert story["healthy"]
    assert story["starts"] == [story["after"][0]]
    assert story["before"][0] != story["after"][0] and story["before"][1] != story["after"][1]
    assert story["status"] == "1 worker: 1 healthy"


@pytestmark_story
def test_the_journal_of_the_story_has_at_most_twelve_lines(story):
    print(story["cat"])
    # What the agent finds to say of its configuration at its start is no part of it.
    lines = [line for line in story["cat"].splitlines() if "but no requires: nothing would keep" not in line]
    assert len(lines) <= 12, "\n" + story["cat"]


@pytestmark_story
def test_the_incident_tells_the_same_story_alone(story):
    told = [entry["CONNECT_WATCHDOG_EVENT"] for entry in story["entries"] if "CONNECT_WATCHDOG_INCIDENT" in entry]
    assert told == ["incident-opened", "state-changed", "evidence", "restart-requested", "restart-done", "state-changed", "incident-closed"]
    of_it = [entry["MESSAGE"] for entry in story["entries"] if entry.get("CONNECT_WATCHDOG_INCIDENT") == story["incident"]]
    assert story["incident_cat"].splitlines() == of_it
    assert len(of_it) == len(told)


@pytestmark_story
def test_each_entry_carries_its_fields(story):
    for entry in story["entries"]:
        assert entry["CONNECT_WATCHDOG_EVENT"] and entry["MESSAGE_ID"], entry
        if "CONNECT_WATCHDOG_INCIDENT" in entry:
            assert entry["CONNECT_WATCHDOG_WORKER"] == "connect-a"
            assert entry["CONNECT_WATCHDOG_UNIT"] == STANDIN
            assert entry["CONNECT_WATCHDOG_STATE"]


@pytestmark_story
def test_journalctl_x_explains_each_entry(story):
    """With the entry's own fields filled in where the text asks for them."""
    assert story["explained"].count("Defined-By: connect-watchdog") == len(story["entries"])
    assert "Subject: Worker connect-a has recovered" in story["explained"]
    assert "@CONNECT_WATCHDOG_" not in story["explained"]


@pytestmark_story
def test_two_thread_dumps_are_in_the_evidence(story):
    assert story["worker_journal"].count("Full thread dump") == 2
    evidence, = [entry for entry in story["entries"] if entry["CONNECT_WATCHDOG_EVENT"] == "evidence"]
    assert evidence["CONNECT_WATCHDOG_THREAD_DUMP"].count("Full thread dump") == 2
    assert "StandinSourceConnector.taskConfigs" in evidence["MESSAGE"], "the thread that is stuck, in the message itself"


@pytestmark_story
def test_the_units_last_lines_are_in_the_evidence(story):
    """Its own and systemd's, from before the thread dumps."""
    evidence, = [entry for entry in story["entries"] if entry["CONNECT_WATCHDOG_EVENT"] == "evidence"]
    lines = evidence["CONNECT_WATCHDOG_UNIT_LOG"].splitlines()
    assert 1 <= len(lines) <= 50
    # What ran in this container before has left dumps of its own.
    started = max(i for i, line in enumerate(lines) if line[9:].startswith("Started "))
    assert not any("Full thread dump" in line for line in lines[started:]), lines


# --- others ---------------------------------------------------------------------------------------------------------


def test_a_stopped_process_is_restarted_once_without_a_dump(container, agent, standin):
    pid = standin.main_pid()
    agent.watch(thread_dump="yes", thread_dump_interval="500ms")
    container.signal(STANDIN, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert standin.is_healthy() and standin.main_pid() != pid
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1
    assert "no thread dump" in agent.wait_for("evidence", 1)["MESSAGE"]


def test_a_worker_that_names_its_stage_is_quoted(container, agent, standin):
    standin.start("--tick-timeout 0.2")
    agent.watch()
    standin.mode("hang-tick orders-sink")
    entry = agent.wait_for("state-changed", STORY_TIMEOUT, CONNECT_WATCHDOG_STATE="unhealthy")
    assert entry["CONNECT_WATCHDOG_STAGE"] == "generating task configs for connector orders-sink"
    assert entry["CONNECT_WATCHDOG_HTTP_STATUS"] == "500"
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDIN)) == 1


def test_a_short_hang_is_no_reason_to_restart(container, agent, standin):
    agent.watch(sustain="8s", successes="1")
    container.signal(STANDIN, "SIGSTOP")
    agent.wait_for("incident-opened", 10)
    container.run("sleep", 3)
    container.signal(STANDIN, "SIGCONT")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert not container.invocations(STANDIN) and not agent.restarts()


def test_a_slow_start_is_no_reason_to_restart(container, agent, standin):
    agent.watch()
    container.mark()
    container.drop_in(STANDIN, '[Service]\nEnvironment="STANDIN_OPTIONS=--refuse-for 4 --ready-after 6 --starting-for 4"\n')
    container.systemctl("restart", STANDIN)
    agent.wait_for("state-changed", 40, CONNECT_WATCHDOG_STATE="healthy")
    assert standin.is_healthy()
    assert len(container.invocations(STANDIN)) == 1, "the administrator's"
    assert not agent.events("incident-opened") and not agent.restarts()


def test_an_admins_restart_is_told_and_counts_anew(container, agent, standin):
    agent.watch(sustain="6s")
    standin.mode("hang")
    agent.wait_for("incident-opened", 10)
    container.systemctl("restart", STANDIN)
    agent.wait_for("unit-restarted", 5)
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert len(container.invocations(STANDIN)) == 1 and not agent.restarts()


def test_of_two_workers_only_the_hung_one_is_restarted(container, agent, standin):
    other = "confluent-kafka-connect.service"
    container.write(f"/etc/systemd/system/{other}", "[Service]\nExecStart=/usr/local/bin/standin-worker"
                    " --listen 127.0.0.1:8084 --mode-file /run/other-mode\n")
    container.systemctl("daemon-reload")
    container.systemctl("start", other)
    container.wait_until(lambda: container.http("http://127.0.0.1:8084/"), 10, "the other worker")
    try:
        container.mark()
        agent.start(worker() + worker("connect-b", url="http://127.0.0.1:8084", unit=other))
        for name in "connect-a", "connect-b":
            agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="healthy", CONNECT_WATCHDOG_WORKER=name)
        container.write("/run/other-mode", "hang")
        closed = agent.wait_for("incident-closed", STORY_TIMEOUT)
        assert closed["CONNECT_WATCHDOG_WORKER"] == "connect-b"
        assert len(container.invocations(other)) == 1 and not container.invocations(STANDIN)
        assert agent.status() == "2 workers: 2 healthy"
    finally:
        agent.stop()
        container.systemctl("stop", other)
