"""A scripted receiver of notifications: an HTTP server that keeps what it was sent, and takes it or not.

    with Receiver() as receiver:
        receiver.mode = "500"               # or any of MODES here and in http_server.py
        receiver.expect("incident-opened")  # waits for the first that it has taken; a dict
"""

import json

from harness import TIMEOUT
from http_server import WorkerServer, fixed, response


def take(e):
    e.send(response(200, "ok", "text/plain"))
    e.server.take(e.request)


def echo(e):
    """What some servers say of a path they do not have, and debug pages of a request."""
    e.send(response(404, f"no {e.request.path} {e.request.headers.get('authorization')}", "text/plain"))


MODES = {
    "ok": take,
    "500": fixed(500, "internal error", "text/plain"),
    "echo": echo,
    "400": fixed(400, "invalid_payload", "text/plain"),
}


class Receiver(WorkerServer):
    def __init__(self, mode="ok", **kwargs):
        super().__init__(mode, **kwargs)
        self.took = []

    def _handler(self, path):
        return MODES.get(self.mode) or super()._handler(path)

    @property
    def webhook(self):
        return self.url + "/hook?key=1"

    def take(self, request):
        with self._changed:
            self.took.append(request)
            self._changed.notify_all()

    def taken(self, *names):
        """What it has taken, in order; of these events alone."""
        events = [json.loads(request.body) for request in list(self.took)]
        return [e for e in events if not names or e["event"] in names]

    def expect(self, name, n=1):
        """The n-th event of that name that it has taken."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.taken(name)) >= n, TIMEOUT)
        found = self.taken(name)
        assert len(found) >= n, f"{len(found)} of {n} {name} in {[e['event'] for e in self.taken()]}"
        return found[n - 1]

