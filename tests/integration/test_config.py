"""The configuration as an operator meets it: --check-config, and a start with a file that is wrong."""

import os
import pathlib
import subprocess

import pytest

BINARY = os.environ.get("CONNECT_WATCHDOG_BIN", "build/src/connect-watchdog")
CONF = pathlib.Path(__file__).parents[2] / "conf"
EX_CONFIG = 78


def run(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY")}
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=30, env=clean | environment
    )


def test_check_config_prints_what_it_read(tmp_path):
    main = tmp_path / "main.conf"
    main.write_text("[worker a]\nunit = a.service\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "b.conf").write_text("[worker b]\nurl = https://b:8443/\n[defaults]\ninterval = 1.5min\n")

    r = run("--check-config", main)

    assert (r.returncode, r.stderr) == (0, "")
    assert f"\n[worker a]\n# {main}:1\n" in r.stdout
    assert "\nurl = https://b:8443\n" in r.stdout
    assert r.stdout.count("\ninterval = 1min 30s\n") == 2
    # What it printed means the same when it is read.
    printed = tmp_path / "printed" / "main.conf"
    printed.parent.mkdir()
    printed.write_text(r.stdout)
    again = run("--check-config", printed)
    assert (again.returncode, again.stderr) == (0, "")
    assert [line for line in again.stdout.splitlines() if not line.startswith("# /")] == [
        line for line in r.stdout.splitlines() if not line.startswith("# /")
    ]


def test_check_config_tells_every_error_at_once(tmp_path):
    main = tmp_path / "main.conf"
    main.write_bytes(b"[worker a]\r\nintervall = 10s\r\naction = restart\r\nca\0_file = x\r\n" + b"x" * 100_000)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10.conf").write_text("[worker a]\n")
    (tmp_path / "conf.d" / "20.conf").mkdir()

    r = run("--check-config", main)

    assert (r.returncode, r.stdout) == (EX_CONFIG, "")
    assert [line.split(": ")[0] for line in r.stderr.splitlines()] == [
        f"{main}:2",
        f"{main}:3",
        f"{main}:4",
        f"{main}:5",
        f"{tmp_path}/conf.d/10.conf:1",
        f"{tmp_path}/conf.d/20.conf",
    ]
    assert "did you mean interval?" in r.stderr
    assert f"stands already in {main}:1" in r.stderr


def test_check_config_of_a_file_that_is_not_there(tmp_path):
    r = run("--check-config", tmp_path / "none.conf")
    assert r.returncode == EX_CONFIG
    assert r.stderr.startswith(f"{tmp_path}/none.conf: cannot be read: ")


def test_warnings_are_no_errors(tmp_path):
    main = tmp_path / "main.conf"
    main.write_text("[worker a]\ntimeout = 5s\n")
    r = run("--check-config", main)
    assert r.returncode == 0
    assert f"{main}:2: worker a has a timeout of 5s" in r.stderr
    assert "\ntimeout = 5s\n" in r.stdout


@pytest.mark.parametrize("file", [CONF / "connect-watchdog.conf", *sorted((CONF / "examples").glob("*.conf"))], ids=str)
def test_shipped_files_are_right(file, tmp_path):
    for name in "connect-password", "connect-client.key", "kafka-password":
        (tmp_path / f"connect-watchdog.credentials_{name}").write_text("secret")
    r = run("--check-config", file, CREDENTIALS_DIRECTORY=str(tmp_path))
    # Worth a warning: what is left to the operator, and a build without librdkafka.
    told = [line for line in r.stderr.splitlines()
            if "action = restart but no requires" not in line and "nothing can be told of kafka" not in line]
    assert (r.returncode, told) == (0, [])
    assert "secret" not in r.stdout


def test_the_agent_does_not_start_with_a_wrong_file(tmp_path):
    main = tmp_path / "main.conf"
    main.write_text("[worker a]\ninterval = often\naction = restart\n")
    r = run("--config", main, "--state-dir", tmp_path)
    assert r.returncode == EX_CONFIG
    assert f"{main}:2: " in r.stderr
    assert f"{main}:3: " in r.stderr
