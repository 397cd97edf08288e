"""kafka-connect-healthcheck itself, by pip, in processes of its own; fetched once into the cache."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess

import harness
from http_ask import ask, free_port

VERSION = "0.3.0"
CACHE = pathlib.Path(os.environ.get("CONNECT_WATCHDOG_CACHE", "/var/cache/connect-watchdog"))
PYTHON = "/usr/bin/python3"

# To import it takes longer than a test: done once, and each peer is a fork.
NURSERY = """
import json, os, signal, sys
from kafka_connect_healthcheck.main import main
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
pids = []
for line in sys.stdin:
    flags, environment = json.loads(line)
    pids.append(os.fork())
    if pids[-1] == 0:
        os.environ.update(environment)
        sys.argv[1:] = flags
        main()
    print(pids[-1], flush=True)
for pid in pids:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


def fetched():
    """The directory that it was installed into. Several tests may ask at the same time."""
    directory = CACHE / f"kafka-connect-healthcheck-{VERSION}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / ".lock-kafka-connect-healthcheck", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            new = directory.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--root-user-action=ignore",
                            "--target", new, f"kafka-connect-healthcheck=={VERSION}"], check=True, timeout=300)
            new.rename(directory)
    return directory


def environment_of_peers():
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(fetched()), "PYTHONDONTWRITEBYTECODE": "1"}


def exit_status(*flags):
    """Of one that does not come to serve."""
    return subprocess.run([PYTHON, "-m", "kafka_connect_healthcheck.main", *flags], env=environment_of_peers(), check=False,
                          stderr=subprocess.DEVNULL, timeout=harness.TIMEOUT).returncode


class Peer:
    """It listens on all addresses, as it always does."""

    def __init__(self, port, pid):
        self.port = port
        self.pid = pid

    def listens(self):
        def answers():
            try:
                return ask(self.port, "/ping")[0] == 200
            except ConnectionError:
                return False

        harness.until(answers, what="the peer's start")
        return self

    def ask(self, path="/", **options):
        return ask(self.port, path, **options)


class Nursery:
    """Where peers come from; they go with it."""

    def __init__(self):
        self.process = subprocess.Popen([PYTHON, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment_of_peers(), text=True)

    def start(self, *flags, environment=None):
        port = free_port()
        self.process.stdin.write(json.dumps([[f"--port={port}", *flags], environment or {}]) + "\n")
        self.process.stdin.flush()
        return Peer(port, int(self.process.stdout.readline()))

    @staticmethod
    def end(peer):
        os.kill(peer.pid, signal.SIGKILL)

    def close(self):
        self.process.stdin.close()
        self.process.wait(harness.TIMEOUT)
        self.process.stdout.close()
