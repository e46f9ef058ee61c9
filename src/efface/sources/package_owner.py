"""Tell which package manager put a file where it is, by the manager's own records; nothing is run.

A file that a package manager owns is uninstalled with it: taken away by itself, the manager would put it back with the
next update, and its records would no longer be true.

Sources: PyPA, "Recording installed projects" (RECORD); npm, folders (`node_modules`); Debian Policy and dpkg(1)
(`/var/lib/dpkg/info/*.list`); apk v2 database (`/lib/apk/db/installed`); conda (`conda-meta/*.json`).

Not promised: package managers of which nothing is known here. RPM keeps its records in a database that is not read, so
that every file of a system with one counts as owned.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from efface.model import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Owner", "owner_of"]

_PLAIN = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@/._+:~-]{0,127}", re.ASCII)
_COMMANDS = {
    "pip": "python -m pip uninstall {}",
    "npm": "npm uninstall {}",
    "dpkg": "apt-get purge {}",
    "apk": "apk del {}",
    "conda": "conda remove {}",
}
_OF_SYSTEM = ("usr", "opt", "lib", "lib64", "bin", "sbin", "etc")
_RPM = ("var/lib/rpm", "usr/lib/sysimage/rpm")
_LAYERS = ("docker/overlay2", "docker/containers", "containers/storage", "lib/containerd")
_MOST_BYTES = 64 << 20  # of one record
_MOST_LINE = 16_384  # characters; csv's own limit is one for the whole program, and others set it


@dataclass(frozen=True, slots=True)
class Owner:
    """What owns a file.

    Attributes:
        manager: "pip", "npm", "dpkg", "apk", "conda", "rpm" or "container".
        package: What it calls the package, or "" where it is not known or of an odd form.
        command: What a person runs to take it away, or to ask what it is of.
    """

    manager: str
    package: str
    command: str


def owner_of(path: str) -> Owner | None:
    """Return what owns a file, or None where no record names it.

    Args:
        path: Absolute path of the file, on this machine or in a mounted image.
    """
    place = Path(os.path.normpath(path))
    for find in (_layer, _npm, _python, _conda, _dpkg, _apk, _rpm):
        found = find(place)
        if found is not None:
            return found
    return None


def _owner(manager: str, package: str, place: Path) -> Owner:
    name = package if _PLAIN.fullmatch(package) else ""
    asks = f"{'dpkg-query --search' if manager == 'dpkg' else 'rpm -qf'} {shlex.quote(printable(str(place)))}"
    return Owner(manager, name, _COMMANDS[manager].format(name) if name and manager in _COMMANDS else asks)


def _layer(place: Path) -> Owner | None:
    """Return that a file lies in what containers are made of: the image goes, and never a file in it."""
    is_layer = any(f"/{layer}/" in place.as_posix() for layer in _LAYERS)
    return Owner("container", "", "docker image ls") if is_layer else None


def _npm(place: Path) -> Owner | None:
    names = [pair for pair in pairwise(place.parts[:-1]) if pair[0] == "node_modules"]
    if not names:
        return None
    at = max(number for number, part in enumerate(place.parts[:-2]) if part == "node_modules")
    scoped = place.parts[at + 1].startswith("@")
    return _owner("npm", "/".join(place.parts[at + 1 : at + (3 if scoped else 2)]), place)


def _python(place: Path) -> Owner | None:
    for folder in place.parents:
        if folder.name not in ("site-packages", "dist-packages"):
            continue
        package = _recorded(folder).get(place.relative_to(folder).as_posix())
        if package is not None:
            return _owner("pip", package, place)
    return None


@lru_cache(maxsize=32)  # a plan asks for many files of one place, and its records are many, too
def _recorded(folder: Path) -> dict[str, str]:
    """Return the package of each file that pip installed into a folder."""
    found: dict[str, str] = {}
    for record in _sorted(folder, "*.dist-info/RECORD"):
        for line in _text(record).splitlines():
            if len(line) <= _MOST_LINE:  # a line that names no file takes nothing from the others
                name = next(csv.reader([line]), [])[:1]
                found.setdefault(os.path.normpath("".join(name)), record.parent.name.partition("-")[0])
    return found


def _conda(place: Path) -> Owner | None:
    for folder in place.parents:
        if (folder / "conda-meta").is_dir():
            inside = place.relative_to(folder).as_posix()
            for record in _sorted(folder, "conda-meta/*.json"):
                if inside in _files_of(record):
                    return _owner("conda", record.name.rsplit("-", 2)[0], place)
    return None


def _files_of(record: Path) -> list[str]:
    try:
        found = json.loads(_text(record)).get("files", [])
    except (ValueError, AttributeError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _dpkg(place: Path) -> Owner | None:
    for root, names in _inside(place):
        listed = _listed(root)
        package = next((listed[name] for name in sorted(names) if name in listed), None)
        if package is not None:
            return _owner("dpkg", package, place)
    return None


@lru_cache(maxsize=256)  # as above; most folders are no system's root and have no such records
def _listed(root: Path) -> dict[str, str]:
    """Return the package of each file that dpkg installed into a system, by its path there."""
    found: dict[str, str] = {}
    for record in _sorted(root, "var/lib/dpkg/info/*.list"):
        for name in _text(record).splitlines():
            found.setdefault(name, record.name.removesuffix(".list"))
    return found


def _apk(place: Path) -> Owner | None:
    for root, names in _inside(place):
        package = folder = ""
        for line in _text(root / "lib/apk/db/installed").splitlines():
            mark, _, value = line.partition(":")
            if mark == "P":
                package = value
            elif mark == "F":
                folder = value
            elif mark == "R" and f"/{folder}/{value}".replace("//", "/") in names:
                return _owner("apk", package, place)
    return None


def _rpm(place: Path) -> Owner | None:
    for root in place.parents:
        if any((root / records).is_dir() for records in _RPM):
            return _owner("rpm", "", place) if place.relative_to(root).parts[0] in _OF_SYSTEM else None
    return None


def _inside(place: Path) -> Iterator[tuple[Path, set[str]]]:
    """Yield each folder above as a system's root, with the names of the file in it: /lib may lead into /usr/lib."""
    for root in place.parents:
        name = f"/{place.relative_to(root).as_posix()}"
        yield root, {name, name.removeprefix("/usr"), f"/usr{name}"}


def _sorted(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _text(record: Path) -> str:
    try:
        with record.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
