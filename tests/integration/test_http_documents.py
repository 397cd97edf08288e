"""What the real agent serves of its workers, read with the parsers that others use."""

import json
import re
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from connect_cluster import HERE, TRACE, Cluster
from harness import UNIT, until
from http_ask import ask, free_port


@pytest.fixture
def port():
    return free_port()


# As Prometheus 2.42 asks.
PROMETHEUS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Metrics:
    """What Prometheus would have stored of one scrape."""

    def __init__(self, port, accept="*/*"):
        status, body, response = ask(port, "/metrics", headers={"Accept": accept})
        assert status == 200
        self.type = response.headers["Content-Type"]
        parse = {TEXT: parse_text, OPENMETRICS: parse_openmetrics}[self.type]
        self.families = {family.name: family for family in parse(body.decode())}
        self.samples = {(sample.name, frozenset(sample.labels.items())): sample.value
                        for family in self.families.values() for sample in family.samples}

    def __call__(self, name, **labels):
        return self.samples[name, frozenset(labels.items())]

    def ours(self, name, **labels):
        return self("connect_watchdog_" + name, worker="connect-a", **labels)

    def states(self, name, label):
        """The values of that label whose sample is 1."""
        return [dict(labels)[label] for (found, labels), value in self.samples.items()
                if found == "connect_watchdog_" + name and value == 1]


def document(port, path):
    status, body, response = ask(port, path)
    assert (status, response.headers["Content-Type"]) == (200, "application/json")
    return json.loads(body)


def test_a_worker_from_health_through_a_restart_and_back(agent, worker, bus, port):
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT, "action": "restart"}},
                    agent={"hostname": "host.example.org"}, http={"listen": f"127.0.0.1:{port}"}, backoff_max="1h")
    agent.start()
    agent.expect("state-changed", state="healthy")
    whole = document(port, "/workers")
    (well,) = whole.pop("workers")
    stamp = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(stamp, whole.pop("now")) and re.fullmatch(stamp, whole.pop("started"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", whole.pop("version"))
    assert whole == {"hostname": "host.example.org", "dry_run": False, "config_rejected": False, "kafka": []}
    assert (well["name"], well["kind"], well["unit"], well["url"]) == ("connect-a", "kafka-connect", UNIT, worker.url)
    assert (well["state"], well["outcome"], well["reason"]) == ("healthy", "ok", "healthy")
    assert re.fullmatch(stamp, well["last_ok"]) and well["last_answer"]["http_status"] == 200
    assert 0 < well["last_answer"]["latency_seconds"] < 1
    assert (well["incident"], well["holds"], well["budget"]["left"]) == (None, [], 3)

    worker.stage = 'generating task configs for connector "quoted"'
    worker.mode = "unhealthy"
    opened = agent.expect("incident-opened")
    agent.expect("hold-begun", hold="backoff")
    held = document(port, "/workers/connect-a")
    assert held["state"] == "unhealthy" and held["stage"] == worker.stage
    assert held["incident"] == opened.field("incident")
    assert [hold["name"] for hold in held["holds"]] == ["backoff"] and re.fullmatch(stamp, held["holds"][0]["until"])
    assert held["last_answer"]["http_status"] == 500 and held["last_answer"]["connector"] == '"quoted"'
    assert (held["incident_restarts"], held["budget"]["left"], held["budget"]["n"]) == (1, 2, 1)
    assert held["unit_state"]["active"] == "active" and held["seen_ok"] is False
    assert held["counts"]["restarts"] == {"done": 1, "failed": 0, "refused": 0}

    worker.mode = "ok"
    agent.expect("incident-closed")
    again = document(port, "/workers/connect-a")
    assert (again["state"], again["incident"], again["failures"], again["holds"]) == ("healthy", None, 0, [])
    assert again["counts"]["incidents"] == 1 and again["counts"]["polls"]["failing"] >= 2


def test_before_any_answer_and_of_nobody(lone_agent, worker, port):
    worker.mode = "hang"
    lone_agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"}, timeout="30s")
    lone_agent.start()
    alone = document(port, "/workers/a")
    assert (alone["state"], alone["outcome"], alone["last_answer"], alone["unit_state"]) == ("unknown", None, None, None)
    assert ask(port, "/workers/b")[0] == 404
    assert ask(port, "/workers?worker=b")[0] == 404


def test_a_reload_that_fails_is_seen(lone_agent, worker, port):
    lone_agent.configure({"a": {"url": worker.url}}, agent={"dry_run": "yes"}, http={"listen": f"127.0.0.1:{port}"})
    lone_agent.start()
    lone_agent.config.write_text("[nonsense]\n")
    lone_agent.reload()
    until(lambda: document(port, "/workers")["config_rejected"])
    assert document(port, "/workers")["dry_run"] is True


def test_both_formats_parse_and_say_the_same(lone_agent, worker, port):
    lone_agent.configure({"connect-a": {"url": worker.url, "unit": r"back\x2dslash.service"}, "b": {"url": worker.url}},
                         http={"listen": f"127.0.0.1:{port}"}, interval="1h", retry_interval="1h", connectors="no")
    lone_agent.start()
    text, openmetrics = Metrics(port), Metrics(port, PROMETHEUS)
    assert (text.type, openmetrics.type) == (TEXT, OPENMETRICS)
    assert text.samples.keys() == openmetrics.samples.keys()
    changed = {name for (name, labels), value in text.samples.items() if openmetrics.samples[name, labels] != value}
    assert changed <= {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                       "process_open_fds"}
    assert text("connect_watchdog_worker_info", worker="connect-a", kind="kafka-connect", action="alert",
                unit=r"back\x2dslash.service") == 1

    kinds = {name: family.type for name, family in openmetrics.families.items()}
    assert kinds["connect_watchdog_polls"] == "counter" and kinds["connect_watchdog_build"] == "info"
    assert kinds["connect_watchdog_poll_duration_seconds"] == "histogram"
    assert all(family.documentation for family in text.families.values())
    units = {family.unit for family in openmetrics.families.values()}
    assert units == {"", "seconds", "bytes"}


def test_metrics_of_a_worker_through_a_restart(agent, worker, bus, port):
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT, "action": "restart"}},
                    http={"listen": f"127.0.0.1:{port}"}, backoff_max="1h")
    before = time.time()
    agent.start()
    agent.expect("state-changed", state="healthy")
    well = Metrics(port, PROMETHEUS)
    assert well.states("worker_state", "state") == ["healthy"] and well.states("hold", "hold") == []
    assert before - 1 < well.ours("last_ok_timestamp_seconds") <= time.time()
    assert well.ours("polls_total", outcome="ok") == well.ours("poll_duration_seconds_count") >= 1
    assert 0 < well.ours("poll_duration_seconds_sum") < well.ours("poll_duration_seconds_count")
    assert well.ours("poll_duration_seconds_bucket", le="1.0") == well.ours("poll_duration_seconds_count")
    assert (well.ours("incident_open"), well.ours("restart_budget_remaining")) == (0, 3)

    worker.mode = "unhealthy"
    agent.expect("hold-begun", hold="backoff")
    held = Metrics(port, PROMETHEUS)
    assert held.states("worker_state", "state") == ["unhealthy"] and held.states("hold", "hold") == ["backoff"]
    assert held.ours("consecutive_failures") >= 2 and held.ours("polls_total", outcome="failing") >= 4
    assert (held.ours("incident_open"), held.ours("incidents_total")) == (1, 1)
    assert (held.ours("restarts_total", result="done"), held.ours("restarts_total", result="failed")) == (1, 0)
    assert held.ours("restart_budget_remaining") == 2

    worker.mode = "ok"
    agent.expect("incident-closed")
    again = Metrics(port, PROMETHEUS)
    assert (again.ours("incident_open"), again.ours("incidents_total")) == (0, 1)
    assert again.ours("last_ok_timestamp_seconds") > well.ours("last_ok_timestamp_seconds")
    assert again("process_start_time_seconds") == well("process_start_time_seconds")


