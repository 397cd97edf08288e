"""The real agent with everything around it under a test's control: its journal, its sd_notify socket, its files, its clocks
only by short spans. The journal is captured at the native protocol's socket, inside a mount namespace of the agent's own, so
that tests read the same fields as journald would.
"""

import array
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
BINARY = pathlib.Path(os.environ.get("CONNECT_WATCHDOG_BIN", HERE.parent.parent / "build/src/connect-watchdog"))
SANITIZED = b"__asan_init" in BINARY.read_bytes()
# When it certainly hangs, however slow the machine is and whatever else it does.
TIMEOUT = 90
UNIT = "kafka-connect.service"

# What a test wants of a worker unless it says otherwise: verdicts within a second.
QUICK = {
    "interval": "200ms", "retry_interval": "100ms", "timeout": "1s", "failures": 2, "sustain": "300ms",
    "sustain_kafka": "300ms", "successes": 1, "backoff_max": "1s",
}

# Runs in the agent's own mount namespace: $1 becomes /run, so that no journal, no bus and no systemd of this machine is there.
SANDBOX = """
mount --bind "$1" /run || exit 125
if [ -n "$RESOLV_CONF" ]; then mount --bind "$RESOLV_CONF" /etc/resolv.conf || exit 125; fi
if [ -n "$AFTER_SANDBOX" ]; then eval "$AFTER_SANDBOX" || exit 125; fi
shift
exec "$@"
"""


def ini(workers, agent=None, defaults=None, http=None, kafka=None, notify=None):
    """The text of a configuration: {"connect-a": {"url": …}} and so on. Unless told, it listens nowhere: many run at once."""
    sections = [("agent", agent or {}), ("defaults", {**QUICK, **(defaults or {})})]
    sections += [(f"kafka {name}", keys) for name, keys in (kafka or {}).items()]
    sections += [(f"notify {name}", keys) for name, keys in (notify or {}).items()]
    sections += [(f"worker {name}", keys) for name, keys in workers.items()]
    sections.append(("http", {"listen": "off"} if http is None else http))
    return "".join(f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) + "\n"
                   for section, keys in sections)


class Entry(dict):
    """One journal entry; its place among the others and when it came."""

    index = 0
    time = 0.0

    @property
    def name(self):
        return self.get("CONNECT_WATCHDOG_EVENT", "")

    @property
    def message(self):
        return self.get("MESSAGE", "")

    def field(self, name):
        return self.get("CONNECT_WATCHDOG_" + name.upper())

    def __str__(self):
        return f"<{self.get('PRIORITY')}> {self.name}: {self.message}"


def parse_entry(data):
    """systemd's JOURNAL_NATIVE_PROTOCOL."""
    entry = Entry()
    while data:
        line, _, rest = data.partition(b"\n")
        key, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8:8 + length], rest[8 + length + 1:]
        entry[key.decode()] = value.decode()
        data = rest
    return entry


class Waiting:
    """A list that a thread fills, and waiting for something to stand in it."""

    def __init__(self):
        self.items = []
        self.changed = threading.Condition()

    def add(self, item):
        with self.changed:
            self.items.append(item)
            self.changed.notify_all()

    def wait(self, found, timeout=TIMEOUT):
        """found(items) → anything true, which is returned."""
        with self.changed:
            self.changed.wait_for(lambda: found(self.items), timeout)
            return found(self.items)


class Datagrams:
    """A datagram socket, read by a thread of its own."""

    def __init__(self, path, take):
        self.path = path
        self.take = take
        self.reading = threading.Event()
        self.reading.set()
        self.drained = threading.Event()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        size = array.array("i").itemsize
        while True:
            self.reading.wait()
            data, ancillary, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(size))
            if data == b"end":
                return
            if data == b"drained":
                self.drained.set()
                continue
            for _, _, passed in ancillary:      # too large for a datagram: it stands in a memfd
                with os.fdopen(array.array("i", passed[:size])[0], "rb") as f:
                    f.seek(0)
                    data = f.read()
            self.take(data)

    def hang(self):
        """Nobody reads any more (after at most one datagram)."""
        self.reading.clear()

    def resume(self):
        self.reading.set()

    def drain(self):
        """Returns when all that was sent before has been taken."""
        self.drained.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"drained", str(self.path))
        assert self.drained.wait(TIMEOUT)

    def close(self):
        self.resume()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"end", str(self.path))
        self.thread.join(10)
        self.socket.close()


class Journal(Waiting):
    """What the agent told."""

    def __init__(self, path):
        super().__init__()
        self.datagrams = Datagrams(path, self._take)

    def _take(self, data):
        entry = parse_entry(data)
        entry.index, entry.time = len(self.items), time.monotonic()
        self.add(entry)

    def select(self, name=None, since=0, **fields):
        """All entries of that event from that index on; fields as in state="healthy"."""
        return [e for e in self.items[since:]
                if (name is None or e.name == name) and all(e.field(k) == v for k, v in fields.items())]

    def expect(self, name, since=0, timeout=TIMEOUT, **fields):
        """Waits for the first such entry. since: an index, or the entry after which it must come."""
        since = since.index + 1 if isinstance(since, Entry) else since
        found = self.wait(lambda _: self.select(name, since, **fields), timeout)
        assert found, f"no {name} {fields} from {since} on within {timeout} s in:\n{self.story()}"
        return found[0]

    def story(self, **fields):
        return "\n".join(str(e) for e in self.select(**fields))


