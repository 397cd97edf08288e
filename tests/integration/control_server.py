"""A scripted agent at its control socket: for what the real one would not say, as one of another version.

    with ControlServer(path) as control:
        control.answers["POST", "/pause"] = 200, {"text": "…"}
        control.requests                    # [("POST", "/pause", headers, body), …]
"""

import http.server
import json
import os
import socketserver
import threading


class ControlServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path):
        self.path = str(path)
        self.answers = {}
        self.requests = []
        super().__init__(self.path, Handler)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
        self.thread.join(10)
        os.unlink(self.path)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
        status, said = self.server.answers.get((self.command, self.path), (404, {"error": "there is nothing under this path"}))
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Connect-Watchdog-Protocol", "1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer
