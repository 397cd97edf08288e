"""The main job, with real units: a worker hangs, is found, is restarted, recovers; and what must not be restarted."""

import json

from lib.agent import STANDIN, UNIT, worker

# From the first failing poll: three polls and three seconds to the verdict, the restart, three seconds of health.
STORY_TIMEOUT = 30


def incident_of(entry):
    return entry["CONNECT_WATCHDOG_INCIDENT"]


def hang_and_recover(agent, standin):
    """Lets the whole story happen; returns its incident."""
    standin.mode("hang")
    return incident_of(agent.wait_for("incident-closed", STORY_TIMEOUT))


def watched_and_healthy(agent, **keys):
    agent.start(worker(**keys))
    agent.wait_for("state-changed", 10, CONNECT_WATCHDOG_STATE="healthy")


def test_as_shipped_it_is_ready_watches_nothing_and_harms_nothing(container, agent):
    agent.start("")
    assert container.is_active(UNIT)
    assert container.systemctl("is-failed", UNIT, check=False).stdout.strip() == "active"
    assert agent.events("no-worker")
    assert agent.status() != ""


def test_a_hung_worker_is_restarted_once_and_recovers(container, agent, standin):
    invocation, pid = standin.invocation(), standin.main_pid()
    watched_and_healthy(agent)
    hang_and_recover(agent, standin)
    assert standin.get("/health")[0] == 200
    assert standin.invocation() != invocation and standin.main_pid() != pid
    assert agent.events("restart-requested", "restart-done", "restart-failed") == ["restart-requested", "restart-done"]


def test_a_stopped_process_is_restarted_too(container, agent, standin):
    watched_and_healthy(agent)
    container.signal(STANDIN, "SIGSTOP")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert standin.get("/health")[0] == 200


def test_the_journal_of_the_story_has_at_most_twelve_lines(container, agent, standin):
    # With a timeout that it has no word to say about, as below ten seconds.
    watched_and_healthy(agent, timeout="11s")
    standin.mode("hang")
    agent.wait_for("incident-closed", 3 * 11 + STORY_TIMEOUT)
    lines = container.journal_cat(UNIT).splitlines()
    assert len(lines) <= 12, "\n".join(lines)


def test_the_incident_tells_the_same_story_alone(container, agent, standin):
    watched_and_healthy(agent)
    incident = hang_and_recover(agent, standin)
    told = [entry["CONNECT_WATCHDOG_EVENT"] for entry in container.journal(None, f"CONNECT_WATCHDOG_INCIDENT={incident}")]
    assert told[0] == "incident-opened" and told[-1] == "incident-closed"
    assert {"evidence", "restart-requested", "restart-done"} <= set(told)


def test_each_entry_carries_its_fields_and_is_explained(container, agent, standin):
    watched_and_healthy(agent)
    hang_and_recover(agent, standin)
    entries = [entry for entry in container.journal(UNIT) if entry.get("_SYSTEMD_UNIT") == UNIT]
    assert entries
    for entry in entries:
        assert entry.get("CONNECT_WATCHDOG_EVENT"), entry
        catalog = container.run("journalctl", "--dump-catalog", entry["MESSAGE_ID"]).stdout
        assert "Subject:" in catalog, entry["CONNECT_WATCHDOG_EVENT"]
        if "CONNECT_WATCHDOG_INCIDENT" in entry:
            assert entry["CONNECT_WATCHDOG_WORKER"] == "connect-a"
            assert entry["CONNECT_WATCHDOG_UNIT"] == STANDIN


def test_two_thread_dumps_are_gathered_before_the_restart(container, agent, standin):
    watched_and_healthy(agent, thread_dump="yes", thread_dump_interval="1s")
    hang_and_recover(agent, standin)
    dumps = container.journal_cat(STANDIN).count("Full thread dump")
    assert dumps == 2
    evidence = json.dumps(container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=evidence"))
    assert "DistributedHerder-connect-" in evidence, "the lines of the dump are copied from the unit's journal"


def test_a_worker_that_may_only_be_alerted_about_is_left_alone(container, agent, standin):
    pid = standin.main_pid()
    watched_and_healthy(agent, action="alert")
    standin.mode("hang")
    agent.wait_for("would-restart", STORY_TIMEOUT)
    standin.mode("healthy")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert standin.main_pid() == pid
    assert not agent.events("restart-requested")
    assert "Full thread dump" not in container.journal_cat(STANDIN), "and no signal is sent to it"


def test_a_short_hang_is_no_reason_to_restart(container, agent, standin):
    pid = standin.main_pid()
    watched_and_healthy(agent, sustain="15s")
    container.signal(STANDIN, "SIGSTOP")
    agent.wait_for("incident-opened", 10)
    container.signal(STANDIN, "SIGCONT")
    agent.wait_for("incident-closed", 40)
    assert standin.main_pid() == pid
    assert not agent.events("restart-requested")


def test_a_slow_start_is_no_reason_to_restart(container, agent, standin):
    watched_and_healthy(agent)
    standin.start("--refuse-for 6 --ready-after 9 --starting-for 6")
    agent.wait_for("state-changed", 40, CONNECT_WATCHDOG_STATE="healthy", CONNECT_WATCHDOG_OUTCOME="ok")
    container.wait_until(lambda: (standin.get("/health") or (0,))[0] == 200, 40, "the slow start to end")
    assert not agent.events("restart-requested")


def test_a_unit_that_was_stopped_stays_stopped(container, agent, standin):
    watched_and_healthy(agent)
    container.systemctl("stop", STANDIN)
    agent.wait_for("state-changed", 15, CONNECT_WATCHDOG_STATE="stopped")
    container.run("sleep", "8")
    assert container.show(STANDIN, "MainPID") == "0"
    assert not agent.events("restart-requested")


def test_a_unit_that_crashed_is_revived(container, agent, standin):
    watched_and_healthy(agent)
    container.signal(STANDIN, "SIGKILL")
    agent.wait_for("restart-done", STORY_TIMEOUT)
    container.wait_until(lambda: (standin.get("/health") or (0,))[0] == 200, 10, "the revived worker to answer")


def test_the_budget_ends_and_says_so(container, agent, standin):
    watched_and_healthy(agent, restart_limit="2", backoff_max="1s")
    standin.mode("always hang")
    agent.wait_for("exhausted", 90)
    assert agent.events("restart-requested") == ["restart-requested"] * 2
    assert container.is_active(STANDIN)


def test_our_restarts_never_spend_the_units_own_start_limit(container, agent, standin):
    standin.start(unit_settings="[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=10min")
    watched_and_healthy(agent, restart_limit="3", backoff_max="1s")
    standin.mode("always hang")
    agent.wait_for("exhausted", 90)
    assert container.is_active(STANDIN)
    assert agent.events("restart-done") == ["restart-done"] * 3
