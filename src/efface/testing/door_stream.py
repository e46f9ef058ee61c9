"""A stream of records through a door, clean and forbidden mixed, and an account of what became of each."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.testing import records, stores
from efface.testing.doors import reqmod

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Account", "mixed", "send_all"]

_NAMES = ("cf_xdr_mc", "cf_wsh", "cf_sy", "cf_yj", "cf_jdrq", "cf_cfjg", "bz")
_WORDS = (
    "某公司",
    "未按规定公示",
    "罚款三千元",
    "违法使用人脸识别设备",
    "津市监处罚〔2025〕",
    "行政处罚决定书",
    "责令改正",
)


def _clean(drawn: random.Random) -> bytes:
    fields: dict[str, object] = {
        name: "".join(drawn.choices(_WORDS, k=drawn.randrange(1, 6))) for name in _NAMES
    }
    fields["cf_xdr_shxym"] = "".join(drawn.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=18))
    fields["cf_je"] = drawn.randrange(100, 100_000)
    return json.dumps(fields, ensure_ascii=False).encode()


def _forbidden(drawn: random.Random) -> bytes:
    seed = drawn.randrange(1 << 16)
    record = drawn.choice((records.finger_minutiae_record, records.face_image_record))(seed)
    text = base64.b64encode(record).decode()
    hidden = drawn.choice(
        (
            {"bz": text},
            {"bz": record.hex()},
            {"bz": f"data:application/octet-stream;base64,{text}"},
            {"bz": base64.b64encode(gzip.compress(record)).decode()},
            {"face_embedding": stores.face_vectors(1, 128, seed=seed)[0].tolist()},
            {"a": [{"b": {"c": text}}]},
        )
    )
    return json.dumps({**json.loads(_clean(drawn)), **hidden}, ensure_ascii=False).encode()


def mixed(count: int, seed: int = 1, *, one_forbidden_in: int = 4) -> Iterator[tuple[bytes, bool]]:
    """Yield records of credit information and whether each is forbidden."""
    drawn = random.Random(seed)
    for _ in range(count):
        is_forbidden = drawn.randrange(one_forbidden_in) == 0
        yield (_forbidden if is_forbidden else _clean)(drawn), is_forbidden


@dataclass(slots=True)
class Account:
    """What became of the records.

    Attributes:
        sent: By kind: "clean" and "forbidden".
        came_of: By kind and outcome: "delivered", "refused", "held", "fault: ..." or "no receipt".
        seconds: Time of each question, in order of the answers.
    """

    sent: Counter[str] = field(default_factory=Counter)
    came_of: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    @property
    def forbidden_through(self) -> int:
        """Forbidden records that were let through: must be 0."""
        return self.came_of["forbidden", "delivered"]

    @property
    def lost(self) -> int:
        """Records of which nobody knows what became: must be 0."""
        answered = sum(count for (_, outcome), count in self.came_of.items() if outcome != "no receipt")
        return sum(self.sent.values()) - answered

    @property
    def falsely_refused(self) -> int:
        """Clean records that were refused or held for their content, not for a fault: must be 0."""
        return self.came_of["clean", "refused"] + self.came_of["clean", "held"]


async def send_all(port: int, stream: Iterable[tuple[bytes, bool]], connections: int = 8) -> Account:
    """Ask an ICAP door about every record, over some connections at once."""
    account, waiting = Account(), iter(stream)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for body, is_forbidden in waiting:
                kind = "forbidden" if is_forbidden else "clean"
                account.sent[kind] += 1
                began = time.perf_counter()
                outcome, is_open = await _outcome(reader, writer, body)
                if not is_open:
                    writer.close()
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                account.seconds.append(time.perf_counter() - began)
                account.came_of[kind, outcome] += 1
        finally:
            writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    return account


async def _outcome(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
) -> tuple[str, bool]:
    writer.write(reqmod(body, content_type="application/json"))
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, is_open = int(head.split(" ", 2)[1]), "Connection: close" not in head
    if status == 204:
        return "delivered", is_open
    if status != 200 or "X-Decision-Id" not in head:
        return "no receipt", is_open
    await reader.readuntil(b"\r\n\r\n")  # head of the response
    size = int(await reader.readline(), 16)
    receipt = json.loads(await reader.readexactly(size))
    await reader.readuntil(b"0\r\n\r\n")
    if receipt["fault"]:
        return f"fault: {receipt['fault']}", is_open
    return "held" if receipt["door"] == "quarantine" else "refused", is_open
