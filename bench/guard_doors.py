"""Measure the doors: what goes through under faults, the time that they add, and the memory under slow clients.

    python bench/guard_doors.py [--records 100000] [--questions 2000] [--clients 1000] [--only faults|latency|slow]

Faults: a stream of clean and forbidden records through an ICAP door whose detectors break, eat the memory, die and
hang, and whose disk is full now and then; what became of each record, and whether the ledger agrees. Latency: the
same clean records, one after another, through a server that looks at nothing and through the door, in the same run.
Slow clients: connections that each send a few bytes now and then, and the door's memory meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import random
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from efface.evidence.decisions import verify_decisions
from efface.evidence.keys import SigningKey, save_private
from efface.formats.icap import EndOfMessage, IcapReader
from efface.server.opening import DoorOptions
from efface.server.proxy import Proxy
from efface.testing.door_stream import mixed, send_all
from efface.testing.doors import icap_door, reqmod
from efface.testing.squid import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAULTS = "raise=1500,memory=2500,die=8000,hang=20000"
_DISK_FAULTS = 0.002
_SLOW_BODY_BYTES = 64 * 1024
_SLOW_ROUNDS = 8


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description="the doors under faults, in time and in memory")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--only", choices=["faults", "latency", "slow"])
    parser.add_argument(
        "--serve", choices=["icap", "origin", "proxy"], help="of this program's own processes"
    )
    parser.add_argument("--port", type=int)
    parser.add_argument("--upstream")
    wanted = parser.parse_args()
    if wanted.serve:
        _serve(wanted.serve, wanted.port, wanted.upstream)
        return
    if wanted.only in {None, "latency"}:
        _latency(wanted.questions)
    if wanted.only in {None, "slow"}:
        _slow(wanted.clients)
    if wanted.only in {None, "faults"}:
        _faults(wanted.records)


# -- faults


def _faults(records: int) -> None:
    os.environ["EFFACE_TEST_FAULTS"] = _FAULTS
    key, drawn, write = SigningKey.new(), random.Random(1), os.write
    disk = 0

    def full(descriptor: int, data: Any) -> int:  # noqa: ANN401 - what `os.write` takes
        nonlocal disk
        if bytes(data[:1]) == b"{" and drawn.random() < _DISK_FAULTS:
            disk += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name:
        folder = Path(name, "ledger")
        options = DoorOptions(ledger=folder, key=key, deadline_s=5.0, program="efface.testing.faulty_guard")
        began, spent = time.perf_counter(), _processor_s()
        with icap_door(options) as door:
            os.write = full
            try:
                account = asyncio.run(send_all(door.port, mixed(records), connections=16))
            finally:
                os.write = write
            replaced = door.keeper.workers.replaced
        seconds, own, others = time.perf_counter() - began, *_processor_s(spent)
        found = verify_decisions(folder, [key.public])
    print(
        f"faults: {_FAULTS}; {disk} writes of the ledger failed; {replaced} processes replaced\n"
        f"{seconds:.0f} s; of the processor {own:.0f} s for senders and door, {others:.0f} s for what decides\n"
    )
    print("| record | became | count |\n|---|---|---|")
    for (kind, outcome), count in sorted(account.came_of.items()):
        print(f"| {kind} | {outcome} | {count} |")
    print(f"\nforbidden through: {account.forbidden_through}; lost: {account.lost}; ", end="")
    print(f"clean refused for content: {account.falsely_refused}")
    print(f"ledger: {found.decisions} decisions in {found.files} files, {found.by_door}\n")


def _processor_s(since: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """Return how long the processor worked for this process, and for those of its own that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own, others = (each.ru_utime + each.ru_stime for each in used)
    return own - since[0], others - since[1]


# -- latency


