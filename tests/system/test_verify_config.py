"""connect-watchdogctl verify-config as installed: real systemd, real polkit, real processes that hold ports."""

import json

import pytest

from lib.agent import CONFIG, STANDIN, UNIT, worker

OK, PROBLEM, EX_CONFIG = 0, 1, 78
OTHER = "other-worker.service"

# A unit as it should be. The stand-in poses as java, and its options stand where a JVM would read them.
GOOD = "\n".join([
    "ExecStart=",
    "ExecStart=@/usr/bin/python3 java /usr/local/bin/standin-worker $STANDIN_OPTIONS",
    "Environment=JAVA_TOOL_OPTIONS=-XX:+ExitOnOutOfMemoryError",
    "SuccessExitStatus=143",
    "Restart=on-failure",
])

# Long enough that no span of it is worth a warning.
CALM = {"timeout": "15s", "sustain": "3min", "sustain_kafka": "10min", "interval": "10s", "retry_interval": "5s"}


class Said:
    def __init__(self, status, document):
        self.status = status
        self.warnings = document["configuration"]["warnings"]
        self.errors = document["configuration"]["errors"]
        self.findings = document["findings"]

    def of(self, check, worker_name="connect-a"):
        """(severity, text, remedy) of the one finding of this check."""
        (found,) = [f for f in self.findings if f["check"] == check and f["worker"] == worker_name]
        return found["severity"], found["text"], found["remedy"]

    def not_ok(self):
        return {f["check"]: f["severity"] for f in self.findings if f["severity"] != "ok"}


@pytest.fixture
def verify(container):
    def run(prefix=()):
        result = container.run(*prefix, "connect-watchdogctl", "verify-config", "--json", check=False)
        assert result.stderr == "", result.stderr
        return Said(result.returncode, json.loads(result.stdout))
    return run


@pytest.fixture
def enabled(container, standin):
    container.systemctl("enable", STANDIN)
    yield standin
    container.systemctl("disable", STANDIN)


@pytest.fixture
def other(container):
    container.write(f"/etc/systemd/system/{OTHER}",
                    "[Service]\nExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 8084\n")
    container.systemctl("daemon-reload")
    container.systemctl("start", OTHER)
    container.wait_until(lambda: container.http("http://127.0.0.1:8084/"), 10, "the other unit's port")
    yield OTHER
    container.systemctl("stop", UNIT)
    container.systemctl("stop", OTHER)
    container.sh(f"rm /etc/systemd/system/{OTHER}; rm -f /etc/polkit-1/rules.d/*connect-watchdog*; systemctl daemon-reload")


def test_all_is_well(container, agent, enabled, verify):
    enabled.start(unit_settings=GOOD)
    agent.start(worker(thread_dump="yes", **CALM))
    said = verify()
    assert (said.status, said.not_ok()) == (OK, {})
    (warning,) = said.warnings
    assert "action = restart but no requires" in warning
    assert said.of("polkit")[1] == f"the agent may restart {STANDIN}"
    assert said.of("url")[1].startswith("http://127.0.0.1:8083 is healthy (HTTP 200 after ")
    assert said.of("port")[1] == f"port 8083 is held by {STANDIN} (process {enabled.main_pid()})"
    text = container.run("connect-watchdogctl", "verify-config").stdout
    assert "  ✓ ok       polkit: " in text and text.endswith("\n1 worker, no problem, 1 warning\n")


def test_a_unit_as_packages_bring_it(container, agent, standin, verify):
    """Confluent's has Restart=no and no SuccessExitStatus=143; the stand-in is no JVM, and is disabled."""
    standin.start(unit_settings="TimeoutStopSec=90")
    agent.start(worker(**CALM))
    said = verify()
    assert said.status == OK
    assert said.not_ok() == {"unit": "warning", "stop-timeout": "warning", "exit-status": "warning", "restart": "warning",
                             "out-of-memory": "unknown"}
    assert "python3 and not java" in said.of("out-of-memory")[1]
    standin.start(unit_settings=GOOD.replace("JAVA_TOOL_OPTIONS", "SOMETHING"))
    said = verify()
    assert said.not_ok() == {"unit": "warning", "out-of-memory": "warning"}


