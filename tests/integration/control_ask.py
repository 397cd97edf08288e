"""Asks, and orders, over the agent's control socket, as connect-watchdogctl does."""

import http.client
import json
import socket

import harness
from http_ask import ask

PROTOCOL = "Connect-Watchdog-Protocol"


def get(path, what, **headers):
    """(status, JSON) of a GET."""
    status, body, response = ask(path, what, headers=headers)
    assert response.headers[PROTOCOL] == "1" and response.headers["Content-Type"] == "application/json"
    return status, json.loads(body)


def order(path, verb, **body):
    """(status, JSON) of a POST."""
    headers = {PROTOCOL: "1", "Content-Type": "application/json"}
    status, text, response = ask(path, f"/{verb}", "POST", headers, json.dumps(body))
    assert response.headers[PROTOCOL] == "1" and response.headers["Content-Type"] == "application/json"
    return status, json.loads(text)


def raw(path, data):
    """(status, JSON) of what is sent in one piece, whatever it is."""
    with connect(path) as s:
        s.sendall(data)
        response = http.client.HTTPResponse(s)
        response.begin()
        assert response.headers[PROTOCOL] == "1"
        return response.status, json.load(response)


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(path))        # waits for a place in the queue, as one with a time limit would not
    s.settimeout(harness.TIMEOUT)
    return s
