"""The stage of the proofs that a reload suffices, and how they are registered: each file of them has its own."""

import pytest

from harness import UNIT


class Proofs(dict):
    """{(section, key): the proof}"""

    def __call__(self, section, key):
        def register(proof):
            self[section, key] = proof
            return proof
        return register

    def test(self):
        @pytest.mark.parametrize("section, key", self)
        def test_a_reload_suffices_for(request, scene, section, key):
            proof = self[section, key]
            wanted = proof.__code__.co_varnames[1:proof.__code__.co_argcount]
            proof(scene, *map(request.getfixturevalue, wanted))
        return test_a_reload_suffices_for


class Scene:
    """An agent and its one worker, which it may restart."""

    def __init__(self, agent, worker, bus):
        self.agent, self.worker, self.bus = agent, worker, bus
        self.general = {}
        self.http = {"listen": "off"}
        self.kafka = {}
        self.notify = {}
        self.keys = {"url": worker.url, "unit": UNIT, "action": "restart"}
        self.since = 0

    def write(self, general=None, **keys):
        self.general.update(general or {})
        self.keys.update(keys)
        self.agent.configure({"a": self.keys}, self.general, self.http, self.kafka, self.notify)

    def start(self, general=None, **keys):
        self.write(general, **keys)
        self.agent.start()

    def change(self, general=None, **keys):
        """The new values, and the reload. What is expected from here on comes after it."""
        self.write(general, **keys)
        self.since = self.agent.mark()
        self.agent.reload()

    def expect(self, name, **fields):
        return self.agent.expect(name, self.since, **fields)

    def fail(self, mode="reset"):
        self.agent.expect("state-changed", state="healthy")
        self.worker.mode = mode

    def fail_on(self):
        """Also after each restart: what resets connections then is only starting. Without a connector to be named."""
        self.worker.stage = "flushing updates to the status topic"
        self.fail("unhealthy")

    def polled_on(self, n=5):
        self.worker.wait_for_requests(len(self.worker.requests) + n)

    def polled_with(self, authorization):
        before = len(self.worker.requests)
        seen = [r.headers.get("authorization") for r in self.worker.wait_for_requests(before + 2)]
        return seen[-1] == authorization

    def told(self, name, **fields):
        return self.agent.journal.select(name, self.since, **fields)
