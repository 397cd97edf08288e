"""Measurements of what is asked about connectors, and of what others ask us over HTTP; each returns rows as those of
measure.py do."""

import contextlib
import http.client
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

from measure import BUILD, agent, cpu_seconds, harness, median, process, row, rss_anon_kb, scratch, show
from server import TASKS, Server

BARE_READER = BUILD / "tests/bench/bare-reader"
PEER = BUILD / "bench/peer"

# Beside these the polls of the worker itself are rare.
RARELY = "10min"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get_seconds(port, path="/"):
    """How long a client waits for an answer, on a connection of its own, as the peer answers no other."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, f"GET {path}: {answer.status}"
    return time.monotonic() - began


def answers(port):
    """Whether something listens there yet."""
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


# ---- one look at all connectors ----

def status_kb(pid, name):
    return int(re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def peak_of_a_look(server, client, pid):
    """RssAnon before, at most during, and after one more look, in MB."""
    n = server.asked(client)
    harness.until(lambda: server.asked(client) > n)
    time.sleep(1)
    before = rss_anon_kb(pid)
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    n = server.asked(client)
    harness.until(lambda: server.asked(client) > n)
    time.sleep(1)
    peak = status_kb(pid, "VmHWM") - status_kb(pid, "RssFile") - status_kb(pid, "RssShmem")
    return before / 1024, peak / 1024, rss_anon_kb(pid) / 1024


def peer(server, port):
    environment = {"PYTHONPATH": str(PEER)}
    return process([sys.executable, PEER / "bin/kafka-connect-healthcheck", "--port", port, "--connect-url",
                    f"http://127.0.0.1:{server.port}", "--log-level", "ERROR"], signal.SIGKILL, environment)


def looks(server, pids, rounds, every, progress):
    """CPU seconds per look of each client, by rounds."""
    cost = {client: [] for client in pids}
    for i in range(rounds):
        progress(f"round {i + 1} of {rounds}")
        before = {client: (cpu_seconds(pid), server.asked(client)) for client, pid in pids.items()}
        time.sleep(5 * every)
        for client, pid in pids.items():
            cpu, n = before[client]
            cost[client].append((cpu_seconds(pid) - cpu) / (server.asked(client) - n))
    return cost


def connectors(n, rounds, with_peer, progress):
    """The agent and the bare reader side by side; then, with both still at it, who asks the peer, and who asks us."""
    every = 1 if n <= 1000 else 4
    rows = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(n))
        port = free_port()
        worker = {"url": f"http://127.0.0.1:{server.port}", "interval": RARELY, "connectors_interval": f"{every}s"}
        ours = stack.enter_context(agent({"connect-a": worker}, listen=f"127.0.0.1:{port}"))
        url = f"http://127.0.0.1:{server.port}/connectors?expand=status"
        bare = stack.enter_context(process([BARE_READER, url, every * 1007, n]))
        pids = {"connect-watchdog": ours.pid, "bare-reader": bare.pid}
        harness.until(lambda: all(server.asked(client) >= 2 for client in pids))
        cost = looks(server, pids, rounds, every, progress)
        ratios = [a / b for a, b in zip(*cost.values())]
        of = f"{n:,} connectors × {TASKS} tasks"
        rows += [row(f"{of}: CPU per look, connect-watchdog, ms", show([s * 1e3 for s in cost["connect-watchdog"]], 1)),
                 row("… bare curl and json-c, ms", show([s * 1e3 for s in cost["bare-reader"]], 1)),
                 row("… connect-watchdog / bare", show(ratios, 2), "≤ 1.2", median(ratios) <= 1.2)]
        for client, pid in pids.items():
            progress(f"memory of {client}")
            before, peak, after = peak_of_a_look(server, client, pid)
            rows.append(row(f"… RssAnon before, at most during, and after a look: {client}, MB",
                            f"{before:.2f}, {peak:.2f}, {after:.2f}",
                            *(("not by their number", peak - before <= 0.5) if client == "connect-watchdog" else ())))
        own = [get_seconds(port) for _ in range(200)]
        rows.append(row("… GET / of connect-watchdog, ms", f"{show([s * 1e3 for s in own], 2)}, best {min(own) * 1e3:.2f}"))
        if with_peer:
            progress("the peer")
            port = free_port()
            stack.enter_context(peer(server, port))
            harness.until(lambda: answers(port))
            asked = server.asked("python-requests")
            theirs = [get_seconds(port) for _ in range(3)]
            requests = (server.asked("python-requests") - asked) / len(theirs)
            times = median(theirs) / median(own)
            rows += [row("… GET / of the peer, which is a look each, ms", f"{median(theirs) * 1e3:.0f}, best {min(theirs) * 1e3:.0f}"),
                     row("… the requests of one look: connect-watchdog, the peer", f"1, {requests:,.0f}"),
                     row("… GET / of the peer / of connect-watchdog", f"{times:,.0f}", "≥ 1,000", times >= 1000)]
    return rows


# ---- throughput ----

WRK = ["wrk", "--threads", "1", "--connections", "8", "--duration", "3s"]


def requests_per_second(port, path):
    """As wrk counts them, and how many there were."""
    out = subprocess.run([*WRK, f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), int(re.search(r"(\d+) requests in", out)[1])


def monit_httpd(directory, port):
    """Its web server, and a check that asks for nothing."""
    config = directory / "monitrc"
    config.write_text(f"""set daemon 300
set pidfile {directory}/pid
set idfile {directory}/id
set statefile {directory}/state
set httpd port {port} and use address 127.0.0.1
  allow localhost
check file this with path {config}
""")
    config.chmod(0o600)
    return config


def throughput(monit, rounds, progress):
    """In turn, as wrk alone keeps a core busy. The CPU time of a request, the kernel's part of it included, is what does not
    depend on what else this machine does."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server())
        ports, paths, pids = {"connect-watchdog": free_port()}, {"connect-watchdog": "/ping"}, {}
        worker = {"url": f"http://127.0.0.1:{server.port}"}
        pids["connect-watchdog"] = stack.enter_context(
            agent({"connect-a": worker}, listen=f"127.0.0.1:{ports['connect-watchdog']}")).pid
        if monit:
            ports["monit"], paths["monit"] = free_port(), "/_ping"
            config = monit_httpd(stack.enter_context(scratch()), ports["monit"])
            pids["monit"] = stack.enter_context(process([monit, "-I", "-c", config])).pid
        for port in ports.values():
            harness.until(lambda: answers(port))
        rates, costs = ({name: [] for name in ports} for _ in range(2))
        for i in range(rounds):
            progress(f"round {i + 1} of {rounds}")
            for name, port in ports.items():
                cpu = cpu_seconds(pids[name])
                rate, n = requests_per_second(port, paths[name])
                rates[name].append(rate)
                costs[name].append((cpu_seconds(pids[name]) - cpu) / n * 1e6)

    rows = []
    for name, path in paths.items():
        rows += [row(f"{path} of {name}, requests a second (wrk, 8 connections)",
                     f"{show(rates[name])}, best {max(rates[name]):.0f}"),
                 row("… CPU per request, µs", f"{show(costs[name], 1)}, best {min(costs[name]):.1f}")]
    if monit:
        times = [a / b for a, b in zip(*rates.values())]
        less = [a / b for a, b in zip(*reversed(list(costs.values())))]
        rows += [row("… requests a second, connect-watchdog / monit", f"{show(times, 1)}, best of each "
                     f"{max(rates['connect-watchdog']) / max(rates['monit']):.1f}", "≥ 3", median(times) >= 3),
                 row("… CPU per request, monit / connect-watchdog", show(less, 1))]
    return rows
