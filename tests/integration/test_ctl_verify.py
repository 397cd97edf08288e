"""connect-watchdogctl verify-config against scripted workers, a scripted systemd and polkit, and none of them."""

import json
import os
import pwd
import re
import socket
import subprocess
import threading
import time

import pytest
from harness import UNIT
from http_server import WorkerServer
from verifier import CTL, EX_CONFIG, OK, PROBLEM, USAGE, Verifier

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask polkit about another")


@pytest.fixture
def verifier(tmp_path, bus):
    """With the agent's unit running, as this process."""
    bus.do("unit", name="connect-watchdog.service", properties={"MainPID": os.getpid()})
    return Verifier(tmp_path, bus.address)


@pytest.fixture
def lone(tmp_path):
    """Without a bus."""
    return Verifier(tmp_path, f"unix:path={tmp_path}/no-bus")


def severity(findings, worker, check):
    assert (worker, check) in findings, findings
    (finding,) = findings[worker, check]
    return finding[0]


# ---- what is said, and how

def test_a_worker_that_only_alerts_and_answers(verifier, worker):
    verifier.configure(a={"url": worker.url})
    result = verifier.run()
    assert result.returncode == OK and result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[:3] == ["this host", f"  ✓ ok       service: connect-watchdog.service is active (process {os.getpid()})", ""]
    assert lines[3:5] == [f"a: {worker.url}, action = alert", "  ✓ ok       unit: none is named: can only alert"]
    assert lines[5].startswith(f"  ✓ ok       url: {worker.url} is healthy (HTTP 200 after ")
    assert lines[6:] == ["", "1 worker, no problem"]
    assert worker.requests[0].path == "/health"


def test_no_worker_at_all(verifier):
    verifier.configure("[agent]\n")
    result = verifier.run()
    assert result.returncode == OK
    assert result.stdout.splitlines()[-1] == "no worker is configured: nothing is watched"


def test_each_key_on_request(verifier, worker):
    verifier.configure(a={"url": worker.url})
    said = verifier.run("--verbose").stdout
    assert said.startswith("# 1 worker\n") and f"\nurl = {worker.url}\n" in said and "\nthis host\n" in said
    assert "interval" not in verifier.run().stdout


def test_a_remedy_follows_its_problem(verifier):
    verifier.configure(a={"unit": "none.service", "url": "http://127.0.0.1:1"})
    result = verifier.run()
    assert result.returncode == PROBLEM
    assert ("  ✗ problem  unit: there is no none.service\n"
            f"             → correct unit = in [worker a] ({verifier.config}:1); there is {UNIT}\n") in result.stdout
    assert "\033" not in result.stdout, "no colour in a pipe"
    assert result.stdout.endswith("\n1 worker, 2 problems\n")


def test_every_error_of_the_configuration_at_once(verifier):
    verifier.configure("[worker a]\nintervall = 10s\nunit = x\n")
    result = verifier.run()
    assert (result.returncode, result.stdout) == (EX_CONFIG, "")
    assert [line.split(": ")[0] for line in result.stderr.splitlines()[:-1]] == [f"{verifier.config}:2", f"{verifier.config}:3"]
    assert result.stderr.endswith("\n2 errors; nothing else was looked at\n")
    as_json = verifier.run("--json")
    assert as_json.returncode == EX_CONFIG and as_json.stderr == ""
    said = json.loads(as_json.stdout)
    assert len(said["configuration"]["errors"]) == 2 and said["findings"] == []


@pytest.mark.parametrize("n, said", [(1, "1 error"), (100, "100 errors"), (116, "116 errors")])
def test_errors_are_counted_also_those_that_are_not_shown(verifier, n, said):
    verifier.configure("[agent]\n" + "nonsense = 1\n" * n)
    result = verifier.run()
    assert result.returncode == EX_CONFIG
    assert result.stderr.splitlines()[-1] == f"{said}; nothing else was looked at"


