"""The history of a git repository: every file that any version of it held, and what no branch leads to."""

from __future__ import annotations

import hashlib
import os
import posixpath
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from efface.engines.git_objects import Repository, is_repository
from efface.errors import AccessError, FormatError, UsageError
from efface.model import Beat, Collection, Gap, GapReason, Locator, Part, Surroundings, Unit, printable
from efface.sources.archive import reason_of
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Limits

__all__ = ["GitHistory"]

_SCHEME = "git://"
_BATCH = 500  # objects of one unit
_OBJECTS = "objects/"


class GitHistory:
    """Files in the objects of a repository, in batches of packed or single objects.

    `git:///path` names a repository; one that lies in a scanned folder is found there by itself. A batch
    of a pack never changes, so a second scan reads only what is new. A file's place is its path in the
    history and the beginning of its object's id: `git:///repo/.git!/faces/db.pkl@0a1b2c3d4e5f`.

    Not promised: texts of commits and tags; objects of another repository that this one borrows from
    (alternates), beyond what its own need; large files kept outside (LFS), which are files of the folder.
    """

    name = "git"
    version = 1

    def __init__(self) -> None:
        self._open: dict[str, Repository] = {}

    def claims(self, target: str) -> bool:
        """Return whether the target is a URL of a local repository."""
        return target.startswith(_SCHEME)

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the batches of a repository.

        Raises:
            UsageError: There is no repository.
        """
        path = os.path.realpath(Locator.parse(target).path[0])
        inner = path if is_repository(path) else os.path.join(path, ".git")
        if not is_repository(inner):
            raise UsageError(f"{printable(target)}: there is no git repository", to_do="Name its folder.")
        yield from self.batches(inner)

    def batches(self, folder: str) -> Iterator[Unit | Gap]:
        """List the batches of the repository whose inner folder is given; a damaged one is a gap."""
        place = Locator("git", (folder,))
        try:
            repository = self._repository(folder)
            packs, loose = repository.packs(), repository.loose()
        except (AccessError, FormatError) as error:
            reason = reason_of(error) if isinstance(error, FormatError) else GapReason.UNREADABLE
            yield Gap(place, "list", reason, str(error))
            return
        for pack in packs:
            if not pack.count:
                yield Gap(
                    place.child(_OBJECTS + pack.name),
                    "list",
                    GapReason.UNREADABLE,
                    "a pack with a damaged index",
                )
            for start in range(0, pack.count, _BATCH):
                stop = min(start + _BATCH, pack.count)
                unit = place.child(_OBJECTS + pack.name).at(f"objects={start},{stop}")
                size = pack.size_bytes * (stop - start) // pack.count
                yield Unit(unit.uri, size, f"{pack.name} {pack.size_bytes}", self.name)
        for first, names in loose:
            digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
            yield Unit(place.child(_OBJECTS + first).uri, 0, digest, self.name)

    def open(self, unit: Unit, limits: Limits) -> Collection:
        """Open one batch; its parts are the files among its objects."""
        locator = Locator.parse(unit.uri)
        repository = self._repository(locator.path[0])
        names = _ids(repository, locator)
        return Collection(locator, lambda: self._parts(repository, locator, names, limits))

    def stamp(self, unit: Unit) -> str:
        """Return the stamp as it is now; AccessError when the batch is no longer there."""
        folder = Locator.parse(unit.uri).path[0]
        for each in self.batches(folder):
            if isinstance(each, Unit) and each.uri == unit.uri:
                return each.stamp
        raise AccessError("the objects are no longer there: the repository was packed anew")

    def _repository(self, folder: str) -> Repository:
        if folder not in self._open:
            self._open.clear()  # one at a time: names of a history take memory
            self._open[folder] = Repository(folder)
        return self._open[folder]

    def _parts(
        self, repository: Repository, batch: Locator, names: list[bytes], limits: Limits
    ) -> Iterator[Part | Gap | Beat]:
        for count, _ in enumerate(repository.names()):
            if count % _BATCH == 0:
                yield Beat()
        folder = Locator("git", batch.path[:1])
        for name in names:
            found = repository.named(name)
            path = found.path if found else "unreachable"
            place = folder.child(f"{path}@{name[:12].decode()}")
            try:
                data = repository.blob(name, limits.artefact_bytes)
            except (AccessError, FormatError) as error:
                reason = reason_of(error) if isinstance(error, FormatError) else GapReason.UNREADABLE
                yield Gap(place, "open", reason, str(error))
                continue
            if data is not None:
                when = datetime.fromtimestamp(found.committed_s, tz=UTC) if found else None
                yield Part(place, BytesPayload(data), _around(path, folder.path[0]), when)


def _ids(repository: Repository, unit: Locator) -> list[bytes]:
    name = unit.path[1].removeprefix(_OBJECTS)
    if unit.fragment is None:
        for first, rest in repository.loose():
            if first == name:
                return [(first + each).encode() for each in rest]
        raise AccessError("the objects are no longer there: the repository was packed anew")
    start, _, stop = unit.fragment.removeprefix("objects=").partition(",")
    return repository.packed_ids(name, int(start), int(stop))


def _around(path: str, inner: str) -> Surroundings:
    outer = inner.removesuffix("/.git").split("/")
    return Surroundings(
        (*reversed(posixpath.normpath(path).split("/")), *(part for part in reversed(outer) if part))
    )
