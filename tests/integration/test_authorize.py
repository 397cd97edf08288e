"""connect-watchdogctl authorize on a root of its own: one file, replaced as a whole, by one at a time. What polkit and
systemd make of it is for tests/system/test_authorize.py."""

import fcntl
import json
import os
import random
import re
import resource
import signal
import subprocess
import time

import pytest

import harness

CTL = harness.BINARY.with_name("connect-watchdogctl")
SHIPPED = harness.HERE.parent.parent / "units/50-connect-watchdog.rules"
SHIPPED_UNITS = ["kafka-connect.service", "confluent-kafka-connect.service"]


class Root:
    """A system that does not run."""

    def __init__(self, path):
        self.path = path
        self.rules = path / "etc/polkit-1/rules.d"
        self.file = self.rules / "51-connect-watchdog-units.rules"
        self.shipped = path / "usr/share/polkit-1/rules.d/50-connect-watchdog.rules"
        for directory in self.rules, self.shipped.parent:
            directory.mkdir(parents=True)
        self.shipped.write_text(SHIPPED.read_text())

    def start(self, *args, **options):
        return subprocess.Popen([CTL, "authorize", "--root", self.path, *args], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **options)

    def run(self, *args, status=0, **options):
        process = self.start(*args, **options)
        process.out, process.err = process.communicate(timeout=60)
        assert process.returncode == status, process.out + process.err
        return process

    def units(self):
        """Those that we authorized, as --list has them."""
        lines = self.run("--list").out.splitlines()
        assert lines[:2] == [f"{unit} (shipped rule)" for unit in SHIPPED_UNITS]
        return lines[2:]

    def names(self):
        return sorted(path.name for path in self.rules.iterdir())


@pytest.fixture
def root(tmp_path):
    return Root(tmp_path / "root")


def test_given_listed_and_taken_back(root):
    assert root.units() == []
    said = root.run("worker.service", "kafka-connect@8083.service")
    assert said.out.splitlines()[:2] == ["worker.service is authorized now", "kafka-connect@8083.service is authorized now"]
    assert root.units() == ["kafka-connect@8083.service", "worker.service"]
    assert "is authorized no longer" in root.run("--revoke", "worker.service").out
    assert root.units() == ["kafka-connect@8083.service"]
    root.run("--revoke", "kafka-connect@8083.service")
    assert root.units() == [] and root.names() == [], "the last one takes the file with it"


def test_the_rule_names_these_units_alone_and_never_the_verb_start(root):
    root.run("worker.service", r"a\x2db@1.service")
    rule = root.file.read_text()
    units = re.search(r"var units = (\[[^]]*\]);", rule).group(1)
    assert json.loads(units) == [r"a\x2db@1.service", "worker.service"]
    assert json.loads(re.search(r"var verbs = (\[[^]]*\]);", rule).group(1)) == ["try-restart", "restart", "reset-failed", "kill"]


def test_polkitd_can_read_it_whatever_the_umask(root):
    root.run("worker.service", preexec_fn=lambda: os.umask(0o777))
    assert root.file.stat().st_mode & 0o7777 == 0o644


def test_what_is_so_already_is_left_alone(root):
    root.run("worker.service")
    before = root.file.stat()
    assert "was authorized already" in root.run("worker.service").out
    assert "was not authorized" in root.run("--revoke", "other.service").out
    for unit in SHIPPED_UNITS:
        assert "allowed by the shipped rule already" in root.run(unit).out
    after = root.file.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_the_shipped_rule_gives_cannot_be_taken_back(root):
    root.run("worker.service")
    said = root.run("--revoke", "worker.service", "kafka-connect.service", status=1)
    assert "shipped rule" in said.err and "nothing was changed" in said.err and not said.out
    assert root.units() == ["worker.service"]


def test_what_is_no_name_is_not_taken_for_one_that_is_not_authorized(root):
    root.run("worker.service")
    assert "with .service at its end" in root.run("--revoke", "worker", status=1).err
    assert root.units() == ["worker.service"]


@pytest.mark.parametrize("change", [
    lambda root: root.shipped.unlink(),
    lambda root: root.shipped.write_text(SHIPPED.read_text().replace("kafka-connect.service", "x.service")),
], ids=["missing", "changed"])
def test_a_shipped_rule_that_is_not_as_shipped_allows_nothing_for_sure(root, change):
    change(root)
    said = root.run("kafka-connect.service")
    assert "50-connect-watchdog.rules" in said.err
    assert root.run("--list").out == "kafka-connect.service\n"


