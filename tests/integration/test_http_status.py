"""The page for a person, from the real agent, read with a real parser."""

import html.parser

import pytest

from harness import UNIT, until
from http_ask import ask, free_port
from http_server import WorkerServer

VOID = {"meta"}
HOSTILE = """</bdi></section><script>alert("x")</script><img src=x onerror='y'>&lt; connector <b>&"""


class Page(html.parser.HTMLParser):
    """Fails unless each element is closed in turn; what it knows: the texts of elements, rows, and all attributes."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.attributes, self.text = [], [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
            self.text.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.text[tag][-1] += data
        assert self.open or not data.strip()

    def rows(self):
        """The rows of the only worker."""
        assert len(self.text["dt"]) == len(self.text["dd"]) == len(set(self.text["dt"]))
        return dict(zip(self.text["dt"], self.text["dd"]))


@pytest.fixture
def port():
    return free_port()


def page(port, path="/status"):
    status, body, response = ask(port, path)
    assert (status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    found = Page(body.decode())
    identifiers = [value for name, value in found.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    assert {value for name, value in found.attributes if name == "aria-labelledby"} == set(identifiers)
    assert not {"script", "link", "img", "iframe"} & set(found.elements)
    assert not [name for name, _ in found.attributes if name in ("src", "style", "http-equiv") or name.startswith("on")]
    return found


def test_a_worker_held_in_an_incident(agent, worker, bus, port):
    agent.configure({"connect-a": {"url": worker.url, "unit": UNIT, "action": "restart"}},
                    agent={"hostname": "host.example.org"}, http={"listen": f"127.0.0.1:{port}"}, backoff_max="1h")
    agent.start()
    agent.expect("state-changed", state="healthy")
    well = page(port)
    assert well.text["title"] == ["connect-watchdog on host.example.org"]
    assert "1 worker: 1 healthy" in well.text["p"]
    assert well.text["span"] == ["healthy"]
    assert well.rows()["Budget"] == "3 of 3 restarts left within 1h"

    worker.stage = "generating task configs for connector " + HOSTILE
    worker.mode = "unhealthy"
    opened = agent.expect("incident-opened")
    agent.expect("hold-begun", hold="backoff")
    held = page(port)
    assert held.text["span"] == ["unhealthy"]
    assert held.rows()["Stage"] == worker.stage
    assert f"journalctl CONNECT_WATCHDOG_INCIDENT={opened.field('incident')}" in held.text["code"]
    assert held.rows()["Not restarted because"].startswith("backoff until 20")
    assert held.rows()["Last answer"].startswith("HTTP 500 after ")
    assert held.rows()["Budget"].startswith("2 of 3 restarts left within 1h; the last was 20")


def test_several_workers_or_one(lone_agent, worker, port):
    with WorkerServer() as other:
        other.mode = "401"
        lone_agent.configure({"a": {"url": worker.url}, "b": {"url": other.url}},
                             http={"listen": f"127.0.0.1:{port}"})
        lone_agent.start()
        lone_agent.expect("cannot-tell")
        both = page(port)
        assert [heading.split()[0] for heading in both.text["h2"]] == ["a", "b"]
        assert both.text["dt"].count("What to do") == 1
        assert [heading.split()[0] for heading in page(port, "/status?worker=a").text["h2"]] == ["a"]
        assert ask(port, "/status?worker=c")[0] == 404


def test_no_worker_a_dry_run_and_a_reload_that_failed(lone_agent, port):
    lone_agent.configure({}, agent={"dry_run": "yes"}, http={"listen": f"127.0.0.1:{port}"})
    lone_agent.start()
    assert page(port).text["h2"] == ["What to do next"]
    lone_agent.config.write_text("[nonsense]\n")
    lone_agent.reload()
    until(lambda: "The configuration on disk was rejected" in page(port).text["strong"])
    assert "Dry run" in page(port).text["strong"]


def test_a_browser_is_told_to_load_nothing(lone_agent, worker, port):
    lone_agent.configure({"a": {"url": worker.url}}, http={"listen": f"127.0.0.1:{port}"})
    lone_agent.start()

    def policy(path, method="GET"):
        return dict(part.strip().split(" ", 1) for part in
                    ask(port, path, method)[2].headers["Content-Security-Policy"].split(";"))

    nothing = {part: "'none'" for part in ("default-src", "base-uri", "form-action", "frame-ancestors")}
    for method in "GET", "HEAD":
        assert policy("/status", method) == {**nothing, "style-src": "'unsafe-inline'"}
    for path in "/ping", "/workers", "/ready", "/absent":
        assert policy(path) == nothing
