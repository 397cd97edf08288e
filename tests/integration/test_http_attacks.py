"""Clients that mean no good, or too many at once: polls stay on schedule, memory is bounded, and the next one is answered."""

import contextlib
import itertools
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import harness
from conftest import cannot
from http_ask import ask, free_port, is_closed
from http_server import WorkerServer

SANITIZED = b"__asan_init" in harness.BINARY.read_bytes()
INTERVAL = 0.2
N_WORKERS = 100 if SANITIZED else 300       # /metrics has 4.3 KB for each
POLLS_MIN = 0.5 if SANITIZED else 0.75      # of those that are due: many tests share few cores
# The unit has MemoryMax=512M; a sanitizer keeps 256 MB of what was freed.
MEMORY_MAX = (1000 if SANITIZED else 200) << 20
TCP_REPAIR = 19
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


class Served:
    """An agent that polls one worker on time, knows of many more, and listens on a port and on a unix socket."""

    def __init__(self, agent, worker):
        self.agent, self.worker = agent, worker
        self.port, self.path = free_port(), agent.directory / "http"
        silent = {"url": f"http://127.0.0.1:{free_port()}", "interval": "1h", "retry_interval": "1h"}
        agent.configure({"a": {"url": worker.url}, **{f"worker-number-{i}": silent for i in range(1, N_WORKERS)}},
                        http={"listen": f"127.0.0.1:{self.port} unix:{self.path}"},
                        interval=f"{INTERVAL * 1000:.0f}ms", connectors="no")
        agent.start()
        agent.expect("state-changed", worker="a", state="healthy")

    def memory(self, line="VmHWM"):
        with open(f"/proc/{self.agent.process.pid}/status", encoding="ascii") as f:
            return int(next(each for each in f if each.startswith(line)).split()[1]) << 10

    def connections(self):
        with open("/proc/net/tcp", encoding="ascii") as f:
            rows = [line.split() for line in f]
        established_or_close_wait = "01", "08"
        return sum(row[1].endswith(f":{self.port:04X}") and row[3] in established_or_close_wait for row in rows)

    @contextlib.contextmanager
    def attacked(self, record, polls=5):
        """What is done meanwhile, for so many polls at least, skips no poll, changes no verdict, and takes no more memory."""
        story, begun, n = self.agent.mark(), time.monotonic(), len(self.worker.requests)
        try:
            yield
            self.worker.wait_for_requests(n + polls)
            elapsed, times = time.monotonic() - begun, [each.time for each in self.worker.requests[n:]]
            worst = max(b - a for a, b in itertools.pairwise(times)) - INTERVAL
            record("worst_poll_delay_ms", round(worst * 1000, 1))
            print(f"the worst delay of {len(times)} polls: {worst * 1000:.1f} ms; peak {self.memory() >> 20} MiB")
            assert len(times) >= POLLS_MIN * elapsed / INTERVAL - 1, f"{len(times)} polls within {elapsed:.1f} s"
            assert not self.agent.journal.select("state-changed", story, worker="a")
            assert self.memory() < MEMORY_MAX
        finally:
            assert ask(self.path)[0] == 200
            harness.until(lambda: answers(self.port), 15, "an answer to the next one")


def answers(port):
    try:
        return ask(port)[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    agent = harness.Agent(tmp_path_factory.mktemp("a"))
    try:
        with WorkerServer() as worker:
            yield Served(agent, worker)
            agent.close()
    finally:
        agent.abandon()


@pytest.fixture
def ten_thousand_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (10_500, max(10_500, before[1])))
    except (ValueError, PermissionError):
        cannot("10,500 descriptors cannot be had")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def connect(port, source=2, **options):
    """From 127.0.0.SOURCE, so that the tests' own questions have places left."""
    return socket.create_connection(("127.0.0.1", port), harness.TIMEOUT, source_address=(f"127.0.0.{source}", 0), **options)


def for_polls(served, n, client, threads=4):
    """So many clients again and again, each with random numbers of its own, while n polls pass."""
    stop = threading.Event()
    counts = [0] * threads

    def again(i):
        chance = random.Random(i)
        while not stop.is_set():
            try:
                with connect(served.port, 2 + i) as s:
                    client(s, chance)
            except OSError:
                pass            # refused before it was through
            counts[i] += 1

    running = [threading.Thread(target=again, args=(i,)) for i in range(threads)]
    for thread in running:
        thread.start()
    try:
        served.worker.wait_for_requests(len(served.worker.requests) + n)
    finally:
        stop.set()
        for thread in running:
            thread.join()
    assert min(counts) > 0, counts


