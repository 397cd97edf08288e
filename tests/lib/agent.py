"""The agent as it is installed in a container: its configuration, its unit, what it tells."""

from pathlib import Path

from .container import TREE, tool

UNIT = "connect-watchdog.service"
SOCKET = "connect-watchdog.socket"
CONFIG = "/etc/connect-watchdog/conf.d/50-test.conf"
STANDIN = "kafka-connect.service"
# A worker too, but no name that the shipped polkit rule has.
OTHER = "other-worker.service"

# A worker on short spans, so that a story takes seconds. The design's defaults are tested with virtual time.
QUICK = {
    "url": "http://127.0.0.1:8083",
    "unit": STANDIN,
    "action": "restart",
    "interval": "1s",
    "retry_interval": "500ms",
    "timeout": "1s",
    "failures": "3",
    "sustain": "2s",
    "sustain_kafka": "4s",
    "successes": "2",
}


def built(suite):
    """The installed files of this tree, compiled in that suite."""
    return tool("build", suite, TREE)


def worker(name="connect-a", **keys):
    """A [worker] section with QUICK's keys, some of them replaced, or taken out with None."""
    merged = {key: value for key, value in {**QUICK, **keys}.items() if value is not None}
    return "\n".join([f"[worker {name}]", *(f"{key} = {value}" for key, value in merged.items()), ""])


class Agent:
    def __init__(self, container):
        self.container = container

    def start(self, text, fresh=True):
        """(Re)starts the agent with this configuration; fresh: with nothing remembered from before."""
        self.container.systemctl("stop", UNIT)
        if fresh:
            self.container.sh("rm -rf /var/lib/connect-watchdog")
        self.container.write(CONFIG, text)
        self.container.systemctl("reset-failed", UNIT, check=False)
        # Type=notify: when this returns the agent has said READY=1.
        self.container.systemctl("start", UNIT)

    def watch(self, **keys):
        """Starts it with one worker, and waits until it has found that healthy."""
        self.start(worker(**keys))
        self.wait_for("state-changed", 60, CONNECT_WATCHDOG_STATE="healthy")

    def reload(self, text):
        """Reloads with this configuration and waits until the agent has taken or rejected it; returns the event."""
        before = len(self.reloads())
        self.container.write(CONFIG, text)
        self.container.systemctl("reload", UNIT)
        self.container.wait_until(lambda: len(self.reloads()) > before, 60, "the agent's word on the new configuration")
        return self.reloads()[-1]["CONNECT_WATCHDOG_EVENT"]

    def stop(self):
        self.container.systemctl("stop", UNIT)

    def move_to_socket(self):
        """Has systemd hold its addresses, as the manual says it."""
        self.stop()
        self.container.systemctl("enable", "--now", SOCKET)
        self.container.systemctl("start", UNIT)

    def reloads(self):
        return self.container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=config-reloaded", "CONNECT_WATCHDOG_EVENT=config-rejected")

    def events(self, *names):
        """The names of the events since the container's mark, in order; only those asked for, if any."""
        entries = self.container.journal(UNIT, *(f"CONNECT_WATCHDOG_EVENT={name}" for name in names))
        return [entry["CONNECT_WATCHDOG_EVENT"] for entry in entries if "CONNECT_WATCHDOG_EVENT" in entry]

    def restarts(self):
        """How often it has asked systemd for one since the mark."""
        return len(self.events("restart-requested"))

    def wait_for(self, event, timeout, **fields):
        return self.container.wait_for_entry(timeout, UNIT, CONNECT_WATCHDOG_EVENT=event, **fields)

    def status(self):
        """The sentence of STATUS=."""
        return self.container.show(UNIT, "StatusText")


class Standin:
    """The stand-in worker as kafka-connect.service."""

    FILES = Path(__file__).parent

    def __init__(self, container):
        self.container = container
        container.run("sh", "-ec", "cat >/usr/local/bin/standin-worker; chmod 755 /usr/local/bin/standin-worker",
                      stdin=(self.FILES / "standin_worker.py").read_text())
        # Where a package puts it, and where it can be masked.
        container.write(f"/usr/lib/systemd/system/{STANDIN}", (self.FILES / "standin" / STANDIN).read_text())
        container.systemctl("daemon-reload")

    def start(self, options="", unit_settings=""):
        """(Re)starts it with these options, in no particular mode, and waits until its port is open; marks the journal."""
        self.container.systemctl("stop", STANDIN)
        self.container.sh("rm -f /run/standin/mode")
        self.container.drop_in(STANDIN, f'[Service]\nEnvironment="STANDIN_OPTIONS={options}"\n{unit_settings}\n')
        self.container.systemctl("reset-failed", STANDIN, check=False)
        self.container.systemctl("start", STANDIN)
        self.container.wait_until(lambda: self.get("/") is not None, 20, "the stand-in to answer")
        self.container.mark()

    def mode(self, text):
        self.container.write("/run/standin/mode", text)

    def is_healthy(self):
        return (self.get() or (0,))[0] == 200

    def is_down(self):
        return self.main_pid() == 0

    def stays_down(self, seconds):
        """Nothing brings it back within that time; it must be down already."""
        assert self.is_down()
        invocation = self.invocation()
        self.container.run("sleep", seconds)
        assert self.is_down() and self.invocation() == invocation

    def get(self, path="/health", timeout=2):
        return self.container.http("http://127.0.0.1:8083" + path, timeout)

    def invocation(self):
        return self.container.show(STANDIN, "InvocationID")

    def main_pid(self):
        return int(self.container.show(STANDIN, "MainPID"))
