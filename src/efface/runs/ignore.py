"""Leave files out of a scan by patterns, and say how many each pattern left out.

Patterns are those of gitignore, read from files that the user names. A file of that kind inside a target was
perhaps written by the inspected party: it is obeyed only when the user asks for it, and what it leaves out
counts as not looked at. Files only are left out: not tables, not members of archives, not a target itself.

Source: gitignore(5), "PATTERN FORMAT", as the library pathspec reads it.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.errors import UsageError
from efface.model import Gap, GapReason, Locator, printable
from efface.report.marks import Ignored
from efface.runs.roots import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pathspec import GitIgnoreSpec

    from efface.model import Unit

__all__ = ["NAME", "Ignore", "IgnoreFile", "read_ignore_file"]

NAME = ".effaceignore"
"""Name of an ignore file in the root of a target."""

_MAX_BYTES = 1 << 20
_MAX_PATTERNS = 1000
_MAX_STARS = 3  # of one name, and double ones of one pattern: more make matching slow beyond measure
_STAR = re.compile(r"(?<!\*)\*(?!\*)")


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """Patterns of one file, with the lines that they stand in."""

    name: str
    path: str
    lines: tuple[tuple[int, str], ...]
    in_target: bool = False


def read_ignore_file(path: str, *, in_target: bool = False) -> IgnoreFile:
    """Return the patterns of an ignore file.

    Raises:
        UsageError: It cannot be read, is too large, or holds a pattern that is too costly.
    """
    name = printable(path)
    try:
        # A pipe in a target must not hold the scan up, and a link there must not lead out of it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (os.O_NOFOLLOW if in_target else 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{name}: is no regular file")
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", to_do="Name an ignore file that can be read.") from None
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{name}: an ignore file of more than {_MAX_BYTES} bytes")
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if _says(line)]
    if len(lines) > _MAX_PATTERNS:
        raise UsageError(f"{name}: more than {_MAX_PATTERNS} patterns")
    for number, line in lines:
        _check(name, number, line)
    real = os.path.realpath(path)
    return IgnoreFile(name, real, tuple((number, line.rstrip("\r")) for number, line in lines), in_target)


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _check(name: str, number: int, line: str) -> None:
    names = line.split("/")
    if line.count("**") > _MAX_STARS or any(len(_STAR.findall(part)) > _MAX_STARS for part in names):
        raise UsageError(f"{name}: line {number}: more than {_MAX_STARS} stars in one name or pattern")
    if "***" in line or len(line) > 1000:
        raise UsageError(f"{name}: line {number}: is no pattern of an ignore file")


class _Counted:
    """One ignore file, applied below one root."""

    def __init__(self, file: IgnoreFile) -> None:
        self.file = file
        self.files = [0] * len(file.lines)
        self.size_bytes = [0] * len(file.lines)
        self._spec = _spec(file)

    def leaves_out(self, way: str, size_bytes: int) -> bool:
        found = self._spec.check_file(way)
        if not found.include or found.index is None:
            return False
        self.files[found.index] += 1
        self.size_bytes[found.index] += size_bytes
        return True

    def used(self) -> Iterator[Ignored]:
        for (line, pattern), files, size in zip(self.file.lines, self.files, self.size_bytes, strict=True):
            if files:
                yield Ignored(
                    self.file.name, line, printable(pattern), files, size, in_target=self.file.in_target
                )


def _spec(file: IgnoreFile) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only who leaves something out pays for it

    try:
        return GitIgnoreSpec.from_lines([line for _, line in file.lines], backend="simple")
    except ValueError:  # the library's own error is one
        raise UsageError(f"{file.name}: holds what is no pattern of an ignore file") from None


class Ignore:
    """What one scan leaves out.

    Args:
        files: Ignore files of the user, applied below every target.
        use_own: Whether ignore files in the root of targets are obeyed as well.
    """

    def __init__(self, files: tuple[IgnoreFile, ...] = (), *, use_own: bool = False) -> None:
        self._files = files
        self._use_own = use_own
        self.used: list[Ignored] = []
        self.passed_over: list[str] = []
        """Ignore files in the root of targets that were not obeyed."""

    def listed(self, target: str, listing: Iterator[Unit | Gap]) -> Iterator[Unit | Gap]:
        """Yield what a listing of a target yields but for what is left out, and then a gap for each pattern."""
        root = folder_of(target)
        if not root:
            yield from listing
            return
        applied = [_Counted(file) for file in (*self._files, *self._own(root))]
        head = root.rstrip(os.sep) + os.sep
        for each in listing:
            if not applied or isinstance(each, Gap) or not _left_out(applied, head, each):
                yield each
        for counted in applied:
            for used in counted.used():
                self.used.append(used)
                yield _gap(root, used)

    def _own(self, root: str) -> Iterator[IgnoreFile]:
        path = os.path.join(root, NAME)
        named = any(file.path == path for file in self._files)
        if os.path.lexists(path) and not named:
            if self._use_own:
                yield read_ignore_file(path, in_target=True)
            else:
                self.passed_over.append(printable(path))


def _left_out(applied: list[_Counted], head: str, unit: Unit) -> bool:
    path = Locator.parse(unit.uri).path[0]
    if not path.startswith(head):
        return False
    way = path[len(head) :].replace(os.sep, "/")
    return any(counted.leaves_out(way, unit.size_bytes) for counted in applied)


def _gap(root: str, used: Ignored) -> Gap:
    whose = "an ignore file in the target" if used.in_target else "the ignore file that was named"
    detail = f"{used.files} files left out by line {used.line} of {whose}"
    return Gap(Locator.of_file(root), "list", GapReason.IGNORED, detail)
