"""kafka-connect-healthcheck and connect-watchdog --healthcheck-compat side by side, asked the same while they look at the same
scripted worker: equal where the peer is right; and each difference that the manual lists is seen.
"""

import base64
import json
import re
import socket
import subprocess
import time

import pytest

import harness
from compat import Compat
from connect_cluster import ELSEWHERE, Cluster, only_names
from harness import until
from http_ask import free_port
from http_server import WorkerServer, error, response, unhealthy
from peer import Nursery, exit_status

MANUAL = harness.HERE.parent.parent / "packaging/man/connect-watchdog.8"
ERROR_KEYS = {"error", "failure_states", "healthy", "message"}


@pytest.fixture(scope="module")
def nursery():
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def servers():
    """One worker for all tests, and the peers that look at it, by their flags: they remember nothing."""
    with WorkerServer() as worker:
        yield worker, {}


class Pair:
    """Both of them; the worker has two connectors of two tasks each."""

    def __init__(self, nursery, servers, directory):
        self.nursery = nursery
        self.worker, self.peers = servers
        self.directory = directory
        self.worker.mode = self.cluster = Cluster()
        self.peer = self.ours = None
        for name in "orders", "payments":
            self.cluster.add(name, tasks=2)

    def start_peer(self, *flags):
        if flags not in self.peers:
            self.peers[flags] = self.nursery.start(f"--connect-url={self.worker.url}", *flags)
        self.peer = self.peers[flags].listens()
        return self.peer

    def start(self, *flags):
        self.ours = Compat(self.directory, [f"--connect-url={self.worker.url}", *flags]).listens()
        self.start_peer(*flags)
        return self

    def end_peer(self):
        """One that hangs is of no use to others."""
        self.nursery.end(self.peer)
        self.peers.clear()

    def ask(self, path="/", **options):
        """What the peer says, and what we say."""
        return self.peer.ask(path, **options), self.ours.ask(path, **options)

    def codes(self, path="/", **options):
        return tuple(answer[0] for answer in self.ask(path, **options))


@pytest.fixture
def pair(nursery, servers, tmp_path):
    pair = Pair(nursery, servers, tmp_path)
    yield pair
    if not pair.worker._listener:
        pair.worker.listen()
    if pair.ours:
        assert pair.ours.process.poll() is not None or pair.ours.stop() == 0, pair.ours.stderr


def meaning(answer):
    """Without what is none: the order of keys and lists, the last digit of a number, the words of an error."""
    status, body, whole = answer
    said = json.loads(body)
    assert whole.getheader("Content-Type") == "application/json"
    if "failures" in said:
        said["failures"].sort(key=lambda f: (f["type"], f["connector"], f.get("id", -1)))
    for key in "failure_rate", "failure_threshold":
        if key in said:
            said[key] = round(said[key], 12)
    if "failure_states" in said:
        said["failure_states"].sort()
    if "error" in said:
        assert said["error"]
        said["error"] = "some"
    return status, said


# --- where they are equal

EQUAL = {}


def equal(status, failures, *flags, name=None):
    """Of what the function makes of the pair, both answer that status and so many failures; None: they answer an error."""
    def register(prepare):
        EQUAL[(name or prepare.__name__).replace("_", " ")] = (status, failures, flags, prepare)
        return prepare
    return register


@equal(200, 0)
def all_runs(_):
    pass


@equal(503, 1)
def a_failed_connector(pair):
    pair.cluster.fail("orders")


@equal(503, 1)
def a_failed_task_without_a_trace(pair):
    pair.cluster.part("orders", 1)["state"] = "FAILED"


@equal(503, 2)
def a_connector_and_a_task_with_traces(pair):
    pair.cluster.fail("orders")
    pair.cluster.fail("payments", 0, "java.lang.X: \"quoted\"\n\tat ä(x:1)\n")


@equal(200, 1, "--failure-threshold-percentage=17", name="within the threshold")
@equal(503, 1, "--failure-threshold-percentage=16", name="beyond the threshold")
def one_of_six(pair):
    pair.cluster.fail("orders", 0)


@equal(200, 3, "--failure-threshold-percentage", "50", name="just the threshold")
def three_of_six(pair):
    for task in None, 0, 1:
        pair.cluster.fail("orders", task)