def test_a_restart_that_may_not_be_done_is_counted(lone_agent, worker, port):
    lone_agent.configure({"connect-a": {"url": worker.url}}, agent={"dry_run": "yes"}, http={"listen": f"127.0.0.1:{port}"})
    lone_agent.start()
    lone_agent.expect("state-changed", state="healthy")
    worker.mode = "reset"
    lone_agent.expect("would-restart")
    told = Metrics(port)
    assert told.ours("would_restarts_total") == 1 and told("connect_watchdog_dry_run") == 1
    assert "observe-only" in told.states("hold", "hold")
    assert [told.ours("restarts_total", result=result) for result in ("done", "failed", "refused")] == [0, 0, 0]
    (alone,) = document(port, "/workers")["workers"]
    assert (alone["virtual_budget"]["restarts"], alone["budget"]["restarts"]) == (1, 0)


def test_the_process_is_the_agent_s(lone_agent, worker, port):
    lone_agent.configure({"connect-a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"})
    before = time.time()
    lone_agent.start()
    used = Metrics(port)
    pid = lone_agent.process.pid
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1]) * 1024
    assert resident / 2 < used("process_resident_memory_bytes") < resident * 2
    assert 0 < used("process_cpu_seconds_total") < 10
    assert 5 < used("process_open_fds") < used("process_max_fds")
    assert before - 1 < used("process_start_time_seconds") < time.time()


def test_a_failed_task_is_in_both(lone_agent, worker, port):
    worker.mode = cluster = Cluster()
    cluster.add("orders", tasks=3)
    lone_agent.configure({"connect-a": {"url": worker.url, "connectors_interval": "100ms"}},
                         http={"listen": f"127.0.0.1:{port}"})
    lone_agent.start()
    until(lambda: document(port, "/workers/connect-a")["connectors"], what="the first look")
    assert Metrics(port).ours("tasks", state="RUNNING") == 3
    cluster.fail("orders", 1)
    lone_agent.expect("state-changed", state="degraded")
    found = document(port, "/workers/connect-a")
    (trouble,) = found["connectors"]["troubles"]
    assert found["state"] == "degraded" and found["connectors"]["tasks_failed"] == 1
    assert (trouble["connector"], trouble["task"], trouble["state"], trouble["worker_id"]) == ("orders", 1, "FAILED", HERE)
    assert TRACE.splitlines()[-1].strip() not in json.dumps(found)
    metrics = Metrics(port, PROMETHEUS)
    assert (metrics.ours("tasks", state="FAILED"), metrics.ours("tasks", state="RUNNING")) == (1, 2)
    assert metrics.ours("connectors", state="RUNNING") == 1 and metrics.ours("polls_total", outcome="degraded") >= 1


def test_hostile_names_of_connectors_are_what_a_scraper_reads(lone_agent, worker, port):
    name = 'or"ders\\n {x="1"} 1\n# EOF\u202e'
    worker.mode = cluster = Cluster()
    cluster.add(name, tasks=2)
    cluster.fail(name, 1)
    lone_agent.configure({"connect-a": {"url": worker.url, "connectors_interval": "100ms"}},
                         http={"listen": f"127.0.0.1:{port}", "metrics_connectors": "yes"})
    lone_agent.start()
    lone_agent.expect("state-changed", state="degraded")
    for accept in "*/*", PROMETHEUS:
        assert Metrics(port, accept).ours("connector_trouble", connector=name, task="1", state="FAILED") == 1
