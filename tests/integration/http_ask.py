"""Asks the agent's own HTTP server."""

import contextlib
import http.client
import random
import socket

import harness


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """Below those that the kernel gives to whoever connects, which may be taken again at once, and for long."""
    for _ in range(100):
        with socket.socket(family) as s, contextlib.suppress(OSError):
            s.bind((host, random.randrange(10000, 32768)))
            return s.getsockname()[1]
    raise OSError(f"no port of {host} can be had")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("unix", timeout=harness.TIMEOUT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def ask(where, path="/ping", method="GET", headers=None, body=None):
    """(status, body, response) of one request to a port, or to a unix socket's path."""
    connection = (http.client.HTTPConnection("127.0.0.1", where, timeout=harness.TIMEOUT) if isinstance(where, int)
                  else UnixConnection(where))
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), response
    finally:
        connection.close()


def is_closed(s):
    """Whether the other side has put it out."""
    try:
        s.setblocking(False)
        return s.recv(1000) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