@equal(503, 1, "--connect-worker-id=CONNECT-1.Example:8083")
def a_worker_in_other_letters(pair):
    for part in None, 0:
        pair.cluster.part("orders", part)["worker_id"] = "connect-1.example:8083"
    pair.cluster.fail("orders", 0)
    pair.cluster.fail("payments", 0)    # of another worker


@equal(200, 0, "--connect-worker-id", ELSEWHERE)
def no_connector_here_and_the_herder_answers(_):
    pass


@equal(503, 1, "--connect-worker-id", ELSEWHERE, name="no connector here and the herder fails")
@equal(503, 1, "--considered-containers=TASK", name="only tasks and the herder fails")
def the_herder_fails(pair):
    pair.cluster.herder_status = 500


@equal(200, 0, "--considered-containers=CONNECTOR", name="only connectors, and a task has failed")
@equal(503, 1, "--considered-containers=TASK", name="only tasks, and one has failed")
@equal(503, 1, "--considered-containers=task, Connector", name="containers in other letters")
def a_failed_task(pair):
    pair.cluster.fail("orders", 0)


@equal(503, 3, "--unhealthy-states=paused,UNASSIGNED,FAILED")
def other_states(pair):
    pair.cluster.part("orders", 0)["state"] = "UNASSIGNED"
    pair.cluster.part("payments")["state"] = "PAUSED"
    pair.cluster.fail("payments", 1)


@equal(200, 0)
def states_that_are_no_failure(pair):
    for task, state in enumerate(["UNASSIGNED", "PAUSED"]):
        pair.cluster.part("orders", task)["state"] = state
    pair.cluster.part("payments")["state"] = "STOPPED"


@equal(200, 0)
def no_connectors(pair):
    pair.cluster.connectors.clear()


@equal(503, 1)
def names_with_blanks_and_letters_of_all_kinds(pair):
    pair.cluster.add("bücher und mehr", tasks=1)
    pair.cluster.fail("bücher und mehr", 0)


@equal(503, 1)
def a_worker_older_than_expand(pair):
    pair.cluster.answer = only_names(pair.cluster)
    pair.cluster.fail("orders", 1)


def guarded(cluster, credentials):
    expected = "Basic " + base64.b64encode(credentials.encode()).decode()
    return lambda e: (cluster(e) if e.request.headers.get("authorization") == expected else
                      e.send(response(401, "User cannot access the resource.", "text/plain", [("WWW-Authenticate", "Basic")])))


@equal(200, 0, "--basic-auth=user:word", name="the right password")
@equal(503, None, "--basic-auth", "user:other", name="a wrong password")
@equal(503, None, name="no password")
def a_password_is_asked_for(pair):
    pair.worker.mode = guarded(pair.cluster, "user:word")


@equal(503, None)
def every_answer_is_an_error(pair):
    pair.worker.mode = lambda e: e.send(error(500, "Request timed out"))


@equal(503, None)
def every_answer_is_a_page(pair):
    pair.worker.mode = "502"


@equal(503, None)
def nobody_listens(pair):
    pair.worker.refuse()


@pytest.mark.parametrize("name", EQUAL)
def test_equal(pair, name):
    status, failures, flags, prepare = EQUAL[name]
    prepare(pair)
    theirs, ours = map(meaning, pair.start(*flags).ask())
    assert ours == theirs and ours[0] == status
    assert set(ours[1]) == ERROR_KEYS if failures is None else len(ours[1]["failures"]) == failures


def test_ping(pair):
    theirs, ours = map(meaning, pair.start().ask("/ping"))
    assert ours == theirs == (200, {"status": "UP"})


def test_each_follows_a_failure_and_a_recovery(pair):
    pair.start()
    assert pair.codes() == (200, 200)
    for change, codes in (pair.cluster.fail, (503, 503)), (pair.cluster.mend, (200, 200)):
        change("orders", 1)
        until(lambda wanted=codes: pair.codes() == wanted)
        assert meaning(pair.ask()[0]) == meaning(pair.ask()[1])


# --- where they are not, and the manual says why

DIFFERENCES = {}


def different(name):
    def register(look):
        DIFFERENCES[name] = look
        return look
    return register


