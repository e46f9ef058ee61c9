"""The ledger of a door: every decision without its content, in files under signed Merkle heads.

A folder holds `decisions-00000001.jsonl` and so on. Each line is canonical JSON of one kind:

    opened    first line of a file: its number, the size and root that the file before it ends with, and how many
              bytes of a last line that a crash cut short stand behind that end
    decided   one decision: an id, a word for the door, names of rules, numbers, a keyed digest; no content, no place
    head      size and root over all `decided` lines of this file so far, as leaves of RFC 9162, and if there is a
              key its id and signature over all of the line but the signature

A batch of decisions and its head are written at once and flushed to the disk before any of them is acted on. So a
payload passes only when its passing is on record. A decision behind the last head of a file never took effect.

Not promised: who owns the folder and the key can write another history. Heads that somebody else keeps show that.
Source: RFC 9162, 2.1 (Merkle tree); DSSE v1.0.2 (pre-authentication encoding of what is signed).
"""

from __future__ import annotations

import base64
import errno
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from efface.errors import AccessError, EvidenceError
from efface.evidence import canonical, shapes
from efface.evidence.envelope import pae
from efface.evidence.merkle import EMPTY_ROOT, Frontier, leaf_hash
from efface.evidence.pseudonym import SECRET_BYTES, Pseudonyms, new_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from efface.evidence.keys import PublicKey, SigningKey

__all__ = ["DecisionLedger", "Verified", "verify_decisions"]

