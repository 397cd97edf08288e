"""A booted container (packaging/container) as the tests see it: commands, units, the journal, waiting."""

import json
import os
import platform
import subprocess
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
TOOL = TREE / "packaging" / "container"
RUNNING = Path(os.environ.get("CONNECT_WATCHDOG_CONTAINERS", "/run/connect-watchdog-containers"))

# tests/run gives each pytest process one of them, so that two suites run side by side.
SUITES = os.environ.get("CONNECT_WATCHDOG_SUITES", "bookworm trixie").split()

# systemd's "Started …" (SD_MESSAGE_UNIT_STARTED)
UNIT_STARTED = "39f53479d3a045ac8e11786248231fbf"

# Within this a command inside answers, or something hangs: two busy cores are no reason to take longer.
COMMAND_TIMEOUT = 60

# Within this a job of systemd ends: a unit of Confluent's has 180 s to stop, and a JVM takes its time to start.
JOB_TIMEOUT = 300

# A clean environment, whatever this process has in its own.
ENVIRONMENT = ["env", "-i", "--chdir=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]

# The request is made inside, where the loopback addresses are the container's.
HTTP_GET = """
import json, sys, urllib.error, urllib.request
data = sys.argv[4].encode() if len(sys.argv) > 4 else None
request = urllib.request.Request(sys.argv[1], data, {"Content-Type": "application/json"}, method=sys.argv[3])
try:
    answer = urllib.request.urlopen(request, timeout=float(sys.argv[2]))
except urllib.error.HTTPError as error:
    answer = error
except OSError as error:
    sys.exit(f"no answer: {error}")
print(answer.status, answer.read().decode())
"""


def tool(*args):
    """Runs packaging/container. Its progress goes to our stderr; building a base is the longest that it does."""
    result = subprocess.run([TOOL, *map(str, args)], stdout=subprocess.PIPE, text=True, timeout=1800, check=True)
    return result.stdout.strip()


def cannot_boot():
    """Why no container can be booted here, or None."""
    result = subprocess.run([TOOL, "can-boot"], stdout=subprocess.PIPE, text=True, timeout=COMMAND_TIMEOUT)
    return None if result.returncode == 0 else result.stdout.strip().removeprefix("no: ")


class Container:
    def __init__(self, suite, handle):
        self.suite = suite
        self.handle = handle
        # As `packaging/container exec` does it, which costs five times as much.
        leader = (RUNNING / handle / "leader").read_text().strip()
        self.enter = ["nsenter", "--target", leader, "--all", "--", *ENVIRONMENT]
        self.mark()

    @classmethod
    def boot(cls, suite, install=(), options=()):
        """Boots one that dies with this process, with the trees of `install` copied into it."""
        installs = [arg for tree in install for arg in ("--install", tree)]
        return cls(suite, tool("boot", suite, "--owner", os.getpid(), *installs, *options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Nothing is left in a container that would deserve an orderly end.
        tool("stop", self.handle, "--now")

    # --- commands

    def run(self, *command, check=True, timeout=COMMAND_TIMEOUT, stdin=None):
        result = subprocess.run([*self.enter, *map(str, command)], capture_output=True, text=True,
                                timeout=timeout, input=stdin or "")
        if check and result.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def sh(self, script, **options):
        return self.run("sh", "-ec", script, **options).stdout

    def write(self, path, text, mode="644"):
        self.run("sh", "-ec", 'mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"', "sh", path, mode, stdin=text)

    def http(self, url, timeout=5, method="GET", body=None):
        """(status, body) of a request made inside; None where nothing answers in time."""
        data = [] if body is None else [json.dumps(body)]
        result = self.run("python3", "-c", HTTP_GET, url, timeout, method, *data, check=False, timeout=timeout + COMMAND_TIMEOUT)
        if result.returncode != 0:
            return None
        status, _, text = result.stdout.rstrip("\n").partition(" ")
        return int(status), text

    # --- units

    def systemctl(self, *args, **options):
        return self.run("systemctl", *args, **{"timeout": JOB_TIMEOUT, **options})

    def show(self, unit, name):
        """One property of a unit."""
        return self.systemctl("show", "--value", "--property", name, unit).stdout.strip()

    def is_active(self, unit):
        return self.show(unit, "ActiveState") == "active"

    def invocations(self, unit):
        """The ids of the unit's starts since mark(), in order, as systemd itself tells them."""
        entries = self.journal(None, f"UNIT={unit}", f"MESSAGE_ID={UNIT_STARTED}")
        return [entry["INVOCATION_ID"] for entry in entries]

    def drop_in(self, unit, text):
        """Replaces our drop-in for a unit; an empty text takes it away again."""
        self.write(f"/etc/systemd/system/{unit}.d/50-test.conf", text)
        self.systemctl("daemon-reload")

    def signal(self, unit, name):
        """Sends a signal to the main process of a unit alone, as an operator's kill would."""
        self.systemctl("kill", "--kill-whom=main", f"--signal={name}", unit)

    # --- journal

    def mark(self):
        """From here on journal() and journal_cat() look only at what comes after this moment."""
        self.run("journalctl", "--sync")
        entries = self.run("journalctl", "-o", "json", "-n", "1", check=False).stdout.splitlines()
        self.since = int(json.loads(entries[-1])["__REALTIME_TIMESTAMP"]) + 1 if entries else 0

    def journalctl(self, *args, sync=True):
        if sync:
            self.run("journalctl", "--sync")
        # No cursor: with matches, systemd 252 leaves out the first entry after one.
        after = ["--since", f"@{self.since // 1000000}.{self.since % 1000000:06}"]
        # Status 1 means that nothing matches.
        return self.run("journalctl", "--quiet", "--no-pager", *after, *args, check=False).stdout

    def journal(self, unit=None, *matches, sync=True):
        """The entries since mark() of a unit, or of all, which match FIELD=value; as journalctl -o json gives them."""
        of_unit = ["-u", unit] if unit else []
        return [json.loads(line) for line in self.journalctl("-o", "json", "--all", *of_unit, *matches, sync=sync).splitlines()]

    def journal_cat(self, unit, *matches):
        return self.journalctl("-o", "cat", "-u", unit, *matches)

    # --- waiting

    def wait_until(self, predicate, timeout, what):
        """Polls until predicate() is true, and returns what it gave. `what` completes "waited 5 s for …"."""
        deadline = time.monotonic() + timeout
        while not (value := predicate()):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout} s for {what}, in vain")
            time.sleep(0.1)
        return value

    def wait_for_entry(self, timeout, unit=None, **fields):
        """Waits for a journal entry with these fields, e.g. CONNECT_WATCHDOG_EVENT="restart-done"."""
        matches = [f"{name}={value}" for name, value in fields.items()]
        return self.wait_until(lambda: self.journal(unit, *matches, sync=False), timeout,
                               f"a journal entry with {' '.join(matches)}")[-1]

    def report(self):
        """What helps to understand a failure in here."""
        return "\n".join([
            self.systemctl("list-units", "--failed", "--no-pager", "--legend=no", check=False).stdout,
            self.journalctl("-o", "short-precise", "-n", "150"),
        ])


class ThisMachine(Container):
    """The machine that runs the tests in a container's place: autopkgtest tests what it has installed there.

    The tests stop services, write units and take the ledger away. So the machine must be named, by its machine id, which
    no profile has by accident, and nobody may have begun to use the agent on it.
    """

    def __init__(self):
        if os.environ["CONNECT_WATCHDOG_TEST_HERE"] != Path("/etc/machine-id").read_text().strip():
            raise RuntimeError("CONNECT_WATCHDOG_TEST_HERE is not the machine id of this machine")
        if in_use := list(Path("/etc/connect-watchdog/conf.d").iterdir()):
            raise RuntimeError(f"connect-watchdog is in use on this machine: {in_use[0]}")
        self.suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
        self.enter = ENVIRONMENT
        self.mark()

    @staticmethod
    def is_chosen():
        return "CONNECT_WATCHDOG_TEST_HERE" in os.environ

    def __exit__(self, *_):
        self.run("rm", "-f", "/etc/connect-watchdog/conf.d/50-test.conf")