@pytest.mark.parametrize("unit, why", [
    ("connect-watchdog.service", "the watchdog itself"),
    ("dbus.service", "the system bus"),
    ("polkit.service", "leave to restart"),
    ("systemd-poweroff.service", "a part of systemd"),
    ("kafka-connect@.service", "a template"),
    ("kafka-connect", "with .service at its end"),
    ("kafka.timer", "not the name of a service"),
    ("", "no service"),
    ("a\"];reboot();//.service", "not the name of a service"),
    ("a\nb.service", "not the name of a service"),
    ("../../x.service", "not the name of a service"),
    (b"\xff\xfe.service", "not the name of a service"),
    ("a" * 247 + ".servicemore", "not the name of a service"),
])
def test_one_that_is_refused_keeps_all_from_being_authorized(root, unit, why):
    said = root.run("good.service", unit, "dbus-broker.service", status=1)
    assert why in said.err and "dbus-broker.service is the system bus" in said.err
    assert "good" not in said.err and said.err.endswith("nothing was changed\n") and not said.out
    assert root.names() == []


@pytest.mark.parametrize("args, problem", [
    ([], "no unit is named"),
    (["--revoke"], "no unit is named"),
    (["--list", "a.service"], "--list stands alone"),
    (["--list", "--revoke"], "--list stands alone"),
    (["--config", "/x", "a.service"], "takes no --config"),
    (["--verbose", "a.service"], "takes no --verbose"),
    (["--unknown"], "unknown"),
])
def test_usage(root, args, problem):
    assert problem in root.run(*args, status=2).err
    assert root.names() == []


def test_an_option_of_another_verb_is_refused_there(root):
    for option in ["--list"], ["--revoke"], ["--root", root.path]:
        said = subprocess.run([CTL, "verify-config", *option], capture_output=True, text=True)
        assert said.returncode == 2 and f"takes no {option[0]}" in said.stderr


def test_json(root):
    said = json.loads(root.run("--json", "worker.service", "kafka-connect.service").out)
    assert said["changed"] is True and said["file"] == str(root.file)
    assert [(unit["asked"], unit["unit"], unit["result"]) for unit in said["units"]] == [
        ("worker.service", "worker.service", "authorized"), ("kafka-connect.service", "kafka-connect.service", "shipped")]

    refused = json.loads(root.run("--json", "good.service", b"\xff.service", status=1).out)
    assert refused["changed"] is False
    assert [unit["result"] for unit in refused["units"]] == ["untouched", "refused"]
    assert "not the name of a service" in refused["units"][1]["problem"]

    said = json.loads(root.run("--json", "--revoke", "worker.service", "other.service").out)
    assert [unit["result"] for unit in said["units"]] == ["revoked", "absent"]

    root.run("worker.service")
    units = json.loads(root.run("--json", "--list").out)["units"]
    assert units == [*({"unit": unit, "from": "shipped", "file": str(root.shipped)} for unit in SHIPPED_UNITS),
                     {"unit": "worker.service", "from": "authorized", "file": str(root.file)}]


