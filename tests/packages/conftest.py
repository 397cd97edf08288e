"""Fixtures of the tests of the packages. Here nothing is installed beforehand, and each story has a container of its own:
it takes a second to boot, and none has to clear up after another."""

import pytest

from lib.agent import Agent, Standin
from lib.container import SUITES
from lib.package import Apt, built, deb_in


@pytest.fixture(scope="module", params=SUITES)
def suite(request, bootable):
    return request.param


@pytest.fixture(scope="module")
def package(suite):
    """The package of this tree, as a file."""
    return deb_in(built(suite))


@pytest.fixture
def booted(suite):
    """A host that has what our dependencies are and Python for the stand-in worker, but not yet the package."""
    with Apt.boot(suite) as container:
        container.standin = Standin(container)
        container.agent = Agent(container)
        yield container


@pytest.fixture
def apt(container):
    return container.apt
