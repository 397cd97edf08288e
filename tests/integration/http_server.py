"""A scripted HTTP(S) server that plays a Kafka Connect worker, well or badly.

    with WorkerServer() as worker:          # a free loopback port
        worker.url                          # "http://127.0.0.1:40123"
        worker.mode = "hang"                # switched at run time; see MODES
        worker.wait_for_requests(3)
        worker.requests[-1].path            # what was asked, and when (time.monotonic())
        worker.refuse(); worker.listen()    # stop listening, listen again on the same port

By hand: http_server.py [--port N] [--mode MODE]; each line on stdin is the next mode.
"""

import argparse
import dataclasses
import json
import select
import socket
import ssl
import struct
import sys
import threading
import time

PROBE = "connect-watchdog-probe"
CONNECTORS = "/connectors?expand=status"
HEALTHY = "Worker has completed startup and is ready to handle requests."
STARTING = "Worker is still starting up."
UNHEALTHY = "Worker was unable to handle this request and may be unable to handle other requests."


@dataclasses.dataclass
class Request:
    time: float
    method: str
    path: str
    headers: dict
    body: bytes = b""


def response(status, body, content_type="application/json", headers=()):
    if isinstance(body, (dict, list)):
        body = json.dumps(body, separators=(",", ":"))
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{key}: {value}" for key, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def error(code, message):
    return response(code, {"error_code": code, "message": message})


def current_stage(stage, began="2026-11-20T18:29:04.123Z"):
    return f" The worker is currently {stage}, which began at {began}."


def completed_stage(stage, began="2026-11-20T18:29:04.123Z", completed="2026-11-20T18:29:05.123Z"):
    return (f" The last operation the worker completed was {stage}, which began at {began}"
            f" and completed at {completed}.")


class Exchange:
    """One request on one connection; a mode answers it."""

    def __init__(self, server, connection, request):
        self.server = server
        self.connection = connection
        self.request = request
        self.path = request.path
        self.keep = True

    def send(self, data):
        self.connection.sendall(data)

    def hang(self):
        """Until the other side goes, or this server's end."""
        self.keep = False
        while not self.server.stopped.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if readable and not self.connection.recv(4096):
                return

    def flood(self, piece):
        self.keep = False
        block = piece * max(1, 65536 // len(piece))
        while not self.server.stopped.is_set():
            self.send(block)

    def reset(self):
        self.keep = False
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def health(e, status, word, message):
    """Answers as Connect 3.9 and later does."""
    if e.path == "/health":
        e.send(response(status, {"status": word, "message": message}))
    elif e.path == CONNECTORS:
        e.send(response(200, {}))
    elif e.path == "/":
        e.send(response(200, {"version": "4.1.1", "commit": "scripted", "kafka_cluster_id": "scripted"}))
    elif e.path.startswith("/connectors/"):
        e.send(error(404, f"Connector {e.path.split('/')[2]} not found"))
    else:
        e.send(error(404, "HTTP 404 Not Found"))


def ok(e):
    health(e, 200, "healthy", HEALTHY)


def starting(e):
    stage = e.server.stage or "initializing and reading to the end of internal topics"
    health(e, 503, "starting", STARTING + current_stage(stage))


def unhealthy(e):
    stage = e.server.stage or "generating task configs for connector scripted"
    health(e, 500, "unhealthy", UNHEALTHY + current_stage(stage, e.server.began))


def old(e):
    """Before KIP-1017."""
    if e.path == "/health":
        e.send(error(404, "HTTP 404 Not Found"))
    else:
        ok(e)


def old_stuck(e):
    if e.path.startswith("/connectors/"):
        e.hang()
    else:
        old(e)


def old_500(e):
    if e.path.startswith("/connectors/"):
        e.send(error(500, "Request timed out"))
    else:
        old(e)


def slow(e):
    """A good answer, after server.delay seconds."""
    if not e.server.stopped.wait(e.server.delay):
        ok(e)


def slow_headers(e):
    for byte in response(200, {"status": "healthy", "message": HEALTHY}):
        e.send(bytes([byte]))
        if e.server.stopped.wait(0.2):
            break


def half_head(e):
    e.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    e.hang()


def half_body(e):
    e.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":\"heal")
    e.hang()


def cut_body(e):
    e.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":\"heal")
    e.keep = False


def endless(e):
    e.send(b"HTTP/1.1 200 OK\r\n\r\n")
    e.flood(b" ")


def endless_headers(e):
    e.send(b"HTTP/1.1 200 OK\r\n")
    e.flood(b"X-Header: and another\r\n")


def html_404(e):
    page = "<html>\n<head><title>Error 404 Not Found</title></head></html>\n"
    e.send(response(404, page, "text/html;charset=iso-8859-1"))


def not_http(e):
    e.send(b"220 mail.example ESMTP\r\n")
    e.keep = False


def close(e):
    e.keep = False


