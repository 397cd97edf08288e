"""connect-watchdog.socket: systemd holds the address, and nobody is refused while the agent is being restarted."""

import json

import pytest

from lib.agent import CONFIG, SOCKET, UNIT

ADDRESS = "127.0.0.1:18083"

# Asks again and again, each time on a connection of its own, until it is told to stop; writes down what it met.
CLIENT = """
import collections, http.client, json, os, time
met, slowest = collections.Counter(), 0
while not os.path.exists("/run/client.stop"):
    begun = time.monotonic()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", 18083, timeout=30)
        connection.request("GET", "/ping")
        met[str(connection.getresponse().status)] += 1
    except (OSError, http.client.HTTPException) as e:
        met[type(e).__name__] += 1
    finally:
        connection.close()
    slowest = max(slowest, time.monotonic() - begun)
    with open("/run/client.new", "w") as f:
        json.dump([met, slowest], f)
    os.rename("/run/client.new", "/run/client.met")
"""


@pytest.fixture
def socket(container, agent):
    """The socket in place of [http] listen, with the agent started on it."""
    agent.stop()
    container.systemctl("start", SOCKET)
    try:
        agent.start("[http]\nlisten = 127.0.0.1:18084\n")
        yield
    finally:
        container.systemctl("stop", SOCKET, UNIT)


def test_it_is_not_enabled(container):
    assert container.systemctl("is-enabled", SOCKET, check=False).stdout.strip() == "disabled"
    assert not container.is_active(SOCKET)


def test_what_it_hands_over_is_served_in_place_of_listen(container, agent, socket):
    started, = container.journal(UNIT, "CONNECT_WATCHDOG_EVENT=agent-started")[-1:]
    assert started["MESSAGE"].endswith(f"; HTTP at {ADDRESS}")
    assert container.http(f"http://{ADDRESS}/ping")[0] == 200
    assert container.http("http://127.0.0.1:18084/ping") is None


def test_nobody_is_refused_while_the_agent_is_restarted(container, agent, socket):
    container.sh("rm -f /run/client.*")
    container.write("/run/client.py", CLIENT)
    container.sh("python3 /run/client.py </dev/null >/run/client.log 2>&1 &")

    def met():
        text = container.sh("cat /run/client.met 2>/dev/null || echo '[{}, 0]'")
        return json.loads(text)

    try:
        for _ in range(3):
            answered = met()[0].get("200", 0)
            container.systemctl("restart", UNIT)
            container.wait_until(lambda: met()[0].get("200", 0) > answered + 10, 20, "answers of the next agent")
        # Also one that was killed.
        answered = met()[0].get("200", 0)
        process = container.show(UNIT, "MainPID")
        container.systemctl("kill", "--signal=KILL", UNIT)
        container.wait_until(lambda: container.show(UNIT, "MainPID") not in ("0", process), 20, "the next agent")
        container.wait_until(lambda: met()[0].get("200", 0) > answered + 10, 20, "answers of the next agent")
    finally:
        container.sh("touch /run/client.stop")
    answers, slowest = met()
    print(f"{answers}; the slowest took {slowest:.2f} s")
    assert "ConnectionRefusedError" not in answers, answers


def test_a_request_starts_an_agent_that_was_stopped(container, agent, socket):
    agent.stop()
    assert container.is_active(SOCKET) and not container.is_active(UNIT)
    assert container.http(f"http://{ADDRESS}/ping")[0] == 200
    assert container.is_active(UNIT)


def test_one_who_waits_has_a_rejected_configuration_tried_a_few_times_and_not_for_ever(container, agent, socket):
    container.write(CONFIG, "[worker a]\nurll = http://127.0.0.1:8083\n")
    container.systemctl("restart", UNIT, check=False)
    container.mark()
    container.http(f"http://{ADDRESS}/ping")
    container.wait_until(lambda: container.show(SOCKET, "ActiveState") == "failed", 60, "the socket's end")
    assert container.show(SOCKET, "Result") == "trigger-limit-hit"
    assert 0 < len(container.journalctl("-u", UNIT, "--grep", "urll is no key").splitlines()) <= 10

    container.write(CONFIG, "")
    container.systemctl("start", SOCKET, UNIT)
    assert container.is_active(SOCKET) and container.http(f"http://{ADDRESS}/ping")[0] == 200
