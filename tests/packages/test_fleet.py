"""Many hosts: the Ansible role of conf/examples/ansible, run by the ansible-core of each release on a host that begins
with nothing but a worker and the package's file."""

import json
import re

import pytest

from lib.agent import QUICK, STANDIN, UNIT, Agent, Standin
from lib.container import TREE, Container, tool

EXAMPLES = TREE / "conf" / "examples" / "ansible"
INSTALLED = "/usr/share/doc/connect-watchdog/examples/ansible"
ETC = "/etc/connect-watchdog"

# Not one that the package's own polkit rule knows.
WORKER = "connect-fleet@8083.service"

pytestmark = pytest.mark.xdist_group("fleet")

# A play starts some thirty processes of Python, beside whatever else the machine does.
PLAY_TIMEOUT = 180


class Play:
    """What came of a run of the playbook."""

    def __init__(self, result):
        self.output = result.stdout + result.stderr
        recap = re.search(r"^fleet-host +: .*changed=(\d+) .*failed=(\d+)", self.output, re.MULTILINE)
        assert recap, self.output
        self.changed, self.failed = map(int, recap.groups())
        assert (result.returncode == 0) == (self.failed == 0), self.output

    def good(self):
        assert self.failed == 0, self.output
        return self


class Fleet:
    """A host that manages itself by the playbook."""

    def __init__(self, container, package):
        self.container = container
        self.agent = Agent(container)
        self.standin = Standin(container)
        container.write("/etc/systemd/system/connect-fleet@.service",
                        container.run("cat", f"/usr/lib/systemd/system/{STANDIN}").stdout)
        container.systemctl("daemon-reload")
        container.systemctl("start", WORKER)
        container.run("mkdir", "/root/dist")
        tool("copy", container.handle, package, "/root/dist/")
        tool("copy", container.handle, EXAMPLES, "/root/ansible")
        self.package = f"/root/dist/{package.name}"
        self.password = "sesame"

    def settings(self, keys):
        """The worker's keys; `keys` are added, or taken out with None."""
        merged = {**QUICK, "unit": WORKER, "username": "watchdog", "password_file": "fleet-password", **keys}
        return {key: value for key, value in merged.items() if value is not None}

    def play(self, *options, keys=None, password=None, **variables):
        """Runs the playbook with one worker, which has these settings; `variables` replace those of the role."""
        host = {
            "ansible_connection": "local",
            "connect_watchdog_package_file": self.package,
            "connect_watchdog_agent": {"log_level": "info"},
            "connect_watchdog_defaults": {"thread_dump": False, "peers": []},
            "connect_watchdog_workers": [{"name": "connect-a", "settings": self.settings(keys or {})}],
            "connect_watchdog_credentials": [{"name": "fleet-password", "content": password or self.password}],
            **variables,
        }
        self.container.write("/root/inventory.yml", json.dumps({"connect": {"hosts": {"fleet-host": host}}}))
        return Play(self.container.run("env", "ANSIBLE_PIPELINING=1", "ansible-playbook", "-i", "/root/inventory.yml",
                                       "/root/ansible/playbook.yml", *options, check=False, timeout=PLAY_TIMEOUT))

    def invocation(self):
        """Of the agent: another one after a restart."""
        return self.container.show(UNIT, "InvocationID")

    def files(self):
        """What is below /etc/connect-watchdog, with whose it is and what is in it."""
        return self.container.sh(f"cd {ETC}; find . -printf '%p %m %u:%g\\n' | sort; grep -r '' . | sort")

    def watched(self):
        """What the agent says of how it watches, since the journal's mark."""
        return [entry["MESSAGE"] for entry in self.container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=watching")]

    def authorized(self):
        return self.container.run("connect-watchdogctl", "authorize", "--list").stdout.splitlines()


@pytest.fixture(scope="module")
def fresh(suite, package):
    """A host after two runs of the same playbook, and what came of them."""
    with Container.boot(suite, options=["--layer", "packaging"]) as container:
        fleet = Fleet(container, package)
        fleet.without_package = fleet.play("--check", connect_watchdog_package_file="")
        fleet.first = fleet.play().good()
        fleet.agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="healthy")
        before = fleet.invocation(), len(fleet.agent.reloads())
        fleet.second = fleet.play().good()
        fleet.untouched = before == (fleet.invocation(), len(fleet.agent.reloads()))

        container.signal(WORKER, "SIGSTOP")
        fleet.agent.wait_for("restart-done", 30)
        fleet.restarted = container.invocations(WORKER)
        yield fleet


@pytest.fixture
def fleet(fresh):
    """That host, whatever a test before did; the journal begins here."""
    fresh.container.mark()
    return fresh