@pytest.mark.parametrize("path", ["/ping", "/metrics", "/workers", "/status"])
def test_as_many_as_ask_as_fast_as_they_can(served, record_property, path):
    if not shutil.which("wrk"):
        cannot("wrk is missing")
    command = ["wrk", "-t1", "-c40", "-d60s", "--timeout", "10s", f"http://127.0.0.1:{served.port}{path}"]
    with served.attacked(record_property), subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
        served.worker.wait_for_requests(len(served.worker.requests) + 3)
        assert ask(served.path)[0] == 200
        assert wrk.poll() is None, "the other listener was only heard when this one was left alone"
        wrk.send_signal(signal.SIGINT)
        told = wrk.communicate()[0]
    assert wrk.returncode == 0 and "requests in" in told and "Socket errors" not in told and "Non-2xx" not in told, told


def large_header(s, chance):
    s.sendall(b"GET /ping HTTP/1.1\r\nX: " + chance.randbytes(1).hex().encode() * 500_000 + b"\r\n\r\n")
    s.recv(1000)


def many_headers(s, chance):
    s.sendall(b"GET /ping HTTP/1.1\r\n" + b"".join(b"X-%d: %d\r\n" % (i, chance.getrandbits(32)) for i in range(50_000)))
    s.recv(1000)


def long_path(s, chance):
    s.sendall(b"GET /" + b"%%%02x" % chance.randrange(256) * 100_000 + b" HTTP/1.1\r\n\r\n")
    s.recv(1000)


def noise(s, chance):
    s.sendall(chance.randbytes(chance.randrange(1, 5000)))
    s.settimeout(0.05)      # without a line's end, more is waited for
    s.recv(1000)


def almost_a_request(s, chance):
    request = bytearray(METRICS)
    for _ in range(chance.randrange(1, 4)):
        request[chance.randrange(len(request))] = chance.randrange(256)
    s.sendall(request[:chance.randrange(1, 2 * len(request))])
    s.settimeout(0.05)      # without a line's end, more is waited for
    s.recv(1000)


def asks_and_resets(s, chance):
    s.sendall(METRICS * chance.randrange(1, 4))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("client", [large_header, many_headers, long_path, noise, almost_a_request, asks_and_resets],
                         ids=lambda client: client.__name__)
def test_nonsense_again_and_again(served, record_property, client):
    with served.attacked(record_property):
        for_polls(served, 5, client)


def test_those_who_pipeline_large_answers_and_read_none_leave_room_for_small_ones(served, record_property):
    with served.attacked(record_property, polls=10), contextlib.ExitStack() as greedy:
        clients = [greedy.enter_context(connect(served.port, 2 + i % 3)) for i in range(180)]
        for s in clients:
            s.sendall(METRICS * 50)
        # Some have what they asked for under way, the others are turned away; or put out, where all of this takes long.
        assert {s.recv(12) for s in clients} - {b""} == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert ask(served.port)[0] == 200
    harness.until(lambda: ask(served.port, "/metrics")[0] == 200, what="a large answer after they have gone")


def vanish(s):
    """Without a word to the other side, as a host that lost its power."""
    try:
        s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        pass
    s.close()


def drip(s):
    """A byte, and then another; whether it is put out."""
    with contextlib.suppress(OSError):
        s.send(b"x")
    return is_closed(s)


def test_who_is_slow_silent_or_gone_is_put_out_ten_thousand_of_them(served, record_property, ten_thousand_descriptors):
    slow, idle = [], []
    with served.attacked(record_property, polls=30), contextlib.ExitStack() as opened:
        for i in range(40):
            slow.append(opened.enter_context(connect(served.port)))
            slow[-1].sendall(b"GET /ping HTTP/1.1\r\nX-Slow: ")
            gone = connect(served.port)
            gone.sendall(PING[:i])
            vanish(gone)
            half = opened.enter_context(connect(served.port, 3))
            half.sendall(PING[:i])
            half.shutdown(socket.SHUT_WR)
        for i in range(10_000):
            idle.append(opened.enter_context(socket.socket()))
            idle[-1].bind((f"127.0.0.{4 + i // 60}", 0))
            idle[-1].setblocking(False)
            idle[-1].connect_ex(("127.0.0.1", served.port))
        harness.until(lambda: served.connections() >= 128, what="that they are let in")
        assert ask(served.path)[0] == 200
        # Not the first of them: whose last packet found the queue full believes to be connected, and is never told.
        harness.until(lambda: all([drip(s) for s in slow]) and sum(map(is_closed, idle)) > 50, what="that they are put out")
    harness.until(lambda: served.connections() == 0, what="that nobody is left")
