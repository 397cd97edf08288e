"""A reload suffices for every key of [notify NAME]; test_reload_keys.py sees to it that none is forgotten. Each reload is itself
an event, config-reloaded, that is sent as the new values have it.
"""

import base64
import json

import pytest

from harness import until
from receiver import Receiver
from reload_scene import Proofs

proves = Proofs()


@pytest.fixture
def notify(scene, receiver):
    """Changes keys of its one section; returns what the receiver takes after that."""
    class Section:
        keys = {"webhook": receiver.webhook, "events": "config-reloaded", "timeout": "1min"}

        def write(self, **keys):
            self.keys.update(keys)
            scene.notify = {"ops": {k: v for k, v in self.keys.items() if v is not None}}

        def start(self, **keys):
            self.write(**keys)
            scene.start()

        def change(self, to=receiver, **keys):
            # What was asked may not have been taken yet.
            until(lambda: len(to.took) == len(to.requests))
            n = len(to.took)
            self.write(**keys)
            scene.change()
            until(lambda: len(to.took) > n)
            return to.took[-1]

    return Section()


@pytest.fixture
def tls_receiver(certificates):
    """One that also asks for a client's certificate."""
    with Receiver(certificate=certificates / "worker.pem", key=certificates / "worker.key",
                  client_ca=certificates / "client.pem") as r:
        yield r


@pytest.fixture
def tls(notify, tls_receiver, certificates):
    """With all that it takes; keys are started with as they are wrong."""
    right = {"ca_file": certificates / "worker.pem", "cert_file": certificates / "client.pem",
             "key_file": certificates / "client.key"}

    def mended(scene, key, wrong):
        notify.start(**{"webhook": tls_receiver.webhook, **right, **wrong})
        notify.write()
        scene.change()
        scene.agent.expect("notify-failed")
        assert notify.change(tls_receiver, **{key: right.get(key)}).path == "/hook?key=1"

    return mended


@proves("notify", "events")
def _(scene, notify):
    notify.start(events="exhausted")
    assert json.loads(notify.change(events="config-*").body)["event"] == "config-reloaded"


@proves("notify", "webhook")
def _(scene, notify):
    with Receiver() as other:
        notify.start()
        assert notify.change(other, webhook=other.url + "/b").path == "/b"


@proves("notify", "webhook_file")
def _(scene, notify, receiver, tmp_path):
    (tmp_path / "a").write_text(receiver.url + "/a")
    (tmp_path / "b").write_text(receiver.url + "/b")
    notify.start(webhook=None, webhook_file=tmp_path / "a")
    assert notify.change().path == "/a"
    assert notify.change(webhook_file=tmp_path / "b").path == "/b"


@proves("notify", "command")
def _(scene, notify, tmp_path):
    notify.start(webhook=None, command=f"/usr/bin/touch {tmp_path}/a")
    notify.write(command=f"/usr/bin/touch {tmp_path}/b")
    scene.change()
    until((tmp_path / "b").exists)
    assert not (tmp_path / "a").exists()


@proves("notify", "format")
def _(scene, notify):
    notify.start()
    assert list(json.loads(notify.change(format="slack").body)) == ["text"]


@proves("notify", "timeout")
def _(scene, notify, receiver):
    receiver.mode = "hang"
    notify.start(timeout="10min", events="agent-started")
    receiver.wait_for_requests(1)
    notify.write(timeout="1s")
    scene.change()
    assert "did not answer within the timeout" in scene.expect("notify-failed").message


@proves("notify", "heartbeat")
def _(scene, notify, receiver):
    notify.start(webhook=None, heartbeat=receiver.url + "/a", heartbeat_interval="1h")
    assert receiver.wait_for_requests(1)[0].path == "/a"
    assert notify.change(heartbeat=receiver.url + "/b").path == "/b"


@proves("notify", "heartbeat_interval")
def _(scene, notify, receiver):
    notify.start(webhook=None, heartbeat=receiver.url, heartbeat_interval="1h")
    receiver.wait_for_requests(1)
    notify.change(heartbeat_interval="1s")
    receiver.wait_for_requests(3)


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@proves("notify", "username")
def _(scene, notify, tmp_path):
    (tmp_path / "p").write_text("word")
    notify.start(username="one", password_file=tmp_path / "p")
    assert notify.change(username="two").headers["authorization"] == basic("two", "word")


@proves("notify", "password_file")
def _(scene, notify, tmp_path):
    (tmp_path / "p").write_text("word")
    (tmp_path / "q").write_text("other word")
    notify.start(username="one", password_file=tmp_path / "p")
    assert notify.change().headers["authorization"] == basic("one", "word")
    assert notify.change(password_file=tmp_path / "q").headers["authorization"] == basic("one", "other word")


@proves("notify", "bearer_token_file")
def _(scene, notify, tmp_path):
    (tmp_path / "t").write_text("abc")
    notify.start()
    assert "authorization" not in notify.change().headers
    assert notify.change(bearer_token_file=tmp_path / "t").headers["authorization"] == "Bearer abc"


@proves("notify", "ca_file")
def _(scene, tls, certificates):
    tls(scene, "ca_file", {"ca_file": certificates / "client.pem"})


@proves("notify", "cert_file")
def _(scene, tls, certificates):
    tls(scene, "cert_file", {"cert_file": certificates / "worker.pem"})


@proves("notify", "key_file")
def _(scene, tls, certificates):
    tls(scene, "key_file", {"key_file": certificates / "worker.key"})


@proves("notify", "verify")
def _(scene, notify, tls_receiver, certificates):
    notify.start(webhook=tls_receiver.webhook, cert_file=certificates / "client.pem", key_file=certificates / "client.key")
    notify.write()
    scene.change()
    assert "shows a TLS certificate that we do not trust" in scene.expect("notify-failed").message
    assert notify.change(tls_receiver, verify="no")


test_a_reload_suffices_for = proves.test()
