"""Read every object that a git repository keeps, also those that no branch leads to any more.

Nothing of git is run: no hook, no filter, no configured command. Objects are read as they are stored.

Source: git documentation, gitrepository-layout(5), gitformat-pack(5); the library dulwich reads both.
"""

from __future__ import annotations

import os
import re
import weakref
import zlib
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from efface.errors import AccessError, FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Named", "Pack", "Repository", "is_repository"]

_COMMIT, _TREE, _BLOB, _TAG = 1, 2, 3, 4
_KINDS = {b"commit": _COMMIT, b"tree": _TREE, b"blob": _BLOB, b"tag": _TAG}
_LOOSE = re.compile(r"[0-9a-f]{38}(?:[0-9a-f]{24})?")
_HEX = re.compile(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_MOST_NAMES = 5_000_000
_MOST_DEPTH = 200  # folders inside one another
_HEAD_BYTES = 64
_INDEX_BYTES = 24  # of one object in an index, at least


@dataclass(frozen=True, slots=True)
class Pack:
    """A file of packed objects.

    Attributes:
        name: Its file name without ending; it is a digest of what it holds.
        count: How many objects it holds.
        size_bytes: Its size.
    """

    name: str
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Named:
    """Where an object stands in the history.

    Attributes:
        path: Path in the tree of the first commit in which it was met.
        committed_s: Time of that commit, in seconds since the epoch.
    """

    path: str
    committed_s: int


def is_repository(folder: str) -> bool:
    """Return whether a folder is the inside of a repository: `.git`, a bare one, or that of a submodule."""
    return (
        os.path.isdir(os.path.join(folder, "objects"))
        and os.path.isdir(os.path.join(folder, "refs"))
        and os.path.isfile(os.path.join(folder, "HEAD"))
    )


class Repository:
    """One repository, opened by its inner folder; read-only.

    Args:
        folder: The folder with `objects`, `refs` and `HEAD`.

    Raises:
        UnsupportedError: The library is not installed, or the repository is of a kind it does not read.
        FormatError: It is no repository, or broken.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            from dulwich.repo import Repo  # noqa: PLC0415 - an extra
        except ImportError:
            raise UnsupportedError("the history of git repositories: install efface[git]") from None
        with _guarded():
            repository = Repo(folder, bare=True)
        self._store: Any = repository.object_store
        self._format = repository.object_format
        weakref.finalize(self, self._store.close)
        self._names: dict[bytes, Named] = {}
        self._learnt = False

    def packs(self) -> list[Pack]:
        """Return the packs that have an index, in the order of their names; a damaged index counts none."""
        folder = os.path.join(self._folder, "objects", "pack")
        try:
            names = {name for name in os.listdir(folder) if name.startswith("pack-")}
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AccessError(f"the packs cannot be listed: {error.strerror}") from None
        found = []
        for name in sorted(name.removesuffix(".idx") for name in names if name.endswith(".idx")):
            if f"{name}.pack" in names:
                size = os.stat(os.path.join(folder, f"{name}.pack")).st_size
                found.append(Pack(name, _count(os.path.join(folder, f"{name}.idx")), size))
        return found

    def loose(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the folders of single objects with the names of the files in each, in their order."""
        found = []
        for first in range(256):
            folder = os.path.join(self._folder, "objects", f"{first:02x}")
            with suppress(OSError):
                names = tuple(sorted(name for name in os.listdir(folder) if _LOOSE.fullmatch(name)))
                if names:
                    found.append((f"{first:02x}", names))
        return found

    def packed_ids(self, pack: str, start: int, stop: int) -> list[bytes]:
        """Return the ids (hexadecimal) of some objects of a pack, by their order in its index."""
        from dulwich.pack import load_pack_index  # noqa: PLC0415 - an extra

        path = os.path.join(self._folder, "objects", "pack", f"{pack}.idx")
        if not os.path.isfile(path):
            raise AccessError("the pack is no longer there: the repository was packed anew")
        with _guarded(), closing(load_pack_index(path, self._format)) as index:
            return [entry[0].hex().encode() for entry in islice(index.iterentries(), start, stop)]

    def blob(self, name: bytes, limit_bytes: int) -> bytes | None:
        """Return the content of an object, or None where it is no file of the history.

        Raises:
            FormatError: It is damaged.
            LimitExceededError: It is larger than the limit.
        """
        kind, data = self._object(name, limit_bytes)
        return data if kind == _BLOB else None

    def names(self) -> Iterator[None]:
        """Learn where objects stand in the history; yields now and then, as it takes long."""
        if self._learnt:
            return
        self._learnt = True
        seen: set[bytes] = set()
        pending = self._tips()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            with suppress(FormatError):
                kind, data = self._object(name, 1 << 26)
                head = data.partition(b"\n\n")[0]
                if kind == _COMMIT:
                    tree, *parents = _HEX.findall(
                        b"\n".join(re.findall(rb"^(?:tree|parent) .*", head, re.MULTILINE))
                    )
                    pending += parents
                    yield from self._tree(tree, _committed(head), seen)
                elif kind == _TAG:
                    pending += _HEX.findall(head[:128])
            yield

    def named(self, name: bytes) -> Named | None:
        """Return where an object stands, after `names` was run to its end; None where no branch leads to it."""
        return self._names.get(name)

    def _tree(self, tree: bytes, committed_s: int, seen: set[bytes]) -> Iterator[None]:
        pending = [(tree, "", 0)]
        while pending:
            name, folder, depth = pending.pop()
            if name in seen or depth > _MOST_DEPTH or len(self._names) > _MOST_NAMES:
                continue
            seen.add(name)
            yield
            with suppress(FormatError):
                _, data = self._object(name, 1 << 26)
                for mode, entry, inner in _entries(data, len(name) // 2):
                    path = f"{folder}{entry}"
                    if mode == b"40000":
                        pending.append((inner, f"{path}/", depth + 1))
                    elif mode != b"160000":  # a commit of another repository
                        self._names.setdefault(inner, Named(path, committed_s))

    def _tips(self) -> list[bytes]:
        """Return what branches, tags, stashes, fetches and their logs name."""
        found: set[bytes] = set()
        for base, _, files in os.walk(self._folder):
            inside = os.path.relpath(base, self._folder).split(os.sep)[0]
            if inside not in {".", "refs", "logs"}:
                continue
            for file in files:
                if inside == "." and not (file == "packed-refs" or file.endswith("HEAD")):
                    continue
                with suppress(OSError), open(os.path.join(base, file), "rb") as stream:
                    found |= set(_HEX.findall(stream.read(1 << 24)))
        return sorted(found)

    def _object(self, name: bytes, limit_bytes: int) -> tuple[int, bytes]:
        path = os.path.join(self._folder, "objects", name[:2].decode(), name[2:].decode())
        if os.path.isfile(path):
            return _loose(path, limit_bytes)
        with _guarded():
            kind, data = self._store.get_raw(name)
        if len(data) > limit_bytes:
            raise LimitExceededError(f"{len(data)} bytes is more than artefact_bytes = {limit_bytes}")
        return kind, data


def _count(path: str) -> int:
    """Return how many objects an index names (gitformat-pack, the last entry of its fan-out table)."""
    with open(path, "rb") as file:
        head = file.read(8 + 256 * 4)
    start = 8 if head[:4] == b"\xfftOc" else 0
    count = int.from_bytes(head[start + 255 * 4 : start + 256 * 4], "big")
    return count if count * _INDEX_BYTES <= os.stat(path).st_size else 0


def _loose(path: str, limit_bytes: int) -> tuple[int, bytes]:
    """Return kind and content of a single object; never more than the limit is unpacked."""
    try:
        with open(path, "rb") as stream:
            machine = zlib.decompressobj()
            data = machine.decompress(stream.read(limit_bytes), limit_bytes + _HEAD_BYTES)
    except OSError as error:
        raise AccessError(f"cannot be read: {error.strerror}") from None
    except zlib.error:
        raise FormatError("an object is damaged") from None
    head, end, content = data.partition(b"\0")
    kind, _, size = head.partition(b" ")
    if not end or kind not in _KINDS or not size.isdigit():
        raise FormatError("an object is damaged")
    if int(size) > limit_bytes:
        raise LimitExceededError(f"{int(size)} bytes is more than artefact_bytes = {limit_bytes}")
    if int(size) != len(content):
        raise FormatError("an object is cut off")
    return _KINDS[kind], content


def _entries(tree: bytes, digest_bytes: int) -> Iterator[tuple[bytes, str, bytes]]:
    """Yield mode, name and id of each entry of a tree object."""
    at = 0
    while at < len(tree):
        space = tree.find(b" ", at)
        end = tree.find(b"\0", space)
        stop = end + 1 + digest_bytes
        if not at < space < end or stop > len(tree):
            raise FormatError("a tree is damaged")
        name = tree[space + 1 : end].decode("utf-8", "surrogateescape")
        yield tree[at:space], name, tree[end + 1 : stop].hex().encode()
        at = stop


def _committed(head: bytes) -> int:
    match = re.search(rb"^committer .* (\d{1,12}) [+-]\d{4}$", head, re.MULTILINE)
    return int(match[1]) if match else 0


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn what the library raises on damage into our own words."""
    try:
        yield
    except (AccessError, FormatError):
        raise
    except MemoryError:
        raise LimitExceededError("an object needs more memory than there is") from None
    except OSError as error:
        raise AccessError(
            f"the repository cannot be read: {error.strerror or type(error).__name__}"
        ) from None
    except Exception as error:  # noqa: BLE001 - the library raises many kinds on damage, its own and builtin
        raise FormatError(f"the repository is damaged ({type(error).__name__})") from None
