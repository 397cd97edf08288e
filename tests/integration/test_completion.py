"""packaging/completion in a real bash and a real zsh on a terminal: what the Tab key makes of a line."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

import harness
from control_server import ControlServer

COMPLETION = harness.HERE.parent.parent / "packaging/completion"
PROGRAMS = {name: harness.BINARY.with_name(name) for name in ("connect-watchdog", "connect-watchdogctl")}

# As systemctl lists them when it does not write to a terminal.
SYSTEMCTL = r"""#!/bin/sh
case $1 in
list-unit-files) cat <<'END'
dev-disk\x2d1.service static -
kafka-connect@.service disabled enabled
worker-a.service enabled enabled
END
;;
list-units) cat <<'END'
kafka-connect@8083.service loaded active running Kafka Connect
  worker-b.service loaded inactive dead  A worker
END
;;
esac
"""

# Ctrl-T shows the line as it is now, and empties it.
BASH = """
PS1=; bind 'set enable-bracketed-paste off'
show() { printf '<%s>' "$READLINE_LINE" >"$SHOWN"; READLINE_LINE=; READLINE_POINT=0; }
bind -x '"\\C-t": show'
source "$COMPLETION/connect-watchdog.bash"
echo shell-is-ready
"""
ZSH = """
PS1=; unset zle_bracketed_paste; bindkey -e
show() { print -rn -- "<$BUFFER>" >$SHOWN; BUFFER= }
zle -N show; bindkey '^T' show
fpath=($COMPLETION $fpath); autoload -Uz compinit; compinit -u -D
echo shell-is-ready
"""


class Shell:
    def __init__(self, directory, name, command, setup):
        self.name = name
        self.shown = directory / "shown"
        (directory / "setup").write_text(setup)
        environment = {"PATH": f"{directory}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(directory), "TERM": "dumb",
                       "LANG": "C.UTF-8", "COMPLETION": str(COMPLETION), "SHOWN": str(self.shown)}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            os.execve(command[0], command, environment)
        self.output = b""
        self.send(f". {directory}/setup\n")
        self.wait(lambda: b"\nshell-is-ready" in self.output)

    def send(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, is_so):
        deadline = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < deadline, self.output.decode(errors="replace")
            # A terminal that nobody reads stops its shell.
            if select.select([self.terminal], [], [], 0.02)[0]:
                self.output += os.read(self.terminal, 65536)

    def tab(self, line):
        """What the line is after a Tab."""
        self.shown.unlink(missing_ok=True)
        self.send(line + "\t\x14")
        self.wait(lambda: self.shown.exists() and self.shown.read_text().endswith(">"))
        return self.shown.read_text()[1:-1]

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("completion")
    (directory / "bin").mkdir()
    (directory / "a directory").mkdir()
    (directory / "worker.conf").touch()
    root = directory / "root"
    (root / "etc/polkit-1/rules.d").mkdir(parents=True)

    def script(name, text):
        path = directory / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    script("systemctl", SYSTEMCTL)
    # What is authorized is what is on this root, and the agent is one that knows these workers.
    script("connect-watchdogctl", f'''#!/bin/sh
case $1 in
authorize) exec {PROGRAMS["connect-watchdogctl"]} --root {root} "$@" ;;
*) exec {PROGRAMS["connect-watchdogctl"]} --socket {directory}/control "$@" ;;
esac
''')
    subprocess.run([directory / "bin/connect-watchdogctl", "authorize", "given-a.service"], check=True, capture_output=True)
    return directory


@pytest.fixture
def workers(directory):
    """Those of a running agent."""
    with ControlServer(directory / "control") as control:
        control.answers["GET", "/workers"] = 200, {"workers": [{"name": "connect-a"}, {"name": "gateway_b"}]}
        yield control


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(request, directory):
    command, setup = {"bash": (["/bin/bash", "--norc", "--noprofile", "-i"], BASH), "zsh": (["/bin/zsh", "-f", "-i"], ZSH)}[request.param]
    if not os.path.exists(command[0]):
        if os.environ.get("CI") == "true":
            pytest.fail(f"{command[0]} is not installed")
        pytest.skip(f"{command[0]} is not installed")
    shell = Shell(directory, request.param, command, setup)
    yield shell
    shell.close()


def options_of(program):
    """--name to whether it takes a value, by its own help."""
    text = subprocess.run([PROGRAMS[program], "--help"], check=True, capture_output=True, text=True).stdout
    found = dict(re.findall(r"^      (--[a-z-]+)( [A-Z]+)? ", text, re.M))
    assert len(found) >= 5 and "--help" in found
    return found


def verbs_of_ctl():
    text = subprocess.run([PROGRAMS["connect-watchdogctl"], "--help"], check=True, capture_output=True, text=True).stdout
    found = {verb: options.split() for verb, options in re.findall(r"^  ([a-z-]+)(?: .*)?\n        .*\n        (--.*)$", text, re.M)}
    assert len(found) >= 3
    return found


def completes(shell, line, to):
    """All but the last letter of a word that nothing else begins with."""
    got = shell.tab(line + to[:-1])
    # zsh puts the = of a value behind it, where that is one word with the option.
    assert got.rstrip(" =") == line + to, f"{shell.name}: {line}{to[:-1]} became {got!r}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_is_offered(shell, program):
    for option in options_of(program):
        completes(shell, program + " ", option)


def test_every_verb_is_offered_with_its_own_options(shell):
    verbs = verbs_of_ctl()
    every = [option for option in options_of("connect-watchdogctl") if option not in ("--version", "--help")]
    for verb, own in verbs.items():
        # Nothing is added to what is a verb as it stands.
        if verb[:-1] not in verbs:
            completes(shell, "connect-watchdogctl ", verb)
            completes(shell, "connect-watchdogctl --json ", verb)
        for option in every:
            if option in own:
                completes(shell, f"connect-watchdogctl {verb} ", option)
            elif not any(other.startswith(option[:-1]) for other in own):
                line = f"connect-watchdogctl {verb} {option[:-1]}"
                assert shell.tab(line) == line


@pytest.mark.parametrize("begun, whole", [
    ("authorize worker-a", "worker-a.service"),
    ("authorize worker-b", "worker-b.service"),
    ("authorize --json worker-b.service worker-a", "worker-a.service"),
    ("authorize kafka-connect@80", "kafka-connect@8083.service"),
    ("authorize kafka-c", "kafka-connect@8083.service"),
    ("authorize dev", r"dev-disk\\x2d1.service"),
    ("authorize --revoke g", "given-a.service"),
    ("--revoke authorize g", "given-a.service"),
])
def test_units(shell, begun, whole):
    assert shell.tab(f"connect-watchdogctl {begun}") == f"connect-watchdogctl {begun.rpartition(' ')[0]} {whole} "


@pytest.mark.parametrize("begun, whole", [
    ("status con", "connect-a"),
    ("status --json g", "gateway_b"),
    ("check g", "gateway_b"),
    ("pause --for 2h con", "connect-a"),
    ("resume con", "connect-a"),
    ("restart --force g", "gateway_b"),
    ("reset con", "connect-a"),
])
def test_workers(shell, workers, begun, whole):
    assert shell.tab(f"connect-watchdogctl {begun}") == f"connect-watchdogctl {begun.rpartition(' ')[0]} {whole} "


def test_kinds(shell):
    """All of them, by what the program itself says."""
    said = subprocess.run([PROGRAMS["connect-watchdogctl"], "check", "--once", "http://a", "--kind", "x"], capture_output=True, text=True)
    for kind in re.search(r"write one of: (.*)", said.stdout)[1].split(", "):
        begun = kind if kind == "http" else kind[:-1]
        assert shell.tab(f"connect-watchdogctl check --kind {begun}") == f"connect-watchdogctl check --kind {kind} "


def test_one_worker_is_enough(shell, workers):
    assert shell.tab("connect-watchdogctl status connect-a g") == "connect-watchdogctl status connect-a g"


def test_without_an_agent_no_worker_is_offered_and_nothing_said(shell):
    assert shell.tab("connect-watchdogctl status con") == "connect-watchdogctl status con"


@pytest.mark.parametrize("line", [
    "authorize kafka-connect@.s",
    "authorize --revoke worker",
    "authorize --list worker",
    "verify-config worker-a",
])
def test_no_unit_where_none_belongs(shell, line):
    assert shell.tab(f"connect-watchdogctl {line}") == f"connect-watchdogctl {line}"


@pytest.mark.parametrize("line, becomes", [
    ("connect-watchdogctl verify-config --config wor", "worker.conf "),
    ("connect-watchdogctl verify-config --config=wor", "worker.conf "),
    ("connect-watchdogctl --config wor", "worker.conf "),
    ("connect-watchdogctl authorize --root a", r"a\ directory/"),
    ("connect-watchdogctl authorize --root=a", r"a\ directory/"),
    ("connect-watchdog --config wor", "worker.conf "),
    ("connect-watchdog --check-config wor", "worker.conf "),
    ("connect-watchdog --state-dir a", r"a\ directory/"),
])
def test_files_and_directories(shell, line, becomes):
    begun = re.search(r"[ =](wor|a)$", line).group(1)
    assert shell.tab(line) == line.removesuffix(begun) + becomes


def test_a_value_is_not_taken_for_the_verb(shell):
    completes(shell, "connect-watchdogctl --config authorize ", "verify-config")