def test_a_jvm_that_would_die_of_sigquit(container, agent, standin, verify):
    standin.start(unit_settings=GOOD)
    container.drop_in(OTHER, "")
    container.write(f"/etc/systemd/system/{OTHER}", "[Service]\nExecStart=/bin/sleep infinity\n")
    container.systemctl("daemon-reload")
    container.systemctl("start", OTHER)
    agent.start(worker(unit=OTHER, thread_dump="yes", **CALM))
    try:
        severity, text, _ = verify().of("thread-dump")
        assert severity == "warning" and f"process {container.show(OTHER, 'MainPID')} does not catch SIGQUIT" in text
    finally:
        container.systemctl("stop", OTHER)
        container.sh(f"rm -r /etc/systemd/system/{OTHER} /etc/systemd/system/{OTHER}.d; systemctl daemon-reload")


def test_a_unit_that_polkit_does_not_allow_until_it_is_authorized(container, agent, standin, other, verify):
    agent.start(worker(unit=other, url="http://127.0.0.1:8084", **CALM))
    said = verify()
    severity, text, remedy = said.of("polkit")
    assert said.status == PROBLEM and severity == "problem"
    assert "refused: try-restart, reset-failed, restart" in text
    container.run(*remedy.split())
    container.wait_until(lambda: verify().of("polkit")[0] == "ok", 10, "polkit to take the new rule up")


def test_only_observing_needs_no_leave(container, agent, standin, other, verify):
    agent.start(worker(unit=other, url="http://127.0.0.1:8084", action="alert", **CALM))
    assert verify().of("polkit")[0] == "ok"


@pytest.mark.parametrize("state", ["missing", "masked"])
def test_a_unit_that_cannot_be_started(container, agent, standin, verify, state):
    if state == "masked":
        container.systemctl("mask", "--runtime", "some.service")
    try:
        agent.start(worker(unit="some.service", **CALM))
        said = verify()
    finally:
        container.systemctl("unmask", "--runtime", "some.service")
    assert said.status == PROBLEM
    severity, text, remedy = said.of("unit")
    assert severity == "problem"
    if state == "masked":
        assert text == "some.service is masked, and cannot be started"
    else:
        assert text == "there is no some.service"
        assert STANDIN in remedy.partition("; there is ")[2]


def test_two_sections_for_one_unit_under_two_names(container, agent, standin, verify):
    alias = "/etc/systemd/system/connect.service"
    container.sh(f"ln -s /usr/lib/systemd/system/{STANDIN} {alias}; systemctl daemon-reload")
    try:
        agent.start(worker(**CALM) + worker("connect-b", unit="connect.service", **CALM))
        said = verify()
        assert said.of("polkit", "connect-b")[0] == "ok", "it is the canonical name that counts"
        told = [f for f in said.findings if f["worker"] == "connect-b" and f["severity"] == "problem"]
        assert [f["check"] for f in told] == ["unit"] and f"the same unit as {STANDIN} of worker connect-a" in told[0]["text"]
    finally:
        container.systemctl("stop", UNIT)
        container.sh(f"rm {alias}; systemctl daemon-reload")


def test_a_port_that_another_unit_holds(container, agent, standin, other, verify):
    agent.start(worker(url="http://127.0.0.1:8084", **CALM))
    said = verify()
    severity, text, _ = said.of("port")
    assert said.status == PROBLEM and severity == "problem"
    pid = container.show(other, "MainPID")
    assert text.startswith(f"port 8084 is held by {other} (process {pid}, python3) and not by {STANDIN}")
    assert said.of("url")[0] == "problem", "what answers there is not Connect"


def test_a_port_that_systemd_opened_for_the_unit(container, agent, verify):
    """systemd holds it, too, and before it."""
    unit = "activated-worker.service"
    container.write("/etc/systemd/system/activated-worker.socket", "[Socket]\nListenStream=127.0.0.1:8085\n")
    container.write(f"/etc/systemd/system/{unit}", "[Service]\nExecStart=/bin/sleep 1d\n")
    container.systemctl("daemon-reload")
    container.systemctl("start", "activated-worker.socket", unit)
    try:
        agent.start(worker(url="http://127.0.0.1:8085", unit=unit, **CALM | {"timeout": "1s"}))
        severity, text, _ = verify().of("port")
        assert severity == "ok" and text == f"port 8085 is held by {unit} (process {container.show(unit, 'MainPID')})"
    finally:
        container.systemctl("stop", UNIT, "activated-worker.socket", unit)
        container.sh("rm /etc/systemd/system/activated-worker.*; systemctl daemon-reload")