def test_an_answer_that_cannot_be_written_is_no_success(root):
    with open("/dev/full", "w") as full:
        said = subprocess.run([CTL, "authorize", "--root", root.path, "--list"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert said.returncode == 1 and "No space left" in said.stderr


# --- a file that is not ours


def refuses_the_file(root, why):
    for args in ["other.service"], ["--revoke", "worker.service"], ["--list"]:
        said = root.run(*args, status=1)
        assert why in said.err and str(root.file) in said.err and "52-local.rules" in said.err


@pytest.mark.parametrize("edit", [
    lambda text: text.replace('"worker.service"', '"worker.service",\n        "mine.service"'),
    lambda text: text.replace("polkit.Result.NO;", "polkit.Result.YES;"),
    lambda text: text + "\n",
    lambda text: text[:-1],
    lambda text: text.replace("\n", "\r\n"),
], ids=["unit", "verdict", "longer", "shorter", "crlf"])
def test_an_edited_file_is_not_touched(root, edit):
    root.run("worker.service")
    text = edit(root.file.read_text())
    root.file.write_text(text, newline="")
    refuses_the_file(root, "was edited after")
    assert root.file.read_text() == text.replace("\r\n", "\n")


def test_a_rule_of_somebody_else_is_not_touched(root):
    for text in "", "polkit.addRule(function() {});\n", SHIPPED.read_text():
        root.file.write_text(text)
        refuses_the_file(root, "was not written by connect-watchdogctl")
        assert root.file.read_text() == text


def test_what_is_no_plain_file_is_not_touched(root, tmp_path):
    target = tmp_path / "target"
    target.write_text("precious")
    root.file.symlink_to(target)
    refuses_the_file(root, "no plain file")
    assert root.file.is_symlink() and target.read_text() == "precious"
    root.file.unlink()
    os.mkfifo(root.file)
    refuses_the_file(root, "no plain file")


def test_without_polkit_it_says_so(root):
    root.rules.rmdir()
    said = root.run("worker.service", status=1)
    assert "polkit" in said.err and "not installed" in said.err and str(root.rules) in said.err
    assert not root.rules.exists()


@pytest.mark.parametrize("directory", ["", "not-there"], ids=["empty", "missing"])
def test_a_root_that_is_none_is_not_taken_for_this_system(directory):
    """As of a script's variable that was never set."""
    said = subprocess.run([CTL, "authorize", "--root", directory, "worker.service"], capture_output=True, text=True)
    assert said.returncode == 1 and f'--root "{directory}" is no directory' in said.stderr


def test_a_link_leads_where_it_would_on_that_system(root, tmp_path):
    """And so never to the rules of this one."""
    ours = tmp_path / "rules.d"
    ours.mkdir()
    root.rules.rmdir()
    root.rules.symlink_to(ours)
    assert "not installed" in root.run("worker.service", status=1).err
    assert list(ours.iterdir()) == []
    theirs = root.path / ours.relative_to("/")
    theirs.mkdir(parents=True)
    root.run("worker.service")
    assert list(ours.iterdir()) == [] and [path.name for path in theirs.iterdir()] == [root.file.name]


def test_only_root_may(root):
    """Who is nobody in a namespace of his own is not root, and has no --root here."""
    said = subprocess.run(["unshare", "--user", CTL, "authorize", "worker.service"], capture_output=True, text=True)
    assert said.returncode == 1 and "only root" in said.stderr


# --- accidents


def test_what_cannot_be_written_leaves_the_old_file(root):
    root.run("worker.service")
    before = root.file.read_text()

    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    said = root.run("other.service", status=1, preexec_fn=full)
    assert "cannot be written" in said.err and "File too large" in said.err
    assert root.file.read_text() == before and root.names() == [root.file.name]


def test_many_at_once_lose_nothing(root):
    root.run("old-0.service", "old-1.service", "old-2.service")
    several = [root.start(f"new-{i}.service") for i in range(12)]
    several += [root.start("--revoke", f"old-{i}.service") for i in range(3)]
    for process in several:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert root.units() == sorted(f"new-{i}.service" for i in range(12))


def has_open(process, directory):
    """Whether it has come to where it asks for the lock."""
    links = []
    for fd in os.listdir(f"/proc/{process.pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{process.pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return str(directory) in links


@pytest.fixture
def locked(root):
    fd = os.open(root.rules, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    yield fd
    os.close(fd)


def test_it_waits_for_another_one_and_sees_what_that_wrote(root, locked):
    root.file.write_text(rule_of(root, "theirs.service"))
    process = root.start("ours.service")
    deadline = time.monotonic() + 10
    while not has_open(process, root.rules):
        assert process.poll() is None and time.monotonic() < deadline
    root.file.write_text(rule_of(root, "theirs.service", "theirs-too.service"))
    assert process.poll() is None
    fcntl.flock(locked, fcntl.LOCK_UN)
    assert process.wait(10) == 0
    assert root.units() == ["ours.service", "theirs-too.service", "theirs.service"]


def rule_of(root, *units):
    """The text for these units, written elsewhere."""
    elsewhere = Root(root.path.with_name("-".join(units)))
    elsewhere.run(*units)
    return elsewhere.file.read_text()


def test_it_does_not_wait_for_ever(root, locked):
    said = root.run("worker.service", status=1)
    assert "another connect-watchdogctl" in said.err and root.names() == []
    assert root.units() == [], "who only reads needs no lock"


def test_killed_at_any_moment_leaves_the_old_or_the_new_file(root):
    """Sooner after one that was through, later after one that was killed: so they end about when the file is replaced."""
    root.run("first.service")
    units, chance, patience, killed = {"first.service"}, random.Random(20261121), 0.002, 0
    for i in range(150):
        process = root.start(f"unit-{i}.service")
        time.sleep(patience * chance.uniform(0.3, 1))
        process.kill()
        process.communicate()
        was_killed = process.returncode == -signal.SIGKILL
        killed += was_killed
        patience *= 1.2 if was_killed else 0.8
        now = set(root.units())
        assert now - units <= {f"unit-{i}.service"} and units <= now
        assert was_killed or f"unit-{i}.service" in now
        units = now
    assert killed > 10 and len(units) > 10, "some before, some after"
    root.run("last.service")
    assert set(root.units()) == units | {"last.service"}
    assert root.names() == [root.file.name], "what a killed one left went with the next"
