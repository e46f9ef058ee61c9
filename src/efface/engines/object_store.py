"""List and read objects of S3 and its kind with obstore, read-only, in pages and ranges.

Where the store is and who asks comes from the environment alone, in the names that the vendors' own tools
use (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_PROFILE's result, GOOGLE_..., AZURE_...), never from the URL.

Source: Amazon S3 API Reference: ListObjectsV2, GetObject (Range, If-Match); RFC 9110 13.1.1 and 14.2.
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from efface.errors import AccessError, FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["SCHEMES", "Bucket", "Stored", "bucket"]

SCHEMES = {"s3": "s3", "gs": "gs", "az": "az"}
"""URL schemes that are read, and the store's own word for each."""

_PAGE = 1_000  # the most that one answer of ListObjectsV2 holds
_READ_BYTES = 8 << 20
_RETRIES = 5
_PATIENCE = timedelta(seconds=60)  # for one request with all its repetitions


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as it is listed.

    Attributes:
        key: Its name in the bucket.
        size_bytes: Its size.
        tag: Its entity tag, or "" where the store gives none.
        modified_at: Aware UTC time of last change.
    """

    key: str
    size_bytes: int
    tag: str
    modified_at: datetime


@cache
def bucket(scheme: str, name: str) -> Bucket:
    """Return a bucket; nothing is asked of the store yet. One per process and name.

    Raises:
        UnsupportedError: The library is not installed.
        AccessError: The environment's settings are not usable.
    """
    try:
        from obstore import store as stores  # noqa: PLC0415 - an extra
    except ImportError:
        raise UnsupportedError("object stores: install efface[objects]") from None
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    config: dict[str, str] = {"endpoint": endpoint} if scheme == "s3" and endpoint else {}
    # A plain connection only where the user's own setting names one.
    options = {"timeout": "60s", "connect_timeout": "10s", "allow_http": endpoint.startswith("http://")}
    with _guarded():
        store = stores.from_url(
            f"{SCHEMES[scheme]}://{name}",
            config=config or None,  # type: ignore[call-overload]
            client_options=options,
            retry_config={"max_retries": _RETRIES, "retry_timeout": _PATIENCE},
        )
    return Bucket(store)


class Bucket:
    """One bucket, read-only.

    Not promised: older versions of objects, objects behind a delete marker, multipart uploads that were
    never finished; a store that can list them holds them still.
    """

    def __init__(self, store: Any) -> None:  # noqa: ANN401 - the library's own type
        self._store = store

    def objects(self, prefix: str, *, most: int | None = None) -> Iterator[Stored]:
        """Yield the objects under a prefix of whole names, page by page; at most so many.

        Raises:
            AccessError: The store does not answer, or refuses.
            FormatError: A name among them cannot be asked for; nothing of its page was given.
        """
        import obstore  # noqa: PLC0415 - an extra

        size = _PAGE if most is None else min(most, _PAGE)
        given = 0
        with _guarded():
            for page in obstore.list(self._store, prefix or None, chunk_size=size):
                for meta in page:
                    if most is not None and given >= most:
                        return
                    given += 1
                    yield _stored(meta)

    def level(self, prefix: str) -> tuple[list[str], list[Stored]]:
        """Return the folders and the objects right under a prefix.

        Raises:
            AccessError: The store does not answer, or refuses.
            FormatError: A name among them cannot be asked for.
        """
        import obstore  # noqa: PLC0415 - an extra

        with _guarded():
            found = obstore.list_with_delimiter(self._store, prefix or None)
        return list(found["common_prefixes"]), [_stored(meta) for meta in found["objects"]]

    def head(self, key: str) -> Stored:
        """Return one object as it is now; AccessError when it is gone."""
        import obstore  # noqa: PLC0415 - an extra

        with _guarded():
            return _stored(obstore.head(self._store, key))

    def read(self, stored: Stored, start: int = 0, length: int | None = None) -> bytes:
        """Return a range of an object as it was listed.

        Raises:
            AccessError: It is gone, has changed since, or cannot be read.
        """
        import obstore  # noqa: PLC0415 - an extra

        end = stored.size_bytes if length is None else min(start + length, stored.size_bytes)
        if end <= start:
            return b""
        options: dict[str, Any] = {"range": (start, end)}
        if stored.tag:
            options["if_match"] = stored.tag
        with _guarded():
            data = bytes(obstore.get(self._store, stored.key, options=options).bytes())  # type: ignore[arg-type]
        if len(data) != end - start:
            raise AccessError("the object is shorter than it was listed: it changed while it was read")
        return data

    def open(self, stored: Stored) -> io.BufferedReader:
        """Return a seekable reader that asks for ranges as they are needed."""
        return io.BufferedReader(_Ranges(self, stored), _READ_BYTES)


class _Ranges(io.RawIOBase):
    """A file over ranges of one object."""

    def __init__(self, bucket_: Bucket, stored: Stored) -> None:
        self._bucket, self._stored, self._at = bucket_, stored, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._stored.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("negative position")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        data = self._bucket.read(self._stored, self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _stored(meta: Any) -> Stored:  # noqa: ANN401 - the library's own type
    return Stored(meta["path"], int(meta["size"]), meta["e_tag"] or "", meta["last_modified"])


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn what the library raises into words of our own: its messages quote answers, keys and addresses."""
    from obstore import exceptions  # noqa: PLC0415 - an extra

    try:
        yield
    except (FileNotFoundError, exceptions.NotFoundError):
        raise AccessError("there is no such bucket or object") from None
    except (PermissionError, exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise AccessError("the store refuses access", to_do=_CREDENTIALS) from None
    except exceptions.PreconditionError:
        raise AccessError("the object changed after it was listed") from None
    except (exceptions.BaseError, OSError, ValueError) as error:
        text = str(error).lower()
        if "nosuchbucket" in text:
            raise AccessError("there is no such bucket or object") from None
        if any(mark in text for mark in _REFUSED):
            raise AccessError("the store refuses access", to_do=_CREDENTIALS) from None
        if any(mark in text for mark in _UNASKABLE):
            raise FormatError("an object has a name that cannot be asked for (an empty part)") from None
        raise AccessError(f"the store does not answer as it should ({_kind(error)})", to_do=_REACH) from None


def _kind(error: BaseException) -> str:
    text = str(error).lower()
    return next((word for mark, word in _KINDS if mark in text), type(error).__name__)


_KINDS = (
    ("status code: 5", "server error"),
    ("status code: 429", "too many requests"),
    ("operation timed out", "timed out"),
    ("dns error", "no such host"),
    ("error trying to connect", "no connection"),
    ("expired", "the credentials have expired"),
)
_REFUSED = ("status code: 401", "status code: 403", "403 forbidden", "401 unauthorized")
_UNASKABLE = ("path segment", "encountered object with invalid path", "invalid path")
_CREDENTIALS = "Give credentials that may list and read, in the environment (AWS_ACCESS_KEY_ID, ...)."
_REACH = "Check the address (AWS_ENDPOINT_URL) and the network, and run the same command again: it goes on."
