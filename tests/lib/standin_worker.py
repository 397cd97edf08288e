#!/usr/bin/python3
"""A stand-in for a Kafka Connect 4.x worker: what a watchdog can see of one, without a JVM; or, with --answers, for
another system.

It answers as the worker does (facts: GET /health of KIP-1017, Jetty's HTML 404 before the resources are
registered, JSON errors), prints a thread dump on SIGQUIT and exits with 143 on SIGTERM. Its mode is the text of
the file --mode-file, read at each request:

    healthy | starting | exit N (at the next request)
    unhealthy STAGE     answers 500 after --tick-timeout, naming STAGE
    hang-tick [NAME]    the tick thread is stuck in connector NAME: the same, and GET / still answers at once
    hang                accepts connections and never answers; its threads can still be dumped

A mode is forgotten when the worker starts, as a restart heals a hang; one that begins with the word `always` stays.

The file --answers is {MODE: {PATH: [STATUS, {HEADER: VALUE}, BODY]}}, with "*" for any other path and @NOW@ in a body for the
time as Go tells it; its modes are `starting` for --starting-for, then healthy or what the mode file says. Signals then do what
they do to a --runtime.
"""

import argparse
import base64
import json
import os
import signal
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

HEALTHY = "Worker has completed startup and is ready to handle requests."
STARTING = "Worker is still starting up."
UNHEALTHY = "Worker was unable to handle this request and may be unable to handle other requests."

JETTY_404 = """<html>
<head>
<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>
<title>Error 404 Not Found</title>
</head>
<body><h2>HTTP ERROR 404 Not Found</h2>
<table>
<tr><th>URI:</th><td>/health</td></tr>
<tr><th>STATUS:</th><td>404</td></tr>
<tr><th>MESSAGE:</th><td>Not Found</td></tr>
</table>
</body>
</html>
"""

THREAD_DUMP = """\
{now:%Y-%m-%d %H:%M:%S}
Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1 mixed mode, sharing):

Threads class SMR info:
_java_thread_list=0x00007f0c2c0030b0, length=2, elements={{
0x00007f0c58016000, 0x00007f0c58c1a800
}}

"main" #1 prio=5 os_prio=0 cpu=1402.11ms elapsed={elapsed:.2f}s tid=0x00007f0c58016000 nid=0x1a waiting on condition  \
[0x00007f0c5e5fd000]
   java.lang.Thread.State: WAITING (parking)
\tat jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)
\tat {main}

"{name}" #31 prio=5 os_prio=0 cpu=811.52ms elapsed={elapsed:.2f}s \
tid=0x00007f0c58c1a800 nid=0x3b {what}  [0x00007f0c0d9fc000]
   java.lang.Thread.State: {state}
{stack}

JNI global refs: 17, weak refs: 0
"""

CONNECT = "org.apache.kafka.connect.runtime.Connect.awaitStop(Connect.java:72)", "DistributedHerder-connect-127.0.0.1:8083-1"
IDLE = ("runnable", "RUNNABLE", """\
\tat sun.nio.ch.EPoll.wait(java.base@17.0.15/Native Method)
\tat org.apache.kafka.common.network.Selector.poll(Selector.java:468)
\tat org.apache.kafka.connect.runtime.distributed.DistributedHerder.tick(DistributedHerder.java:543)""")

STUCK = ("sleeping", "TIMED_WAITING (sleeping)", """\
\tat java.lang.Thread.sleep(java.base@17.0.15/Native Method)
\tat com.example.StandinSourceConnector.taskConfigs(StandinSourceConnector.java:58)
\tat org.apache.kafka.connect.runtime.Worker.connectorTaskConfigs(Worker.java:405)
\tat org.apache.kafka.connect.runtime.distributed.DistributedHerder.tick(DistributedHerder.java:543)""")

