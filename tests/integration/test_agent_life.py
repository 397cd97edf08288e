"""Start, readiness, status, watchdog, the end: what systemd is told of the agent, and when."""

import re
import signal
import subprocess
import time

import pytest

from harness import BINARY, UNIT, ini, until
from http_server import WorkerServer


def test_ready_follows_the_first_poll_of_every_worker(agent, worker, bus):
    with WorkerServer("hang") as silent:
        agent.configure({"a": {"url": worker.url, "unit": UNIT}, "b": {"url": silent.url}})
        agent.start()
        worker.wait_for_requests(1)
        silent.wait_for_requests(1)
        # No answer was waited for.
        assert not agent.journal.select("incident-opened", worker="b")


def test_not_ready_while_the_unit_of_a_first_poll_is_not_read(agent, worker, bus):
    """A start can be told from an outage only with the unit's state: the first poll waits for it, for two seconds."""
    bus.do("answer", method="GetAll", never=True)
    agent.configure({"a": {"url": worker.url, "unit": UNIT}})
    agent.start(ready=False)
    agent.expect("watching")
    ready, _ = agent.notify.expect("READY")
    assert ready - agent.journal.items[0].time > 1.5
    worker.wait_for_requests(1)


def test_status_is_one_sentence_and_follows_what_happens(agent, worker):
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT}}, sustain="1min", sustain_kafka="1min")
    agent.start()
    agent.notify.status(r"^1 worker: 1 healthy$")
    worker.mode = "reset"
    agent.notify.status(r"^1 worker: 1 suspect \(connect-a, \d+(st|nd|rd|th) failure( \d+s ago)?\)$")
    worker.mode = "ok"
    n = len(agent.notify.of("STATUS"))
    agent.notify.wait(lambda _: any(v == "1 worker: 1 healthy" for _, v in agent.notify.of("STATUS")[n:]))


def test_status_is_not_repeated(agent, worker):
    agent.configure({"a": {"url": worker.url, "unit": UNIT}}, interval="100ms")
    agent.start()
    agent.notify.status("1 healthy")
    n = len(worker.requests)
    worker.wait_for_requests(n + 10)
    values = [value for _, value in agent.notify.of("STATUS")]
    assert all(a != b for a, b in zip(values, values[1:]))


def test_without_any_worker_it_is_ready_and_harmless(agent, bus):
    agent.config.write_text("[agent]\n")
    agent.start()
    agent.expect("no-worker")
    agent.notify.status("watching nothing: no worker configured")
    agent.reload()
    assert agent.process.poll() is None
    counts = bus.do("counts")
    assert set(counts) <= {"Subscribe"}


def test_started_tells_how_each_worker_is_watched(agent, worker):
    agent.configure({"a": {"url": worker.url, "unit": UNIT, "action": "restart"},
                     "b": {"url": worker.url + "/b"},
                     "c": {"url": worker.url + "/c", "unit": "other.service"}})
    agent.start()
    agent.expect("agent-started")
    said = {name: agent.expect("watching", worker=name).message for name in "abc"}
    assert f"restarts {UNIT} after 2 failing polls" in said["a"]
    assert "can only alert" in said["b"]
    assert "other.service is never restarted" in said["c"]


def test_every_entry_has_its_fields(agent, worker):
    agent.configure({"a": {"url": worker.url, "unit": UNIT, "action": "restart"}})
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.stage = "generating task configs for connector scripted"
    worker.mode = "unhealthy"
    agent.expect("restart-requested")
    worker.mode = "ok"
    agent.expect("incident-closed")
    for entry in agent.journal.items:
        assert re.fullmatch("[0-9a-f]{32}", entry["MESSAGE_ID"])
        assert entry["PRIORITY"] in "234567"
        assert entry["SYSLOG_IDENTIFIER"] == "connect-watchdog"
        assert entry.name and "\n" not in entry.message
        assert not [key for key in entry if not re.fullmatch("[A-Z][A-Z0-9_]*", key)]
    unhealthy = agent.expect("state-changed", state="unhealthy")
    assert unhealthy["PRIORITY"] == "3"
    assert unhealthy.field("worker") == "a" and unhealthy.field("unit") == UNIT
    assert unhealthy.field("outcome") == "failing" and unhealthy.field("reason") == "unhealthy"
    assert unhealthy.field("http_status") == "500" and int(unhealthy.field("latency_usec")) >= 0
    assert unhealthy.field("stage") == worker.stage and unhealthy.field("connector") == "scripted"
    assert int(unhealthy.field("failures")) >= 2


