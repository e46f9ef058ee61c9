"""What programs keep beside a file, or away from it, that was made of it: thumbnails, regions of faces, backups.

One entry of `KINDS` for each kind. Nothing is opened beyond what tells that a copy is of this very file; what cannot
be told of one file (a cache of a whole folder or user) is named as one that may hold it.

Not promised: kinds that are not in the table, copies under other names, caches of other users that cannot be read.
Source: freedesktop.org Thumbnail Managing Standard 0.9 (file names, shared repositories); Apple, AppleSingle and
AppleDouble Formats (`._` files); Synology DSM (`@eaDir`); Git documentation, gitformat-index; Microsoft Windows
(Thumbs.db, thumbcache); Picasa 3 (`.picasa.ini`, `.picasaoriginals`).
"""

from __future__ import annotations

import glob
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from efface.errors import FormatError
from efface.formats import face_regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["KINDS", "Copy", "Kind", "copies_of", "without_faces"]

_MAX_BYTES = 16 << 20  # of a file that is read to tell whose it is
_SIZES = ("normal", "large", "x-large", "xx-large")
_BACKUPS = ("{0}~", "{0}.bak", "{0}.old", "{0}.orig", "#{0}#", ".{0}.swp", ".{0}.swo", ".#{0}")
_INDEX_4 = b"DIRC\x00\x00\x00\x04"