ZEEBE = "io.camunda.zeebe.util.CloseableSilently.join(CloseableSilently.java:21)", "Broker-0-zb-actors-0"
PARKED = ("waiting on condition", "TIMED_WAITING (parking)", """\
\tat jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)
\tat java.util.concurrent.locks.LockSupport.parkNanos(java.base@17.0.15/LockSupport.java:252)
\tat io.camunda.zeebe.scheduler.ActorThread.run(ActorThread.java:198)""")

GOROUTINES = """\
SIGQUIT: quit
PC=0x46e2c1 m=0 sigcode=0

goroutine 1 [chan receive]:
main.main()
"""


class Worker:
    def __init__(self, args):
        self.args = args
        self.started = time.monotonic()
        self.mode_file = args.mode_file
        self.answers = json.loads(Path(args.answers).read_text(encoding="utf-8")) if args.answers else None
        self.wants = args.login and "Basic " + base64.b64encode(args.login.encode()).decode()
        if not self.read_mode().startswith("always "):
            self.forget_mode()

    def read_mode(self):
        try:
            with open(self.mode_file, encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return ""

    def forget_mode(self):
        try:
            os.unlink(self.mode_file)
        except OSError:
            pass

    def mode(self):
        """The mode's first word and the rest."""
        word, _, rest = self.read_mode().removeprefix("always ").partition(" ")
        return word or "healthy", rest

    def mode_began(self):
        try:
            return max(os.stat(self.mode_file).st_mtime, time.time() - (time.monotonic() - self.started))
        except OSError:
            return time.time()

    def age(self):
        return time.monotonic() - self.started

    def stuck_stage(self):
        """What the tick thread cannot get away from, or None while it ticks."""
        word, rest = self.mode()
        if word == "hang-tick":
            return f"generating task configs for connector {rest or 'standin-source'}"
        if word == "unhealthy":
            return rest or "flushing updates to the status topic"
        return None

    def stage_text(self, stage):
        began = datetime.fromtimestamp(self.mode_began(), timezone.utc).isoformat(timespec="milliseconds")
        return f" The worker is currently {stage}, which began at {began.replace('+00:00', 'Z')}."

    def dump_threads(self):
        stuck = self.stuck_stage() or self.mode()[0] == "hang"
        main, name = ZEEBE if self.answers else CONNECT
        what, state, stack = PARKED if self.answers else STUCK if stuck else IDLE
        print(THREAD_DUMP.format(now=datetime.now(), elapsed=self.age(), main=main, name=name, what=what, state=state,
                                 stack=stack), flush=True)

    def dump_goroutines_and_die(self):
        print(GOROUTINES, flush=True)
        os._exit(2)

    def stop(self):
        # A JVM that has run its shutdown hooks after SIGTERM exits with 143, which systemd calls a failure.
        time.sleep(self.args.stop_delay)
        os._exit(143)

    def actions(self):
        """What signals do. Node leaves them to the kernel: it dies of both."""
        return {
            "jvm": {signal.SIGQUIT: self.dump_threads, signal.SIGTERM: self.stop},
            "go": {signal.SIGQUIT: self.dump_goroutines_and_die, signal.SIGTERM: lambda: os._exit(0)},
            "node": {},
        }[self.args.runtime]

    def go_time(self):
        """time.Now().String()"""
        now = datetime.now().astimezone()
        return f"{now:%Y-%m-%d %H:%M:%S.%f %z %Z} m=+{self.age():.9f}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Jetty(12.0.22)"
    sys_version = ""

    def log_message(self, format, *args):
        if self.server.worker.args.access_log:
            print(format % args, flush=True)

    def send(self, code, headers, body):
        data = body.encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if code != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self, code, body, content_type="application/json"):
        self.send(code, {"Content-Type": content_type},
                  body if isinstance(body, str) else json.dumps(body, separators=(",", ":")))

    def error(self, code, message):
        self.answer(code, {"error_code": code, "message": message})

    def do_GET(self):
        worker, path = self.server.worker, urlsplit(self.path).path
        word, rest = worker.mode()
        if word == "exit":
            os._exit(int(rest or 1))
        if word == "hang":
            threading.Event().wait()
        if worker.answers:
            self.answer_as_recorded(word if worker.age() >= worker.args.starting_for else "starting", path)
        elif worker.wants and self.headers.get("Authorization") != worker.wants:
            self.answer(401, "User cannot access the resource.", "text/plain")
        elif worker.age() < worker.args.ready_after:
            self.answer(404, JETTY_404, "text/html;charset=iso-8859-1")
        elif path == "/":
            self.answer(200, {"version": worker.args.version, "commit": "be816b82d25370ce", "kafka_cluster_id": "c3RhbmRpbi1jbHVzdGVy"})
        elif path == "/health":
            self.health(word)
        elif path == "/connectors":
            self.answer(200, [])
        elif path.startswith("/connectors/"):
            self.connector(unquote(path.split("/")[2]))
        else:
            self.error(404, "HTTP 404 Not Found")

    def answer_as_recorded(self, mode, path):
        worker = self.server.worker
        answers = worker.answers[mode]
        status, headers, body = answers.get(path, answers["*"])
        self.send(status, headers, body.replace("@NOW@", worker.go_time()))

    def health(self, word):
        worker = self.server.worker
        if worker.args.old:
            self.error(404, "HTTP 404 Not Found")
        elif word == "starting" or worker.age() < worker.args.ready_after + worker.args.starting_for:
            stage = worker.stage_text("initializing and reading to the end of internal topics")
            self.answer(503, {"status": "starting", "message": STARTING + stage})
        elif stage := worker.stuck_stage():
            time.sleep(worker.args.tick_timeout)
            self.answer(500, {"status": "unhealthy", "message": UNHEALTHY + worker.stage_text(stage)})
        else:
            self.answer(200, {"status": "healthy", "message": HEALTHY})

    def connector(self, name):
        if self.server.worker.stuck_stage():
            time.sleep(90)
            self.error(500, "Request timed out")
        else:
            self.error(404, f"Connector {name} not found")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that has gone away is nothing that Connect would print a stack trace for."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:8083", metavar="ADDRESS:PORT")
    parser.add_argument("--mode-file", default="/run/standin/mode")
    parser.add_argument("--version", default="4.1.1", help="the version that GET / tells")
    parser.add_argument("--old", action="store_true", help="older than KIP-1017: a JSON 404 for /health")
    parser.add_argument("--login", metavar="USER:PASSWORD", help="answers 401 without it")
    parser.add_argument("--refuse-for", type=float, default=0, metavar="S", help="seconds until the port is open")
    parser.add_argument("--ready-after", type=float, default=0, metavar="S", help="seconds of HTML 404, from the start")
    parser.add_argument("--starting-for", type=float, default=0, metavar="S", help="seconds of 503 after that")
    parser.add_argument("--access-log", action="store_true", help="prints a line for each request")
    parser.add_argument("--tick-timeout", type=float, default=10, metavar="S", help="how long an answer of 500 takes")
    parser.add_argument("--stop-delay", type=float, default=0, metavar="S", help="how long SIGTERM takes to end it")
    parser.add_argument("--answers", metavar="FILE", help="what another system answers")
    parser.add_argument("--runtime", choices=["jvm", "go", "node"], default="jvm", help="whose signals it takes")
    args = parser.parse_args()

    worker = Worker(args)
    actions = worker.actions()
    # Caught, as a JVM's are (SigCgt in /proc/PID/status), but taken from all threads and waited for below: a signal that
    # comes while the process is stopped may be dealt to any thread, and would not wake the one that waits.
    for number, action in actions.items():
        signal.signal(number, lambda *_, action=action: action())
    time.sleep(args.refuse_for)
    signal.pthread_sigmask(signal.SIG_BLOCK, actions)
    host, _, port = args.listen.rpartition(":")
    server = Server((host.strip("[]"), int(port)), Handler)
    server.worker = worker
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"The stand-in is listening on {args.listen}", flush=True)
    while actions:
        actions[signal.sigwait(actions)]()
    threading.Event().wait()


if __name__ == "__main__":
    main()