def test_where_no_repository_has_the_package_it_says_how_to_name_one(fresh):
    play = fresh.without_package
    assert play.failed == 1 and play.changed == 0
    assert "packaging/build deb" in play.output and "name the file in connect_watchdog_package_file" in play.output


def test_one_run_takes_a_host_from_nothing_to_a_guarded_worker(fresh):
    """What hangs is restarted, by a right that only the play has given."""
    assert fresh.first.changed > 0
    assert fresh.container.systemctl("is-enabled", UNIT).stdout.strip() == "enabled"
    assert len(fresh.restarted) == 2


def test_a_second_run_changes_nothing(fresh):
    assert fresh.second.changed == 0
    assert fresh.untouched, "the agent was neither reloaded nor restarted"


def test_a_changed_configuration_is_reloaded_and_the_agent_goes_on(fleet):
    invocation = fleet.invocation()
    fleet.play(keys={"interval": "900ms", "retry_interval": None, "action": "alert"}).good()
    assert "every 900ms; action = alert" in fleet.agent.wait_for("watching", 10)["MESSAGE"]
    assert fleet.invocation() == invocation
    assert WORKER not in fleet.authorized(), "it may only alert"
    # Now by [defaults], of which the worker's username needs another key: no file of these is right by itself.
    together = {"action": "restart", "username": "watchdog"}
    fleet.play(keys={"action": None, "username": None}, connect_watchdog_defaults=together).good()
    assert f"restarts {WORKER} after" in fleet.container.wait_until(
        lambda: fleet.watched()[1:], 10, "the agent's word on how it watches now")[0]
    assert fleet.invocation() == invocation
    assert WORKER in fleet.authorized()


def test_a_new_credential_is_handed_over_by_a_restart_and_never_shown(fleet):
    container, invocation = fleet.container, fleet.invocation()
    before, fleet.password = fleet.password, "open-barley"
    play = fleet.play("--diff", "-vvv").good()
    assert fleet.invocation() != invocation
    assert before not in play.output and fleet.password not in play.output
    assert container.sh(f"cat /run/credentials/{UNIT}/connect-watchdog.credentials_fleet-password") == fleet.password
    assert "./credentials/fleet-password 600 root:root\n" in fleet.files()
    fleet.agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="healthy")


def test_a_worker_that_is_absent_is_no_longer_watched_nor_its_unit_authorized(fleet):
    if "50-connect-a.conf" not in fleet.files():
        fleet.play().good()
    assert "./conf.d/50-connect-a.conf 644 root:root\n" in fleet.files() and WORKER in fleet.authorized()
    invocation = fleet.invocation()
    fleet.play(connect_watchdog_workers=[{"name": "connect-a", "state": "absent", "settings": {"unit": WORKER}}]).good()
    fleet.agent.wait_for("no-worker", 10)
    assert "50-connect-a.conf" not in fleet.files()
    assert WORKER not in fleet.authorized()
    assert fleet.invocation() == invocation


def test_what_is_only_a_warning_is_shown_too(fleet):
    """A worker that is down is none of the configuration's problems: verify-config exits with 0."""
    fleet.container.systemctl("stop", WORKER)
    play = fleet.play().good()
    fleet.container.systemctl("start", WORKER)
    fleet.agent.wait_for("state-changed", 20, CONNECT_WATCHDOG_STATE="healthy")
    assert re.search(rf"{re.escape(WORKER)} is (inactive|failed)", play.output), play.output
    assert "start its unit, then verify again" in play.output


@pytest.mark.parametrize("options", [[], ["--check"]], ids=["run", "check"])
def test_mistakes_stop_the_play_with_their_file_and_line_and_nothing_is_touched(fleet, options):
    """Nor is the agent restarted, by which it would meet the mistake that somebody else has made."""
    fleet.container.write(f"{ETC}/conf.d/90-local.conf", "[agent]\ndry_run = perhaps\n")
    before = fleet.files(), fleet.authorized(), fleet.invocation()
    play = fleet.play(*options, keys={"intervall": "1s"}, password="never written")
    after = fleet.files(), fleet.authorized(), fleet.invocation()
    fleet.container.run("rm", f"{ETC}/conf.d/90-local.conf")
    assert play.failed == 1
    # A comment, an empty line and the section stand before the keys.
    line = 3 + len(fleet.settings({})) + 1
    assert f"{ETC}/conf.d/50-connect-a.conf:{line}: intervall is no key of [worker NAME]; did you mean interval?" in play.output
    assert f"{ETC}/conf.d/90-local.conf:2: " in play.output
    assert after == before
    assert fleet.agent.reloads() == []
    assert fleet.container.sh("find /tmp /var/tmp -name '*.connect-watchdog'") == ""


def test_the_package_brings_what_was_tested(fresh):
    tool("copy", fresh.container.handle, EXAMPLES, "/root/tree")
    fresh.container.run("diff", "-r", "/root/tree", INSTALLED)
