"""The package connect-watchdog-kafka: librdkafka for those who have a [kafka] section, and for nobody else."""

import pytest

from lib.agent import Agent
from lib.package import NAME, Apt, built, kafka_module_in
from lib.rpm import Rpm

CONF = "/etc/connect-watchdog/conf.d/kafka.conf"
# Nobody listens there.
SECTION = "[kafka main]\nbootstrap = 127.0.0.1:1\ntimeout = 2s\ninterval = 2s\n"
MODULE = f"{NAME}-kafka"


@pytest.fixture
def host(suite):
    """A bare server with the package and what it recommends, and a [kafka] section."""
    with Apt.boot(suite, layer="bare") as container:
        container.apt.install()
        container.write(CONF, SECTION)
        yield container


def warned(container):
    """What is said of the configuration, which is read all the same."""
    return container.run("connect-watchdog", "--check-config").stderr


def test_it_brings_librdkafka_which_the_main_package_does_not(host, suite):
    assert "librdkafka" not in host.run("dpkg-query", "-W").stdout
    assert "librdkafka" not in host.sh("ldd /usr/bin/connect-watchdog /usr/bin/connect-watchdogctl")
    assert f"install the package {MODULE}" in warned(host)

    host.apt.get("install", f"/srv/current/{kafka_module_in(built(suite), '.deb').name}")
    assert "librdkafka" in host.run("dpkg-query", "-W").stdout
    assert warned(host) == ""
    agent = Agent(host)
    host.mark()
    host.systemctl("reload", "connect-watchdog")
    told = agent.wait_for("kafka-changed", 30, CONNECT_WATCHDOG_KAFKA="main")
    assert MODULE not in told["MESSAGE"]

    host.apt.remove()
    assert host.sh(f"dpkg-query -W -f '${{db:Status-Status}}' {MODULE} || :") in ("", "config-files", "not-installed"), "it is of no use alone"


@pytest.mark.parametrize("suite", ["trixie"], indirect=True)
def test_as_an_rpm_it_is_a_package_of_its_own_too(suite):
    rpms = built(suite, kind="rpm")
    with Rpm.boot(suite) as container:
        module = f"/srv/current/{kafka_module_in(rpms, '.rpm').name}"
        requires = container.rpm.command("--query", "--requires", "--package", module)
        assert "librdkafka.so.1" in requires and f"{NAME} = " in requires.replace(f"{NAME}(x86-64)", NAME)
        assert not [line for line in container.rpm.query("--requires") if "librdkafka" in line]
        assert container.rpm.query("--suggests") == [MODULE]

        container.rpm.install()
        container.write(CONF, SECTION)
        assert f"install the package {MODULE}" in warned(container)
        container.rpm.command("--install", "--nodeps", module)
        assert warned(container) == ""