def test_what_could_not_be_looked_at_is_no_clean_bill(lone, worker):
    lone.configure(a={"url": worker.url})
    assert lone.run().stdout.endswith("\n1 worker, no problem found, but 1 thing could not be looked at\n")
    lone.configure(a={"url": worker.url, "timeout": "5s", "bearer_token_file": "/root/token"})
    said = lone.run()
    assert said.returncode == PROBLEM
    assert said.stdout.endswith("\n1 worker, 2 problems, 1 warning, 1 thing could not be looked at\n")
    lone.configure("[agent]\n")
    assert lone.run().stdout.endswith("\nno worker is configured: nothing is watched, 1 thing could not be looked at\n")


def test_warnings_of_the_configuration_stand_in_the_report(verifier, worker):
    verifier.configure(a={"url": worker.url, "timeout": "5s"})
    result = verifier.run()
    assert result.returncode == OK and result.stderr == ""
    assert f"  ! warning  configuration: {verifier.config}:3: worker a has a timeout of 5s" in result.stdout
    assert result.stdout.endswith("\n1 worker, no problem, 1 warning\n")
    assert len(json.loads(verifier.run("--json").stdout)["configuration"]["warnings"]) == 1


@pytest.mark.parametrize("arguments", [["verify-config", "x"], ["verify-config", "--nonsense"], ["no-such-verb"], []])
def test_what_it_is_not_asked_for(arguments):
    result = subprocess.run([CTL, *arguments], capture_output=True, text=True, timeout=10)
    assert result.returncode == USAGE and result.stdout == "" and result.stderr
    assert "did you mean" not in result.stderr


@pytest.mark.parametrize("written, meant", [
    ("authorise", "authorize"), ("verify", "verify-config"), ("verify_confg", "verify-config"),
])
def test_a_verb_that_is_nearly_one(written, meant):
    result = subprocess.run([CTL, written], capture_output=True, text=True, timeout=10)
    assert result.returncode == USAGE and result.stdout == ""
    assert result.stderr == (f'connect-watchdogctl: there is no verb "{written}"; did you mean {meant}? '
                             "See connect-watchdogctl --help\n")


# ---- units

@pytest.mark.parametrize("properties, expected", [
    ({}, "ok"),
    ({"UnitFileState": "disabled"}, "warning"),
    ({"ActiveState": "inactive", "SubState": "dead", "MainPID": 0}, "warning"),
    ({"ActiveState": "failed", "SubState": "failed", "MainPID": 0}, "warning"),
    ({"LoadState": "masked"}, "problem"),
    ({"LoadState": "bad-setting"}, "problem"),
])
def test_the_unit(verifier, bus, worker, properties, expected):
    bus.do("set", name=UNIT, properties=properties)
    verifier.configure(a={"url": worker.url, "unit": UNIT})
    assert severity(verifier.findings(), "a", "unit") == expected


def test_two_names_of_one_unit(verifier, bus, worker):
    bus.do("alias", alias="connect.service", name=UNIT)
    verifier.configure(a={"url": worker.url, "unit": UNIT}, b={"url": worker.url, "unit": "connect.service"})
    found = verifier.findings(status=PROBLEM)
    assert severity(found, "a", "unit") == "ok"
    assert [f[0] for f in found["b", "unit"]] == ["problem", "ok"]
    assert f"the same unit as {UNIT} of worker a" in found["b", "unit"][0][1]


def test_the_settings_of_the_unit(verifier, bus, worker):
    verifier.configure(a={"url": worker.url, "unit": UNIT, "action": "restart"})
    found = verifier.findings()
    assert {check for (name, check), fs in found.items() if name == "a" and fs[0][0] == "warning"} == {
        "stop-timeout", "exit-status", "restart"}
    bus.do("set", name=UNIT, properties={"TimeoutStopUSec": 180000000, "SuccessExitStatus": [[1, 143], [15]],
                                         "Restart": "on-failure", "RefuseManualStart": True,
                                         "StartLimitIntervalUSec": 3600000000})
    found = verifier.findings()
    assert [check for (_, check), fs in found.items() for f in fs if f[0] == "warning"] == ["start-limit"]
    assert severity(found, "a", "manual-start") == "problem"


