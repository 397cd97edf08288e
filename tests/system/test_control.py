"""The control socket as installed: who is let in, and what an operator's pause does to the installed service."""

import json

import pytest

from lib.agent import STANDIN, UNIT

SOCKET = "/run/connect-watchdog/control"


# Prints what cannot be done, or the status and the body.
ASK = """
import http.client, socket, sys
connection = http.client.HTTPConnection("control", timeout=60)
try:
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(sys.argv[1])
    connection.request("POST" if sys.argv[3] else "GET", sys.argv[2], sys.argv[3] or None)
    response = connection.getresponse()
    print(response.status, response.read().decode())
except OSError as e:
    print(type(e).__name__, "null")
"""


@pytest.fixture
def ask(container):
    """Asks over the socket, or orders, as that user with these groups. Returns the status, or the error's name, and the JSON."""
    def ask(path, uid=0, groups=(), body=None):
        groups = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
        order = json.dumps(body) if body is not None else ""
        said = container.run("setpriv", f"--reuid={uid}", f"--regid={uid}", groups, "python3", "-c", ASK, SOCKET, path, order)
        status, _, text = said.stdout.partition(" ")
        return status, json.loads(text)

    return ask


def test_root_and_the_group_are_let_in_and_nobody_else(container, standin, agent, ask):
    agent.watch()
    group = int(container.sh("getent group connect-watchdog").split(":")[2])
    user = int(container.sh("id -u connect-watchdog"))
    assert container.sh(f"stat -c '%a %U %G' {SOCKET}").strip() == "660 connect-watchdog connect-watchdog"
    assert container.sh("stat -c '%a %U %G' /run/connect-watchdog").strip() == "750 connect-watchdog connect-watchdog"
    for who in {"uid": 0}, {"uid": user, "groups": [group]}, {"uid": 65534, "groups": [group]}:
        status, version = ask("/version", **who)
        assert (status, version["protocol"]) == ("200", 1), who
    for groups in (), (4, 65534):
        assert ask("/version", uid=65534, groups=groups)[0] == "PermissionError"
        assert ask("/pause", uid=65534, groups=groups, body={"worker": None, "for_seconds": 60})[0] == "PermissionError"
    assert not agent.events("paused")


def test_a_pause_outlives_the_service_and_names_who_asked(container, standin, agent, ask):
    agent.watch(action="restart")
    group = int(container.sh("getent group connect-watchdog").split(":")[2])
    status, answer = ask("/pause", uid=65534, groups=[group],
                         body={"worker": "connect-a", "for_seconds": 3600, "reason": "new disks"})
    assert (status, answer["kept"]) == ("200", True)
    assert agent.wait_for("paused", 30)["CONNECT_WATCHDOG_UID"] == "65534"
    container.signal(UNIT, "KILL")
    container.wait_until(lambda: len(agent.events("paused")) == 2, 60, "the next agent, which knows of it")
    invocations = container.invocations(STANDIN)
    standin.mode("hang")
    assert agent.wait_for("hold-begun", 60)["CONNECT_WATCHDOG_HOLD"] == "paused"
    assert "1 paused" in agent.status()
    assert container.invocations(STANDIN) == invocations
    assert ask("/resume", body={"worker": "connect-a"})[0] == "200"
    agent.wait_for("restart-done", 60)


def test_a_restart_that_a_member_of_the_group_orders(container, standin, agent, ask):
    agent.watch(action="restart")
    group = int(container.sh("getent group connect-watchdog").split(":")[2])
    before = standin.invocation()
    status, answer = ask("/restart", uid=65534, groups=[group], body={"worker": "connect-a"})
    assert status == "200" and answer["text"].startswith(f"connect-a: systemd restarts {STANDIN} now")
    assert agent.wait_for("restart-requested", 60)["CONNECT_WATCHDOG_UID"] == "65534"
    agent.wait_for("restart-done", 60)
    assert standin.invocation() != before
    container.systemctl("stop", STANDIN)
    agent.wait_for("state-changed", 60, CONNECT_WATCHDOG_STATE="stopped")
    status, refused = ask("/restart", body={"worker": "connect-a", "force": True})
    assert status == "409" and [hold["name"] for hold in refused["holds"]] == ["unit-busy"]
    assert not container.is_active(STANDIN)


def test_in_a_user_namespace_of_its_own_the_same_are_let_in(container, standin, agent, ask):
    """Of whom only root is known by name."""
    container.drop_in(UNIT, "[Service]\nPrivateUsers=yes\n")
    try:
        agent.watch()
        group = int(container.sh("getent group connect-watchdog").split(":")[2])
        assert ask("/pause", body={"worker": "connect-a", "for_seconds": 60})[0] == "200"
        assert agent.wait_for("paused", 30)["CONNECT_WATCHDOG_UID"] == "0"
        assert ask("/resume", uid=1234, groups=[group], body={"worker": "connect-a"})[0] == "200"
        assert agent.wait_for("resumed", 30)["CONNECT_WATCHDOG_UID"] == "65534"
        assert ask("/version", uid=1234)[0] == "PermissionError"
    finally:
        container.drop_in(UNIT, "")
