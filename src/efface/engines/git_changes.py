"""Tell which files a change to a git repository brings: what is staged, or what lies between two revisions.

Nothing of git is run: no hook, no filter, no configured command. What a file held stays what it held where it is
only moved: a file that leaves one path and comes at another, byte for byte, is no addition.

Source: git documentation, gitrevisions(7), index-format; the library dulwich reads both.
"""

from __future__ import annotations

import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.errors import AccessError, EffaceError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Change", "between", "staged"]


@dataclass(frozen=True, slots=True)
class Change:
    """One file that came or changed.

    Attributes:
        path: Its path in the repository.
        before: What it held, empty for a file that is new.
        after: What it holds now, or None where that is larger than the limit.
        is_new: Whether there was no such file.
    """

    path: str
    before: bytes
    after: bytes | None
    is_new: bool


def staged(folder: str, limit_bytes: int) -> Iterator[Change]:
    """Yield what the next commit would bring.

    Raises:
        EffaceError: The folder lies in no repository, or that is damaged, or the extra is missing.
    """
    with _opened(folder) as repository:
        try:
            tree = repository[repository.head()].tree
        except KeyError:  # no commit yet
            tree = None
        index = repository.open_index()
        if index.has_conflicts():
            raise UsageError("the index has conflicts", to_do="Resolve them first.")
        yield from _changes(repository, index.changes_from_tree(repository.object_store, tree), limit_bytes)


def between(folder: str, revisions: str, limit_bytes: int) -> Iterator[Change]:
    """Yield what the second of two revisions, `REV..REV`, holds that the first does not.

    Raises:
        UsageError: A revision is unknown, or they are not written so.
        EffaceError: The folder lies in no repository, or that is damaged, or the extra is missing.
    """
    older, dots, newer = revisions.partition("..")
    if not dots or not older or newer.startswith("."):
        raise UsageError(f"{revisions[:100]!r}: expected REV..REV")
    with _opened(folder) as repository:
        trees = [_tree(repository, each) for each in (older, newer or "HEAD")]
        yield from _changes(repository, repository.object_store.tree_changes(*trees), limit_bytes)


def _tree(repository: Any, revision: str) -> bytes:  # noqa: ANN401 - the library's repository
    from dulwich.objectspec import parse_commit  # noqa: PLC0415 - an extra

    try:
        tree: bytes = parse_commit(repository, revision.encode()).tree
    except (KeyError, ValueError):
        raise UsageError(
            f"{revision[:100]!r}: no such revision here",
            to_do="A shallow clone lacks the history: fetch it first.",
        ) from None
    return tree


def _changes(repository: Any, changes: Iterable[Any], limit_bytes: int) -> Iterator[Change]:  # noqa: ANN401
    every = list(changes)
    gone = {old for (_, path), _, (old, _) in every if path is None}
    for (_, path), (old_mode, mode), (old, new) in every:
        if path is None or new is None or not stat.S_ISREG(mode) or new in gone:
            continue
        is_new = old is None or not stat.S_ISREG(old_mode)
        after = _blob(repository, new, limit_bytes)
        before = b"" if is_new else _blob(repository, old, limit_bytes) or b""
        if is_new or old != new:
            yield Change(path.decode("utf-8", "surrogateescape"), before, after, is_new)


def _blob(repository: Any, name: bytes, limit_bytes: int) -> bytes | None:  # noqa: ANN401
    _, data = repository.object_store.get_raw(name)
    return data if len(data) <= limit_bytes else None


@contextmanager
def _opened(folder: str) -> Iterator[Any]:
    try:
        from dulwich.errors import NotGitRepository  # noqa: PLC0415 - an extra
        from dulwich.repo import Repo  # noqa: PLC0415 - an extra
    except ImportError:
        raise UnsupportedError("changes of git repositories: install efface[git]") from None
    try:
        repository = Repo.discover(folder)
    except NotGitRepository:
        raise UsageError("this folder lies in no git repository") from None
    with repository:
        try:
            yield repository
        except EffaceError:
            raise
        except Exception as error:  # noqa: BLE001 - the library raises many kinds on damage
            raise AccessError(f"the repository cannot be read ({type(error).__name__})") from None
