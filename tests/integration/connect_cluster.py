"""Connectors and tasks for the scripted worker: `worker.mode = Cluster()` answers as a Connect with these, whose states a
test sets; what is POSTed is kept, and can be refused."""

import json
import threading
import time
import urllib.parse

from http_server import CONNECTORS, error, ok, response

HERE = "10.0.0.1:8083"
ELSEWHERE = "10.0.0.2:8083"
TRACE = "org.apache.kafka.connect.errors.ConnectException: no such file\n\tat org.example.Sink.start(Sink.java:75)\n"


class Cluster:
    def __init__(self, version="4.1.1", worker_id=HERE):
        self.version = version
        self.worker_id = worker_id
        self.connectors = {}
        self.posted = []            # (time, path)
        self.asked = []             # the same for GETs about connectors
        self.post_status = None     # of any POST, in place of taking it
        self.heals = False          # a restart helps
        self.answer = None          # function of an Exchange, in place of the statuses
        self.delay = 0.0            # of the statuses
        self.herder_status = 200    # of GET /connectors/NAME
        self._lock = threading.Lock()

    def add(self, name, tasks=1, state="RUNNING", worker_id=None):
        part = {"state": state, "worker_id": worker_id or self.worker_id, "version": self.version}
        self.connectors[name] = {"name": name, "connector": dict(part), "type": "sink",
                                 "tasks": [{"id": i, **part} for i in range(tasks)]}
        return self.connectors[name]

    def part(self, name, task=None):
        connector = self.connectors[name]
        return connector["connector"] if task is None else connector["tasks"][task]

    def fail(self, name, task=None, trace=TRACE):
        self.part(name, task).update(state="FAILED", trace=trace)

    def mend(self, name, task=None):
        part = self.part(name, task)
        part["state"] = "RUNNING"
        part.pop("trace", None)

    def posts(self):
        return [path for _, path in self.posted]

    def __call__(self, e):
        with self._lock:
            if e.request.method == "POST":
                self._post(e)
            elif e.path.startswith("/connectors/") and "connect-watchdog-probe" in e.path:
                ok(e)
            elif e.path.startswith("/connectors"):
                self._get(e)
            elif e.path == "/":
                e.send(response(200, {"version": self.version, "commit": "scripted", "kafka_cluster_id": "scripted"}))
            else:
                ok(e)

    def _get(self, e):
        self.asked.append((time.monotonic(), e.path))
        if e.path == CONNECTORS:
            if self.answer:
                self.answer(e)
            elif not e.server.stopped.wait(self.delay):
                e.send(response(200, {name: {"status": c} for name, c in self.connectors.items()}))
            return
        if e.path == "/connectors":
            e.send(response(200, list(self.connectors)))
            return
        _, _, name, *rest = e.path.split("/")
        connector = self.connectors.get(urllib.parse.unquote(name))
        if not connector:
            e.send(error(404, f"Connector {name} not found"))
        elif rest == ["status"]:
            e.send(response(200, connector))
        elif self.herder_status != 200:
            e.send(error(self.herder_status, "Request timed out"))
        else:
            e.send(response(200, {"name": connector["name"], "config": {"secret": "x"}, "tasks": []}))

    def _post(self, e):
        self.posted.append((time.monotonic(), e.path))
        if e.request.headers.get("content-type", "application/json") != "application/json":
            e.send(error(415, "HTTP 415 Unsupported Media Type"))
            return
        if self.post_status:
            e.send(error(self.post_status, "Cannot complete request momentarily due to stale configuration"))
            return
        _, _, name, *rest = e.path.split("/")
        name = urllib.parse.unquote(name)
        if self.heals:
            old = rest[0] == "restart"
            for task in [None, *range(len(self.connectors[name]["tasks"]))]:
                if "includeTasks" in e.path or (old and task is None) or rest[:2] == ["tasks", str(task)]:
                    self.mend(name, task)
        if "includeTasks" in e.path:
            e.send(response(202, self.connectors[name]))
        else:
            e.send(response(204, "", None))


def only_names(cluster):
    """As workers before Kafka 2.3 answer expand=status: with names alone."""
    return lambda e: e.send(response(200, json.dumps(list(cluster.connectors))))
