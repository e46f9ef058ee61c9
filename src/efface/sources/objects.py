"""Objects of S3 and compatible stores, listed in pages and read in ranges."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from efface.engines import object_store
from efface.engines.object_store import Stored
from efface.errors import AccessError, FormatError, LimitExceededError, UsageError
from efface.model import Gap, GapReason, Locator, Part, Surroundings, Unit, printable
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from efface.engines.object_store import Bucket
    from efface.model import Limits

__all__ = ["ObjectPayload", "ObjectStore"]

_HEAD_BYTES = 65_536
_SIBLINGS = 200
_MOST_FOLDERS = 256
_UNASKABLE = (
    "a name in this folder has an empty part and cannot be asked for: nothing of the folder was listed"
)
_TO_DO = "Name a bucket and a prefix: s3://bucket/prefix."


class ObjectPayload:
    """The bytes of one object as it was listed; what changed since cannot be read.

    The first 64 KiB and, once read, the whole content are kept, so that many detectors cost one request.
    """

    def __init__(self, bucket: Bucket, stored: Stored, limit_bytes: int) -> None:
        self._bucket, self._stored, self._limit_bytes = bucket, stored, limit_bytes
        self._head = bucket.read(stored, 0, _HEAD_BYTES)
        self._all = self._head if len(self._head) >= stored.size_bytes else None

    @property
    def size_bytes(self) -> int:
        """Size in bytes when it was opened."""
        return self._stored.size_bytes

    def head(self, count: int = 4096) -> bytes:
        """Return up to `count` bytes from the start."""
        return self._head[:count] if count <= len(self._head) else self._bucket.read(self._stored, 0, count)

    def read(self) -> bytes:
        """Return all bytes.

        Raises:
            LimitExceededError: The object is larger than the run reads as a whole.
            AccessError: It is gone or has changed.
        """
        if self._all is None:
            if self._stored.size_bytes > self._limit_bytes:
                raise LimitExceededError(
                    f"{self._stored.size_bytes} bytes is more than artefact_bytes = {self._limit_bytes}"
                )
            rest = self._bucket.read(self._stored, len(self._head))
            self._all = self._head + rest
        return self._all

    def open(self) -> BinaryIO:
        """Return a new reader at offset 0, which asks for ranges as they are needed."""
        return self._bucket.open(self._stored)


class ObjectStore:
    """Objects under `s3://bucket/prefix` (also `gs://` and `az://`), read-only.

    A prefix is a folder or one object. Address and credentials come from the environment; a URL that
    carries credentials is refused. A stamp is the entity tag with size and time.

    Not promised: older versions and deleted objects of a bucket with versions; what lies in a folder with
    a name that has an empty part ("a//b"), which is a gap.
    """

    name = "objects"
    version = 1

    def __init__(self) -> None:
        self._beside: dict[str, tuple[str, ...]] = {}

    def claims(self, target: str) -> bool:
        """Return whether the target is a URL of an object store."""
        return target.partition("://")[0] in object_store.SCHEMES and "://" in target

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the objects of a prefix.

        Raises:
            UsageError: The URL names no bucket, or carries credentials, or nothing can be listed there.
        """
        scheme, name, prefix = _named(target)
        listed = 0
        try:
            bucket = object_store.bucket(scheme, name)
            for stored in _listed(bucket, prefix):
                if isinstance(stored, str):
                    yield Gap(_locator(scheme, name, stored), "list", GapReason.UNREADABLE, _UNASKABLE)
                    continue
                listed += 1
                yield Unit(
                    _locator(scheme, name, stored.key).uri, stored.size_bytes, _stamp(stored), self.name
                )
        except AccessError as error:
            if not listed:
                raise UsageError(f"{printable(target)}: {error}", to_do=error.to_do) from None
            detail = f"the listing ended after {listed} objects: {error}"
            yield Gap(_locator(scheme, name, prefix), "list", GapReason.UNREADABLE, detail)

    def open(self, unit: Unit, limits: Limits) -> Part:
        """Open one object; its surroundings are the parts of its name and the names beside it."""
        locator = Locator.parse(unit.uri)
        scheme, name, key = _named(f"{locator.scheme}://{locator.path[0]}")
        bucket = object_store.bucket(scheme, name)
        tag, size, modified = unit.stamp.rsplit(" ", 2)
        stored = Stored(key, int(size), tag, datetime.fromisoformat(modified))
        names = tuple(reversed([part for part in key.split("/") if part]))
        surroundings = Surroundings((*names, name), self._siblings(bucket, name, key))
        # A folder's mark is an empty object whose name cannot be asked for.
        payload = (
            ObjectPayload(bucket, stored, limits.artefact_bytes) if stored.size_bytes else BytesPayload(b"")
        )
        return Part(locator, payload, surroundings, stored.modified_at.astimezone(UTC))

    def stamp(self, unit: Unit) -> str:
        """Return tag, size and time as they are now."""
        locator = Locator.parse(unit.uri)
        scheme, name, key = _named(f"{locator.scheme}://{locator.path[0]}")
        return _stamp(object_store.bucket(scheme, name).head(key))

    def _siblings(self, bucket: Bucket, name: str, key: str) -> tuple[str, ...]:
        """Names in an object's folder, asked for once for all the objects in it."""
        folder = posixpath.dirname(key)
        where = f"{name}/{folder}"
        if where not in self._beside:
            if len(self._beside) > _MOST_FOLDERS:
                self._beside.clear()
            cut = len(folder) + 1 if folder else 0
            try:
                found = [each.key[cut:].partition("/")[0] for each in bucket.objects(folder, most=_SIBLINGS)]
            except FormatError:
                found = []
            self._beside[where] = tuple(sorted(set(found)))
        return self._beside[where]


def _listed(bucket: Bucket, prefix: str) -> Iterator[Stored | str]:
    """Yield what lies under a folder, or the one object of that name; of a folder not listable its name."""
    found = False
    try:
        for stored in bucket.objects(prefix):
            found = True
            yield stored
    except FormatError:
        # One odd name ends the whole listing. Folder by folder, it hides only what lies right beside it.
        yield from _by_folder(bucket, prefix)
        return
    if prefix and not found:
        yield bucket.head(prefix)


def _by_folder(bucket: Bucket, prefix: str) -> Iterator[Stored | str]:
    pending = [prefix]
    while pending:
        folder = pending.pop()
        try:
            folders, objects = bucket.level(folder)
        except FormatError:
            yield folder
            continue
        yield from objects
        pending.extend(reversed(folders))


def _named(target: str) -> tuple[str, str, str]:
    scheme, _, rest = target.partition("://")
    name, _, prefix = rest.partition("/")
    if "@" in name:
        raise UsageError(
            "a URL with credentials is refused: everybody on this machine can read arguments",
            to_do="Give credentials in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).",
        )
    if not name or "?" in name:
        raise UsageError("the URL names no bucket", to_do=_TO_DO)
    return scheme, name, prefix.strip("/")


def _locator(scheme: str, name: str, key: str) -> Locator:
    return Locator(scheme, (f"{name}/{key}" if key else name,))


def _stamp(stored: Stored) -> str:
    return f"{stored.tag} {stored.size_bytes} {stored.modified_at.isoformat()}"
