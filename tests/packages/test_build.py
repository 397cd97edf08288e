"""How the packages are made: twice the same, and with nothing that lintian or rpmlint would say."""

import hashlib
import os
import shutil
import subprocess
import uuid

import pytest

from lib.container import SUITES, TREE, Container
from lib.package import build, copy_tree

pytestmark = pytest.mark.xdist_group("build")


DEBS = [("deb", suite) for suite in SUITES]
# Debian 12's rpm is no measure: its scripts want another shell than it has, and so strip and compress nothing.
RPMS = [("rpm", suite) for suite in SUITES if suite == "trixie"]


@pytest.fixture(scope="module", params=DEBS + RPMS, ids="-".join)
def twice(request, bootable, tmp_path_factory):
    """Two builds of this tree, neither of them out of the cache: where it lies, and elsewhere by somebody else."""
    first, second, elsewhere = (tmp_path_factory.mktemp(name) for name in ("first", "second", "else where"))
    copy_tree(elsewhere)
    if (TREE / ".git").is_dir():
        # The packages bear the time of the commit.
        shutil.copytree(TREE / ".git", elsewhere / ".git")
    kind, suite = request.param
    with (tmp_path_factory.mktemp("said") / "stderr").open("w+") as said:
        build(suite, first, kind=kind, stderr=said)
        said.seek(0)
        told = said.read()
    build(suite, second, elsewhere, umask=0o077, kind=kind,
          environment={"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "USER": "somebody", "HOME": "/nonexistent"})
    return kind, suite, first, second, told


def checksums(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def test_two_builds_are_equal_byte_for_byte(twice):
    kind, _, first, second, _ = twice
    assert checksums(first) == checksums(second)
    suffixes = {"deb": {".deb", ".dsc", ".gz", ".xz"}, "rpm": {".rpm"}}
    assert {path.suffix for path in first.iterdir()} == suffixes[kind], "the source package is among them"


def test_its_linter_says_nothing(twice):
    kind, suite, first, *_ = twice
    # rpmlint misses programs and documents in packages for debuggers.
    files = [path for path in first.iterdir() if path.suffix in (".deb", ".dsc", ".rpm") and not path.match("*-debug*.rpm")]
    result = subprocess.run([TREE / "packaging/lint", kind, "--suite", suite, *files], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr


def test_it_says_which_rpm_is_not_for_fedora(twice):
    kind, *_, told = twice
    assert ("for tests; Fedora and EL rebuild the .src.rpm" in told) == (kind == "rpm")


@pytest.mark.parametrize("twice", DEBS, ids="-".join, indirect=True)
def test_autopkgtest_passes_as_debian_runs_it(twice):
    """A few of its tests: all of them run in tests/system."""
    _, suite, first, *_ = twice
    with Container.boot(suite, options=["--layer", "packaging", "--size", "1g", "--bind-ro", f"{first}:/srv/dist"]) as container:
        said = container.sh("""
            rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
            autopkgtest --env PYTEST_ADDOPTS='-k "as_shipped or a_stopped_process"' \
                --ignore-restrictions=isolation-container,breaks-testbed \
                /srv/dist/connect-watchdog_*.deb /srv/dist/*.dsc -- null 2>&1""", timeout=400)
        assert " 2 passed" in said and "system               PASS" in said, said


def test_a_tree_that_is_edited_while_it_compiles_is_not_cached(suite, tmp_path):
    """It would be taken for what was there at first, for two weeks."""
    copy_tree(tmp_path)
    with (tmp_path / "src/main.c").open("a") as source:
        source.write(f"/* {uuid.uuid4()} */\n")
        source.flush()
        with subprocess.Popen([tmp_path / "packaging/container", "build", suite], stderr=subprocess.PIPE, text=True) as process:
            said = process.stderr.readline()
            assert said == f"… compiling for {suite}\n"
            source.write("/* meanwhile */\n")
            source.flush()
            said = process.stderr.read()
    assert process.returncode == 1 and "was changed while it was compiled" in said
