"""Where something is: from the outermost container to the innermost part, printed as a URI."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote, unquote

__all__ = ["Box", "Locator", "printable"]

_SAFE = "/:@,;=+$&()*'~"
_PLAIN = re.compile(rf"[A-Za-z0-9_.{re.escape(_SAFE)}-]*")  # nothing in it to be quoted, as in most paths
_XYWH = re.compile(r"(?:^|&)xywh=pixel:(\d+),(\d+),(\d+),(\d+)(?:&|$)")
_TIMES = re.compile(r"(?:^|&)t=(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)(?:&|$)")
_TRACK = re.compile(r"(?:^|&)track=(\d+)(?:&|$)")
_PAGE = re.compile(r"(?:^|&)page=(\d+)(?:&|$)")


def printable(text: str) -> str:
    r"""Return text that any UTF-8 output can hold; undecodable bytes of a name become \xNN."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


@lru_cache(maxsize=1024)  # a place is told several times while it is looked at
def _quoted(part: str) -> str:
    if _PLAIN.fullmatch(part):
        return part
    try:
        raw = part.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a UTF-16 pair, as a JSON key may hold: not a byte of a file's name
        raw = part.encode("utf-8", "backslashreplace")
    return quote(raw, safe=_SAFE)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture as a viewer shows it, origin top left.

    Source: W3C Media Fragments URI 1.0, 4.2.2 (spatial dimension, unit pixel).
    """

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Locator:
    """A place: scheme, path from the outermost container to the innermost, and a fragment.

    Attributes:
        scheme: "file", "stdin", or a database's or object store's scheme.
        path: Names from the outermost container inwards; the first is the path of a file, the others
            are members of archives, thumbnails of pictures and the like. Bytes of a name that no
            encoding explains are kept as surrogate escapes.
        fragment: A region (`xywh=pixel:x,y,w,h`, `page=n&xywh=...`), a time (`t=start,end`), or a
            place in data (`/schema.table/column`, a JSON pointer with `*` for any element); or None.
    """

    scheme: str
    path: tuple[str, ...]
    fragment: str | None = None

    @classmethod
    def of_file(cls, path: str | os.PathLike[str]) -> Locator:
        """Return the locator of a file on this machine, made absolute without resolving links."""
        return cls("file", (os.path.abspath(os.fspath(path)),))

    @classmethod
    def parse(cls, uri: str) -> Locator:
        """Return the locator that a URI printed by `uri` stands for; `parse(x.uri) == x`."""
        scheme, _, rest = uri.partition("://")
        body, mark, fragment = rest.partition("#")
        path = tuple(unquote(part, errors="surrogateescape") for part in body.split("!/"))
        return cls(scheme, path, unquote(fragment, errors="surrogateescape") if mark else None)

    @property
    def uri(self) -> str:
        """The locator as a URI; always plain ASCII."""
        body = "!/".join(_quoted(part) for part in self.path)
        return f"{self.scheme}://{body}" + ("" if self.fragment is None else f"#{_quoted(self.fragment)}")

    @property
    def container(self) -> Locator:
        """The outermost thing, which is what can be opened, replaced or erased in its place."""
        return Locator(self.scheme, self.path[:1])

    @property
    def box(self) -> Box | None:
        """The region in pixels, or None."""
        match = _XYWH.search(self.fragment or "")
        return Box(*(int(group) for group in match.groups())) if match else None

    @property
    def page(self) -> int | None:
        """The page (counted from 1) of a picture with several pages, or None."""
        match = _PAGE.search(self.fragment or "")
        return int(match.group(1)) if match else None

    @property
    def times(self) -> tuple[float, float] | None:
        """From when to when of a recording, in seconds from the start of its stream, or None."""
        match = _TIMES.search(self.fragment or "")
        return (float(match.group(1)), float(match.group(2))) if match else None

    @property
    def track(self) -> int | None:
        """The number of the stream of a recording, or None for its first one of pictures."""
        match = _TRACK.search(self.fragment or "")
        return int(match.group(1)) if match else None

    def child(self, name: str) -> Locator:
        """Return the locator of a part inside this container."""
        return Locator(self.scheme, (*self.path, name))

    def at(self, fragment: str | None) -> Locator:
        """Return this place with another fragment."""
        return replace(self, fragment=fragment)

    def at_box(self, box: Box, *, page: int | None = None) -> Locator:
        """Return this place narrowed to a region, of one page where the picture has several."""
        region = f"xywh=pixel:{box.x},{box.y},{box.width},{box.height}"
        return self.at(region if page is None else f"page={page}&{region}")

    def __str__(self) -> str:
        return self.uri