@different("HEAD")
def _(pair):
    pair.cluster.fail("orders")
    theirs, ours = pair.start().ask(method="HEAD")
    assert (theirs[:2], ours[:2]) == ((200, b""), (503, b""))
    assert theirs[2].getheader("Content-Type") == "text/html" and ours[2].getheader("Content-Type") == "application/json"


@different("Other methods")
def _(pair):
    assert pair.start().codes(method="POST") == (501, 405)


@different("Other paths")
def _(pair):
    pair.start()
    assert pair.codes("/metrics") == (404, 200)
    theirs, ours = pair.ask("/absent")
    assert (theirs[:2], ours[0]) == ((404, b""), 404) and ours[1]


@different("A query")
def _(pair):
    assert pair.start().codes("/?from=probe") == (404, 200)


@different("HTTP")
def _(pair):
    theirs, ours = pair.start().ask()
    assert (theirs[2].version, theirs[2].getheader("Content-Length")) == (10, None)
    assert (ours[2].version, int(ours[2].getheader("Content-Length"))) == (11, len(ours[1]))


@different("Requests to the worker")
def _(pair):
    pair.start()
    before = len(pair.worker.requests)
    for _ in range(20):
        assert pair.peer.ask()[0] == 200
    theirs = len(pair.worker.requests) - before
    assert theirs >= 20 * (1 + len(pair.cluster.connectors))
    paths = [r.path for r in pair.worker.requests]
    for _ in range(200):
        assert pair.ours.ask()[0] == 200
    assert not {r.path for r in pair.worker.requests[len(paths):]} - {"/health", "/connectors?expand=status"}
    assert len(pair.worker.requests) - len(paths) < 20


@different("Age of a verdict")
def _(pair):
    pair.start()

    def is_not_new():
        """Unless its poll falls into this very moment."""
        pair.cluster.mend("orders")
        until(lambda: pair.ours.ask()[0] == 200)
        pair.cluster.fail("orders")
        return pair.ours.ask()[0] == 200

    until(is_not_new)
    assert pair.peer.ask()[0] == 503
    until(lambda: pair.ours.ask()[0] == 503)


def hangs(port):
    with pytest.raises(TimeoutError), socket.create_connection(("127.0.0.1", port), 1) as s:
        s.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
        s.recv(1)