def _latency(questions: int) -> None:
    stream = [body for body, _ in mixed(questions, 7, one_forbidden_in=1 << 30)]
    size = statistics.mean(map(len, stream))
    print(
        f"{questions} clean records of {size:.0f} bytes on average, one after another; each server is a process\n"
    )
    print("| door | p50 ms | p99 ms |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name, ExitStack() as stack:
        key = Path(name, "door.pem")
        save_private(SigningKey.new(), key)

        def guard(way: str, *more: str) -> int:
            port, words = free_port(), ["--jobs", "1", "--key", str(key), "--ledger", str(Path(name, way))]
            where = ["--port", str(port)] if way == "serve" else ["--listen", f"127.0.0.1:{port}"]
            stack.enter_context(_process(port, ["-m", "efface", "guard", way, *where, *words, *more]))
            return port

        def plain(what: str, upstream: str = "") -> int:
            port = free_port()
            words = [__file__, "--serve", what, "--port", str(port), "--upstream", upstream]
            stack.enter_context(_process(port, words))
            return port

        service = f"http://127.0.0.1:{plain('origin')}"
        _row("ICAP, a server that looks at nothing", asyncio.run(_asked(plain("icap"), stream)))
        _row("ICAP, the guard", asyncio.run(_asked(guard("icap"), stream)))
        _row("HTTP, the proxy without the guard", _posted(plain("proxy", service), stream))
        _row("HTTP, the proxy with the guard", _posted(guard("serve", "--upstream", service), stream))
    print()


@contextmanager
def _process(port: int, words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process of its own, and yield it once it listens on a port."""
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    time.sleep(0.1)
                else:
                    break
            yield process
        finally:
            process.terminate()


async def _asked(port: int, stream: list[bytes]) -> list[float]:
    await send_all(port, [(body, False) for body in stream[:50]], connections=1)
    return (await send_all(port, [(body, False) for body in stream], connections=1)).seconds


def _posted(port: int, stream: list[bytes]) -> list[float]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    seconds = []
    for body in (*stream[:50], *stream):
        began = time.perf_counter()
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError("a clean record was not let through")
    connection.close()
    return seconds[50:]


def _row(name: str, seconds: list[float]) -> None:
    cuts = statistics.quantiles(seconds, n=100)
    print(f"| {name} | {cuts[49] * 1000:.2f} | {cuts[98] * 1000:.2f} |")


async def _origin(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.shutdown":
                return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _let_pass(port: int) -> None:
    """Run an ICAP server that reads every message to its end and lets it pass."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        messages = IcapReader()
        while data := await reader.read(65_536):
            messages.feed(data)
            if any(isinstance(event, EndOfMessage) for event in messages.events()):
                writer.write(b'ICAP/1.0 204 OK\r\nISTag: "0"\r\nEncapsulated: null-body=0\r\n\r\n')
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    await server.serve_forever()


def _serve(what: str, port: int, upstream: str) -> None:
    if what == "icap":
        asyncio.run(_let_pass(port))
    else:
        uvicorn.run(_origin if what == "origin" else Proxy(upstream), port=port, log_level="error")


# -- slow clients


def _slow(clients: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * clients)), hard))
    port = free_port()
    words = ["-m", "efface", "guard", "icap", "--listen", f"127.0.0.1:{port}", "--jobs", "1"]
    with _process(port, words) as process:
        before = _rss_mib(process.pid)
        peak, seconds = asyncio.run(_crawl(port, clients, process.pid))
    print(
        f"{clients} clients that each send {_SLOW_BODY_BYTES} bytes in {_SLOW_ROUNDS} turns a second apart\n"
    )
    print("| memory of the door before, MiB | at most, MiB | a question beside them, p50 ms |\n|---|---|---|")
    print(f"| {before:.0f} | {peak:.0f} | {statistics.median(seconds) * 1000:.1f} |\n")


async def _crawl(port: int, clients: int, process: int) -> tuple[float, list[float]]:
    body = bytes(_SLOW_BODY_BYTES)
    answered = 0

    async def crawl() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in _cut(reqmod(body)):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(1.0)
        told = await reader.readline()
        answered += told.startswith(b"ICAP/1.0 204")  # after the wait, or counts of others would be lost
        writer.close()

    slow = [asyncio.create_task(crawl()) for _ in range(clients)]
    peak, seconds = 0.0, []
    while not all(task.done() for task in slow):
        seconds += (await send_all(port, [(b"{}", False)], connections=1)).seconds
        peak = max(peak, _rss_mib(process))
        await asyncio.sleep(0.1)
    await asyncio.gather(*slow)
    if answered != clients:
        raise RuntimeError(f"{clients - answered} slow clients were not answered")
    return peak, seconds


def _cut(data: bytes) -> Iterator[bytes]:
    step = len(data) // _SLOW_ROUNDS + 1
    return (data[at : at + step] for at in range(0, len(data), step))


def _rss_mib(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