HEAD_TYPE: Final = "application/vnd.efface.decision-head+json"
_FILE: Final = re.compile(r"decisions-([0-9]{8})\.jsonl")
_SECRET: Final = "secret"  # noqa: S105 - the name of a file
_MAX_LINE: Final = 64 * 1024
_MAX_TORN: Final = 64 * 1024 * 1024
_ROTATE_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of a folder found.

    Attributes:
        files: How many files.
        decisions: How many decisions.
        by_door: How many of each word.
        root: Root of the last file.
        signed: Heads whose signature holds.
    """

    files: int
    decisions: int
    by_door: Mapping[str, int]
    root: str
    signed: int


class DecisionLedger:
    """Writes decisions; one process at a time has a folder.

    Args:
        folder: Made where it is missing, for its owner only.
        key: Signs the heads, or None.
        rotate_bytes: A file that is longer is followed by a new one.
    """

    def __init__(
        self, folder: Path, key: SigningKey | None = None, *, rotate_bytes: int = _ROTATE_BYTES
    ) -> None:
        self._folder, self._key, self._rotate_bytes = folder, key, rotate_bytes
        self._descriptor, self._path = -1, folder
        self._frontier = Frontier()
        self._number, self._written = 0, 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.pseudonyms = Pseudonyms(_secret(folder / _SECRET))
            self._open(*_end_of(folder))
        except OSError as error:
            raise AccessError(f"the ledger cannot be written: {error.strerror}") from error

    def append(self, decisions: Sequence[Mapping[str, Any]]) -> None:
        """Write a batch and its head, and return when the disk has them.

        Args:
            decisions: Plain values without `kind`.

        Raises:
            AccessError: They are not on record; the next call begins a new file.
            EvidenceError: One is not canonical, or too long.
        """
        lines = [canonical.dumps({**each, "kind": "decided"}) for each in decisions]
        if any(len(line) > _MAX_LINE for line in lines):
            raise EvidenceError(f"a decision of more than {_MAX_LINE} bytes")
        try:
            if self._descriptor < 0 or self._written > self._rotate_bytes:
                self._rotate()
            frontier = self._frontier.copy()
            for line in lines:
                frontier.append(leaf_hash(line))
            self._write(b"\n".join((*lines, self._head(frontier))) + b"\n")
        except OSError as error:
            self._give_up()
            raise AccessError(f"the ledger cannot be written: {error.strerror}") from error
        self._frontier = frontier

    def close(self) -> None:
        """Close the file; everything that was acted on is in it."""
        self._give_up()

    def _give_up(self) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = -1

    def _rotate(self) -> None:
        if self._descriptor < 0:  # the last write failed: what of it is on the disk, only the disk knows
            self._open(*_end_of(self._folder))
            return
        self._give_up()
        self._open(self._number, _End(self._frontier.size, self._frontier.root().hex()))

    def _open(self, number: int, end: _End) -> None:
        self._path = self._folder / f"decisions-{number + 1:08}.jsonl"
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._frontier, self._written, self._number = Frontier(), 0, number + 1
        opened = {
            "kind": "opened",
            "at": shapes.printed(datetime.now(UTC)),
            "file": number + 1,
            "previous_root": end.root,
            "previous_size": end.size,
            "torn_bytes": end.torn_bytes,
        }
        self._write(canonical.dumps(opened) + b"\n" + self._head(self._frontier) + b"\n")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _write(self, data: bytes) -> None:
        written = 0
        while written < len(data):
            written += os.write(self._descriptor, data[written:])
        os.fdatasync(self._descriptor)
        if not os.path.samestat(os.fstat(self._descriptor), os.stat(self._path)):
            raise FileNotFoundError(errno.ENOENT, "its file was taken away")
        self._written += len(data)

    def _head(self, frontier: Frontier) -> bytes:
        head: dict[str, Any] = {
            "kind": "head",
            "at": shapes.printed(datetime.now(UTC)),
            "file": self._number,
            "size": frontier.size,
            "root": frontier.root().hex(),
        }
        if self._key is not None:
            head["key"] = self._key.key_id
            signature = self._key.sign(pae(HEAD_TYPE, canonical.dumps(head)))
            head["signature"] = base64.b64encode(signature).decode()
        return canonical.dumps(head)


@dataclass(frozen=True, slots=True)
class _End:
    """With what a file ends."""

    size: int = 0
    root: str = EMPTY_ROOT.hex()
    torn_bytes: int = 0


def verify_decisions(folder: Path, trusted: Sequence[PublicKey] = ()) -> Verified:
    """Check every line, root, turn and signature of a folder.

    Args:
        folder: Of the ledger.
        trusted: Keys of which one must have signed every head; none to check the roots only.

    Raises:
        EvidenceError: It names the first file and line that does not hold.
        AccessError: It cannot be read.
    """
    by_door: dict[str, int] = {}
    end, signed, decisions = _End(), 0, 0
    keys = {key.key_id: key for key in trusted}
    try:
        files = _files(folder)
        for turn, path in enumerate(files, start=1):
            if _number(path) != turn:
                raise EvidenceError(f"{path.name}: file {turn} is missing")
            reading = _Reading(path, keys if trusted else None)
            for line in reading.decisions():
                door = str(line.get("door"))
                by_door[door] = by_door.get(door, 0) + 1
            reading.require_after(turn, end)
            end, signed, decisions = reading.end, signed + reading.signed, decisions + reading.end.size
    except OSError as error:
        raise AccessError(f"the ledger cannot be read: {error.strerror}") from error
    return Verified(len(files), decisions, by_door, end.root, signed)


class _Reading:
    """One file, line by line; decisions are given once a head covers them."""

    def __init__(self, path: Path, keys: Mapping[str, PublicKey] | None) -> None:
        self._path, self._keys = path, keys
        self._opened: dict[str, Any] = {}
        self.end = _End()
        self.has_head = False
        self.signed = 0

    def decisions(self) -> Iterator[dict[str, Any]]:
        frontier, waiting, at, covered = Frontier(), [], 0, 0
        with self._path.open("rb") as file:
            for number, raw in enumerate(iter(lambda: file.readline(_MAX_LINE + 2), b""), start=1):
                at += len(raw)
                line = self._line(raw, number)
                if line is None:
                    break
                if line["kind"] == "decided":
                    frontier.append(leaf_hash(raw[:-1]))
                    waiting.append(line)
                elif line["kind"] == "head":
                    self._check_head(line, frontier, number)
                    yield from waiting
                    waiting, covered = [], at
                elif number == 1:
                    self._opened = line
                else:
                    raise EvidenceError(f"{self._path.name}, line {number}: a second beginning")
            torn = self._path.stat().st_size - covered
        if torn > _MAX_TORN:
            raise EvidenceError(f"{self._path.name}: {torn} bytes under no head")
        self.end = _End(self.end.size, self.end.root, torn)

    def require_after(self, turn: int, before: _End) -> None:
        wanted = {
            "file": turn,
            "previous_root": before.root,
            "previous_size": before.size,
            "torn_bytes": before.torn_bytes,
        }
        if self.has_head and {name: self._opened.get(name) for name in wanted} != wanted:
            raise EvidenceError(f"{self._path.name}: it does not continue the file before it")

    def _line(self, raw: bytes, number: int) -> dict[str, Any] | None:
        if not raw.endswith(b"\n"):
            return None
        try:
            line = canonical.loads(raw[:-1])
        except EvidenceError as error:
            raise EvidenceError(f"{self._path.name}, line {number}: {error}") from None
        if not isinstance(line, dict) or line.get("kind") not in {"opened", "decided", "head"}:
            raise EvidenceError(f"{self._path.name}, line {number}: no line of a ledger")
        return line

    def _check_head(self, head: dict[str, Any], frontier: Frontier, number: int) -> None:
        if (head.get("size"), head.get("root")) != (frontier.size, frontier.root().hex()):
            raise EvidenceError(
                f"{self._path.name}, line {number}: the decisions before it are not those it names"
            )
        self.end, self.has_head = _End(frontier.size, frontier.root().hex()), True
        if self._keys is None:
            return
        key = self._keys.get(str(head.get("key")))
        unsigned = {name: value for name, value in head.items() if name != "signature"}
        try:
            signature = base64.b64decode(str(head.get("signature", "")), validate=True)
        except ValueError:
            signature = b""
        if key is None or not key.verifies(signature, pae(HEAD_TYPE, canonical.dumps(unsigned))):
            raise EvidenceError(f"{self._path.name}, line {number}: no trusted key signed it")
        self.signed += 1


def _number(path: Path) -> int:
    match = _FILE.fullmatch(path.name)
    return int(match[1]) if match else 0


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _FILE.fullmatch(path.name))


def _end_of(folder: Path) -> tuple[int, _End]:
    """Return the number of the last file of a folder, and with what it ends.

    A file that was begun and got no head, since the disk was full or the process killed, holds nothing and goes.
    """
    for path in reversed(_files(folder)):
        reading = _Reading(path, None)
        for _ in reading.decisions():
            pass
        if reading.has_head:
            return _number(path), reading.end
        path.unlink()
    return 0, _End()


def _secret(path: Path) -> bytes:
    """Return the secret under which digests of contents are made; it never leaves the folder."""
    with suppress(FileNotFoundError):
        secret = path.read_bytes()
        if len(secret) != SECRET_BYTES:
            raise EvidenceError(f"{path.name} of the ledger is not {SECRET_BYTES} bytes")
        return secret
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    secret = new_secret()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return secret
