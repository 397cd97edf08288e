"""A reload suffices for every key of [kafka NAME], and for what a worker has of it; test_reload_keys.py sees to it that none
is forgotten."""

import socket
import ssl
import subprocess

import pytest

import harness
from harness import until
from kafka_broker import KafkaBroker
from reload_scene import Proofs

proves = Proofs()

pytestmark = pytest.mark.skipif(
    not harness.BINARY.with_name("connect-watchdog-kafka.so").exists(), reason="built without librdkafka")


@pytest.fixture
def broker():
    with KafkaBroker(connect_configs=1, health=1, other=1) as b:
        yield b


@pytest.fixture
def kafka(scene, broker):
    """Changes keys of its one section, when it has been started; a property is a key of its own here."""
    class Section:
        keys = {"bootstrap": broker.bootstrap, "interval": "200ms", "timeout": "5s"}

        def write(self, **keys):
            self.keys.update(keys)
            scene.kafka = {"main": {k: v for k, v in self.keys.items() if v is not None}}

        def start(self, worker=None, **keys):
            self.write(**keys)
            scene.start(**(worker or {}))

        def change(self, **keys):
            self.write(**keys)
            scene.change()

        def expect(self, outcome):
            return scene.expect("kafka-changed", kafka_outcome=outcome)

        def end(self, topic):
            return broker.topics[topic].partitions[0].end

    return Section()


def properties(*lines):
    return "\nproperty = ".join(lines)


SASL = properties("security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN")


@proves("kafka", "bootstrap")
def _(scene, kafka, broker):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))       # and does not listen
        kafka.start(bootstrap=f"127.0.0.1:{nobody.getsockname()[1]}")
        kafka.expect("down")
        kafka.change(bootstrap=broker.bootstrap)
        kafka.expect("up")


@proves("kafka", "property")
def _(scene, kafka, broker):
    kafka.start(property="security.protocol=SSL")
    scene.expect("kafka-changed")
    kafka.change(property="client.id=x")
    kafka.expect("up")


def login(scene, kafka, broker, tmp_path, **change):
    for name in "one", "two":
        (tmp_path / name).write_text(name)
    kafka.start(property=SASL, username="me", password_file=tmp_path / "one")
    kafka.expect("up")
    assert broker.logins[-1] == ("me", "one")
    kafka.change(**change)
    until(lambda: broker.logins[-1] != ("me", "one"), what="another login")
    return broker.logins[-1]


@proves("kafka", "username")
def _(scene, kafka, broker, tmp_path):
    assert login(scene, kafka, broker, tmp_path, username="you") == ("you", "one")


@proves("kafka", "password_file")
def _(scene, kafka, broker, tmp_path):
    assert login(scene, kafka, broker, tmp_path, password_file=tmp_path / "two") == ("me", "two")


@pytest.fixture
def tls_kafka(kafka, broker, certificates):
    broker.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    broker.tls.load_cert_chain(certificates / "worker.pem", certificates / "worker.key")
    kafka.write(property="security.protocol=SSL", ca_file=certificates / "worker.pem")
    return kafka


@pytest.fixture
def strict_kafka(tls_kafka, broker, certificates):
    """It also asks for a client's certificate."""
    broker.tls.verify_mode = ssl.CERT_REQUIRED
    broker.tls.load_verify_locations(certificates / "client.pem")
    tls_kafka.write(cert_file=certificates / "client.pem", key_file=certificates / "client.key")
    return tls_kafka


@proves("kafka", "ca_file")
def _(scene, tls_kafka, certificates):
    tls_kafka.start(ca_file=certificates / "client.pem")
    assert tls_kafka.expect("unknown").field("kafka_reason") == "tls"
    tls_kafka.change(ca_file=certificates / "worker.pem")
    tls_kafka.expect("up")


@proves("kafka", "cert_file")
def _(scene, strict_kafka, certificates):
    strict_kafka.start(cert_file=certificates / "worker.pem")
    strict_kafka.expect("unknown")
    strict_kafka.change(cert_file=certificates / "client.pem")
    strict_kafka.expect("up")


@proves("kafka", "key_file")
def _(scene, strict_kafka, certificates):
    strict_kafka.start(key_file=certificates / "worker.key")
    strict_kafka.expect("unknown")
    strict_kafka.change(key_file=certificates / "client.key")
    strict_kafka.expect("up")


@proves("kafka", "key_password_file")
def _(scene, strict_kafka, certificates, tmp_path):
    subprocess.run(["openssl", "ec", "-in", certificates / "client.key", "-aes128", "-passout", "pass:word",
                    "-out", tmp_path / "key"], check=True, stderr=subprocess.DEVNULL)
    for name in "word", "wrong":
        (tmp_path / name).write_text(name)
    strict_kafka.start(key_file=tmp_path / "key", key_password_file=tmp_path / "wrong")
    strict_kafka.expect("unknown")
    strict_kafka.change(key_password_file=tmp_path / "word")
    strict_kafka.expect("up")


@proves("kafka", "group")
def _(scene, kafka, broker):
    kafka.start()
    kafka.expect("up")
    assert set(broker.groups) == {"connect-watchdog"}
    kafka.change(group="connect-a")
    until(lambda: broker.groups[-1] == "connect-a", what="the other group's coordinator to be asked for")


@proves("kafka", "topics")
def _(scene, kafka):
    kafka.start(topics="connect-configs")
    kafka.expect("up")
    kafka.change(topics="connect-configs nowhere")
    assert scene.expect("kafka-topic-unfit", topic="nowhere")


@proves("kafka", "interval")
def _(scene, kafka, broker):
    kafka.start(interval="1h")
    kafka.expect("up")
    kafka.change(interval="200ms")
    n = broker.n_metadata
    until(lambda: broker.n_metadata > n + 10, what="more than the one check after a reload")


@proves("kafka", "timeout")
def _(scene, kafka, broker):
    broker.silent = True
    kafka.start(timeout="10min")
    scene.polled_on()
    assert not scene.told("kafka-changed")
    kafka.change(timeout="1s")
    assert "has not ended" in kafka.expect("unknown").message


@proves("kafka", "deep")
def _(scene, kafka):
    kafka.start(deep_topic="health")
    kafka.expect("up")
    assert kafka.end("health") == 0
    kafka.change(deep="yes")
    until(lambda: kafka.end("health") > 0, what="a message")


@proves("kafka", "deep_topic")
def _(scene, kafka):
    kafka.start(deep="yes", deep_topic="health")
    until(lambda: kafka.end("health") > 0, what="a message")
    kafka.change(deep_topic="other")
    until(lambda: kafka.end("other") > 0, what="a message in the other topic")


@proves("kafka", "deep_interval")
def _(scene, kafka):
    kafka.start(deep="yes", deep_topic="health", deep_interval="1h")
    until(lambda: kafka.end("health") == 1, what="a message")
    kafka.change(deep_interval="1s")
    until(lambda: kafka.end("health") > 2, what="more than the one after a reload")


@proves("worker", "requires")
def _(scene, kafka, broker):
    broker.down()
    kafka.start()
    kafka.expect("down")
    scene.change(requires="main")
    scene.fail_on()
    assert "Kafka main is down" in scene.expect("incident-opened").message


@proves("worker", "dependency_grace")
def _(scene, kafka, broker):
    broker.down()
    kafka.start(worker={"requires": "main", "dependency_grace": "1h"})
    kafka.expect("down")
    broker.up()
    kafka.expect("up")
    scene.fail_on()
    scene.expect("incident-opened")
    scene.polled_on()
    scene.change(dependency_grace="0")
    scene.expect("restart-done")


test_a_reload_suffices_for = proves.test()
