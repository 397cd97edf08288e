"""Packages of this tree, Debian's and RPMs, and apt in a container that has no network.

    python3 tests/lib/package.py SUITE    makes all that tests/packages needs of a suite, and prints the packages' sizes
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib.container import TREE, Container, tool

NAME = "connect-watchdog"
CACHE = Path(os.environ.get("CONNECT_WATCHDOG_CACHE", "/var/cache/connect-watchdog"))

# Longer than a build whose container's layer must be made first was seen to take.
BUILD_TIMEOUT = 1800

# apt fetches nothing here; what takes time is unpacking, on busy cores.
APT_TIMEOUT = 180


def earlier(tree):
    """It shipped another configuration, so that an edited one meets a new one."""
    with (tree / "conf/connect-watchdog.conf").open("a") as conf:
        conf.write("\n# As an earlier release had it.\n")


def later(tree):
    """It writes a ledger that this tree does not know."""
    header = tree / "src/act/ledger.h"
    text = header.read_text()
    define, _, number = next(line for line in text.splitlines() if "LEDGER_VERSION " in line).rpartition(" ")
    header.write_text(text.replace(f"{define} {number}", f"{define} {int(number) + 1}"))


# What is installed one after the other: this tree's release, and one before and one after it.
RELEASES = {"previous": ("0.0.9", earlier), "current": (None, None), "next": ("99.0", later)}


def copy_tree(dest):
    """The tree as packaging/build sees it."""
    subprocess.run(["bash", "-c", 'set -o pipefail; source packaging/lib.sh; tree_files . |'
                    ' tar --create --null --no-recursion --files-from=- | tar --extract -C "$1"', "bash", dest],
                   cwd=TREE, check=True, timeout=60)


def build(suite, output, tree=TREE, version=None, environment=None, umask=-1, kind="deb", stderr=None):
    """Runs packaging/build; its progress goes to our stderr, or that one, its results to `output`."""
    subprocess.run([tree / "packaging/build", kind, "--suite", suite, "--output", output,
                    *(["--version", version] if version else [])],
                   stdout=sys.stderr, stderr=stderr, timeout=BUILD_TIMEOUT, check=True, env={**os.environ, **(environment or {})}, umask=umask)


def tree_hash():
    """Of the files that can be seen in a package: not those of tests/."""
    listed = subprocess.run(["bash", "-c", "source packaging/lib.sh; tree_files ."], cwd=TREE, stdout=subprocess.PIPE,
                            check=True, timeout=60).stdout
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in sorted(listed.split(b"\0")):
        path = TREE / os.fsdecode(name)
        if name and not name.startswith(b"tests/") and path.is_file():
            digest.update(name + b"\0" + path.read_bytes())
    return digest


def cache_key(suite):
    digest = tree_hash()
    digest.update(tool("layer", suite, "packaging").encode())
    return digest.hexdigest()[:16]


@contextmanager
def locked(name):
    path = CACHE / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def built(suite, release="current", kind="deb"):
    """The directory with the packages of a release; cached, `packaging/container gc` removes it in the end."""
    version, edit = RELEASES[release]
    key = cache_key(suite)
    name = f"{kind}-{suite}-{release}"
    dest = CACHE / "packages" / f"{name}-{key}"
    with locked(f"package-{name}"):
        if not dest.exists():
            dest.parent.mkdir(exist_ok=True)
            new = dest.with_name(f".new-{name}")
            shutil.rmtree(new, ignore_errors=True)
            with tempfile.TemporaryDirectory() as scratch:
                tree = TREE
                if edit:
                    tree = Path(scratch)
                    copy_tree(tree)
                    edit(tree)
                build(suite, new, tree, version, kind=kind)
            assert cache_key(suite) == key, "the tree was changed while its packages were built: please try again"
            new.rename(dest)
    dest.with_name(dest.name + ".used").touch()
    return dest


def deb_in(directory):
    """The package itself, without its debug symbols."""
    deb, = directory.glob(f"{NAME}_*.deb")
    return deb


def kafka_module_in(directory, suffix):
    """The package with what asks Kafka itself."""
    module, = (path for path in directory.glob(f"{NAME}-kafka[-_][0-9]*{suffix}") if not path.name.endswith(".src.rpm"))
    return module


def repository(suite):
    """What it takes to install the packages on a fresh server."""
    debs = built(suite)
    return Path(tool("repository", suite, deb_in(debs), kafka_module_in(debs, ".deb")))


class Apt:
    """apt and dpkg as an administrator uses them, in a booted container with these packages at hand."""

    def __init__(self, container, debs):
        self.container = container
        self.debs = debs
        container.write("/etc/apt/sources.list", "deb [trusted=yes] file:/srv/repository ./\n")
        container.run("rm", "-f", "/etc/apt/sources.list.d/debian.sources")
        # There is no translation of descriptions, so none is looked for.
        container.write("/etc/apt/apt.conf.d/50test", 'Acquire::Languages "none";\nDPkg::Use-Pty "0";\n')
        self.get("update")

    @classmethod
    def boot(cls, suite, layer="base", options=()):
        """A container with the releases in /srv, and this as its .apt."""
        debs = {release: deb_in(built(suite, release)) for release in RELEASES}
        binds = {release: deb.parent for release, deb in debs.items()} | {"repository": repository(suite)}
        bound = [option for name, source in binds.items() for option in ("--bind-ro", f"{source}:/srv/{name}")]
        container = Container.boot(suite, options=["--layer", layer, *bound, *options])
        container.apt = cls(container, debs)
        return container

    def command(self, *args):
        return ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", *args]

    def get(self, *args, **options):
        return self.container.run(*self.command(*args), **{"timeout": APT_TIMEOUT, **options})

    def path(self, release):
        return f"/srv/{release}/{self.debs[release].name}"

    def install(self, release="current", *args, **options):
        return self.get("install", *args, self.path(release), **options)

    def remove(self):
        return self.get("remove", NAME)

    def purge(self):
        return self.get("purge", NAME)

    def version(self, release):
        """What the program calls itself: the package's version without Debian's part."""
        return self.debs[release].name.split("_")[1].rpartition("-")[0]

    def status(self):
        """What dpkg says, e.g. "installed"."""
        return self.container.run("dpkg-query", "-W", "-f", "${db:Status-Status}", NAME, check=False).stdout


def installed_kib(suite, package):
    """What it takes on the disk, as the package itself says."""
    query = {".deb": ["dpkg-deb", "--show", "--showformat", "${Installed-Size}"],
             ".rpm": ["sh", "-c", 'echo $(($(rpm --query --package --queryformat "%{SIZE}" "$1") / 1024))', "sh"]}[package.suffix]
    return tool("run", suite, "--layer", "packaging", "--bind", f"{package.parent}:/srv", "--", *query, f"/srv/{package.name}")


def tell_sizes(suite):
    for package in sorted([*built(suite).glob("*.deb"), *built(suite, kind="rpm").glob("*.rpm")]):
        if package.match("*.src.rpm"):
            continue
        print(f"{package.name}: {round(package.stat().st_size / 1024)} KiB, installed {installed_kib(suite, package)} KiB")


def main():
    suite, = sys.argv[1:]
    for kind in ("deb", "rpm"):
        for release in RELEASES:
            built(suite, release, kind)
    repository(suite)
    tell_sizes(suite)


if __name__ == "__main__":
    main()
