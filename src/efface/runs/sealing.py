"""Keep originals for the holder of a key: sealed before they are replaced, and so not erased until the key is.

Only a public key is ever given to efface, so that it can seal and never open. The ledger names the day until which
the private key is kept; that it is destroyed then is the word of its holder, and a certificate says "not erased".
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.engines import sqlite_file
from efface.engines.age import encrypted, refuse_recipient
from efface.errors import RemovalError, UsageError
from efface.formats import sniff
from efface.model import RemovalStatus, printable
from efface.runs.bound import refuse_inside
from efface.runs.record import target_ref
from efface.runs.targets import is_table
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from efface.model import Limits, Removal
    from efface.runs.store import Store

__all__ = ["Quarantine", "content_of", "forget", "kept", "open_quarantine", "seal", "sealed_text"]

_NAME = "sealed"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Where originals are kept, and for whom.

    Attributes:
        folder: Where; outside all targets.
        recipient: Public key of age (`age1...`).
        until: Day until which the private key is kept; on it, its holder destroys it.
    """

    folder: str
    recipient: str
    until: date


def open_quarantine(
    store: Store, quarantine: Quarantine, removals: Iterable[Removal], today: date
) -> Quarantine:
    """Return a quarantine whose folder is there, for its owner alone.

    Raises:
        UsageError: The day is over, the key is none, the folder cannot be used, or something is to be removed
            that cannot be sealed; nothing is changed.
        UnsupportedError: The library that seals is missing.
    """
    refuse_recipient(quarantine.recipient)
    if quarantine.until <= today:
        raise UsageError(
            f"--until {quarantine.until}: is no day to come", to_do="Name a later day than today."
        )
    tables = [each for each in removals if each.status is RemovalStatus.PLANNED and is_table(each.target)]
    if tables:
        raise UsageError(
            f"{len(tables)} removals are in databases, of which nothing is kept aside and nothing can be sealed",
            to_do="Leave them out with --only, and remove them without --quarantine.",
        )
    folder = os.path.realpath(quarantine.folder)
    refuse_inside(store, folder)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{printable(folder)}: cannot be used: {error.strerror}") from None
    return Quarantine(folder, quarantine.recipient, quarantine.until)


def content_of(payload: FilePayload, limits: Limits) -> bytes:
    """Return what a reader of the file sees: of a database with a log beside it, both together."""
    if sniff.media_type(payload.head(sniff.HEAD_BYTES)) == "application/vnd.sqlite3":
        return sqlite_file.whole(Path(payload.path), limits)
    return payload.read()


def seal(
    store: Store, quarantine: Quarantine, removal: Removal, sha256: str, limits: Limits
) -> dict[str, Any]:
    """Write the original of a removal, encrypted, to disk, and return the fields that the ledger keeps of it.

    Args:
        store: The run, which keeps where the sealed original lies.
        quarantine: Where, and for whom.
        removal: The removal, before anything of its target is changed.
        sha256: Digest of what the target held when its new content was made.
        limits: Budgets.

    Raises:
        RemovalError: The target has changed meanwhile, or the day is over.
        EffaceError: It cannot be read.
        OSError: The sealed file cannot be written.
    """
    if quarantine.until < datetime.now(UTC).date():
        raise RemovalError("the day until which it would be sealed is over")
    payload = FilePayload(removal.target.path[0], limits.artefact_bytes)
    if hashlib.sha256(payload.read()).hexdigest() != sha256:
        raise RemovalError("it is not what was scanned: scan it again")
    data = encrypted(content_of(payload, limits), quarantine.recipient)
    ref = target_ref(store, removal.target)
    path = os.path.join(quarantine.folder, f"{ref}-{removal.before[:16]}.age")
    store.set_meta(
        f"{_NAME}:{ref}", path
    )  # before the file, so that a killed run leaves none that nobody knows of
    _write(path, data)
    return {
        "sealed": hashlib.sha256(data).hexdigest(),
        "recipient": hashlib.sha256(quarantine.recipient.encode()).hexdigest(),
        "until": quarantine.until.isoformat(),
    }


def _write(path: str, data: bytes) -> None:
    """Write a file for its owner alone, whole or not at all; the same original gets the same name."""
    new = path + ".new"
    try:
        with suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
        raise


def forget(store: Store, removal: Removal) -> None:
    """Take away what was sealed for a removal that failed: the original is in its place."""
    name = f"{_NAME}:{target_ref(store, removal.target)}"
    if path := store.meta(name, ""):
        for each in (path, path + ".new"):
            with suppress(OSError):
                os.unlink(each)
        store.set_meta(name, "")


def kept(store: Store, removal: Removal) -> None:
    """Note that what was sealed is the only original now, so that no later failure takes it away."""
    store.set_meta(f"{_NAME}:{target_ref(store, removal.target)}", "")


def sealed_text(quarantine: Quarantine) -> str:
    """Return what the outcome of a removal says of its original."""
    return f"not erased: its original is sealed until {quarantine.until}"
