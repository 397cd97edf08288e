"""Runs connect-watchdogctl verify-config on a configuration of the test's, and reads what it says."""

import json
import os
import subprocess

from harness import BINARY

CTL = BINARY.with_name("connect-watchdogctl")
OK, PROBLEM, USAGE, EX_CONFIG = 0, 1, 2, 78


class Verifier:
    def __init__(self, directory, bus_address):
        self.config = directory / "connect-watchdog.conf"
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "DBUS_SYSTEM_BUS_ADDRESS": bus_address,
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", "CONNECT_WATCHDOG_MODULE_DIR": str(BINARY.parent),
            **{k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "LSAN_OPTIONS")},
        }

    def configure(self, text="", **workers):
        """connect_a={"url": …} becomes [worker connect_a]."""
        sections = [f"[worker {name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in workers.items()]
        self.config.write_text(text + "\n".join(sections))

    def run(self, *options, **more):
        result = subprocess.run([CTL, "verify-config", "--config", self.config, *options], capture_output=True, text=True,
                                env=self.environment, **{"timeout": 60, "stdin": subprocess.DEVNULL} | more)
        assert "Sanitizer" not in result.stderr, result.stderr
        return result

    def findings(self, status=None):
        """{(worker, check): [(severity, text, remedy), …]}"""
        result = self.run("--json")
        assert status is None or result.returncode == status, result.stdout + result.stderr
        assert result.stderr == ""
        said = json.loads(result.stdout)
        assert said["configuration"]["errors"] == []
        found = {}
        for f in said["findings"]:
            found.setdefault((f["worker"] or f["kafka"], f["check"]), []).append((f["severity"], f["text"], f["remedy"]))
        return found
