"""The alerts and the dashboard of conf/examples: right in the eyes of Prometheus' own tool, and about what is served."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

import harness
from conftest import cannot
from connect_cluster import Cluster
from harness import UNIT, until
from http_ask import ask, free_port
from kafka_broker import KafkaBroker

TREE = pathlib.Path(__file__).resolve().parents[2]
ALERTS = TREE / "conf" / "examples" / "prometheus" / "alerts.yml"
DASHBOARD = TREE / "conf" / "examples" / "grafana" / "dashboard.json"
ALERTS_TEST = TREE / "tests" / "data" / "prometheus" / "alerts-test.yml"


@pytest.fixture(scope="module")
def promtool():
    found = subprocess.run([TREE / "tests" / "lib" / "promtool"], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode != 0:
        cannot("promtool cannot be had")

    def run(*arguments):
        said = subprocess.run([found.stdout.strip(), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        assert said.returncode == 0, said.stdout
        return said.stdout
    return run


def dashboard_expressions():
    dashboard = json.loads(DASHBOARD.read_text())
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return targets + [annotation["expr"] for annotation in dashboard["annotations"]["list"]]


def alerts():
    """Their names and expressions. Each stands on a line of its own, which spares us a YAML parser."""
    text = ALERTS.read_text()
    return dict(re.findall(r"- alert: (\w+)\n +expr: (.+)\n", text))


def test_the_alerts_fire_on_what_they_say(promtool, tmp_path):
    for file in ALERTS, ALERTS_TEST:
        shutil.copy(file, tmp_path)
    assert f"{len(alerts())} rules found" in promtool("check", "rules", tmp_path / ALERTS.name)
    promtool("test", "rules", tmp_path / ALERTS_TEST.name)
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts:", ALERTS_TEST.read_text())
    assert set(fired) == set(alerts()), "each is seen to fire"


def test_prometheus_understands_the_dashboard(promtool, tmp_path):
    rules = [{"record": f"panel_{i}", "expr": expr.replace("$__rate_interval", "1m")}
             for i, expr in enumerate(dashboard_expressions())]
    # JSON is YAML.
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "rules.yml")


@pytest.fixture
def scraped(agent, worker, bus):
    """The samples of an agent that has something to say of everything: [(name, labels)]."""
    if not (harness.BINARY.parent / "connect-watchdog-kafka.so").exists():
        cannot("built without Kafka")
    worker.mode = cluster = Cluster()
    cluster.add("orders")
    cluster.fail("orders", 0)
    port = free_port()
    with KafkaBroker(orders=1, health=1) as broker:
        agent.configure({"a": {"url": worker.url, "unit": UNIT, "requires": "main", "connectors_interval": "100ms"}},
                        http={"listen": f"127.0.0.1:{port}", "metrics_connectors": "yes"},
                        kafka={"main": {"bootstrap": broker.bootstrap, "topics": "orders", "deep": "yes", "deep_topic": "health",
                                        "interval": "200ms", "timeout": "5s"}})
        agent.start()

        def scrape():
            families = text_string_to_metric_families(ask(port, "/metrics")[1].decode())
            return [(sample.name, sample.labels) for family in families for sample in family.samples]

        last = {"connect_watchdog_connector_trouble", "connect_watchdog_kafka_deep_duration_seconds"}
        until(lambda: last <= {name for name, _ in scrape()}, what="a look at the connectors and a deep check")
        return scrape()


def fits(labels, matchers):
    """Whether a sample is one of those. A variable of the dashboard is anything, and so are Prometheus' own labels."""
    for label, operator, value in matchers:
        if label in ("instance", "job") or value.startswith("$"):
            continue
        alike = label in labels and bool(re.fullmatch(value if "~" in operator else re.escape(value), labels[label]))
        if label not in labels or alike == operator.startswith("!"):
            return False
    return True


def test_they_are_about_what_the_agent_serves(scraped):
    for expression in [*alerts().values(), *dashboard_expressions()]:
        selectors = re.findall(r"\b((?:connect_watchdog|process)_\w+)(?:\{([^}]*)\})?", expression)
        assert selectors or expression.startswith("up{"), expression
        for name, text in selectors:
            matchers = re.findall(r'(\w+)(=~|!=|!~|=)"([^"]*)"', text)
            assert any(found == name and fits(labels, matchers) for found, labels in scraped), (expression, name, text)
            grouped = [label for labels in re.findall(r"(?:by|without) \(([^)]*)\)", expression) for label in labels.split(", ")]
            served = {label for found, labels in scraped if found == name for label in labels} | {"instance"}
            assert set(grouped) <= served, (expression, grouped)