def fixed(*args, **kwargs):
    return lambda e: e.send(response(*args, **kwargs))


MODES = {
    "ok": ok,
    "starting": starting,
    "unhealthy": unhealthy,
    "shutting-down": lambda e: e.send(error(500, "Worker is shutting down")),
    "old": old,
    "old-stuck": old_stuck,
    "old-500": old_500,
    "hang": lambda e: e.hang(),
    "slow": slow,
    "slow-headers": slow_headers,
    "half-head": half_head,
    "half-body": half_body,
    "cut-body": cut_body,
    "endless": endless,
    "endless-headers": endless_headers,
    "reset": lambda e: e.reset(),
    "close": close,
    "not-http": not_http,
    "html-404": html_404,
    "json-404": fixed(404, {"error": "no such page"}),
    "400": fixed(400, "bad request", "text/plain"),
    "401": fixed(401, "User cannot access the resource.", "text/plain", [("WWW-Authenticate", "Basic")]),
    "403": fixed(403, "forbidden", "text/plain"),
    "429": fixed(429, "slow down", "text/plain"),
    "502": fixed(502, "<h1>Bad Gateway</h1>", "text/html"),
    "redirect": fixed(302, "", None, [("Location", "http://127.0.0.1:1/elsewhere")]),
    "not-connect": fixed(200, {"status": "UP"}),
    "garbage": fixed(200, b"\x00\xff\xfe{'status':'healthy'}"),
}


class WorkerServer:
    """mode: a name out of MODES, a function of an Exchange, or a dict from paths to either ("*": any other)."""

    def __init__(self, mode="ok", host="127.0.0.1", port=0, certificate=None, key=None, client_ca=None, socket_path=None):
        self.mode = mode
        self.socket_path = socket_path      # in place of host and port
        self.stage = None           # of starting and unhealthy
        self.began = "2026-11-20T18:29:04.123Z"
        self.delay = 1.0            # of slow
        self.host = host
        self.port = port
        self.requests = []
        self.connections = 0        # accepted so far
        self.stopped = threading.Event()
        self._changed = threading.Condition()
        self._threads = []
        self._open = set()
        self._listener = None
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate, key)
            if client_ca:
                self._tls.load_verify_locations(client_ca)
                self._tls.verify_mode = ssl.CERT_REQUIRED

    @property
    def url(self):
        if self.socket_path:
            return f"unix:{self.socket_path}"
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self.stop()

    def listen(self):
        """Listens (again); the port stays the same from the first time on."""
        if self.socket_path:
            listener = socket.socket(socket.AF_UNIX)
            self.socket_path.unlink(missing_ok=True)
            listener.bind(str(self.socket_path))
            listener.listen(1024)
        else:
            listener = socket.create_server((self.host, self.port), backlog=1024)
            self.port = listener.getsockname()[1]
        self._listener = listener
        self._start(self._accept, listener)

    def refuse(self):
        """Stops listening and drops every connection: who connects is refused."""
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.drop_connections()

    def drop_connections(self):
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.stopped.set()
        self.refuse()
        for thread in self._threads:
            thread.join(10)

    def wait_for_requests(self, n, timeout=90):
        """Until n requests were seen in all; returns them."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= n, timeout):
                raise TimeoutError(f"{len(self.requests)} of {n} requests after {timeout} s")
        return self.requests

    def _start(self, function, *args):
        self._threads = [t for t in self._threads if t.is_alive()]
        thread = threading.Thread(target=function, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection):
        try:
            if not self.socket_path:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            rest = b""
            while not self.stopped.is_set():
                head, rest = self._read_head(connection, rest)
                if head is None:
                    return
                exchange = Exchange(self, connection, head)
                self._handler(head.path)(exchange)
                if not exchange.keep:
                    return
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()

    def _read_head(self, connection, data):
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None, b""
            data += more
        head, rest = data.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = (first + "  ").split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            more = connection.recv(65536)
            if not more:
                return None, b""
            rest += more
        request = Request(time.monotonic(), method, path, headers, rest[:length])
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return request, rest[length:]

    def _handler(self, path):
        mode = self.mode
        if isinstance(mode, dict):
            mode = mode.get(path, mode.get("*", "ok"))
        return mode if callable(mode) else MODES[mode]


def main():
    parser = argparse.ArgumentParser(description="A scripted Kafka Connect worker")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument("--mode", default="ok", choices=sorted(MODES))
    arguments = parser.parse_args()
    with WorkerServer(arguments.mode, arguments.host, arguments.port) as server:
        print(f"{server.url}: {server.mode}", flush=True)
        for line in sys.stdin:
            if line.strip() in MODES:
                server.mode = line.strip()
                print(f"{server.url}: {server.mode}", flush=True)
            else:
                print("modes: " + " ".join(MODES), flush=True)


if __name__ == "__main__":
    main()
