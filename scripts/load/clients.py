"""Clients that each keep one connection and send the next request once the answer is there, all in one thread."""

import json
import selectors
import socket
import time
from urllib.parse import urlsplit


class Client:
    """One connection. A refusal that says when to come again is waited for; it counts as refused, not as an answer."""

    def __init__(self, address, requests, counts):
        self.address, self.requests, self.counts = address, requests, counts
        self.socket, self.began, self.got, self.again_at, self.turn = None, 0.0, b"", 0.0, 0

    def send(self, selector):
        if self.socket is None:
            self.socket = socket.create_connection(self.address, timeout=30)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(self.socket, selectors.EVENT_READ, self)
        self.got, self.again_at = b"", 0.0
        self.began = time.monotonic()
        self.socket.sendall(self.requests[self.turn % len(self.requests)])
        self.turn += 1

    def read(self):
        """Whether the whole answer is there. Raises ConnectionError where the connection ended before."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError
        self.got += part
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.got[:end].lower()
        at = head.find(b"content-length:")
        if at < 0:
            return self.got.endswith(b"0\r\n\r\n")
        return len(self.got) >= end + 4 + int(head[at + 15:].split(b"\r\n", 1)[0])

    def answered(self, selector, now):
        head = self.got[: self.got.find(b"\r\n\r\n")].lower()
        status = int(head[9:12])
        if status == 200:
            self.counts["times"].append(now - self.began)
        elif status in (429, 503):
            self.counts["refused"] += 1
            at = head.find(b"retry-after:")
            self.again_at = now + (float(head[at + 12:].split(b"\r\n", 1)[0]) if at >= 0 else 1.0)
        else:
            self.counts["errors"] += 1
            self.counts.setdefault("first_error", self.got[:300].decode("latin-1"))
        if b"connection: close" in head:
            self.close(selector)

    def close(self, selector):
        if self.socket is not None:
            selector.unregister(self.socket)
            self.socket.close()
            self.socket = None


def request(url, body, token=None):
    """The bytes of one request."""
    host = urlsplit(url).netloc
    data = json.dumps(body).encode()
    key = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST /v1/embeddings HTTP/1.1\r\nHost: {host}\r\n{key}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def load(url, requests, clients, seconds):
    """Has so many clients ask for so long. What is under way at the end is waited for, and counts with the time it took."""
    place = urlsplit(url)
    counts = {"times": [], "refused": 0, "errors": 0}
    selector = selectors.DefaultSelector()
    share = max(1, len(requests) // clients)
    all_clients = [Client((place.hostname, place.port), requests[n * share % len(requests):] or requests, counts) for n in range(clients)]
    begun = time.monotonic()
    until, waiting, under_way = begun + seconds, list(all_clients), set()
    while True:
        now = time.monotonic()
        if now < until:
            for client in [client for client in waiting if client.again_at <= now]:
                waiting.remove(client)
                client.send(selector)
                under_way.add(client)
        if not under_way and now >= until or now > until + 60:
            break
        for key, _ in selector.select(0.02):
            client = key.data
            try:
                if not client.read():
                    continue
                client.answered(selector, time.monotonic())
            except OSError:
                counts["errors"] += 1
                client.close(selector)
                client.again_at = time.monotonic() + 0.2
            under_way.discard(client)
            if time.monotonic() < until and client.again_at == 0.0:
                client.send(selector)
                under_way.add(client)
            else:
                waiting.append(client)
    counts["errors"] += len(under_way)
    counts["seconds"] = time.monotonic() - begun
    for client in all_clients:
        client.close(selector)
    return counts
