"""Runs connect-watchdogctl against an agent's control socket, into a pipe or on a terminal of a given width."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from harness import BINARY, TIMEOUT

CTL = BINARY.with_name("connect-watchdogctl")
OK, FAILED, USAGE, NOT_HEALTHY, NO_WORKER, NO_AGENT, HELD, NOT_ALLOWED = 0, 1, 2, 3, 4, 69, 75, 77


def environment(**more):
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
            **{k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "LSAN_OPTIONS")}, **more}


def run(socket, *arguments, status=None, prefix=(), **more):
    """In a pipe."""
    result = subprocess.run([*prefix, CTL, "--socket", str(socket), *arguments], capture_output=True, text=True, timeout=60,
                            stdin=subprocess.DEVNULL, env=environment(**more))
    assert "Sanitizer" not in result.stderr, result.stderr
    assert status is None or result.returncode == status, result.stdout + result.stderr
    return result


class Terminal:
    """One run on a terminal of its own."""

    def __init__(self, socket, *arguments, columns=80, rows=24, **more):
        self.output = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # As a shell's: whatever is run in the background has ^C ignored.
            for signo in signal.SIGINT, signal.SIGPIPE:
                signal.signal(signo, signal.SIG_DFL)
            # The size stands before anything asks for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(CTL, [str(CTL), "--socket", str(socket), *arguments], environment(**{"TERM": "xterm", **more}))

    def _read(self):
        if not select.select([self.fd], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:     # its end
            return False
        self.output += data.decode()
        return bool(data)

    def wait(self, is_so):
        """Until is_so(output)."""
        deadline = time.monotonic() + TIMEOUT
        while not is_so(self.output):
            assert self._read() and time.monotonic() < deadline, self.output

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """What it ended with: an exit status, or -SIGNAL."""
        deadline = time.monotonic() + TIMEOUT
        while self._read():
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    @property
    def lines(self):
        """Without what makes colours."""
        return re.sub(r"\033\[[0-9;]*m", "", self.output).splitlines()
