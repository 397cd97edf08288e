"""The measurements of tests/bench/run, each a function that returns rows (what, measured, aim, met). CPU time is the kernel's
own sum for a process, to the nanosecond, threads included; nothing here asserts a time."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = TOP / "build"
os.environ.setdefault("CONNECT_WATCHDOG_BIN", str(BUILD / "src/connect-watchdog"))
sys.path.insert(0, str(HERE.parent / "integration"))

import harness  # noqa: E402
from fake_systemd import FakeSystemd  # noqa: E402
from kafka_broker import KafkaBroker  # noqa: E402
from server import Server  # noqa: E402

BARE_LOOP = BUILD / "tests/bench/bare-loop"


def cpu_seconds(pid):
    """User and system time of a process so far (CPUCLOCK_SCHED of clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)


def rss_anon_kb(pid):
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def median(values):
    return statistics.median(values)


def spread(values):
    """The middle half of the values."""
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def show(values, digits=0):
    low, high = spread(values)
    return f"{median(values):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def row(what, measured, aim="", met=None):
    return what, measured, aim, "" if met is None else "yes" if met else "**no**"


@contextlib.contextmanager
def scratch():
    # A socket's path is short.
    directory = tempfile.mkdtemp(prefix="cw-bench-")
    try:
        yield pathlib.Path(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def agent(workers, bus=None, listen="off", kafka=None, **defaults):
    """The agent in a mount namespace of its own, its journal read by us; defaults: keys of [defaults]."""
    with scratch() as directory:
        a = harness.Agent(directory, bus)
        sections = [("http", {"listen": listen}), ("defaults", defaults)]
        sections += [(f"kafka {name}", keys) for name, keys in (kafka or {}).items()]
        sections += [(f"worker {name}", keys) for name, keys in workers.items()]
        a.config.write_text("".join(f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
                                    for s, keys in sections))
        try:
            a.start()
            a.pid = a.process.pid
            yield a
        finally:
            a.close()


@contextlib.contextmanager
def process(command, sigterm=signal.SIGTERM, env=None):
    p = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=env)
    try:
        yield p
    finally:
        p.send_signal(sigterm)
        p.wait()


def monit_config(directory, server):
    config = directory / "monitrc"
    config.write_text(f"""set daemon 1
set pidfile {directory}/pid
set idfile {directory}/id
set statefile {directory}/state
check host connect-a with address 127.0.0.1
  if failed port {server.port} protocol http request "/health" content = '"status":"healthy"' with timeout 15 seconds
  then alert
""")
    config.chmod(0o600)
    return config


# ---- CPU per poll ----

