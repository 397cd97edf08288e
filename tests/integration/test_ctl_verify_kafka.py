"""connect-watchdogctl verify-config of a [kafka NAME] that cannot be asked, and what it is not asked for."""

import json
import subprocess

import pytest
from harness import BINARY
from verifier import EX_CONFIG, OK, PROBLEM, Verifier

needs_module = pytest.mark.skipif(not BINARY.with_name("connect-watchdog-kafka.so").exists(), reason="built without librdkafka")


@pytest.fixture
def lone(tmp_path):
    """Without a bus."""
    return Verifier(tmp_path, f"unix:path={tmp_path}/no-bus")


@needs_module
def test_a_cluster_that_nobody_answers_for(lone, worker):
    lone.configure("[kafka main]\nbootstrap = 127.0.0.1:1, [::1]:1\ntimeout = 1s\n", a={"url": worker.url, "requires": "main"})
    said = lone.run()
    assert said.returncode == PROBLEM and said.stderr == ""
    lines = said.stdout.splitlines()
    at = lines.index("kafka main: 127.0.0.1:1 [::1]:1")
    assert lines[at + 1].startswith("  ✗ problem  kafka: no broker answers (")
    assert lines[at + 2] == "             → Look at the brokers and at the network between."
    assert lines[at + 4].startswith("a: http://"), "workers follow, and are not the worse for it"
    assert lone.findings()["a", "url"][0][0] == "ok"


@needs_module
def test_a_name_without_an_address(lone):
    lone.configure("[kafka main]\nbootstrap = no-such-host.invalid\ntimeout = 1s\n")
    ((severity, text, remedy),) = lone.findings(status=PROBLEM)["main", "kafka"]
    assert severity == "problem" and "no name of bootstrap = has an address" in text and remedy


@needs_module
def test_librdkafka_refuses_a_property_in_its_line(lone):
    lone.configure("[kafka main]\nbootstrap = b\nproperty = client.id=x\nproperty = no.such=x\nproperty = debug=nonsense\n")
    said = lone.run()
    assert (said.returncode, said.stdout) == (EX_CONFIG, "")
    lines = said.stderr.splitlines()
    assert lines[0].startswith(f"{lone.config}:4: property no.such: librdkafka: No such configuration property")
    assert lines[1].startswith(f"{lone.config}:5: property debug: librdkafka: Invalid value")
    assert lines[2:] == ["2 errors; nothing else was looked at"]


def test_without_the_module_watching_goes_on(lone, worker):
    lone.environment["CONNECT_WATCHDOG_MODULE_DIR"] = str(lone.config.parent)
    lone.configure("[kafka main]\nbootstrap = b\nproperty = no.such=x\n", a={"url": worker.url, "requires": "main"})
    ((severity, text, _),) = lone.findings(status=PROBLEM)["main", "kafka"]
    assert severity == "problem" and "install the package connect-watchdog-kafka" in text
    (warning,) = json.loads(lone.run("--json").stdout)["configuration"]["warnings"]
    assert warning.startswith(f"{lone.config}:1: nothing can be told of kafka main, and what requires it is not restarted: ")
    checked = subprocess.run([BINARY, "--check-config", lone.config], capture_output=True, text=True, env=lone.environment,
                             timeout=30)
    assert (checked.returncode, checked.stderr) == (OK, f"warning: {warning}\n")
    assert "\nproperty = no.such=x\n" in checked.stdout


@needs_module
def test_a_secret_that_is_not_there(lone, tmp_path):
    lone.configure("[kafka main]\nbootstrap = 127.0.0.1:1\ntimeout = 1s\nproperty = security.protocol=SASL_SSL\n"
                   f"property = sasl.mechanism=SCRAM-SHA-512\nusername = u\npassword_file = {tmp_path}/none\n")
    found = lone.findings(status=PROBLEM)
    assert found["main", "credential"][0][0] == "problem", "a sandbox hides /tmp"
    ((severity, text, _),) = found["main", "kafka"]
    assert severity == "problem" and "password_file" in text and "No such file" in text
