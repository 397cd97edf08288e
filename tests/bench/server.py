"""A worker that costs little: answers GET /health as Connect 4.1 does, on kept connections, from a process of its own."""

import asyncio
import multiprocessing
import signal
import time

HEALTHY = b'{"status":"healthy","message":"Worker has completed startup and is ready to handle requests."}'
UNHEALTHY = (b'{"status":"unhealthy","message":"Worker was unable to handle this request within the timeout, and may be '
             b'unhealthy. The worker is currently polling the group coordinator, which began at 2026-11-20T08:00:00Z"}')


def answer(line, body):
    return (f"HTTP/1.1 {line}\r\nDate: Fri, 20 Nov 2026 08:00:00 GMT\r\nServer: Jetty(12.0.22)\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


ANSWERS = {"ok": answer("200 OK", HEALTHY), "failing": answer("500 Internal Server Error", UNHEALTHY)}


class Protocol(asyncio.Protocol):
    def __init__(self, server):
        self.server = server
        self.pending = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.pending += data
        while b"\r\n\r\n" in self.pending:
            _, self.pending = self.pending.split(b"\r\n\r\n", 1)
            self.server.requests.value += 1
            failing = bool(self.server.failing.value)
            self.transport.write(ANSWERS["failing" if failing else "ok"])
            if failing and self.server.first_failure.value == 0:
                self.server.first_failure.value = time.time()


class Server:
    """with Server() as s: … s.url, s.requests.value, s.failing.value = True"""

    def __init__(self):
        self.requests = multiprocessing.Value("L", 0, lock=False)
        self.failing = multiprocessing.Value("b", 0, lock=False)
        self.first_failure = multiprocessing.Value("d", 0, lock=False)      # realtime when it was sent
        ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self._run, args=(theirs,), daemon=True)
        self.process.start()
        self.port = ours.recv()
        self.url = f"http://127.0.0.1:{self.port}"

    def _run(self, pipe):
        signal.signal(signal.SIGINT, signal.SIG_IGN)

        async def serve():
            server = await asyncio.get_running_loop().create_server(lambda: Protocol(self), "127.0.0.1", 0, backlog=2000)
            pipe.send(server.sockets[0].getsockname()[1])
            await server.serve_forever()
        asyncio.run(serve())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()


if __name__ == "__main__":
    with Server() as s:
        print(s.url, flush=True)
        signal.pause()