# ---- polkit

@as_root
def test_polkit_is_asked_what_systemd_will_ask(verifier, bus, worker):
    bus.do("alias", alias="connect.service", name=UNIT)
    verifier.configure(a={"url": worker.url, "unit": "connect.service", "action": "restart", "thread_dump": "yes"})
    assert severity(verifier.findings(), "a", "polkit") == "ok"
    asked = bus.do("polkit-asked")
    own_name = bus.control.get_unique_name()
    assert asked == [["system-bus-name", own_name, "org.freedesktop.systemd1.manage-units", {"unit": UNIT, "verb": verb}]
                     for verb in ("try-restart", "reset-failed", "restart", "kill")]


@as_root
@pytest.mark.parametrize("refused, keys, expected", [
    (["try-restart"], {"action": "restart"}, "problem"),
    (["reset-failed"], {"action": "restart"}, "problem"),
    (["restart"], {"action": "restart"}, "problem"),
    (["restart"], {"action": "restart", "revive": "no"}, "ok"),
    (["kill"], {"action": "restart", "thread_dump": "yes"}, "warning"),
    (["kill"], {"action": "restart"}, "ok"),
    (["try-restart", "restart"], {}, "ok"),
])
def test_what_polkit_refuses(verifier, bus, worker, refused, keys, expected):
    bus.do("polkit", refused=refused)
    verifier.configure(a={"url": worker.url, "unit": UNIT, **keys})
    found = verifier.findings()
    assert severity(found, "a", "polkit") == expected
    if expected != "ok":
        assert found["a", "polkit"][0][2] == f"connect-watchdogctl authorize {UNIT}"


@as_root
def test_a_polkit_that_is_not_there(verifier, bus, worker):
    bus.do("answer", method="CheckAuthorization", error=["org.freedesktop.DBus.Error.ServiceUnknown", "no such name"])
    verifier.configure(a={"url": worker.url, "unit": UNIT, "action": "restart"}, b={"url": worker.url, "unit": "b.service"})
    bus.do("unit", name="b.service")
    found = verifier.findings()
    assert severity(found, "a", "polkit") == "problem" and "no such name" in found["a", "polkit"][0][1]
    assert severity(found, "b", "polkit") == "unknown"


@as_root
def test_a_polkit_that_hangs_is_asked_once(verifier, bus, worker):
    bus.do("answer", method="CheckAuthorization")
    for name in "a", "b", "c":
        bus.do("unit", name=f"{name}.service")
    verifier.configure(**{name: {"url": worker.url, "unit": f"{name}.service", "action": "restart"} for name in "abc"})
    began = time.monotonic()
    found = verifier.findings()
    assert time.monotonic() - began < 9
    assert [severity(found, name, "polkit") for name in "abc"] == ["unknown"] * 3
    assert bus.do("counts")["CheckAuthorization"] == 1


@as_root
def test_without_the_agent_polkit_cannot_be_asked(verifier, bus, worker):
    bus.do("crash", name="connect-watchdog.service")
    verifier.configure(a={"url": worker.url, "unit": UNIT, "action": "restart"})
    found = verifier.findings()
    assert severity(found, None, "service") == "warning"
    assert severity(found, "a", "polkit") == "unknown"
    assert "start connect-watchdog.service" in found["a", "polkit"][0][2]


# ---- no systemd, no bus

def test_without_a_bus_the_rest_is_looked_at(lone, worker):
    lone.configure(a={"url": worker.url, "unit": UNIT, "action": "restart"})
    found = lone.findings(status=OK)
    assert severity(found, None, "systemd") == "unknown"
    assert severity(found, "a", "url") == "ok"
    assert set(check for _, check in found) == {"systemd", "url"}


