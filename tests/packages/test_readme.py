"""What README says of the installation, done as it stands there, on a fresh server that has this tree."""

import re

from lib.agent import UNIT
from lib.container import TREE, tool
from lib.package import CACHE, Apt, copy_tree


def commands_below(heading):
    """The indented blocks of a README section, without those of its subsections."""
    text = (TREE / "README.md").read_text()
    section = re.search(rf"^### {heading}.*?\n(.*?)^#", text, re.DOTALL | re.MULTILINE)[1]
    return re.findall(r"^    (.*)$", section, re.MULTILINE)


def test_the_commands_for_debian_install_it(suite, tmp_path):
    commands = commands_below("Debian")
    assert any("packaging/build deb" in command for command in commands) and any("apt-get install" in command for command in commands)
    copy_tree(tmp_path)
    # The cache stands for the network that a container has none of: layers to build in, and the packages of Debian.
    with Apt.boot(suite, layer="bare", options=["--size", "1g", "--bind", f"{CACHE}:{CACHE}"]) as container:
        tool("copy", container.handle, tmp_path, "/root/tree")
        script = "\n".join(["cd /root/tree", *commands])
        said = container.run("env", f"CONNECT_WATCHDOG_CACHE={CACHE}", "bash", "-exc", script, timeout=600).stdout
        assert container.is_active(UNIT)
        assert "no worker configured; see connect-watchdog.conf(5)" in said, "the last of them shows what it says"
        assert container.apt.status() == "installed"
