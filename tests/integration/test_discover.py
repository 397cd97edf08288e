"""connect-watchdogctl discover among the processes of this machine: a sleeping one with a worker's command line."""

import contextlib
import json
import os
import subprocess

import pytest

import harness

CTL = harness.BINARY.with_name("connect-watchdogctl")
MAIN = "org.apache.kafka.connect.cli.ConnectDistributed"
NOBODY = 65534

PROPERTIES = """bootstrap.servers=k1.example:9092
group.id=orders
listeners=http://:8099
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
producer.sasl.jaas.config=s3cret
"""


@contextlib.contextmanager
def worker(directory, properties="worker.properties"):
    """Named relative to where it was started, as tarballs of Kafka have it."""
    process = subprocess.Popen(["java", "-c", "echo; read line", "-Xmx1g", MAIN, properties], executable="/bin/sh", cwd=directory,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdout.read(1)      # now it is what it says that it is
        yield process.pid
    finally:
        process.communicate()


def ctl(*arguments, user=None):
    return subprocess.run([CTL, *arguments], capture_output=True, text=True, check=False, user=user,
                          env={"PATH": os.environ["PATH"], "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent",
                               "CONNECT_WATCHDOG_MODULE_DIR": str(harness.BINARY.parent)})


def found(config, pid, **how):
    """What is said of that process; others may run Connect on this machine."""
    result = ctl("discover", "--json", "--config", config, **how)
    assert result.returncode == 0, result.stderr
    (one,) = [w for w in json.loads(result.stdout)["workers"] if w["pid"] == pid]
    return one


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "connect-watchdog.conf"
    path.write_text("")
    tmp_path.chmod(0o755)
    (tmp_path / "worker.properties").write_text(PROPERTIES)
    return path


def test_a_worker_is_found_with_what_its_properties_say(config):
    with worker(config.parent) as pid:
        one = found(config, pid)
    assert one["name"] == "orders" and one["problem"] is None
    assert one["properties_file"] == str(config.parent / "worker.properties")
    assert "\nurl = http://127.0.0.1:8099\n" in one["configuration"]
    assert "bootstrap = k1.example:9092\n" in one["configuration"]
    assert "s3cret" not in one["configuration"]


def test_what_it_says_is_a_configuration(config):
    with worker(config.parent) as pid:
        config.write_text(found(config, pid)["configuration"])
    checked = subprocess.run([harness.BINARY, "--check-config", config], capture_output=True, text=True, check=False,
                             env={"CONNECT_WATCHDOG_MODULE_DIR": str(harness.BINARY.parent)})
    assert checked.returncode == 0, checked.stderr


def test_who_may_not_read_it_is_told(config):
    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    (config.parent / "worker.properties").chmod(0o600)
    with worker(config.parent) as pid:
        one = found(config, pid, user=NOBODY)
        assert one["problem"] and "these are the defaults" in one["configuration"]
        refused = ctl("discover", "--write", "--config", config, user=NOBODY)
    assert refused.returncode == 1 and "run this as root" in refused.stderr
    assert not (config.parent / "conf.d").exists()


def test_a_file_that_is_gone_or_is_a_pipe_is_told(config):
    with worker(config.parent, "absent.properties") as pid:
        assert found(config, pid)["problem"] == "No such file or directory"
    os.mkfifo(config.parent / "pipe.properties")
    with worker(config.parent, "pipe.properties") as pid:
        assert "no file" in found(config, pid)["problem"]


def test_it_is_written_once(config):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    written = config.parent / "conf.d" / "50-orders.conf"
    with worker(config.parent) as pid:
        # Others on this machine may have workers that cannot be written; only ours is looked at.
        first = ctl("discover", "--write", "--config", config)
        assert f"{written} was written." in first.stderr
        assert written.read_text() == found(config, pid)["configuration"] and written.stat().st_mode & 0o777 == 0o644
        again = ctl("discover", "--write", "--config", config)
        assert again.returncode == 1 and "a section of the name orders stands in the configuration already" in again.stderr
    assert [f.name for f in written.parent.iterdir() if "orders" in f.name] == ["50-orders.conf"]


@pytest.mark.parametrize("section", ["[worker orders]\nurl = http://127.0.0.1:1\n", "[kafka orders]\nbootstrap = k\n"])
def test_what_would_not_fit_is_not_written(config, section):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    config.write_text(section)
    with worker(config.parent):
        said = ctl("discover", "--write", "--config", config)
    assert said.returncode == 1 and "a section of the name orders stands in the configuration already" in said.stderr
    assert not list((config.parent / "conf.d").glob("*orders*"))


def test_nothing_is_added_to_a_broken_configuration(config):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    config.write_text("[worker orders]\nurll = http://127.0.0.1:1\n")
    with worker(config.parent):
        said = ctl("discover", "--write", "--config", config)
    assert said.returncode == 78 and f"{config}:2: " in said.stderr
    assert not (config.parent / "conf.d").exists()