def test_a_bus_that_hangs(tmp_path, worker):
    """It listens, and says nothing."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        verifier = Verifier(tmp_path, f"unix:path={tmp_path}/bus")
        verifier.configure(a={"url": worker.url, "unit": UNIT})
        began = time.monotonic()
        found = verifier.findings(status=OK)
        assert time.monotonic() - began < 9
    assert severity(found, None, "systemd") == "unknown" and severity(found, "a", "url") == "ok"


def test_a_systemd_that_hangs_is_asked_once(verifier, bus, worker):
    bus.do("answer", method="LoadUnit")
    verifier.configure(**{name: {"url": worker.url, "unit": f"{name}.service"} for name in "abc"})
    began = time.monotonic()
    found = verifier.findings(status=OK)
    assert time.monotonic() - began < 9
    assert found[None, "systemd"][0][1].startswith("systemd does not answer: ")
    assert bus.do("counts")["LoadUnit"] == 1


def test_a_bus_without_systemd(verifier, bus, worker):
    bus.do("away", ms=-1)
    verifier.configure(a={"url": worker.url, "unit": UNIT})
    assert severity(verifier.findings(status=OK), None, "systemd") == "unknown"


# ---- URLs

@pytest.mark.parametrize("mode, expected, said", [
    ("ok", "ok", "is healthy (HTTP 200"),
    ("old", "ok", "is healthy"),
    ("starting", "warning", "says that it is still starting up"),
    ("unhealthy", "problem", "generating task configs for connector scripted"),
    ("hang", "problem", "did not answer within the timeout"),
    ("close", "problem", "closed the connection"),
    ("html-404", "problem", "answers, but not as Kafka Connect"),
    ("401", "problem", "wants credentials"),
    ("not-connect", "problem", ""),
    ("not-http", "problem", ""),
    ("redirect", "problem", "redirects us"),
])
def test_what_a_worker_answers(lone, worker, mode, expected, said):
    worker.mode = mode
    lone.configure(a={"url": worker.url, "timeout": "1s"})
    found = lone.findings(status=PROBLEM if expected == "problem" else OK)
    ((how_bad, text, remedy),) = found["a", "url"]
    assert how_bad == expected and text.startswith(worker.url) and said in text
    assert remedy or expected != "problem"


def test_nobody_listens(lone, worker):
    worker.refuse()
    lone.configure(a={"url": worker.url})
    assert "refused the connection" in lone.findings(status=PROBLEM)["a", "url"][0][1]


def test_a_worker_that_is_stopped_is_not_blamed_for_its_url(verifier, bus, worker):
    worker.refuse()
    bus.do("stop", name=UNIT, ms=-1)
    bus.do("set", name=UNIT, properties={"ActiveState": "failed"})
    verifier.configure(a={"url": worker.url, "unit": UNIT})
    assert severity(verifier.findings(status=OK), "a", "url") == "unknown"


def test_all_are_asked_at_once(lone, worker):
    worker.mode = "hang"
    lone.configure(**{f"w{i}": {"url": f"{worker.url}/{i}", "timeout": "2s"} for i in range(20)})
    began = time.monotonic()
    found = lone.findings(status=PROBLEM)
    assert time.monotonic() - began < 8
    assert len(found) == 20 * 2 + 1


def test_credentials_are_used_and_never_shown(lone, worker, tmp_path):
    (tmp_path / "password").write_text("very-secret\n")
    worker.mode = "401"
    lone.configure(a={"url": worker.url, "username": "watch", "password_file": tmp_path / "password"})
    result = lone.run("--verbose")
    assert worker.requests[0].headers["authorization"].startswith("Basic ")
    assert "very-secret" not in result.stdout + result.stderr


def test_a_file_that_the_sandbox_hides(lone, worker):
    lone.configure(a={"url": worker.url, "bearer_token_file": "/root/token"})
    found = lone.findings(status=PROBLEM)
    assert severity(found, "a", "credential") == "problem" and "/root/" in found["a", "credential"][0][1]


def test_a_dry_run_needs_no_leave(verifier, bus, worker):
    bus.do("polkit", refused=["try-restart", "restart", "reset-failed"])
    verifier.configure("[agent]\ndry_run = yes\n", a={"url": worker.url, "unit": UNIT, "action": "restart"})
    assert f"\na: {worker.url}, {UNIT}, action = restart (but dry_run = yes)\n" in verifier.run().stdout
    assert severity(verifier.findings(), "a", "polkit") != "problem"


def test_peers(lone, worker):
    with WorkerServer() as peer, WorkerServer("unhealthy") as ill:
        lone.configure(a={"url": worker.url, "peers": f"{peer.url} {ill.url}"})
        found = lone.findings(status=OK)
        assert [f[0] for f in found["a", "peers"]] == ["warning", "ok"]
        assert found["a", "peers"][0][1].startswith(ill.url)
        lone.configure(a={"url": worker.url, "peers": f"{peer.url} {ill.url}", "min_healthy_peers": 2})
        assert "hold peers-unhealthy" in lone.findings(status=OK)["a", "peers"][1][1]


def test_a_url_of_elsewhere(verifier, worker):
    verifier.configure(a={"url": "http://192.0.2.1:8083", "unit": UNIT, "timeout": "1s"})
    assert severity(verifier.findings(), "a", "this-host") == "warning"
    verifier.configure(a={"url": "http://192.0.2.1:8083", "unit": UNIT, "timeout": "1s", "url_is_local": "yes"})
    assert ("a", "this-host") not in verifier.findings()


def test_a_port_that_is_not_the_units(verifier, worker):
    """It is this very process that listens, which is not of that unit."""
    verifier.configure(a={"url": worker.url, "unit": UNIT})
    ((how_bad, text, _),) = verifier.findings(status=PROBLEM)["a", "port"]
    assert how_bad == "problem" and f"port {worker.port} is held by" in text and f"process {os.getpid()}" in text


@pytest.mark.parametrize("address, family", [("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6), ("::1", socket.AF_INET6)])
def test_the_port_is_found_on_any_address(verifier, address, family):
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        listener.listen()
        port = listener.getsockname()[1]
        url = f"http://[::1]:{port}" if address == "::1" else f"http://127.0.0.1:{port}"
        verifier.configure(a={"url": url, "unit": UNIT, "timeout": "1s"})
        ((_, text, _),) = verifier.findings()["a", "port"]
        assert f"process {os.getpid()}" in text


# ---- a socket


def test_the_socket_of_a_worker(verifier, tmp_path_factory):
    """It is this very process that listens; only root can try it as another user."""
    directory = tmp_path_factory.mktemp("s")
    with WorkerServer(socket_path=directory / "x.sock") as worker:
        (directory / "link").symlink_to(worker.socket_path)
        verifier.configure(a={"url": f"unix:{directory}/link", "unit": UNIT})
        found = verifier.findings(status=PROBLEM)
        assert found["a", "url"][0][0] == "ok" and f"unix:{directory}/link is healthy" in found["a", "url"][0][1]
        assert "the service's sandbox hides /tmp/" in found["a", "url"][1][1]
        assert ("a", "this-host") not in found
        ((how_bad, text, _),) = found["a", "port"]
        assert how_bad == "problem" and text.startswith(f"{directory}/link is held by") and f"process {os.getpid()}" in text
    found = verifier.findings(status=PROBLEM)
    assert "(Connection refused)" in found["a", "url"][0][1]
    assert ("a", "port") not in found


# ---- TLS

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA, and certificates that end in so many days."""
    directory = tmp_path_factory.mktemp("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=directory, check=True, stderr=subprocess.DEVNULL)

    (directory / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", 400)
    openssl("req", *key, "-keyout", "key", "-out", "request", "-subj", "/CN=worker")
    for days in 5, 90:
        openssl("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
                "-extfile", "san", "-out", f"{days}.pem")
    return directory


@pytest.mark.parametrize("days, expected", [(5, "warning"), (90, "ok")])
def test_a_certificate_that_ends_soon(lone, certificates, days, expected):
    with WorkerServer(certificate=certificates / f"{days}.pem", key=certificates / "key") as worker:
        lone.configure(a={"url": worker.url, "ca_file": certificates / "ca.pem"})
        found = lone.findings()
        assert severity(found, "a", "url") == "ok"
        ((how_bad, text, _),) = found["a", "certificate"]
        assert how_bad == expected and re.search(f"expires at .* UTC, in ({days - 1}|{days}) days$", text)


def test_our_own_certificate(lone, certificates):
    with WorkerServer(certificate=certificates / "90.pem", key=certificates / "key", client_ca=certificates / "ca.pem") as worker:
        lone.configure(a={"url": worker.url, "ca_file": certificates / "ca.pem", "cert_file": certificates / "5.pem",
                          "key_file": certificates / "key"})
        found = lone.findings()
        assert severity(found, "a", "url") == "ok"
        assert [f[0] for f in found["a", "certificate"]] == ["ok", "warning"]
        assert "5.pem) expires at" in found["a", "certificate"][1][1]


def test_a_certificate_that_is_none(lone, certificates):
    lone.configure(a={"url": "https://127.0.0.1:1", "cert_file": certificates / "key", "key_file": certificates / "key"})
    assert "there is no certificate" in lone.findings()["a", "certificate"][0][1]


def has_service_user():
    return any(user.pw_name == "connect-watchdog" for user in pwd.getpwall())


@pytest.mark.skipif(os.geteuid() != 0 or has_service_user(), reason="takes root, on a host without the agent's user")
def test_without_the_agents_user_root_is_not_told_to_become_root(lone):
    lone.configure(a={"url": "https://127.0.0.1:1", "ca_file": "/etc/hosts"})
    ((how_bad, _, remedy),) = lone.findings()["a", "credential"]
    assert how_bad == "unknown" and remedy == "make that user: systemd-sysusers"


def test_a_pipe_is_not_waited_for(lone, certificates, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    lone.configure(a={"url": "https://127.0.0.1:1", "cert_file": tmp_path / "pipe", "key_file": certificates / "key"})
    found = lone.findings(status=PROBLEM)
    assert found["a", "certificate"][0][1].endswith("it is no regular file")


def test_nobody_is_asked_for_a_pass_phrase(lone, certificates):
    subprocess.run(["openssl", "ec", "-in", "key", "-aes128", "-passout", "pass:secret", "-out", "encrypted"], cwd=certificates,
                   check=True, stderr=subprocess.DEVNULL)
    reading, writing = os.pipe()
    with WorkerServer(certificate=certificates / "90.pem", key=certificates / "key") as worker:
        lone.configure(a={"url": worker.url, "ca_file": certificates / "ca.pem", "cert_file": certificates / "90.pem",
                          "key_file": certificates / "encrypted"})
        # In a session of its own it has no terminal, and would be asked on stdin.
        result = lone.run(stdin=reading, start_new_session=True, timeout=10)
    os.close(reading)
    os.close(writing)
    assert result.returncode == PROBLEM and "pass phrase" not in result.stderr
    assert "encrypted" in result.stdout


def test_a_server_that_hangs_in_the_handshake(lone, certificates):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        accepting = threading.Thread(target=lambda: [silent.accept() for _ in range(2)], daemon=True)
        accepting.start()
        lone.configure(a={"url": f"https://127.0.0.1:{silent.getsockname()[1]}", "timeout": "1s"})
        began = time.monotonic()
        found = lone.findings(status=PROBLEM)
        assert time.monotonic() - began < 6
        assert severity(found, "a", "url") == "problem" and ("a", "certificate") not in found
