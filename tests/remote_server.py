"""A web server in a process of its own, because GDAL holds Python's lock while it waits for one.

Started as a script it serves the files of a folder on 127.0.0.1 and takes its orders, one JSON object a
line, on standard input; ``Server`` is the other side.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


@dataclass
class Orders:
    """How to serve."""

    status: int = 200
    """Answer with this status instead of 200 and 206."""
    after: int = 0
    """Requests that are answered as they should be, before ``status``, ``hang``, ``drop`` and ``slow_s``."""
    heads: int = 200
    """Status of answers to HEAD."""
    drop: float = 0.0
    """Share of connections to close without an answer."""
    hang: bool = False
    """Never answer."""
    slow_s: float = 0.0
    """Seconds to wait before every answer."""
    ranges: bool = True
    """Understand ranges."""
    etag: str | None = '"1"'
    """The ETag, if any."""
    modified: str | None = None
    """The time of the last change, if any."""
    authorization: str | None = None
    """Header to ask for."""


@dataclass
class Seen:
    """What was asked."""

    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path with query, range."""


class Handler(BaseHTTPRequestHandler):
    """Serves files of ``folder``."""

    protocol_version = "HTTP/1.1"
    folder = Path()
    orders = Orders()
    seen = Seen()
    chance = random.Random(3)  # noqa: S311

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Headers alone."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """A file or a part of it."""
        self._answer(body=True)

    def handle(self) -> None:
        """Until the other side is gone."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def _answer(self, *, body: bool) -> None:
        orders = self.orders
        self.seen.requests.append((self.command, self.path, self.headers["Range"]))
        late = len(self.seen.requests) > orders.after
        if late and orders.hang:
            time.sleep(3600)
        time.sleep(orders.slow_s if late else 0)
        if late and self.chance.random() < orders.drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        path = self.folder / self.path.partition("?")[0].lstrip("/")
        status = orders.status if late else 200
        status = orders.heads if not body and status == 200 else status
        if orders.authorization not in (None, self.headers["Authorization"]):
            status = 401
        if status == 200 and not path.is_file():
            status = 404
        if status != 200:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(path.read_bytes(), body=body)

    def _send(self, data: bytes, *, body: bool) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        first, last = 0, len(data) - 1
        if asked and self.orders.ranges:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(last - first + 1))
        if self.orders.etag is not None:
            self.send_header("ETag", self.orders.etag)
        if self.orders.modified is not None:
            self.send_header("Last-Modified", self.orders.modified)
        self.end_headers()
        if body:
            try:
                self.wfile.write(data[first : last + 1])
            except ConnectionError:
                self.close_connection = True


class Server:
    """A running server, to be used as a context manager."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, __file__, str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._heard())

    def address(self, name: str, query: str = "", user: str = "") -> str:
        """The address of a file."""
        return f"http://{user}127.0.0.1:{self.port}/{name}{query}"

    def order(self, **orders: Any) -> None:
        """Serve otherwise from now on; what is not named is as at the beginning."""
        self._say(orders)
        self._heard()

    def requests(self) -> list[tuple[str, str, str | None]]:
        """What was asked since the last order."""
        self._say(None)
        return [tuple(request) for request in json.loads(self._heard())]  # type: ignore[misc]

    def _say(self, what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    Handler.folder = folder
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)  # noqa: T201
    for line in sys.stdin:
        orders = json.loads(line)
        if orders is None:
            print(json.dumps(Handler.seen.requests), flush=True)  # noqa: T201
            continue
        Handler.orders, Handler.seen.requests[:] = Orders(**orders), []
        print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