def test_a_worker_that_listens_on_every_address(container, agent, standin, verify):
    standin.start(options="--listen 0.0.0.0:8083")
    agent.start(worker(url="http://localhost:8083", **CALM))
    assert verify().of("port")[0] == "ok"


def test_an_ordinary_user(container, agent, enabled, verify):
    enabled.start(unit_settings=GOOD)
    agent.start(worker(**CALM))
    said = verify(prefix=["runuser", "-u", "nobody", "--"])
    assert said.status == OK
    # The option stands in the environment, which is the process's own.
    assert said.not_ok() == {"polkit": "unknown", "port": "unknown", "out-of-memory": "unknown"}
    assert said.of("polkit")[2] == said.of("port")[2] == "run this as root"


def test_the_service_is_stopped(container, agent, enabled, verify):
    enabled.start(unit_settings=GOOD)
    agent.start(worker(**CALM))
    agent.stop()
    said = verify()
    assert said.status == OK
    assert said.not_ok() == {"service": "warning", "polkit": "unknown"}
    assert "systemctl start connect-watchdog.service" in said.of("polkit")[2]


def test_the_worker_is_stopped(container, agent, enabled, verify):
    enabled.start(unit_settings=GOOD)
    agent.start(worker(**CALM))
    container.systemctl("stop", STANDIN)
    said = verify()
    assert said.status == OK
    assert said.not_ok() == {"unit": "warning", "url": "unknown"}


def test_without_polkit(container, agent, enabled, verify):
    enabled.start(unit_settings=GOOD)
    agent.start(worker(**CALM))
    container.systemctl("mask", "--runtime", "--now", "polkit.service")
    try:
        said = verify()
    finally:
        container.systemctl("unmask", "--runtime", "polkit.service")
    assert said.status == PROBLEM and said.not_ok() == {"polkit": "problem"}
    assert "there is no polkit" in said.of("polkit")[1] and "install polkit" in said.of("polkit")[2]


# ---- what root can read, and the service cannot

def test_a_file_that_only_root_can_read(container, agent, standin, verify):
    container.write("/etc/secret", "s3cret", mode="600")
    agent.start(worker(username="watch", password_file="/etc/secret", **CALM))
    severity, text, remedy = verify().of("credential")
    assert severity == "problem" and text == ("password_file /etc/secret: the user connect-watchdog cannot read it: "
                                              "Permission denied")
    assert "/etc/connect-watchdog/credentials" in remedy
    container.sh("chgrp connect-watchdog /etc/secret; chmod 640 /etc/secret")
    assert "credential" not in verify().not_ok()
    container.sh("rm /etc/secret")


def test_a_file_is_read_with_the_agents_groups_and_none_of_roots(container, agent, standin, verify):
    secret = "/etc/connect-watchdog/group-secret"
    container.write(secret, "secret", mode="640")
    agent.start(worker(username="u", password_file=secret, **CALM))
    in_group_root = ["setpriv", "--groups", "0"]
    try:
        assert verify(prefix=in_group_root).of("credential")[0] == "problem"
        container.sh(f"groupadd extra; gpasswd -a connect-watchdog extra; chgrp extra {secret}")
        assert "credential" not in verify(prefix=in_group_root).not_ok()
    finally:
        container.sh(f"rm {secret}; groupdel extra || :")


def test_a_secret_that_the_running_agent_has_not_got(container, agent, standin, verify):
    secret = "/etc/connect-watchdog/credentials/connect-password"
    agent.start("")
    container.write(secret, "old", mode="600")
    container.write(CONFIG, worker(username="watch", password_file="connect-password", **CALM))
    try:
        severity, text, remedy = verify().of("credential")
        assert severity == "warning" and "came after the start of the agent" in text
        container.run(*remedy.split())
        assert "credential" not in verify().not_ok()
        container.write(secret, "new", mode="600")
        severity, text, remedy = verify().of("credential")
        assert severity == "warning" and "has changed since the start of the agent" in text
    finally:
        container.systemctl("stop", UNIT)
        container.sh(f"rm {secret}")


def test_a_configuration_that_only_root_can_read(container, agent, standin):
    agent.start("")
    container.write(CONFIG, worker(**CALM), mode="600")
    result = container.run("connect-watchdogctl", "verify-config", check=False)
    assert result.returncode == EX_CONFIG and f"{CONFIG}: cannot be read: Permission denied" in result.stderr
    assert result.stdout == ""
