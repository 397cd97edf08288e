"""connect-watchdog --healthcheck-compat as a process of its own: no file, no bus, no directory, lines on stderr."""

import os
import signal
import subprocess

import harness
from http_ask import ask, free_port

SANITIZERS = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}


class Compat:
    def __init__(self, directory, flags=(), variables=None, wrapper=(), environment=None):
        """Without HEALTHCHECK_PORT among the variables it gets a free one."""
        variables = {f"HEALTHCHECK_{name}": value for name, value in (variables or {}).items()}
        self.port = free_port()
        if "HEALTHCHECK_PORT" not in variables:
            flags = [f"--port={self.port}", *flags]
        self.stderr_path = directory / f"stderr-{self.port}"
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                       "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={directory}/bus", **SANITIZERS, **variables, **(environment or {})}
        with open(self.stderr_path, "wb") as f:
            self.process = subprocess.Popen([*wrapper, harness.BINARY, "--healthcheck-compat", *flags], cwd="/",
                                            stdin=subprocess.DEVNULL, stderr=f, env=environment)

    @property
    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def listens(self):
        """Also when a port that was free a moment ago was not, and was tried again."""
        harness.until(lambda: f" at 0.0.0.0:{self.port}" in self.stderr or self.process.poll() is not None, what="its start")
        assert self.process.poll() is None, self.stderr
        return self

    def ask(self, path="/", **options):
        return ask(self.port, path, **options)

    def wait(self):
        """Its exit status, once it has ended."""
        code = self.process.wait(harness.TIMEOUT)
        assert "Sanitizer" not in self.stderr and "runtime error" not in self.stderr, self.stderr
        return code

    def stop(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