class Notifications(Waiting):
    """What the agent sent to systemd: a list of (time, {"READY": "1"})."""

    def __init__(self, path):
        super().__init__()
        self.datagrams = Datagrams(path, self._take)

    def _take(self, data):
        fields = dict(line.split("=", 1) for line in data.decode().splitlines())
        self.add((time.monotonic(), fields))

    def of(self, key):
        return [(when, fields[key]) for when, fields in self.items if key in fields]

    def expect(self, key, n=1, timeout=TIMEOUT):
        """The n-th message with that key: (time, value)."""
        found = self.wait(lambda _: len(self.of(key)) >= n, timeout)
        assert found, f"{len(self.of(key))} of {n} {key}= within {timeout} s in {self.items}"
        return self.of(key)[n - 1]

    def status(self, pattern, timeout=TIMEOUT):
        """Waits for a STATUS= that matches."""
        found = self.wait(lambda _: [v for _, v in self.of("STATUS") if re.search(pattern, v)], timeout)
        assert found, f"no STATUS= like {pattern} in {self.of('STATUS')}"
        return found[0]


class Agent:
    """One agent at a time, with files that outlive it."""

    def __init__(self, directory, bus=None):
        self.directory = pathlib.Path(directory)
        self.bus = bus
        self.run_directory = self.directory / "run"
        self.state_directory = self.directory / "state"
        self.config = self.directory / "connect-watchdog.conf"
        (self.run_directory / "systemd/journal").mkdir(parents=True)
        self.state_directory.mkdir()
        self.journal = Journal(self.run_directory / "systemd/journal/socket")
        self.notify = Notifications(self.directory / "notify")
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "NOTIFY_SOCKET": str(self.directory / "notify"),
            "DBUS_SYSTEM_BUS_ADDRESS": bus.address if bus else f"unix:path={directory}/no-bus",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
            "CONNECT_WATCHDOG_MODULE_DIR": str(BINARY.parent),
            **{k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "LSAN_OPTIONS")},
        }
        self.options = []               # of the agent
        self.network_namespace = False
        self.process = None
        self.stderr_path = self.directory / "stderr"
        self.stderr = ""                # of agents that ended
        self.may_fail = False           # internal errors are expected
        self.n_started = 0

    # ---- files

    def configure(self, workers, agent=None, http=None, kafka=None, notify=None, **defaults):
        self.config.write_text(ini(workers, agent, defaults, http, kafka, notify))

    @property
    def ledger(self):
        return self.state_directory / "ledger.json"

    # ---- life

    def command(self):
        state = ["--state-dir", str(self.state_directory)] if self.state_directory else []
        namespaces = ["--mount", "--propagation", "private"]
        if os.geteuid() != 0:
            namespaces += ["--user", "--map-current-user", "--keep-caps"]
        if self.network_namespace:
            namespaces.append("--net")
        return ["unshare", *namespaces, "sh", "-c", SANDBOX, "sh", str(self.run_directory), str(BINARY),
                "--config", str(self.config), *state, *self.options]

    def start(self, ready=True):
        """Starts it, and waits for READY=1 unless told not to."""
        assert not self.process
        n = len(self.notify.of("READY"))
        with open(self.stderr_path, "wb") as f:
            status = os.fstat(f.fileno())
            environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}", **self.environment}
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stderr=f,
                                            env={k: v for k, v in environment.items() if v is not None})
        self.n_started += 1
        if ready:
            self.notify.expect("READY", n + 1)
        return self

    def wait(self, timeout=TIMEOUT):
        """Its exit status, once it ends."""
        code = self.process.wait(timeout)
        self.process = None
        self.stderr += self.stderr_path.read_text(errors="replace")
        for datagrams in (self.journal.datagrams, self.notify.datagrams):
            if datagrams.reading.is_set():
                datagrams.drain()
        return code

    def kill(self):
        self.process.kill()
        self.wait()

    def stop(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        return self.wait()

    def signal(self, signo):
        self.process.send_signal(signo)

    def reload(self):
        """SIGHUP, and waits until it is done."""
        n = len(self.notify.of("READY"))
        self.signal(signal.SIGHUP)
        self.notify.expect("READY", n + 1)

    def expect(self, name, since=0, timeout=TIMEOUT, **fields):
        return self.journal.expect(name, since, timeout, **fields)

    def mark(self):
        """Where the journal stands now, for since=."""
        return len(self.journal.items)

    def close(self):
        """The end of every test: it still runs, ends well and has nothing to complain of."""
        code = self.stop() if self.process else 0
        self.journal.datagrams.close()
        self.notify.datagrams.close()
        story = self.journal.story() + self.stderr
        assert code == 0, f"exit status {code}:\n{story}"
        assert "Sanitizer" not in self.stderr and "runtime error" not in self.stderr, self.stderr
        assert self.may_fail or not self.journal.select("internal-error"), story

    def abandon(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def until(condition, timeout=TIMEOUT, what="it"):
    """Polls for what tells nobody when it changes."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout} s"
        time.sleep(0.02)