def test_watchdog_is_fed_while_polls_are_on_schedule_even_when_each_times_out(agent):
    with WorkerServer("hang") as silent:
        agent.configure({"a": {"url": silent.url}})
        agent.environment["WATCHDOG_USEC"] = "300000"
        agent.start()
        silent.wait_for_requests(3)
        assert len(agent.notify.of("WATCHDOG")) >= 6


def test_without_watchdog_nothing_is_fed(agent, worker):
    agent.configure({"a": {"url": worker.url}})
    agent.environment["WATCHDOG_USEC"] = "junk"
    agent.start()
    worker.wait_for_requests(3)
    assert not agent.notify.of("WATCHDOG")


def test_a_watchdog_meant_for_another_process_is_not_fed(agent, worker):
    agent.configure({"a": {"url": worker.url}})
    agent.environment.update(WATCHDOG_USEC="200000", WATCHDOG_PID="1")
    agent.start()
    worker.wait_for_requests(3)
    assert not agent.notify.of("WATCHDOG")


def test_a_stopped_agent_feeds_no_watchdog_and_counts_nothing_when_it_goes_on(agent, worker):
    """SIGSTOP is systemd's case: it kills an agent that sends nothing. One that goes on begins its count anew."""
    agent.configure({"a": {"url": worker.url, "unit": UNIT, "action": "restart"}}, sustain="3s", failures=3)
    agent.environment["WATCHDOG_USEC"] = "200000"
    agent.start()
    agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    opened = agent.expect("incident-opened")
    agent.signal(signal.SIGSTOP)
    time.sleep(0.3)         # what was sent before the signal has arrived
    fed = len(agent.notify.of("WATCHDOG"))
    time.sleep(2.5)         # longer than two intervals and a timeout; with the time before, more than sustain
    assert len(agent.notify.of("WATCHDOG")) == fed
    agent.signal(signal.SIGCONT)
    agent.notify.expect("WATCHDOG", fed + 3)
    n = len(worker.requests)
    worker.wait_for_requests(n + 4)
    assert not agent.journal.select("state-changed", since=opened.index, state="unhealthy")


@pytest.mark.parametrize("asking", [False, True], ids=["between polls", "during a poll"])
def test_after_a_standstill_nothing_is_overdue_and_nothing_has_failed(agent, asking):
    """A machine that was suspended: the poll that fell due meanwhile is due now, and its timeout was not the worker's."""
    with WorkerServer("ok") as server:
        agent.configure({"a": {"url": server.url}}, interval="1s", retry_interval="1s")
        agent.environment["WATCHDOG_USEC"] = "100000"
        agent.start()
        agent.expect("state-changed", state="healthy")
        server.mode = "hang" if asking else "ok"
        server.wait_for_requests(2)
        time.sleep(0.3)     # for the answer to be read
        agent.signal(signal.SIGSTOP)
        server.mode = "hang"
        time.sleep(3.5)     # longer than an interval, a timeout and an interval
        n, fed = len(server.requests), len(agent.notify.of("WATCHDOG"))
        agent.signal(signal.SIGCONT)
        server.wait_for_requests(n + 1)
        agent.notify.expect("WATCHDOG", fed + 3)
        assert not agent.journal.select("incident-opened")


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to(agent, worker, signo):
    agent.configure({"a": {"url": worker.url, "unit": UNIT}})
    agent.start()
    assert agent.stop(signo) == 0
    agent.notify.expect("STOPPING")
    agent.expect("agent-stopping")


