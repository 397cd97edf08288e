"""A reload suffices for every key. The keys are those that the program itself prints, so that none is forgotten: each has
a proof here, which changes that key alone, sends SIGHUP and waits for what the new value does.
"""

import base64
import os
import re
import shutil
import subprocess

import pytest

import harness
import test_reload_keys_http
import test_reload_keys_kafka
import test_reload_keys_notify
from connect_cluster import ELSEWHERE, HERE
from harness import UNIT, until
from http_server import CONNECTORS, HEALTHY, WorkerServer, response
from reload_scene import Proofs

proves = Proofs()


# --- [agent]


@proves("agent", "dry_run")
def _(scene):
    scene.start({"dry_run": "yes"})
    scene.fail()
    scene.expect("would-restart")
    scene.change({"dry_run": "no"})
    scene.expect("restart-done")


@proves("agent", "log_level")
def _(scene):
    scene.start({"log_level": "err"})
    scene.polled_on()
    assert not scene.told("state-changed")
    scene.change({"log_level": "info"})
    scene.expect("config-reloaded")


@proves("agent", "hostname")
def _(scene):
    scene.start({"hostname": "one"})
    assert scene.expect("agent-started").field("hostname") == "one"
    scene.change({"hostname": "two"})
    assert scene.expect("config-reloaded").field("hostname") == "two"


@proves("agent", "history")
def _(scene):
    stories = scene.agent.state_directory / "incidents"
    scene.start({"history": "0"}, action="alert")
    scene.fail()
    scene.expect("would-restart")
    assert not stories.exists()
    scene.change({"history": "1d"})
    scene.worker.mode = "ok"
    closed = scene.expect("incident-closed")
    until(lambda: "incident-closed" in (stories / f"{closed.field('incident')}.jsonl").read_text(), what="its story")


# --- what is watched


@proves("worker", "kind")
def _(scene):
    """What is asked is another's; the rest of the kinds is in test_kinds.py."""
    scene.start()
    scene.polled_on(1)
    scene.change(kind="krakend")
    until(lambda: scene.worker.requests[-1].path == "/__health", what="it to be asked as KrakenD is")


@proves("worker", "url")
def _(scene):
    with WorkerServer() as other:
        scene.start()
        scene.polled_on(1)
        scene.change(url=other.url)
        before = len(scene.worker.requests)
        other.wait_for_requests(5)
        assert len(scene.worker.requests) == before


@proves("worker", "url_is_local")
def _(scene):
    """An address that is routed but not ours, where nobody answers."""
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace with a route")
    scene.agent.network_namespace = True
    scene.agent.environment["AFTER_SANDBOX"] = "ip link set lo up && ip addr add 198.51.100.1/24 dev lo && " \
                                               "ip route add 203.0.113.0/24 dev lo"
    scene.start(url="http://203.0.113.7:8083")
    scene.expect("hold-begun", hold="not-this-host")
    scene.change(url_is_local="yes")
    scene.expect("restart-done")


@proves("worker", "unit")
def _(scene):
    scene.bus.do("unit", name="other.service")
    scene.start()
    scene.change(unit="other.service")
    # Until its first ok, a unit that resets connections is only starting.
    scene.polled_on()
    scene.fail()
    assert scene.expect("restart-done").field("unit") == "other.service"


@proves("worker", "action")
def _(scene):
    scene.start(action="alert")
    scene.fail()
    scene.expect("would-restart")
    scene.change(action="restart")
    scene.expect("restart-done")


@proves("worker", "peers")
def _(scene):
    with WorkerServer() as peer:
        scene.start(peers="http://127.0.0.1:1")
        scene.fail()
        scene.expect("hold-begun", hold="peers-unhealthy")
        scene.change(peers=peer.url)
        scene.expect("restart-done")


@proves("worker", "min_healthy_peers")
def _(scene):
    scene.start(peers="http://127.0.0.1:1", min_healthy_peers=1)
    scene.fail()
    scene.expect("hold-begun", hold="peers-unhealthy")
    scene.change(min_healthy_peers=0)
    scene.expect("restart-done")