@dataclass(frozen=True, slots=True)
class Copy:
    """Something that was made of a file.

    Attributes:
        kind: Name of the kind.
        path: Where it is.
        only_this: Whether it is of this file alone.
    """

    kind: str
    path: str
    only_this: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of derived copy.

    Attributes:
        name: Its name.
        find: Yields paths for the path of a file, and whether each is of this file alone.
        edit: Given the bytes and the file's name, returns the bytes without what tells of faces; None where the copy
            goes whole.
        goes: Whether efface may take it away when the user says so; of others the plan says what to do.
    """

    name: str
    find: Callable[[str], Iterator[tuple[str, bool]]]
    edit: Callable[[bytes, str], bytes] | None = None
    goes: bool = True


def copies_of(path: str) -> list[Copy]:
    """Return the derived copies of a file that are there, whether or not the file still is."""
    found = []
    for kind in KINDS:
        for each, only_this in kind.find(os.path.abspath(path)):
            if os.path.lexists(each):
                found.append(Copy(kind.name, each, only_this))
    return found


def without_faces(copy: Copy, data: bytes, path: str) -> bytes | None:
    """Return the bytes of a copy without what tells of faces in a file; None where it goes whole."""
    edit = next(kind.edit for kind in KINDS if kind.name == copy.kind)
    return None if edit is None else edit(data, os.path.basename(path))


def _in_folder(*names: str) -> Callable[[str], Iterator[tuple[str, bool]]]:
    def find(path: str) -> Iterator[tuple[str, bool]]:
        for name in names:
            yield os.path.join(os.path.dirname(path), name), False

    return find


def _homes(path: str) -> list[str]:
    """Return the home folder of who runs this, and the one in which the file lies."""
    parts = path.split(os.sep)
    homes = [os.path.expanduser("~")]
    for at, name in enumerate(parts[:-2]):
        if name in ("home", "Users", "users"):
            homes.append(os.sep.join(parts[: at + 2]))
    return list(dict.fromkeys(homes))


def _freedesktop(path: str) -> Iterator[tuple[str, bool]]:
    name = hashlib.md5(f"file://{quote(path)}".encode(), usedforsecurity=False).hexdigest()
    shared = hashlib.md5(quote(os.path.basename(path)).encode(), usedforsecurity=False).hexdigest()
    caches = [os.path.join(home, ".cache") for home in _homes(path)]
    if os.environ.get("XDG_CACHE_HOME"):
        caches.insert(0, os.environ["XDG_CACHE_HOME"])
    for cache in dict.fromkeys(caches):
        for size in _SIZES:
            yield os.path.join(cache, "thumbnails", size, f"{name}.png"), True
    for size in _SIZES:
        yield os.path.join(os.path.dirname(path), ".sh_thumbnails", size, f"{shared}.png"), True


def _thumbcache(path: str) -> Iterator[tuple[str, bool]]:
    for home in _homes(path):
        folder = os.path.join(glob.escape(home), "AppData", "Local", "Microsoft", "Windows", "Explorer")
        for each in sorted(glob.glob(os.path.join(folder, "thumbcache_*.db"))):
            yield each, False


def _synology(path: str) -> Iterator[tuple[str, bool]]:
    folder = os.path.join(os.path.dirname(path), "@eaDir", os.path.basename(path))
    for each in sorted(glob.glob(os.path.join(glob.escape(folder), "*"))):
        yield each, True
    for each in sorted(glob.glob(glob.escape(folder) + "@Syno*")):
        yield each, True


def _apple(path: str) -> Iterator[tuple[str, bool]]:
    yield os.path.join(os.path.dirname(path), f"._{os.path.basename(path)}"), True


def _ds_store(path: str) -> Iterator[tuple[str, bool]]:
    store = os.path.join(os.path.dirname(path), ".DS_Store")
    if os.path.basename(path).encode("utf-16-be", "surrogatepass") in _read(store):
        yield store, False


def _picasa(path: str) -> Iterator[tuple[str, bool]]:
    folder, name = os.path.split(path)
    for each in (".picasa.ini", "Picasa.ini", "picasa.ini"):
        ini = os.path.join(folder, each)
        if face_regions.has_picasa_faces(_read(ini), name):
            yield ini, True


def _originals(path: str) -> Iterator[tuple[str, bool]]:
    folder, name = os.path.split(path)
    for each in (".picasaoriginals", "Originals"):
        yield os.path.join(folder, each, name), True


def _xmp(path: str) -> Iterator[tuple[str, bool]]:
    for each in dict.fromkeys((f"{path}.xmp", f"{os.path.splitext(path)[0]}.xmp", f"{path}.XMP")):
        try:
            if each != path and face_regions.has_regions(_read(each) or b"<x/>"):
                yield each, True
        except FormatError:  # whether it tells of faces cannot be said
            yield each, True


def _backups(path: str) -> Iterator[tuple[str, bool]]:
    folder, name = os.path.split(path)
    for pattern in _BACKUPS:
        yield os.path.join(folder, pattern.format(name)), True


def _git(path: str) -> Iterator[tuple[str, bool]]:
    """Yield the repository whose index lists a file; deleted earlier, it may be in the history all the same."""
    folder = os.path.dirname(path)
    while folder != os.path.dirname(folder):
        folder_git = os.path.join(folder, ".git")
        if os.path.isdir(folder_git):
            index = _read(os.path.join(folder_git, "index"))
            inside = os.fsencode(os.path.relpath(path, folder).replace(os.sep, "/")) + b"\0"
            if index.startswith(_INDEX_4) or inside in index:
                yield folder_git, True
            return
        folder = os.path.dirname(folder)


def _read(path: str) -> bytes:
    """Return a small file; nothing where it is not there, cannot be read, or is no plain file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(_MAX_BYTES)
        except OSError:
            return b""


KINDS = (
    Kind("thumbs-db", _in_folder("Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db")),
    Kind("thumbcache", _thumbcache),
    Kind("thumbnail", _freedesktop),
    Kind("ea-dir", _synology),
    Kind("apple-double", _apple),
    Kind("ds-store", _ds_store),
    Kind("picasa-faces", _picasa, face_regions.without_picasa_faces),
    Kind("picasa-original", _originals),
    Kind("xmp-regions", _xmp, lambda data, _name: face_regions.without_regions(data)),
    Kind("backup", _backups),
    Kind("git-history", _git, goes=False),
)
"""Every kind that is known; a new one costs an entry, and a case in its test."""
