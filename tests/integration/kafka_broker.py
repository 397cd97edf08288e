"""A scripted broker: one node that speaks as much of Kafka's protocol, in its oldest versions, as is asked of it here.
librdkafka's own mock cluster has no groups to describe and no configuration of topics; real brokers are in tests/kafka.
"""

import socket
import struct
import threading

PRODUCE, FETCH, LIST_OFFSETS, METADATA, OFFSET_FETCH, FIND_COORDINATOR, DESCRIBE_GROUPS, API_VERSIONS, DESCRIBE_CONFIGS = (
    0, 1, 2, 3, 9, 10, 15, 18, 32)
SASL_HANDSHAKE, SASL_AUTHENTICATE = 17, 36
# The version of each that is spoken.
VERSIONS = {PRODUCE: 3, FETCH: 4, LIST_OFFSETS: 1, METADATA: 2, OFFSET_FETCH: 2, FIND_COORDINATOR: 0, DESCRIBE_GROUPS: 0,
            API_VERSIONS: 0, DESCRIBE_CONFIGS: 0, SASL_HANDSHAKE: 1, SASL_AUTHENTICATE: 0}
UNKNOWN_TOPIC, LEADER_NOT_AVAILABLE, COORDINATOR_NOT_AVAILABLE, UNSUPPORTED_VERSION = 3, 5, 15, 35
ID = 1


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self, code):
        (value,) = struct.unpack_from(">" + code, self.data, self.at)
        self.at += struct.calcsize(code)
        return value

    def bytes(self, length):
        self.at += max(length, 0)
        return self.data[self.at - max(length, 0):self.at]

    def string(self):
        return self.bytes(self.number("h")).decode()

    def array(self, item):
        return [item() for _ in range(max(self.number("i"), 0))]


def number(code, value):
    return struct.pack(">" + code, value)


def string(text):
    return number("h", -1) if text is None else number("h", len(text.encode())) + text.encode()


def array(items):
    items = list(items)
    return number("i", len(items)) + b"".join(items)


class Partition:
    def __init__(self):
        self.leader = ID
        self.replicas = [ID]
        self.isrs = [ID]
        self.batches = []           # (first offset, its bytes)
        self.end = 0


class Topic:
    def __init__(self, partitions=1, min_isr=1, cleanup_policy="compact"):
        self.partitions = [Partition() for _ in range(partitions)]
        self.config = {"min.insync.replicas": str(min_isr), "cleanup.policy": cleanup_policy}