# --- when to poll


@proves("worker", "interval")
def _(scene):
    scene.start(interval="1h")
    scene.expect("state-changed", state="healthy")
    scene.change(interval="100ms")
    scene.polled_on()


@proves("worker", "retry_interval")
def _(scene):
    scene.worker.mode = "unhealthy"
    scene.start(interval="1h", retry_interval="1h", failures=1000)
    scene.expect("incident-opened")
    scene.change(retry_interval="100ms")
    scene.polled_on()


@proves("worker", "timeout")
def _(scene):
    scene.worker.mode = "hang"
    scene.start(timeout="10min")
    scene.polled_on(0)
    scene.change(timeout="1s")
    assert scene.expect("incident-opened").field("reason") == "timeout"


@proves("worker", "max_response")
def _(scene):
    scene.worker.mode = lambda e: e.send(response(200, {"status": "healthy", "message": HEALTHY, "more": "x" * 8192}))
    scene.start(max_response="4K")
    assert scene.expect("cannot-tell").field("reason") == "too-large"
    scene.change(max_response="64K")
    scene.expect("state-changed", state="healthy")


# --- when it is unhealthy


@proves("worker", "failures")
def _(scene):
    scene.start(failures=1000)
    scene.fail()
    scene.polled_on(10)
    assert not scene.told("state-changed", state="unhealthy")
    scene.change(failures=2)
    scene.expect("state-changed", state="unhealthy")


@proves("worker", "sustain")
def _(scene):
    scene.start(sustain="1h", sustain_kafka="1h")
    scene.fail()
    scene.polled_on(10)
    assert not scene.told("state-changed", state="unhealthy")
    scene.change(sustain="300ms")
    scene.expect("state-changed", state="unhealthy")


@proves("worker", "sustain_kafka")
def _(scene):
    scene.start(sustain_kafka="1h")
    scene.fail("unhealthy")
    scene.polled_on(10)
    assert not scene.told("state-changed", state="unhealthy")
    scene.change(sustain_kafka="300ms")
    scene.expect("state-changed", state="unhealthy")


@proves("worker", "successes")
def _(scene):
    scene.start(successes=1000, action="alert")
    scene.fail()
    scene.expect("state-changed", state="unhealthy")
    scene.worker.mode = "ok"
    scene.polled_on(10)
    assert not scene.told("incident-closed")
    scene.change(successes=2)
    scene.expect("incident-closed")


@proves("worker", "startup_timeout")
def _(scene):
    scene.worker.mode = "starting"
    scene.start(startup_timeout="1h")
    scene.expect("state-changed", state="starting")
    scene.change(startup_timeout="1s")
    scene.expect("startup-slow")


@proves("worker", "startup_action")
def _(scene):
    scene.worker.mode = "starting"
    scene.start(startup_timeout="1s")
    scene.expect("startup-slow")
    scene.change(startup_action="restart")
    scene.expect("restart-done")


@proves("worker", "revive")
def _(scene):
    scene.start(revive="no")
    scene.expect("state-changed", state="healthy")
    scene.worker.refuse()
    scene.bus.do("crash", name=UNIT)
    scene.expect("unit-down")
    scene.change(revive="yes")
    scene.expect("restart-done")
    assert scene.bus.do("get", name=UNIT)["ActiveState"] == "active"


def test_a_reload_with_revive_no_gives_up_a_crashed_unit(scene):
    """While its revival is held back."""
    scene.bus.do("inhibitors", list=[["APT", "block"]])
    scene.start()
    scene.expect("state-changed", state="healthy")
    scene.worker.refuse()
    scene.bus.do("crash", name=UNIT)
    scene.expect("hold-begun", hold="package-manager")
    scene.change(revive="no")
    assert "revive = no" in scene.expect("unit-down").message
    scene.expect("incident-closed")
    scene.bus.do("inhibitors", list=[])
    scene.change()
    scene.expect("config-reloaded")
    assert scene.bus.do("get", name=UNIT)["ActiveState"] == "failed"
    assert not {"RestartUnit", "TryRestartUnit"} & scene.bus.do("counts").keys()


