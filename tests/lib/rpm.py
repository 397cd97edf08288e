"""rpm as an administrator uses it, in a booted container. That is Debian, of whose packages rpm knows nothing: hence
--nodeps. trixie's rpm makes the user by itself, as Fedora's from 42 on; that of bookworm has a scriptlet do it, as EL9's."""

from .container import Container
from .package import NAME, RELEASES, built

# What Fedora's systemd brings, so that what is installed is not enabled; Debian's enables all.
PRESET = "/usr/lib/systemd/system-preset/99-default-disable.preset"

# What turns its plugin on, as rpm-plugin-systemd-inhibit does. Debian 12's looks for plugins where there are none.
MACROS = """\
%__plugindir %(echo /usr/lib/*/rpm-plugins)
%__transaction_systemd_inhibit %{__plugindir}/systemd_inhibit.so
"""


def rpm_in(directory):
    """The package itself, without its source and what debugs it."""
    rpm, = (path for path in directory.glob(f"{NAME}-[0-9]*.rpm") if not path.name.endswith(".src.rpm"))
    return rpm


class Rpm:
    def __init__(self, container, rpms):
        self.container = container
        self.rpms = rpms
        container.write(PRESET, "disable *\n")
        container.write("/etc/rpm/macros", MACROS)

    @classmethod
    def boot(cls, suite):
        """A container with the releases in /srv, and this as its .rpm."""
        rpms = {release: rpm_in(built(suite, release, "rpm")) for release in RELEASES}
        binds = [option for release, rpm in rpms.items() for option in ("--bind-ro", f"{rpm.parent}:/srv/{release}")]
        container = Container.boot(suite, options=["--layer", "packaging", *binds])
        container.rpm = cls(container, rpms)
        return container

    def command(self, *args, **options):
        """All that it and its scriptlets say, but for Debian's own warning that it is not its package manager."""
        result = self.container.run("rpm", *args, **options)
        lines = (result.stdout + result.stderr).splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("rpm: "))

    def path(self, release):
        return f"/srv/{release}/{self.rpms[release].name}"

    def install(self, release="current"):
        return self.command("--install", "--nodeps", self.path(release))

    def upgrade(self, release="current", *options):
        return self.command("--upgrade", "--nodeps", *options, self.path(release))

    def erase(self):
        return self.command("--erase", NAME)

    def verify(self):
        """What differs from how it was packed."""
        return self.command("--verify", "--nodeps", NAME, check=False)

    def query(self, what, release="current"):
        return self.command("--query", what, "--package", self.path(release)).splitlines()

    def version(self):
        return self.command("--query", "--queryformat", "%{VERSION}", NAME)
