"""What the integration tests share: an agent, a scripted worker and a fake systemd, each only as long as its test."""

import os
import socket
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import harness  # noqa: E402
from connect_cluster import Cluster  # noqa: E402
from fake_systemd import FakeSystemd  # noqa: E402
from http_server import WorkerServer  # noqa: E402
from receiver import Receiver  # noqa: E402
from reload_scene import Scene  # noqa: E402


def cannot(reason):
    """Skipped loudly, but a failure where everything is meant to run."""
    if os.environ.get("CI") == "true":
        pytest.exit(reason, 1)
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope="session", autouse=True)
def sandbox():
    namespaces = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-current-user", "--keep-caps"]
    if subprocess.run(["unshare", *namespaces, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        cannot("no mount namespace can be had here: the agent's journal cannot be captured")
    assert harness.BINARY.exists(), f"{harness.BINARY} is not built; CONNECT_WATCHDOG_BIN names another"


@pytest.fixture
def make_agent(tmp_path_factory):
    agents = []

    def make(bus=None):
        # A socket's path is short.
        agent = harness.Agent(tmp_path_factory.mktemp("a"), bus)
        agents.append(agent)
        return agent

    yield make
    try:
        for agent in agents:
            agent.close()
    finally:
        for agent in agents:
            agent.abandon()


@pytest.fixture
def bus():
    """A bus with a systemd on which harness.UNIT runs."""
    fake = FakeSystemd()
    fake.do("unit", name=harness.UNIT)
    yield fake
    fake.close()


@pytest.fixture
def agent(make_agent, bus):
    return make_agent(bus)


@pytest.fixture
def lone_agent(make_agent):
    """Without any bus."""
    return make_agent()


@pytest.fixture
def worker():
    with WorkerServer() as server:
        yield server


@pytest.fixture
def runtime(agent):
    """Of an agent that is not started yet: its runtime directory."""
    directory = agent.directory / "runtime"
    directory.mkdir()
    agent.options += ["--runtime-dir", str(directory)]
    return directory


@pytest.fixture
def receiver():
    """Who is told of events."""
    with Receiver() as r:
        yield r


@pytest.fixture
def jvm():
    """A process that, like a JVM, catches SIGQUIT."""
    code = "import signal,sys,time; signal.signal(signal.SIGQUIT, lambda *_: None); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Of a worker and of a client, for 127.0.0.1; each signs itself."""
    directory = tmp_path_factory.mktemp("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("worker", "client"):
        subprocess.run(["openssl", "req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
                        "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"],
                       cwd=directory, check=True, stderr=subprocess.DEVNULL)
    return directory


@pytest.fixture
def dead_resolver(tmp_path):
    """Whoever gets this as $RESOLV_CONF asks a name server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        # One of its own for each process, so that tests can run side by side.
        address = f"127.{os.getpid() >> 16 & 127 | 128}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
        try:
            silent.bind((address, 53))
        except PermissionError:
            pytest.skip("needs root to be a name server")
        path = tmp_path / "resolv.conf"
        path.write_text(f"nameserver {address}\noptions timeout:30 attempts:5\n")
        yield str(path)


@pytest.fixture
def scene(agent, worker, bus):
    yield Scene(agent, worker, bus)
    assert agent.n_started == 1 and len(agent.journal.select("agent-started")) <= 1
    worker.mode = "ok"


@pytest.fixture
def cluster(scene):
    """With one connector, and its one task, on this worker."""
    scene.worker.mode = cluster = Cluster()
    cluster.add("orders")
    scene.keys.update(connectors_interval="100ms")
    return cluster