# --- when to stop trying


@proves("worker", "restart_limit")
def _(scene):
    scene.start(restart_limit=24)
    scene.change(restart_limit=1)
    scene.fail_on()
    assert "1 restart within" in scene.expect("exhausted").message
    assert scene.bus.do("counts")["TryRestartUnit"] == 1


@proves("worker", "restart_window")
def _(scene):
    """The verdict takes longer than the window: each restart is the first within it."""
    scene.start(restart_limit=1, restart_window="1h", exhausted_retry="0", sustain_kafka="2s")
    scene.change(restart_window="1s")
    scene.fail_on()
    first = scene.expect("restart-done")
    scene.agent.expect("restart-done", first)
    assert not scene.told("exhausted")


@proves("worker", "backoff_max")
def _(scene):
    scene.start(backoff_max="1h")
    scene.fail_on()
    scene.expect("hold-begun", hold="backoff")
    scene.change(backoff_max="1s")
    scene.expect("restart-done")


@proves("worker", "exhausted_retry")
def _(scene):
    scene.start(restart_limit=1, restart_window="1s", exhausted_retry="0", sustain="100ms", sustain_kafka="100ms")
    scene.fail_on()
    assert "no further try" in scene.expect("exhausted").message
    scene.change(exhausted_retry="1s")
    scene.expect("restart-done")


# --- what to gather


@proves("worker", "thread_dump")
def _(scene, jvm):
    scene.bus.do("set", name=UNIT, properties={"MainPID": jvm.pid})
    scene.start(thread_dump_interval="100ms")
    scene.change(thread_dump="yes")
    scene.fail()
    assert "thread dump" in scene.expect("evidence").message
    assert scene.bus.do("killed") == [[UNIT, "main", 3]] * 2


@proves("worker", "thread_dump_interval")
def _(scene, jvm):
    """A minute would be too long for this test."""
    scene.bus.do("set", name=UNIT, properties={"MainPID": jvm.pid})
    scene.start(thread_dump="yes", thread_dump_interval="1min")
    scene.change(thread_dump_interval="100ms")
    scene.fail()
    scene.expect("evidence")
    assert scene.bus.do("killed") == [[UNIT, "main", 3]] * 2


# --- how to get in