def cpu_per_poll(monit, rounds, seconds, progress):
    """All of them at once, a poll a second, so that whatever else this machine does meets each of them alike; the bare
    loop a little slower, so that none is always the first to wake the machine up."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server())
        directory = stack.enter_context(scratch())
        bus = stack.enter_context(contextlib.closing(FakeSystemd()))
        bus.do("unit", name=harness.UNIT)
        worker = {"url": f"http://127.0.0.1:{server.port}", "unit": harness.UNIT}
        pids = {
            "connect-watchdog": stack.enter_context(agent({"connect-a": worker}, bus, interval="1s")).pid,
            "bare-loop": stack.enter_context(process([BARE_LOOP, f"http://127.0.0.1:{server.port}/health", 1007])).pid,
        }
        if monit:
            pids["Monit"] = stack.enter_context(process([monit, "-I", "-c", monit_config(directory, server)])).pid

        polls = {name: [] for name in pids}
        time.sleep(3)
        for i in range(rounds):
            progress(f"round {i + 1} of {rounds}")
            before = {name: (cpu_seconds(pid), server.requests(name)) for name, pid in pids.items()}
            time.sleep(seconds)
            for name, pid in pids.items():
                cpu, n = before[name]
                polls[name].append((cpu_seconds(pid) - cpu) / (server.requests(name) - n) * 1e6)

    ours, bare = polls["connect-watchdog"], polls["bare-loop"]
    above = [a / b for a, b in zip(ours, bare)]
    rows = [row("CPU per poll: connect-watchdog, µs", show(ours)),
            row("… bare libcurl loop, µs", show(bare)),
            row("… connect-watchdog / bare loop", show(above, 2), "≤ 1.3", median(above) <= 1.3)]
    if monit:
        below = [m / a for m, a in zip(polls["Monit"], ours)]
        rows += [row("… monit, µs", show(polls["Monit"])),
                 row("… monit / connect-watchdog", show(below, 1), "≥ 5", median(below) >= 5)]
    return rows


# ---- instructions per poll ----

def callgrind(server, client, command, seconds):
    """Instructions of a run, and the polls in it."""
    with scratch() as directory:
        before = server.requests(client)
        run = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out", *command]
        p = subprocess.Popen([str(c) for c in run], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        p.terminate()
        p.wait()
        n = server.requests(client) - before
        return int(re.search(r"^(?:totals|summary): (\d+)", (directory / "out").read_text(), re.M)[1]), n


def instructions_per_poll(progress):
    """What two runs of different length differ by: the start is not part of a poll. User space alone, but exact."""
    per_poll = {}
    with Server() as server, scratch() as directory:
        config = directory / "agent.conf"
        config.write_text(f"[worker connect-a]\nurl = http://127.0.0.1:{server.port}\ninterval = 100ms\n"
                          "retry_interval = 100ms\n")
        commands = {
            "connect-watchdog": [os.environ["CONNECT_WATCHDOG_BIN"], "--config", config],
            "bare-loop": [BARE_LOOP, f"http://127.0.0.1:{server.port}/health", 100],
        }
        for client, command in commands.items():
            progress(client)
            few, many = callgrind(server, client, command, 5), callgrind(server, client, command, 15)
            per_poll[client] = (many[0] - few[0]) / (many[1] - few[1])
    ratio = per_poll["connect-watchdog"] / per_poll["bare-loop"]
    return [row("Instructions per poll in user space (callgrind): connect-watchdog / bare loop",
                f"{per_poll['connect-watchdog'] / 1000:.1f} k / {per_poll['bare-loop'] / 1000:.1f} k = {ratio:.2f}")]


# ---- memory ----

def memory(progress):
    rows = []
    with Server() as server, contextlib.closing(FakeSystemd()) as bus:
        bus.do("unit", name=harness.UNIT)
        url = f"http://127.0.0.1:{server.port}"
        for what, keys, over in (("watching its unit over D-Bus", {"unit": harness.UNIT}, bus), ("no unit, no bus", {}, None)):
            progress(what)
            before = server.requests("connect-watchdog")
            with agent({"connect-a": {"url": url, **keys}}, over, interval="200ms") as a:
                harness.until(lambda: server.requests("connect-watchdog") - before >= 50)
                kb = rss_anon_kb(a.pid)
            rows.append(row(f"RssAnon after 50 polls of one worker, {what}, MB", f"{kb / 1024:.2f}", "≤ 2", kb <= 2048))
        if (harness.BINARY.parent / "connect-watchdog-kafka.so").exists():
            rows.append(memory_with_kafka(server, progress))
    return rows


def memory_with_kafka(server, progress):
    """Connect's three topics with their usual numbers of partitions, on one scripted broker."""
    progress("with Kafka")
    topics = {"connect-configs": 1, "connect-offsets": 25, "connect-status": 5}
    with KafkaBroker(**{name.replace("-", "_"): n for name, n in topics.items()}) as broker:
        section = {"bootstrap": broker.bootstrap, "topics": " ".join(topics), "interval": "1s", "timeout": "1s"}
        before = server.requests("connect-watchdog")
        worker = {"url": f"http://127.0.0.1:{server.port}", "requires": "main"}
        with agent({"connect-a": worker}, kafka={"main": section}, interval="200ms") as a:
            harness.until(lambda: server.requests("connect-watchdog") - before >= 50)
            return row("… and of one [kafka] section, checked 10 times, MB", f"{rss_anon_kb(a.pid) / 1024:.2f}")