@different("A worker that hangs")
def _(pair):
    assert pair.start().codes() == (200, 200)
    asked = len(pair.worker.requests)
    began = time.monotonic()
    pair.worker.mode = "hang"
    with socket.create_connection(("127.0.0.1", pair.peer.port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        until(lambda: "/connectors" in [r.path for r in pair.worker.requests[asked:]], what="the peer's request")
        hangs(pair.peer.port)
    pair.end_peer()
    until(lambda: pair.ours.ask()[0] == 503)
    # No verdict is older than ten seconds.
    assert time.monotonic() - began < 15
    assert "for some time" in json.loads(pair.ours.ask()[1])["error"] and pair.ours.ask("/ping")[0] == 200


@different("A slow client")
def _(pair):
    pair.start()
    with socket.create_connection(("127.0.0.1", pair.peer.port)):
        hangs(pair.peer.port)
    with socket.create_connection(("127.0.0.1", pair.ours.port)):
        assert pair.ours.ask()[0] == 200


@different("A connector that is deleted meanwhile")
def _(pair):
    pair.worker.mode = lambda e: (e.send(response(200, ["orders", "gone"])) if e.path == "/connectors" else pair.cluster(e))
    assert pair.start().codes() == (503, 200)


@different("Names of connectors")
def _(pair):
    pair.cluster.add("a/b?c#d")
    assert pair.start().codes() == (503, 200)


@different("A colon in the password")
def _(pair):
    pair.worker.mode = guarded(pair.cluster, "user:wo:rd")
    assert pair.start("--basic-auth=user:wo:rd").codes() == (503, 200)


@different("Errors that look like no connectors")
def _(pair):
    pair.worker.mode = lambda e: e.send(response(500, []))
    assert pair.start().codes() == (200, 503)


@different("The worker's own health")
def _(pair):
    pair.worker.mode = lambda e: unhealthy(e) if e.path == "/health" else pair.cluster(e)
    assert pair.start().codes() == (200, 503)
    assert "generating task configs" in json.loads(pair.ours.ask()[1])["error"]


@different("Redirects")
def _(pair):
    def redirect(e):
        if e.path.startswith("/real"):
            e.path = e.path.removeprefix("/real")
            pair.cluster(e)
        else:
            e.send(response(302, "", None, [("Location", "/real" + e.path)]))
    pair.worker.mode = redirect
    assert pair.start().codes() == (200, 503)


@different("Proxies of the environment")
def _(pair):
    environment = {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}
    url = f"--connect-url={pair.worker.url}"
    peer = pair.nursery.start(url, environment=environment)
    pair.ours = Compat(pair.directory, [url], environment=environment).listens()
    assert (peer.listens().ask()[0], pair.ours.ask()[0]) == (503, 200)


@different("Long traces")
def _(pair):
    pair.cluster.fail("orders", 0, "x" * 20000)
    theirs, ours = map(meaning, pair.start().ask())
    assert [len(said["failures"][0]["trace"]) for _, said in (theirs, ours)] == [20000, 16384]


@different("The order of failures")
def _(pair):
    for name in "zebra", "ant":
        pair.cluster.add(name)
        pair.cluster.fail(name)
    theirs, ours = ([f["connector"] for f in json.loads(body)["failures"]] for _, body, _ in pair.start().ask())
    assert (theirs, ours) == (["zebra", "ant"], ["ant", "zebra"])


# --- the same, of what they are started with


def refused(*flags):
    """What we say of flags that are an error."""
    told = subprocess.run([harness.BINARY, "--healthcheck-compat", *flags], capture_output=True, text=True, check=False,
                          timeout=harness.TIMEOUT)
    assert told.returncode == 78
    return told.stderr


@different("A user in the URL")
def _(pair):
    pair.worker.mode = guarded(pair.cluster, "user:word")
    url = pair.worker.url.replace("://", "://user:word@")
    assert pair.nursery.start(f"--connect-url={url}").listens().ask()[0] == 200
    said = refused(f"--connect-url={url}")
    assert "--connect-url: has a user in it" in said and "word@" not in said


@different("A password without a user")
def _(pair):
    assert pair.start_peer("--basic-auth=word").ask()[0] == 200
    assert "--basic-auth: is no user and password" in refused("--basic-auth=word")


@different("Names that do not exist")
def _(pair):
    pair.cluster.fail("orders")
    for flag, known in ("--unhealthy-states=FALED", "did you mean FAILED?"), ("--considered-containers=TASKS", "did you mean task?"):
        assert pair.start_peer(flag).ask()[0] == 200
        assert known in refused(flag)


@different("What is empty")
def _(pair):
    pair.cluster.fail("orders")
    assert pair.start("--unhealthy-states=").codes() == (200, 503)


@different("Other wrong values")
def _(_):
    flag = "--failure-threshold-percentage=0.5"
    assert exit_status(flag) == 2 and "--failure-threshold-percentage: " in refused(flag)


@different("A port in use")
def _(pair):
    # Not one of those that clients are given: it would be in use for as long as any of theirs.
    port = free_port(host="0.0.0.0")
    with socket.create_server(("0.0.0.0", port)):
        assert exit_status(f"--port={port}") == 1
        pair.ours = Compat(pair.directory, [f"--connect-url={pair.worker.url}"], {"PORT": str(port)})
        until(lambda: "cannot listen on 0.0.0.0" in pair.ours.stderr)
    pair.ours.port = port
    until(lambda: f"answered at 0.0.0.0:{port}" in pair.ours.stderr)
    assert pair.ours.ask()[0] == 200


@pytest.mark.parametrize("name", DIFFERENCES)
def test_different(pair, name):
    DIFFERENCES[name](pair)


def test_the_manual_has_these_differences_and_no_other():
    _, _, rest = MANUAL.read_text(encoding="ascii").partition("\n.Ss Differences\n")
    section, _, _ = rest.partition("\n.Sh ")
    assert re.findall(r"^\.It No (.+)$", section.replace("\\(aq", "'").replace("\\-", "-"), re.M) == list(DIFFERENCES)