class KafkaBroker:
    def __init__(self, **topics):
        """topics: partitions of each, whose name has "-" where this has "_"."""
        self.topics = {name.replace("_", "-"): Topic(n) for name, n in topics.items()}
        self.committed = {}         # {group: {(topic, partition): offset}}
        self.silent = False         # it accepts and reads, and answers nothing
        self.coordinates = True
        self.tls = None             # an ssl.SSLContext
        self.n_metadata = 0         # requests for it
        self.groups = []            # whose coordinator was asked for
        self.logins = []            # (user, password)
        self.port = 0
        self._listener = None
        self._open = set()
        self._lock = threading.Lock()
        self.up()

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    def up(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def down(self):
        """Every connection breaks, and who connects is refused."""
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection := _Connection(connection))
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        try:
            if self.tls:
                connection.socket = self.tls.wrap_socket(connection.socket, server_side=True)
            while request := connection.read():
                key, version, correlation, _ = (request.number("h"), request.number("h"), request.number("i"),
                                                request.string())
                if not self.silent:
                    connection.write(number("i", correlation) + self._answer(key, version, request))
        except OSError:
            pass
        with self._lock:
            self._open.discard(connection)
        connection.close()

    # ---- answers

    def _answer(self, key, version, request):
        if key == API_VERSIONS:
            return (number("h", 0 if version == 0 else UNSUPPORTED_VERSION) +
                    array(number("h", k) + number("h", 0 if k in (PRODUCE, FETCH, SASL_HANDSHAKE) else v) + number("h", v)
                          for k, v in VERSIONS.items()))
        assert VERSIONS[key] == version, f"request {key} of version {version}"
        return {PRODUCE: self._produce, FETCH: self._fetch, LIST_OFFSETS: self._list_offsets, METADATA: self._metadata,
                OFFSET_FETCH: self._offset_fetch, FIND_COORDINATOR: self._find_coordinator,
                DESCRIBE_GROUPS: self._describe_groups, DESCRIBE_CONFIGS: self._describe_configs,
                SASL_HANDSHAKE: self._sasl_handshake, SASL_AUTHENTICATE: self._sasl_authenticate}[key](request)

    def _sasl_handshake(self, request):
        return number("h", 0) + array([string(request.string())])

    def _sasl_authenticate(self, request):
        self.logins.append(tuple(request.bytes(request.number("i")).decode().split("\0")[1:]))
        return number("h", 0) + string(None) + number("i", 0)

    def _metadata(self, request):
        self.n_metadata += 1
        n = request.number("i")
        names = list(self.topics) if n < 0 else [request.string() for _ in range(n)]
        node = number("i", ID) + string("127.0.0.1") + number("i", self.port) + string(None)
        return array([node]) + string("scripted") + number("i", ID) + array(self._describe(name) for name in names)

    def _describe(self, name):
        topic = self.topics.get(name)
        return (number("h", 0 if topic else UNKNOWN_TOPIC) + string(name) + number("b", 0) +
                array(number("h", 0 if p.leader == ID else LEADER_NOT_AVAILABLE) + number("i", i) + number("i", p.leader) +
                      array(number("i", r) for r in p.replicas) + array(number("i", r) for r in p.isrs)
                      for i, p in enumerate(topic.partitions if topic else [])))

    def _find_coordinator(self, request):
        self.groups.append(request.string())
        if not self.coordinates:
            return number("h", COORDINATOR_NOT_AVAILABLE) + number("i", -1) + string("") + number("i", -1)
        return number("h", 0) + number("i", ID) + string("127.0.0.1") + number("i", self.port)

    def _describe_groups(self, request):
        return array(number("h", 0) + string(group) + string("Dead") + string("") + string("") + array([])
                     for group in request.array(request.string))

    def _describe_configs(self, request):
        def resource():
            kind, name, n = request.number("b"), request.string(), request.number("i")
            for _ in range(n):
                request.string()
            return (number("h", 0) + string(None) + number("b", kind) + string(name) +
                    array(string(k) + string(v) + bytes(3) for k, v in self.topics[name].config.items()))

        return number("i", 0) + array(request.array(resource))

    def _list_offsets(self, request):
        def partition(name):
            i, when = request.number("i"), request.number("q")
            p = self.topics[name].partitions[i]
            return number("i", i) + number("h", 0) + number("q", -1) + number("q", p.end if when == -1 else 0)

        request.number("i")
        return array(request.array(lambda: self._by_topic(request, partition)))

    @staticmethod
    def _by_topic(request, partition):
        name = request.string()
        return string(name) + array(request.array(lambda: partition(name)))

    def _offset_fetch(self, request):
        offsets = self.committed.get(request.string(), {})
        names = sorted({name for name, _ in offsets})
        return array(string(name) + array(number("i", i) + number("q", offset) + string("") + number("h", 0)
                                          for (n, i), offset in sorted(offsets.items()) if n == name)
                     for name in names) + number("h", 0)

    def _produce(self, request):
        def partition(name):
            i, batch = request.number("i"), request.bytes(request.number("i"))
            p = self.topics[name].partitions[i]
            first, p.end = p.end, p.end + struct.unpack_from(">i", batch, 57)[0]
            p.batches.append((first, number("q", first) + batch[8:]))
            return number("i", i) + number("h", 0) + number("q", first) + number("q", -1)

        request.string()
        request.number("h"), request.number("i")
        return array(request.array(lambda: self._by_topic(request, partition))) + number("i", 0)

    def _fetch(self, request):
        def partition(name):
            i, offset, _ = request.number("i"), request.number("q"), request.number("i")
            p = self.topics[name].partitions[i]
            records = b"".join(batch for first, batch in p.batches if first >= offset)
            return (number("i", i) + number("h", 0) + number("q", p.end) * 2 + number("i", -1) +
                    number("i", len(records)) + records)

        request.bytes(4 * 4 + 1)
        return number("i", 0) + array(request.array(lambda: self._by_topic(request, partition)))


class _Connection:
    def __init__(self, connection):
        self.socket = connection

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            if not piece:
                return None
            data += piece
        return data

    def read(self):
        head = self._exactly(4)
        data = head and self._exactly(struct.unpack(">i", head)[0])
        return data and Reader(data)

    def write(self, data):
        self.socket.sendall(number("i", len(data)) + data)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