def basic(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
def secret(tmp_path):
    def secret(text, name="secret"):
        path = tmp_path / name
        path.write_text(text)
        return path
    return secret


@proves("worker", "username")
def _(scene, secret):
    scene.start(username="one", password_file=secret("word"))
    assert scene.polled_with(basic("one", "word"))
    scene.change(username="two")
    assert scene.polled_with(basic("two", "word"))


@proves("worker", "password_file")
def _(scene, secret):
    scene.start(username="one", password_file=secret("word"))
    assert scene.polled_with(basic("one", "word"))
    scene.change(password_file=secret("other", "other"))
    assert scene.polled_with(basic("one", "other"))


@proves("worker", "bearer_token_file")
def _(scene, secret):
    scene.start(bearer_token_file=secret("one"))
    assert scene.polled_with("Bearer one")
    scene.change(bearer_token_file=secret("two", "other"))
    assert scene.polled_with("Bearer two")


@pytest.fixture
def tls_worker(certificates):
    """One that has a certificate."""
    with WorkerServer(certificate=certificates / "worker.pem", key=certificates / "worker.key") as server:
        yield server


@pytest.fixture
def strict_worker(certificates):
    """One that also asks for a client's."""
    with WorkerServer(certificate=certificates / "worker.pem", key=certificates / "worker.key",
                      client_ca=certificates / "client.pem") as server:
        yield server


@proves("worker", "ca_file")
def _(scene, tls_worker, certificates):
    scene.start(url=tls_worker.url, ca_file=certificates / "client.pem")
    assert scene.expect("cannot-tell").field("reason") == "tls-untrusted"
    scene.change(ca_file=certificates / "worker.pem")
    scene.expect("state-changed", state="healthy")


@proves("worker", "verify")
def _(scene, tls_worker):
    scene.start(url=tls_worker.url)
    assert scene.expect("cannot-tell").field("reason") == "tls-untrusted"
    scene.change(verify="no")
    scene.expect("state-changed", state="healthy")


@proves("worker", "cert_file")
def _(scene, strict_worker, certificates):
    scene.start(url=strict_worker.url, ca_file=certificates / "worker.pem",
                cert_file=certificates / "worker.pem", key_file=certificates / "client.key")
    assert scene.expect("cannot-tell").field("reason") == "tls-client"
    scene.change(cert_file=certificates / "client.pem")
    scene.expect("state-changed", state="healthy")


@proves("worker", "key_file")
def _(scene, strict_worker, certificates):
    scene.start(url=strict_worker.url, ca_file=certificates / "worker.pem",
                cert_file=certificates / "client.pem", key_file=certificates / "worker.key")
    assert scene.expect("cannot-tell").field("reason") == "tls-client"
    scene.change(key_file=certificates / "client.key")
    scene.expect("state-changed", state="healthy")


# --- connectors and tasks


@proves("worker", "connectors")
def _(scene, cluster):
    scene.start(connectors="no")
    scene.polled_on()
    assert not cluster.asked
    scene.change(connectors="yes")
    harness.until(lambda: cluster.asked)


@proves("worker", "connectors_interval")
def _(scene, cluster):
    scene.start(connectors_interval="1h")
    harness.until(lambda: cluster.asked)
    scene.change(connectors_interval="100ms")
    harness.until(lambda: len(cluster.asked) > 5)


@proves("worker", "connectors_timeout")
def _(scene, cluster):
    scene.worker.mode = lambda e: e.hang() if e.path == CONNECTORS else cluster(e)
    scene.start(connectors_timeout="10min")
    scene.expect("state-changed", state="healthy")
    scene.polled_on()
    scene.change(connectors_timeout="1s")
    assert "timeout" in scene.expect("connectors-unreadable").message


@proves("worker", "connectors_max_response")
def _(scene, cluster):
    cluster.fail("orders", trace="x" * 8192)
    scene.start(connectors_max_response="4K")
    scene.expect("connectors-unreadable")
    scene.change(connectors_max_response="64K")
    scene.expect("connector-failed")


@proves("worker", "unhealthy_states")
def _(scene, cluster):
    cluster.part("orders")["state"] = "PAUSED"
    scene.start()
    harness.until(lambda: len(cluster.asked) > 3)
    assert not scene.told("connector-failed")
    scene.change(unhealthy_states="FAILED PAUSED")
    assert scene.expect("connector-failed").field("connector_state") == "PAUSED"


@proves("worker", "considered")
def _(scene, cluster):
    cluster.fail("orders", 0)
    scene.start(considered="connector")
    scene.expect("connector-failed")
    scene.polled_on()
    assert not scene.told("state-changed", state="degraded")
    scene.change(considered="connector task")
    scene.expect("state-changed", state="degraded")


@proves("worker", "failure_threshold")
def _(scene, cluster):
    cluster.fail("orders", 0)
    scene.start(failure_threshold=50)
    scene.expect("connector-failed")
    scene.polled_on()
    assert not scene.told("state-changed", state="degraded")
    scene.change(failure_threshold=49)
    scene.expect("state-changed", state="degraded")


@proves("worker", "rebalance_delay")
def _(scene, cluster):
    cluster.part("orders", 0)["state"] = "UNASSIGNED"
    scene.start(rebalance_delay="1h")
    harness.until(lambda: len(cluster.asked) > 3)
    scene.change(rebalance_delay="1s")
    scene.expect("connector-unassigned")


@proves("worker", "worker_id")
def _(scene, cluster):
    cluster.fail("orders")
    scene.start(worker_id=ELSEWHERE)
    harness.until(lambda: len(cluster.asked) > 3)
    assert not scene.told("connector-failed")
    scene.change(worker_id=HERE)
    scene.expect("connector-failed")


@proves("worker", "broker_connector")
def _(scene, cluster):
    cluster.add("second")
    scene.start(worker_id=ELSEWHERE)
    harness.until(lambda: "/connectors/orders" in [path for _, path in cluster.asked])
    scene.change(broker_connector="second")
    harness.until(lambda: "/connectors/second" in [path for _, path in cluster.asked])


@proves("worker", "connector_restart")
def _(scene, cluster):
    cluster.fail("orders")
    scene.start(worker_id=HERE)
    scene.expect("connector-failed")
    assert not cluster.posted
    scene.change(connector_restart="yes")
    scene.expect("connector-restart-requested")


@proves("worker", "connector_restart_limit")
def _(scene, cluster):
    cluster.fail("orders")
    scene.start(worker_id=HERE, connector_restart="yes", connector_restart_limit=1)
    scene.expect("connector-exhausted")
    scene.change(connector_restart_limit=2)
    scene.expect("connector-restart-requested")


# --- each key, and each proof


# What is read of the groups of connectors is proven where there are some: tests/kafka.
LAG = {("worker", "lag"), ("worker", "lag_interval"), ("worker", "lag_stuck")}


def test_each_key_has_its_proof(tmp_path):
    config = tmp_path / "one.conf"
    config.write_text("[worker a]\n[kafka k]\nbootstrap = h\n[notify n]\nwebhook = http://h\n")
    printed = subprocess.run([harness.BINARY, "--check-config", config], capture_output=True, text=True, check=True).stdout
    sections = re.split(r"^\[(\w+).*\]$", printed, flags=re.MULTILINE)
    keys = {(section, key) for section, text in zip(sections[1::2], sections[2::2])
            for key in re.findall(r"^#?(\w+) =", text, re.MULTILINE)}
    others = (test_reload_keys_http, test_reload_keys_kafka, test_reload_keys_notify)
    assert keys == LAG.union(proves, *(other.proves for other in others))


test_a_reload_suffices_for = proves.test()


def test_a_reload_suffices_for_a_new_file_in_conf_d(scene):
    scene.start(interval="1h")
    scene.expect("state-changed", state="healthy")
    with WorkerServer() as other:
        directory = scene.agent.config.parent / "conf.d"
        directory.mkdir()
        (directory / "b.conf").write_text(f"[worker b]\nurl = {other.url}\n")
        scene.change()
        scene.expect("state-changed", state="healthy", worker="b")
        (directory / "b.conf").unlink()
        scene.change()
        assert scene.expect("config-reloaded").message.endswith("1 worker; no longer watched: b")


def test_a_secret_at_a_path_needs_not_even_a_reload(scene, secret):
    scene.start(username="one", password_file=secret("word"))
    assert scene.polled_with(basic("one", "word"))
    secret("new word")
    assert scene.polled_with(basic("one", "new word"))


# The TLS library may keep authorities for a minute.
CA_KEPT = 90


@pytest.mark.parametrize("keys, wrong", [
    (["ca_file"], "tls-untrusted"),
    (["cert_file", "key_file"], "tls-client"),
])
def test_a_renewed_file_at_a_path_needs_not_even_a_reload(scene, strict_worker, certificates, tmp_path, keys, wrong):
    right = {"ca_file": "worker.pem", "cert_file": "client.pem", "key_file": "client.key"}
    others = {"ca_file": "client.pem", "cert_file": "worker.pem", "key_file": "worker.key"}
    for key, name in {**right, **{key: others[key] for key in keys}}.items():
        shutil.copy(certificates / name, tmp_path / key)
    scene.start(url=strict_worker.url, **{key: tmp_path / key for key in right})
    assert scene.expect("cannot-tell").field("reason") == wrong
    for key in keys:
        shutil.copy(certificates / right[key], tmp_path / key)
    scene.agent.expect("state-changed", timeout=CA_KEPT, state="healthy")
