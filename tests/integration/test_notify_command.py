"""[notify NAME] with a command: what it is given, and that no command, however bad, loses an event or delays a poll."""

import json
import os
import pathlib
import stat

import pytest

from harness import until

# Two signals that posix_spawn(3) leaves ignored, and no program may use.
GLIBCS_OWN = 1 << 31 | 1 << 32
# Of those that sleep in these tests, and in no other process of them.
SLEEP = f"1000.{os.getpid()}"

STORY = ["incident-opened", "incident-closed"]


@pytest.fixture
def scene(lone_agent, worker, tmp_path):
    """An agent with one worker and one command, a shell script that is kept in a file."""
    class Scene:
        agent = lone_agent
        out = tmp_path / "out"
        script = tmp_path / "the script"

        def write(self, body):
            """What $OUT names is where it may leave something."""
            fresh = tmp_path / "fresh"
            fresh.write_text(f"#!/bin/sh\nOUT={self.out}\n{body}\n")
            fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR)
            fresh.rename(self.script)

        def configure(self, **keys):
            # A start is not judged where nothing was healthy before, so it is the state of the worker's page that fails.
            self.agent.configure({"a": {"url": worker.url}}, notify={
                "ops": {"command": f'"{self.script}" "one word" two', "timeout": "1s",
                        "events": "incident-opened incident-closed", **keys}})

        def start(self, body, **keys):
            self.write(body)
            self.configure(**keys)
            self.agent.start()
            self.agent.expect("state-changed", state="healthy")

        def incident(self):
            since = self.agent.mark()
            worker.mode = "unhealthy"
            self.agent.expect("incident-opened", since)
            worker.mode = "ok"
            return self.agent.expect("incident-closed", since)

        def lines(self):
            return self.out.read_text().splitlines() if self.out.exists() else []

    yield Scene()
    worker.mode = "ok"


TAKE = 'cat >> "$OUT"; echo >> "$OUT"'


def events(scene):
    return [json.loads(line)["event"] for line in scene.lines()]


def test_it_is_given_the_event(scene):
    scene.start(f"""{TAKE}; printf '%s\n' "$1|$2|$#|$CONNECT_WATCHDOG_EVENT|$CONNECT_WATCHDOG_WORKER|$CONNECT_WATCHDOG_PRIORITY" \
                    "$CONNECT_WATCHDOG_MESSAGE" "$CONNECT_WATCHDOG_TIME" > "$OUT.env"
                    env | cut -d= -f1 >> "$OUT.env"; ls /proc/self/fd > "$OUT.fds"
                    grep -E '^(SigBlk|SigIgn)' /proc/self/status > "$OUT.signals" """, events="incident-opened")
    closed = scene.incident()
    env = pathlib.Path(f"{scene.out}.env")
    until(lambda: pathlib.Path(f"{scene.out}.signals").exists() and scene.lines())
    told = json.loads(scene.lines()[0])
    assert told["event"] == "incident-opened" and told["worker"] == "a"
    assert told["incident"] == closed.field("incident")
    first, message, time, *names = env.read_text().splitlines()
    assert first == "one word|two|2|incident-opened|a|warning"
    assert (message, time) == (told["message"], told["time"])
    assert "PATH" in names and not {"NOTIFY_SOCKET", "JOURNAL_STREAM"} & set(names)
    scene.agent.stop()
    assert pathlib.Path(f"{scene.out}.fds").read_text().split() == ["0", "1", "2", "3"]      # the last is ls's own
    blocked, ignored = (line.split()[1] for line in pathlib.Path(f"{scene.out}.signals").read_text().splitlines())
    assert int(blocked, 16) == 0
    assert int(ignored, 16) & ~GLIBCS_OWN == 0


BAD = {
    "status": ("echo no route >&2; echo to host; exit 3", "ended with status 3 (no route to host)"),
    "signal": ("kill -9 $$", "was killed by SIGKILL"),
    "hangs": (f"exec sleep {SLEEP}", "did not end within 1s and was killed"),
    "floods": ("exec yes", "did not end within 1s and was killed (y y y "),
    "ignores SIGTERM": ("trap '' TERM; while :; do sleep 0.1; done", "did not end within 1s and was killed"),
    "leaves one behind": (f"trap '' TERM; sleep {SLEEP} & trap - TERM; exec sleep {SLEEP}", "did not end within 1s"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_command_loses_nothing_and_is_told_once(scene, worker, name):
    body, why = BAD[name]
    scene.start(body)
    scene.incident()
    failed = scene.agent.expect("notify-failed")
    assert failed.message.startswith(f"notify ops: the command {why}")
    worker.wait_for_requests(len(worker.requests) + 10)
    scene.write(TAKE)
    until(lambda: events(scene) == STORY)
    scene.agent.expect("notify-recovered", failed)
    assert len(scene.agent.journal.select("notify-failed")) == 1
    until(lambda: not [p for p in pathlib.Path("/proc").glob("[0-9]*") if sleeps(p)])


def sleeps(process):
    try:
        return (process / "cmdline").read_bytes() == f"sleep\0{SLEEP}\0".encode()
    except OSError:
        return False


def test_what_is_missing_is_told_and_run_once_it_is_there(scene):
    scene.configure()
    scene.agent.start()
    scene.agent.expect("state-changed", state="healthy")
    scene.incident()
    failed = scene.agent.expect("notify-failed")
    assert failed.message.startswith(f"notify ops: the command could not be run: {scene.script}: No such file or directory")
    scene.write(TAKE)
    until(lambda: events(scene) == STORY)


def test_its_input_may_stay_unread(scene):
    scene.start('echo "$CONNECT_WATCHDOG_EVENT" >> "$OUT"; exec <&-')
    scene.incident()
    until(lambda: scene.lines() == STORY)
    assert not scene.agent.journal.select("notify-failed")


def test_one_runs_at_a_time_and_polls_go_on(scene, worker):
    fifo = str(scene.out) + ".fifo"
    os.mkfifo(fifo)
    scene.start(f'echo begin >> "$OUT"; read line < "{fifo}"; echo end >> "$OUT"', timeout="10min")
    scene.incident()
    until(lambda: scene.lines() == ["begin"])
    worker.wait_for_requests(len(worker.requests) + 10)
    assert scene.lines() == ["begin"]
    for n in (1, 2):
        with open(fifo, "w", encoding="ascii") as f:
            f.write("go\n")
        until(lambda: scene.lines()[:2 * n] == ["begin", "end"] * n)      # pylint: disable=cell-var-from-loop


def test_it_ends_with_the_agent(scene):
    scene.start('echo begin >> "$OUT"; exec sleep ' + SLEEP, timeout="10min", events="incident-opened")
    scene.incident()
    until(lambda: scene.lines() == ["begin"])
    scene.agent.stop()
    assert scene.agent.journal.select("notify-lost")[0].field("lost") == "1"
    until(lambda: not [p for p in pathlib.Path("/proc").glob("[0-9]*") if sleeps(p)])
