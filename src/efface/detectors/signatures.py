"""Traces by which software that recognises people is known: data, one entry a trace, each with its source.

The files in `data/signatures/` hold a table for each kind of trace. An entry's key is the name that is looked
for, or, where text is looked for, a name of the entry's own:

    [pip]
    "face-recognition" = { system = "face_recognition", tells = "recognition", source = "...", negative = "..." }
    [endpoint]
    baidu-face = { text = ["..."], system = "...", tells = "cloud", source = "...", positive = "...", negative = "..." }

Every entry brings what it must fire on (`positive`; the key itself where it is left out) and something close that it
must not fire on (`negative`); the tests build a file of the kind from both.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BY_NAME", "BY_PACKAGE", "BY_TEXT", "Kind", "Signature", "Tells", "named", "of_kind", "signatures"]


class Tells(StrEnum):
    """What a trace says of the software that left it."""

    RECOGNITION = "recognition"
    """It compares people: by itself, or through what it is made to call."""
    CLOUD = "cloud"
    """It sends faces to a service that compares them; an empty local gallery proves nothing."""
    ENROLMENT = "enrolment"
    """It has enrolled people: a gallery, or a log that says so."""
    DEVICE = "device"
    """It talks to devices of which some recognise people."""
    LIVENESS = "liveness"
    """It tells a live face from a picture, mostly before a comparison elsewhere."""
    DETECTION = "detection"
    """It finds faces, and compares none."""
    EFFECTS = "effects"
    """It draws on faces, and compares none."""

    @property
    def recognises(self) -> bool:
        """Return whether the trace alone is one of a system that recognises."""
        return self in (Tells.RECOGNITION, Tells.CLOUD, Tells.ENROLMENT)


class Kind(StrEnum):
    """What kind of thing leaves a trace."""

    PIP = "pip"
    NPM = "npm"
    MAVEN = "maven"
    NUGET = "nuget"
    GO = "go"
    APT = "apt"
    COMPOSER = "composer"
    LIBRARY = "library"
    MODEL = "model"
    LICENCE = "licence"
    GALLERY = "gallery"
    SYMBOL = "symbol"
    ANDROID = "android"
    INSTALLER = "installer"
    ENDPOINT = "endpoint"
    CODE = "code"
    CONFIG = "config"
    IMAGE = "image"
    SERVICE = "service"
    LOG = "log"


BY_PACKAGE = (Kind.PIP, Kind.NPM, Kind.MAVEN, Kind.NUGET, Kind.GO, Kind.APT, Kind.COMPOSER)
BY_NAME = (Kind.LIBRARY, Kind.MODEL, Kind.LICENCE, Kind.GALLERY)
BY_TEXT = (
    *(Kind.SYMBOL, Kind.ANDROID, Kind.INSTALLER, Kind.ENDPOINT),
    *(Kind.CODE, Kind.CONFIG, Kind.IMAGE, Kind.SERVICE, Kind.LOG),
)
_CONFIDENCE = {
    **dict.fromkeys(BY_PACKAGE, 0.95),
    Kind.LIBRARY: 0.9,
    Kind.MODEL: 0.9,
    Kind.LICENCE: 0.85,
    Kind.GALLERY: 0.8,
    Kind.SYMBOL: 0.9,
    Kind.ANDROID: 0.95,
    Kind.INSTALLER: 0.9,
    Kind.ENDPOINT: 0.9,
    Kind.CODE: 0.85,
    Kind.CONFIG: 0.85,
    Kind.IMAGE: 0.95,
    Kind.SERVICE: 0.8,
    Kind.LOG: 0.7,
}
"""How sure a trace of a kind is, unless the entry says otherwise: a judgement, not a measured rate."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One trace.

    Attributes:
        id: Kind and key.
        kind: What kind of thing leaves it.
        names: Patterns of names (`*` stands for anything), in small letters.
        text: What stands in the content: literal texts, or `/expressions/` (`/.../i` whatever the case).
        all_of: Whether all texts must stand there, rather than one.
        sizes: Sizes in bytes that a file of this name is published with; empty for any.
        digests: Digests in lower hex, MD5 or SHA-256: they decide under any name.
        system: Name of the software or service.
        vendor: Who makes it, or "".
        tells: What it says.
        confidence: How sure it is, 0 to 1.
        source: Where the trace is taken from.
        positive: What it must fire on.
        negative: Something close that it must not fire on.
    """

    id: str
    kind: Kind
    names: tuple[str, ...]
    text: tuple[str, ...]
    all_of: bool
    sizes: tuple[int, ...]
    digests: tuple[str, ...]
    system: str
    vendor: str
    tells: Tells
    confidence: float
    source: str
    positive: str
    negative: str = field(default="")


@cache
def signatures() -> dict[str, Signature]:
    """Return all signatures by id, in the order of the files."""
    folder = resources.files("efface.detectors").joinpath("data/signatures")
    found: dict[str, Signature] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        for kind, entries in tomllib.loads(file.read_text("utf-8")).items():
            for key, entry in entries.items():
                signature = _signature(Kind(kind), key, dict(entry))
                found[signature.id] = signature
    return found


def _signature(kind: Kind, key: str, entry: dict[str, Any]) -> Signature:
    text = tuple(entry.pop("text", ()))
    names = tuple(name.lower() for name in entry.pop("names", () if text else (key,)))
    made = Signature(
        id=f"{kind}/{key}",
        kind=kind,
        names=names,
        text=text,
        all_of=entry.pop("all", False),
        sizes=tuple(entry.pop("sizes", ())),
        digests=tuple(entry.pop("digests", ())),
        system=entry.pop("system"),
        vendor=entry.pop("vendor", ""),
        tells=Tells(entry.pop("tells")),
        confidence=entry.pop("confidence", _CONFIDENCE[kind]),
        source=entry.pop("source"),
        positive=entry.pop("positive", key),
        negative=entry.pop("negative"),
    )
    if entry or (bool(text) != (kind in BY_TEXT)):
        message = f"{made.id}: unknown or missing fields ({', '.join(sorted(entry)) or 'text'})"
        raise ValueError(message)
    return made


@cache
def of_kind(kind: Kind) -> tuple[Signature, ...]:
    """Return the signatures of a kind."""
    return tuple(each for each in signatures().values() if each.kind is kind)


def named(kind: Kind, names: Iterable[str]) -> Iterator[tuple[str, Signature]]:
    """Yield each of some names that a signature of a kind knows, with the signature."""
    exact, pattern, patterns = _names(kind)
    for name in names:
        low = name.lower()
        if low in exact:
            yield name, exact[low]
        elif pattern is not None and pattern.fullmatch(low):
            yield name, next(each for glob, each in patterns if glob.fullmatch(low))


@cache
def _names(
    kind: Kind,
) -> tuple[dict[str, Signature], re.Pattern[str] | None, list[tuple[re.Pattern[str], Signature]]]:
    exact: dict[str, Signature] = {}
    globs: list[tuple[str, Signature]] = []
    for signature in of_kind(kind):
        for name in signature.names:
            if "*" in name:
                globs.append((fnmatch.translate(name), signature))
            else:
                exact[name] = signature
    joined = re.compile("|".join(f"(?:{glob})" for glob, _ in globs)) if globs else None
    return exact, joined, [(re.compile(glob), signature) for glob, signature in globs]
