"""An S3 server on loopback for tests, and one that answers as a broken store does."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["broken_store", "listing", "s3_server", "troubled"]


@contextmanager
def s3_server() -> Iterator[Any]:
    """Run an S3 server of the package moto on loopback; yield a boto3 client of it.

    Inside, the environment names it as the user's own settings would.
    """
    import boto3  # noqa: PLC0415 - a library of the tests
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with _environment(f"http://{host}:{port}"):
            yield boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    finally:
        server.stop()


@contextmanager
def broken_store(answer: Callable[[str], tuple[int, bytes]]) -> Iterator[list[str]]:
    """Run an HTTP server on loopback that answers a path with a status and a body; yield the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with _environment(f"http://127.0.0.1:{server.server_port}"):
            yield asked
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def troubled(trouble: Callable[[str], int]) -> Iterator[None]:
    """Put a server on loopback before the one that the environment names.

    Args:
        trouble: Given a path that is asked for, returns the status of an error to answer with, or 0 where the
            request is to be sent there; it may take its time.
    """
    host, _, port = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").partition(":")

    class Relay(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # who asked may have given up
                lines = []
                while (line := self.rfile.readline()).strip():
                    lines.append(line)
                if not lines:
                    return
                if status := trouble(lines[0].split(b" ")[1].decode()):
                    self.wfile.write(
                        b"HTTP/1.1 %d -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status
                    )
                    return
                kept = [line for line in lines if not line.lower().startswith(b"connection:")]
                with socket.create_connection((host, int(port))) as server:
                    server.sendall(b"".join((*kept, b"Connection: close\r\n\r\n")))
                    while data := server.recv(1 << 16):
                        self.wfile.write(data)

    with ThreadingTCPServer(("127.0.0.1", 0), Relay) as relay:
        relay.daemon_threads = True
        Thread(target=relay.serve_forever, daemon=True).start()
        try:
            with _environment(f"http://127.0.0.1:{relay.server_address[1]}"):
                yield
        finally:
            relay.shutdown()


def listing(names: list[str], *, folders: tuple[str, ...] = ()) -> bytes:
    """Return an answer of ListObjectsV2 that names objects of one byte."""
    contents = "".join(
        f"<Contents><Key>{escape(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        "<ETag>&quot;1&quot;</ETag><Size>1</Size></Contents>"
        for name in names
    )
    common = "".join(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in folders)
    head = "<Name>b</Name><IsTruncated>false</IsTruncated><MaxKeys>1000</MaxKeys>"
    return f"<ListBucketResult>{head}<KeyCount>{len(names)}</KeyCount>{contents}{common}</ListBucketResult>".encode()


@contextmanager
def _environment(endpoint: str) -> Iterator[None]:
    from efface.engines import object_store  # noqa: PLC0415 - what was asked of another server is forgotten

    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests-secret-mark",
        "AWS_REGION": "us-east-1",
    }
    object_store.bucket.cache_clear()
    with patch.dict(os.environ, settings):
        yield
    object_store.bucket.cache_clear()
