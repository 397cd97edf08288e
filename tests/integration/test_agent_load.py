"""Much at once, and what the agent lacks itself: many workers, no descriptors, a journal that hangs."""

import resource
import threading

from harness import UNIT
from http_server import MODES, WorkerServer

RESTART = {"unit": UNIT, "action": "restart"}


def below_any_path(mode):
    """A mode for URLs that go on after the port."""
    def answer(e):
        e.path = "/" + e.path.rsplit("/", 1)[1]
        MODES[mode](e)
    return answer


OK = below_any_path("ok")


def test_a_journal_that_hangs_stops_nothing_and_what_was_lost_is_told(agent, worker, bus):
    names = [f"w{i:02}" for i in range(40)]
    agent.configure({"a": {"url": worker.url, **RESTART}, **{n: {"url": f"{worker.url}/{n}"} for n in names}},
                    interval="100ms", failures=1000)
    agent.environment["WATCHDOG_USEC"] = "400000"
    worker.mode = OK
    agent.start()
    for name in names:
        agent.expect("state-changed", worker=name, state="healthy")
    agent.journal.datagrams.hang()
    done = threading.Event()

    def to_and_fro():
        while not done.wait(0.15):
            worker.mode = "502" if worker.mode is OK else OK

    thread = threading.Thread(target=to_and_fro)
    thread.start()
    try:
        # Far more changes of state than the queue holds
        worker.wait_for_requests(len(worker.requests) + 3000)
        agent.notify.expect("WATCHDOG", len(agent.notify.of("WATCHDOG")) + 3)
    finally:
        done.set()
        thread.join()
    worker.mode = OK
    agent.journal.datagrams.resume()
    lost = agent.expect("journal-lost")
    assert int(next(word for word in lost.message.split() if word.isdigit())) > 0
    agent.notify.status("^41 workers: 41 healthy$")


def test_an_agent_whose_journal_hangs_can_still_be_stopped(agent, worker, bus):
    agent.configure({"a": {"url": worker.url}}, interval="100ms", failures=1000)
    agent.start()
    agent.expect("state-changed", state="healthy")
    agent.journal.datagrams.hang()
    for n in range(16):     # more than the socket holds
        worker.mode = "502" if n % 2 else "ok"
        worker.wait_for_requests(len(worker.requests) + 2)
    assert agent.stop() == 0


def test_two_hundred_workers(agent, bus):
    units = {f"connect-{i}.service" for i in range(200)}
    for unit in units:
        bus.do("unit", name=unit)
    with WorkerServer() as good, WorkerServer("hang") as bad:
        workers = {}
        for i, unit in enumerate(sorted(units)):
            server = bad if i % 50 == 0 else good
            workers[f"w{i}"] = {"url": f"{server.url}/{i}", "unit": unit, "action": "restart"}
        good.mode = OK
        agent.configure(workers, interval="1s", retry_interval="1s", backoff_max="1min")
        agent.environment["WATCHDOG_USEC"] = "2000000"
        agent.start()
        agent.notify.status("196 healthy")
        for i in range(0, 200, 50):
            agent.expect("restart-done", worker=f"w{i}")
        assert bus.do("counts")["TryRestartUnit"] == 4
        assert len(agent.journal.select("incident-opened")) == 4
        agent.notify.expect("WATCHDOG", len(agent.notify.of("WATCHDOG")) + 2)
        # Far fewer entries than workers are told at the start
        assert len(agent.journal.select("watching")) < 50


def ok_and_closes(e):
    OK(e)
    e.keep = False


def test_without_descriptors_it_cannot_tell_and_goes_on(agent):
    with WorkerServer(OK, "0.0.0.0") as worker:
        agent.configure({f"w{i}": {"url": f"http://127.0.0.{i + 1}:{worker.port}"} for i in range(60)})
        agent.start()
        agent.notify.status("^60 workers: 60 healthy$")
        resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (20, 4096))
        # Not in the middle of a request: that would be a failure of theirs.
        worker.mode = ok_and_closes
        told = agent.expect("cannot-tell", reason="no-resources")
        assert "LimitNOFILE" in told.message
        assert not agent.journal.select("incident-opened")
        resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        agent.expect("state-changed", since=told, worker=told.field("worker"), state="healthy")
        agent.notify.status("^60 workers: 60 healthy$")