def test_it_stops_at_once_while_polls_and_names_hang(agent, dead_resolver):
    with WorkerServer("hang") as silent:
        agent.environment["RESOLV_CONF"] = dead_resolver
        agent.configure({"a": {"url": silent.url}, "b": {"url": "http://nowhere.example:8083"}})
        agent.start()
        silent.wait_for_requests(1)
        assert agent.stop() == 0


@pytest.mark.parametrize("text, line, said", [
    ("[worker a]\nurll = http://127.0.0.1:8083\n", 2, "url"),
    ("[worker a]\ninterval = soon\n", 2, "soon"),
    ("[worker a]\naction = restart\n", 2, "no unit"),
    ("[wroker a]\n", 1, "worker"),
])
def test_a_bad_configuration_ends_with_78_and_says_where(agent, text, line, said):
    agent.config.write_text(text)
    agent.start(ready=False)
    assert agent.wait() == 78
    rejected = agent.journal.select("config-rejected")
    assert rejected[0].message.startswith(f"{agent.config}:{line}: ") and said in rejected[0].message
    assert "not starting" in rejected[-1].message
    assert not agent.notify.of("READY")


def test_without_a_journal_the_same_stands_on_stderr(agent):
    agent.config.write_text("[worker a]\nurll = x\n[agent]\nlog_level = loud\n")
    agent.environment["JOURNAL_STREAM"] = None
    agent.start(ready=False)
    assert agent.wait() == 78
    assert f"{agent.config}:2: " in agent.stderr and f"{agent.config}:4: " in agent.stderr
    assert not agent.journal.items and "\033" not in agent.stderr


def run(*arguments):
    return subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                          check=False)


def test_check_config_says_what_it_read(tmp_path):
    file = tmp_path / "c.conf"
    file.write_text(ini({"connect-a": {"url": "http://127.0.0.1:8083", "unit": UNIT}}))
    for arguments in (["--check-config", file], ["--config", file, "--check-config"]):
        done = run(*arguments)
        assert done.returncode == 0
        assert "connect-a" in done.stdout and UNIT in done.stdout and "http://127.0.0.1:8083" in done.stdout


def test_check_config_tells_every_error_at_its_line(tmp_path):
    file = tmp_path / "c.conf"
    file.write_text("[agent]\ndryrun = yes\n[worker a]\ninterval = soon\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/x.conf").write_text("[worker a]\n")
    done = run("--check-config", file)
    assert done.returncode == 78 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert any(line.startswith(f"{file}:2: ") and "dry_run" in line for line in lines)
    assert any(line.startswith(f"{file}:4: ") for line in lines)
    assert any(line.startswith(f"{tmp_path}/conf.d/x.conf:1: ") for line in lines)


def test_check_config_warns_and_passes(tmp_path):
    file = tmp_path / "c.conf"
    file.write_text("[worker a]\ntimeout = 5s\n")
    done = run("--check-config", file)
    assert done.returncode == 0 and "warning: " in done.stderr and "better write timeout = 15s" in done.stderr


def test_check_config_of_a_file_that_is_not_there(tmp_path):
    done = run("--check-config", tmp_path / "none.conf")
    assert done.returncode != 0 and str(tmp_path / "none.conf") in done.stderr and done.stdout == ""


def test_command_line():
    assert run("--version").stdout.startswith("connect-watchdog ")
    assert "--check-config" in run("--help").stdout
    assert run("--hepl").returncode == 1
    stray = run("--dry-run", "stray")
    assert stray.returncode == 1 and '"stray"' in stray.stderr


def test_a_systemd_that_hangs_does_not_stop_the_polls(agent, worker):
    agent.configure({"a": {"url": worker.url}})
    agent.environment["WATCHDOG_USEC"] = "20000"
    agent.start()
    agent.notify.datagrams.hang()
    n = len(worker.requests)
    worker.wait_for_requests(n + 10)
    agent.notify.datagrams.resume()
    until(lambda: len(agent.notify.of("WATCHDOG")) > 3)
