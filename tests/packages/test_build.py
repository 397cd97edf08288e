"""How the packages are made: twice the same, and with nothing that lintian would say."""

import hashlib
import os
import shutil
import subprocess

import pytest

from lib.container import TREE, Container
from lib.package import build, copy_tree

pytestmark = pytest.mark.xdist_group("build")


@pytest.fixture(scope="module")
def twice(suite, tmp_path_factory):
    """Two builds of this tree, neither of them out of the cache: where it lies, and elsewhere by somebody else."""
    first, second, elsewhere = (tmp_path_factory.mktemp(name) for name in ("first", "second", "else where"))
    copy_tree(elsewhere)
    if (TREE / ".git").is_dir():
        # The packages bear the time of the commit.
        shutil.copytree(TREE / ".git", elsewhere / ".git")
    build(suite, first)
    build(suite, second, elsewhere, umask=0o077,
          environment={"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "USER": "somebody", "HOME": "/nonexistent"})
    return suite, first, second


def checksums(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def test_two_builds_are_equal_byte_for_byte(twice):
    _, first, second = twice
    assert checksums(first) == checksums(second)
    assert {".deb", ".dsc", ".gz", ".xz"} == {path.suffix for path in first.iterdir()}, "the source package is among them"


def test_lintian_says_nothing(twice):
    suite, first, _ = twice
    files = [path for path in first.iterdir() if path.suffix in (".deb", ".dsc")]
    result = subprocess.run([TREE / "packaging/lint", "deb", "--suite", suite, *files], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr


def test_autopkgtest_passes_as_debian_runs_it(twice):
    """A few of its tests: all of them run in tests/system."""
    suite, first, _ = twice
    with Container.boot(suite, options=["--layer", "packaging", "--size", "1g", "--bind-ro", f"{first}:/srv/dist"]) as container:
        said = container.sh("""
            rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
            autopkgtest --env PYTEST_ADDOPTS='-k "as_shipped or a_stopped_process"' \
                --ignore-restrictions=isolation-container,breaks-testbed \
                /srv/dist/connect-watchdog_*.deb /srv/dist/*.dsc -- null 2>&1""", timeout=400)
        assert " 2 passed" in said and "system               PASS" in said, said
