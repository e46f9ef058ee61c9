"""Compare places of different runs: one way of writing a path, folders that many things share, databases by name."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Locator

__all__ = ["Database", "Ways", "database_of", "folders_of", "holds", "host_of", "is_shared"]

_IMAGE = "root://"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_COMMON = frozenset(
    {
        *(
            "",
            "bin",
            "boot",
            "data",
            "etc",
            "home",
            "lib",
            "lib64",
            "local",
            "media",
            "mnt",
            "opt",
            "private",
            "proc",
        ),
        *(
            "root",
            "run",
            "sbin",
            "share",
            "srv",
            "sys",
            "tmp",
            "usr",
            "var",
            "www",
            "users",
            "windows",
            "volumes",
        ),
        *(
            "program files",
            "program files (x86)",
            "programdata",
            "desktop",
            "documents",
            "downloads",
            "log",
            "cache",
        ),
        *(
            "site-packages",
            "dist-packages",
            "node_modules",
            "html",
            "containers",
            "docker",
            "workspace",
            "projects",
        ),
    }
)
"""Names of folders that hold things of different origin: to lie in one ties nothing."""
_HOLDERS = frozenset({"home", "users", "mnt", "media", "volumes"})
"""A folder in one of these is a person's, or a disk, and not that of a program."""
_DATABASE = re.compile(r"(?P<host>\[[^\]]*\]|[^:/;]*)(?::(?P<port>\d+))?(?:/(?P<name>[^;]*))?")
_NO_NAMES = frozenset({"", "postgres", "mysql", "master", "test", "public", "admin"})


class Ways:
    """Paths as they are on the machine: what an image of it is mounted under is taken off.

    Args:
        targets: Of all the runs.
    """

    def __init__(self, targets: Iterable[str]) -> None:
        roots = {
            unquote(each.removeprefix(_IMAGE)).rstrip("/") for each in targets if each.startswith(_IMAGE)
        }
        self._roots = sorted(filter(None, roots), key=len, reverse=True)

    def way(self, locator: Locator) -> str:
        """Return the path of a file from the outermost thing inwards, or "" for what is no file."""
        if locator.scheme != "file":
            return ""
        way = "/".join((locator.path[0].replace("\\", "/"), *(part.strip("/") for part in locator.path[1:])))
        root = next((root for root in self._roots if way.startswith(f"{root}/")), "")
        return way.removeprefix(root).rstrip("/") or "/"

    def named(self, path: str, by: Locator) -> str:
        """Return the path that a file names, relative ones from its own folder."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.way(by)), path))


def is_shared(folder: str) -> bool:
    """Return whether a folder holds things of different origin, so that to lie in it ties nothing."""
    parts = folder.strip("/").lower().split("/")
    return len(parts) < 2 or parts[-1] in _COMMON or parts[-2] in _HOLDERS


def folders_of(path: str) -> Iterator[str]:
    """Yield a path and its folders, the innermost first, but for those to lie in which ties nothing."""
    while path.strip("/"):
        if not is_shared(path):
            yield path
        path = path.rpartition("/")[0]


def holds(folder: str, path: str) -> bool:
    """Return whether a path is a folder, or lies in it."""
    return bool(folder) and (path == folder or path.startswith(folder.rstrip("/") + "/"))


class Database(NamedTuple):
    """A database by what two sides may both say of it."""

    system: str
    host: str
    port: str
    name: str

    @property
    def is_local(self) -> bool:
        """Whether its address means another machine on each machine."""
        return self.host in _LOCAL

    def is_same(self, other: Database) -> bool:
        """Return whether both are the same system, server and name."""
        ports = {self.port, other.port} - {""}
        return (self.host, self.name) == (other.host, other.name) and len(ports) < 2 and self._fits(other)

    def has_name_of(self, other: Database) -> bool:
        """Return whether both have one name, which is none that every server has."""
        return self.name == other.name and self.name.lower() not in _NO_NAMES and self._fits(other)

    def _fits(self, other: Database) -> bool:
        return "database" in (self.system, other.system) or self.system == other.system


def database_of(address: str) -> Database | None:
    """Return the database of an address without a login, as `scheme://host:port/name`, or None."""
    scheme, mark, rest = address.partition("://")
    match = _DATABASE.match(rest)
    if not mark or match is None or not match["host"]:
        return None
    host = match["host"].strip("[]").lower()
    system = scheme.partition("+")[0]
    return Database(system, "localhost" if host in _LOCAL else host, match["port"] or "", match["name"] or "")


def host_of(device: Locator) -> str:
    """Return the host of a device's place."""
    place = device.path[0]
    if place.startswith("["):
        return place[1:].partition("]")[0].lower()
    host, _, port = place.rpartition(":")
    return (host if host and port.isdigit() and ":" not in host else place).lower()
