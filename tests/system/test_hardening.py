"""The documented drop-ins: what each gives and costs, measured against what is written of it; the agent works with each."""

import re

import pytest

from lib.agent import STANDIN, UNIT
from lib.container import TREE

HEADS = TREE / "conf/examples/hardening"
INSTALLED = "/usr/share/doc/connect-watchdog/examples/hardening"
DROP_INS = sorted(path.name for path in HEADS.glob("*.conf"))

STORY_TIMEOUT = 30

AS_INSTALLED = "as installed"


def documented():
    """The rows of the manual: which of them are installed together (none: as installed), and the exposure."""
    page = (TREE / "packaging/man/connect-watchdog.8").read_text()
    section = page.split(".Sh HARDENING\n")[1].split("\n.Sh ")[0]
    rows = re.findall(r"^\.It (?:No|Pa) (.+) Pq ([\d.]+)$", section, re.MULTILINE)
    return [((), exposure) if names == AS_INSTALLED else (tuple(names.split(" , ")), exposure) for names, exposure in rows]


@pytest.fixture
def install(container):
    """Installs these drop-ins, and no others, as their heads say."""
    directory = f"/etc/systemd/system/{UNIT}.d"
    ours = " ".join(f"{directory}/{name}" for name in DROP_INS)

    def install(names):
        container.sh(f"mkdir -p {directory}; rm -f {ours}")
        for name in names:
            container.run("cp", f"{INSTALLED}/{name}", directory)
        container.systemctl("daemon-reload")

    yield install
    container.systemctl("stop", UNIT)
    install(())


def exposure(container):
    """Offline, as it is the same on every machine then. Nothing is there to complain of, either."""
    unit = container.show(UNIT, "FragmentPath")
    assert UNIT not in container.run("systemd-analyze", "--man=no", "verify", unit).stderr
    said = container.run("systemd-analyze", "--no-pager", "security", "--offline=true", unit)
    return re.search(rf"Overall exposure level for {UNIT}: ([\d.]+) ", said.stdout)[1]


def test_the_exposure_is_what_the_manual_and_the_heads_say(container, install, record_property):
    rows = documented()
    assert {names[0] for names, _ in rows if len(names) == 1} == set(DROP_INS), "each of them has its row"
    measured = {}
    for names, _ in rows:
        install(names)
        measured[names] = exposure(container)
        record_property(" ".join(names) or AS_INSTALLED, measured[names])
    assert measured == dict(rows)
    for name in DROP_INS:
        head = re.search(r"^# Exposure: ([\d.]+) instead of ([\d.]+)$", (HEADS / name).read_text(), re.MULTILINE)
        assert head.groups() == (measured[name,], measured[()]), name
    assert float(measured[()]) <= 1.5
    assert min(map(float, measured.values())) <= 1.1


def with_dump(entry, worker_journal):
    assert entry["CONNECT_WATCHDOG_THREAD_DUMP"].count("Full thread dump") == 2
    assert "StandinSourceConnector.taskConfigs" in entry["MESSAGE"]
    assert worker_journal.count("Full thread dump") == 2


def dump_not_copied(entry, worker_journal):
    assert "CONNECT_WATCHDOG_THREAD_DUMP" not in entry
    assert "no thread dump appeared in the unit's journal (is the agent in group systemd-journal" in entry["MESSAGE"]
    assert worker_journal.count("Full thread dump") == 2


def no_signal_sent(entry, worker_journal):
    assert "CONNECT_WATCHDOG_THREAD_DUMP" not in entry
    assert "cannot be looked at" in entry["MESSAGE"] and "ProtectProc=" in entry["MESSAGE"]
    assert "Full thread dump" not in worker_journal


# What is left of the evidence; all else must work as it does without. (A container's kernel does not enforce
# IPAddressDeny= of a unit within it: that the loopback addresses still serve is seen, not that others do not.)
EVIDENCE = {
    "private-users.conf": with_dump,
    "no-journal.conf": dump_not_copied,
    "invisible-proc.conf": no_signal_sent,
    "local-only.conf": with_dump,
}


@pytest.mark.parametrize("names, evidence", [
    *(pytest.param([name], name, id=name.removesuffix(".conf")) for name in DROP_INS),
    pytest.param(DROP_INS, "invisible-proc.conf", id="all"),
])
def test_a_hung_worker_is_restarted_once_and_recovers(container, agent, standin, install, names, evidence):
    install(names)
    agent.watch(thread_dump="yes", thread_dump_interval="500ms")
    pid = container.show(UNIT, "MainPID")
    assert all(f"/{name}" in container.show(UNIT, "DropInPaths") for name in names)
    alone = container.sh(f"readlink /proc/{pid}/ns/user") != container.sh("readlink /proc/1/ns/user")
    assert alone == ("private-users.conf" in names)
    standin.mode("hang")
    agent.wait_for("incident-closed", STORY_TIMEOUT)
    assert standin.is_healthy()
    assert len(container.invocations(STANDIN)) == agent.restarts() == 1
    assert agent.status() == "1 worker: 1 healthy"
    EVIDENCE[evidence](agent.wait_for("evidence", 1), container.journal_cat(STANDIN))
    # A credential, the reload, the ledger.
    container.sh("systemctl reload connect-watchdog; grep -q restarts /var/lib/connect-watchdog/ledger.json")
    agent.wait_for("config-reloaded", 10)
