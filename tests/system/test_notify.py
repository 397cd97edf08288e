"""A command of [notify NAME] inside the service's sandbox: what it can do, and what it cannot, is what the manual says."""

from lib.agent import worker

COMMAND = "/usr/local/bin/told"

# Says "yes" or "no" to each line on its input, and fails, so that the journal has it.
PROBE = """#!/bin/sh
cat > /dev/null
while read -r name command; do
        if sh -c "$command" > /dev/null 2>&1; then printf '%s=yes ' "$name"; else printf '%s=no ' "$name"; fi
done <<'END'
{}
END
exit 1
"""

PROBES = {
    "shell": ("yes", "true"),
    "tmp": ("yes", "touch /tmp/told /var/tmp/told"),
    "network": ("yes", "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8083/\", timeout=20)'"),
    "names": ("yes", "getent ahosts localhost"),
    "user": ("yes", 'test "$(id -un)" = connect-watchdog'),
    "credential": ("yes", 'test "$(cat "$CREDENTIALS_DIRECTORY/connect-watchdog.credentials_told")" = secret'),
    "etc": ("no", "touch /etc/told"),
    "run": ("no", "touch /run/told"),
    "home": ("no", "ls /home /root"),
    "rights": ("no", "grep 'NoNewPrivs:.0' /proc/self/status"),
    "exec-memory": ("no", "python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=7)'"),
    "namespace": ("no", "unshare --user true"),
}


def test_a_command_can_do_in_the_sandbox_what_the_manual_says(container, agent, standin):
    container.write("/etc/connect-watchdog/credentials/told", "secret", "600")
    container.write(COMMAND, PROBE.format("\n".join(f"{name} {command}" for name, (_, command) in PROBES.items())), "755")
    agent.start(worker() + f"[notify probe]\ncommand = {COMMAND}\nevents = agent-started\ntimeout = 1min\n")
    said = agent.wait_for("notify-failed", 120)["MESSAGE"]
    found = dict(word.split("=") for word in said[said.index("(") + 1:said.index(")")].split())
    assert found == {name: answer for name, (answer, _) in PROBES.items()}
    container.sh("rm /etc/connect-watchdog/credentials/told")
