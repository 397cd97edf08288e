"""A worker that costs its watchers nothing but the answer: GET /health and the connectors' statuses as Connect 4.1 gives
them, on kept connections, from a process of its own, on all of 127.0.0.0/8."""

import asyncio
import json
import multiprocessing
import signal

HEALTHY = b'{"status":"healthy","message":"Worker has completed startup and is ready to handle requests."}'
UNHEALTHY = (b'{"status":"unhealthy","message":"Worker was unable to handle this request and may be unhealthy. The worker '
             b'is currently polling the group coordinator, which began at 2026-11-20T08:00:00Z."}')

# Who asks, by the User-Agent it sends.
CLIENTS = {b"connect-watchdog": 0, b"bare-loop": 1, b"Monit": 2, b"bare-reader": 3, b"python-requests": 4}

TASKS = 10


def answer(line, body):
    return (f"HTTP/1.1 {line}\r\nDate: Fri, 20 Nov 2026 08:00:00 GMT\r\nServer: Jetty(12.0.22)\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


ANSWERS = [answer("200 OK", HEALTHY), answer("500 Internal Server Error", UNHEALTHY)]


def connectors(n):
    """What is answered to each path below /connectors by a worker with so many, of TASKS tasks each, all of them well."""
    part = {"state": "RUNNING", "worker_id": "10.0.0.1:8083", "version": "4.1.1"}
    statuses = {name: {"name": name, "connector": part, "tasks": [{"id": i, **part} for i in range(TASKS)], "type": "sink"}
                for name in (f"orders-to-warehouse-{i}" for i in range(n))}

    def body(value):
        return answer("200 OK", json.dumps(value, separators=(",", ":")).encode())
    paths = {f"/connectors/{name}/status": body(status) for name, status in statuses.items()}
    paths["/connectors"] = body(list(statuses))
    paths["/connectors?expand=status"] = body({name: {"status": status} for name, status in statuses.items()})
    return {path.encode(): text for path, text in paths.items()}


class Protocol(asyncio.Protocol):
    def __init__(self, server, answers):
        self.server = server
        self.answers = answers
        self.pending = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.pending += data
        while b"\r\n\r\n" in self.pending:
            request, self.pending = self.pending.split(b"\r\n\r\n", 1)
            text = self.answers.get(request.split(b" ", 2)[1].rstrip(b"/"))
            for name, i in CLIENTS.items():
                if b"User-Agent: " + name in request:
                    (self.server.looks if text else self.server.counts)[i] += 1
            self.transport.write(text or ANSWERS[self.server.failing.value])


class Server:
    """with Server() as s: … s.port, s.requests("bare-loop"), s.failing.value = 1"""

    def __init__(self, n_connectors=0):
        self.n_connectors = n_connectors
        self.counts = multiprocessing.Array("L", len(CLIENTS), lock=False)
        self.looks = multiprocessing.Array("L", len(CLIENTS), lock=False)
        self.failing = multiprocessing.Value("b", 0, lock=False)
        ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self._run, args=(theirs,), daemon=True)
        self.process.start()
        self.port = ours.recv()

    def url(self, host=1):
        """The host-th address that it can be reached under: to a client another worker each."""
        return f"http://127.0.{host // 250}.{host % 250 + 1}:{self.port}"

    def requests(self, client):
        """Polls, without what is asked about connectors."""
        return self.counts[CLIENTS[client.encode()]]

    def asked(self, client):
        """The requests about connectors."""
        return self.looks[CLIENTS[client.encode()]]

    def kill(self):
        """From now on connections are refused."""
        self.process.kill()
        self.process.join()

    def _run(self, pipe):
        signal.signal(signal.SIGINT, signal.SIG_IGN)

        answers = connectors(self.n_connectors)

        async def serve():
            server = await asyncio.get_running_loop().create_server(lambda: Protocol(self, answers), "0.0.0.0", 0, backlog=4000)
            pipe.send(server.sockets[0].getsockname()[1])
            await server.serve_forever()
        asyncio.run(serve())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
