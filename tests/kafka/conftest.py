"""Fixtures of the tests with a real Kafka. Each container of them takes about 1 GB of memory."""

import os

import pytest

from lib import kafka
from lib.agent import Agent, built

# One suite is enough here: what differs between suites is systemd, and tests/system has all of them. The newest,
# because the JDK is the host's and asks for a libc no older than the host's.
SUITE = os.environ.get("CONNECT_WATCHDOG_SUITES", "trixie").split()[-1]


def boot(connect_version, brokers=(kafka.BROKER,)):
    container = kafka.boot(SUITE, [built(SUITE)], connect_version, brokers)
    container.agent = Agent(container)
    container.connect = kafka.Connect(container)
    return container


@pytest.fixture(scope="session")
def booted(bootable):
    """A broker and a Connect 4.1, for all tests of a pytest process."""
    with boot("4.1.1") as container:
        yield container


@pytest.fixture(scope="session")
def booted_old(bootable):
    """The same with the last Connect before KIP-1017."""
    with boot("3.8.1") as container:
        yield container


@pytest.fixture(scope="session")
def booted_cluster(bootable):
    """Three brokers, a Connect 4.1 whose topics have a replica on each, and kafka.LONELY, which is on the third alone."""
    with boot("4.1.1", kafka.BROKERS) as container:
        # Connect ends when it finds fewer brokers than replicas are wanted.
        container.sh(f"java -cp '/opt/connect/libs/*:/opt/connect/own' CreateTopic {kafka.BOOTSTRAP} {kafka.LONELY} 3",
                     timeout=kafka.START_TIMEOUT)
        container.sh(f"""sed -i 's/^bootstrap.servers=.*/bootstrap.servers={kafka.BOOTSTRAP}/; s/factor=1/factor=3/' \
                /etc/kafka/connect-distributed.properties""")
        yield container


@pytest.fixture(scope="session")
def booted_zeebe(bootable):
    """A gateway of Zeebe, just started, and its broker, which is not."""
    with kafka.boot(SUITE, [built(SUITE)], "zeebe-1.3.6", ["zeebe-gateway.service"]) as container:
        container.agent = Agent(container)
        yield container


@pytest.fixture
def container(booted):
    yield from _prepared(booted)


@pytest.fixture
def old_container(booted_old):
    yield from _prepared(booted_old)


def _prepared(container):
    """Connect is up before each test, and its journal begins with the test; no agent runs before or after."""
    connect = container.connect
    if not (container.is_active(kafka.CONNECT) and connect.answers()):
        connect.start()
    container.mark()
    yield container
    container.sh("systemctl stop connect-watchdog.service 2>/dev/null || :")


@pytest.fixture
def cluster(booted_cluster):
    yield from _prepared(booted_cluster)


@pytest.fixture
def agent(container):
    return container.agent


@pytest.fixture
def connect(container):
    return container.connect