# ---- many workers ----

def many_workers(rounds, progress):
    """Each worker has a host of its own, so a connection of its own; the three agents run side by side."""
    sizes = (100, 300, 1000)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server())
        pids = {}
        for n in sizes:
            progress(f"{n} workers begin")
            workers = {f"connect-{i}": {"url": server.url(i)} for i in range(n)}
            pids[n] = stack.enter_context(agent(workers, interval="10s")).pid
        time.sleep(25)
        percent = {n: [] for n in sizes}
        for i in range(rounds):
            progress(f"round {i + 1} of {rounds}")
            began, before = time.monotonic(), {n: cpu_seconds(pids[n]) for n in sizes}
            time.sleep(20)
            for n in sizes:
                percent[n].append((cpu_seconds(pids[n]) - before[n]) / (time.monotonic() - began) * 100)
        anon = {n: rss_anon_kb(pids[n]) for n in sizes}

    rows = [row(f"{n} workers at 10 s: CPU, % of one core", show(percent[n], 2), *(("≤ 2", median(percent[n]) <= 2)
                if n == 1000 else ())) for n in sizes]
    each = {n: median(percent[n]) / n * 1e5 for n in sizes}
    growth = each[1000] / each[100]
    return rows + [
        row("… µs per poll at 100 / 300 / 1,000 workers", " / ".join(f"{each[n]:.0f}" for n in sizes),
            "linear: no more at 1,000 than at 100", growth <= 1.1),
        row("… RssAnon at 100 / 300 / 1,000 workers, MB", " / ".join(f"{anon[n] / 1024:.1f}" for n in sizes)),
    ]


# ---- how long until the verdict ----

# name: (how it fails, keys, seconds from the first failing answer to the verdict)
VERDICTS = {
    "sustain 5 s": ("refused", {"sustain": "5s", "retry_interval": "500ms"}, 5),
    "sustain 20 s": ("refused", {"sustain": "20s", "retry_interval": "2s"}, 20),
    "sustain 60 s, default intervals": ("refused", {"sustain": "60s", "interval": "10s", "retry_interval": "5s"}, 60),
    "sustain_kafka 30 s": ("500", {"sustain": "5s", "sustain_kafka": "30s", "retry_interval": "2s"}, 30),
    "11 failures, 1 s apart": ("refused", {"sustain": "1s", "failures": "11", "retry_interval": "1s"}, 10),
    "11 failures, 2 s apart": ("500", {"sustain": "1s", "sustain_kafka": "1s", "failures": "11", "interval": "2s",
                                       "retry_interval": "2s"}, 20),
}


def verdicts(progress):
    """Read from the agent's own events: the incident opens with the first failing answer."""
    rows, worst = [], 0
    with Server() as dies, Server() as fails:
        servers = {"refused": dies, "500": fails}
        workers = {f"w{i}": {"interval": keys.get("retry_interval"), "timeout": "2s", **keys, "url": servers[how].url(i)}
                   for i, (how, keys, _) in enumerate(VERDICTS.values())}
        with agent(workers) as a:
            for name in workers:
                a.expect("state-changed", worker=name, state="healthy")
            time.sleep(2)
            dies.kill()
            fails.failing.value = 1
            for name, (what, (how, _, expected)) in zip(workers, VERDICTS.items()):
                progress(what)
                opened = a.expect("incident-opened", worker=name)
                verdict = a.expect("state-changed", worker=name, state="unhealthy", timeout=90)
                took = verdict.time - opened.time
                error = took / expected - 1
                worst = max(worst, abs(error))
                rows.append(row(f"Time to the verdict, {how}: {what}", f"{took:.3f} s ({error * 100:+.2f} %)"))
    return rows + [row("… largest deviation from max(sustain, failures polls)", f"{worst * 100:.2f} %", "≤ 1 %", worst <= 0.01)]
