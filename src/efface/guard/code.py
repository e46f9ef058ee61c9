"""Say of a change to code what it adds that recognises faces: libraries, models, services, columns, and data.

Only what is added counts: a line that was there before, anywhere in the file, is not new, and of a file that was there
only the added lines are looked at. A binary file that changed is looked at as a whole.

What ends here: names are read where they take effect (manifests of dependencies, imports, addresses in code), not in
prose; a library under a name of one's own, an address that is put together at run time, and a model that is
fetched by number are missed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.detectors.vocabulary import best
from efface.guard.answer import Door
from efface.guard.code_names import code_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.git_changes import Change
    from efface.guard.decision import Guard

__all__ = ["Added", "added"]

_MANIFEST = re.compile(
    r"(?:.*requirements.*\.(?:txt|in)|constraints.*\.txt|pyproject\.toml|setup\.(?:py|cfg)|pipfile(?:\.lock)?|poetry\.lock|uv\.lock"
    r"|environment\.ya?ml|package(?:-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|pom\.xml|build\.gradle(?:\.kts)?|libs\.versions\.toml"
    r"|go\.(?:mod|sum)|gemfile(?:\.lock)?|cargo\.(?:toml|lock)|composer\.(?:json|lock)|podfile(?:\.lock)?|package\.swift|.*\.[cf]sproj"
    r"|packages\.config|(?:.*\.)?dockerfile(?:\..*)?|conanfile\.(?:txt|py)|vcpkg\.json|pubspec\.(?:yaml|lock))",
    re.IGNORECASE,
)
_IMPORT = re.compile(
    r"^\s*(?:from|import|using|use|@import|#\s*include|export\s.*\sfrom)\b|\b(?:require|import_module|import)\s*\(|^\s*\"[^\"]+\"\s*$|\bcv2\.face\b"
)
_COMMENT = re.compile(r"^\s*(?:#(?!\s*include)|//|--|;|\*|/\*|<!--).*")
_PROSE = (".md", ".rst", ".txt", ".adoc", ".html", ".po", ".tex")
_MIGRATION = re.compile(
    r"(?:^|/)(?:migrations?|migrate|versions|changelogs?|flyway|liquibase|evolutions)/.*"
    r"\.(?:py|rb|sql|xml|ya?ml|json|php|[jt]s|go|kt|java|cs|exs)$|\.(?:sql|prisma|ddl)$",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff]*")
_LEAST_WEIGHT = 0.6
"""Names that say by themselves what the column holds; "feature_data" does not."""
_LONGEST_LINE = 4_000  # characters: longer ones are generated, and no place for an import


@dataclass(frozen=True, slots=True)
class Added:
    """One thing that a change adds.

    Attributes:
        path: The file.
        line: Its line, counted from 1; 0 for the file as a whole.
        kind: library, model, endpoint, column, data, or unread for what could not be looked at.
        what: The name in the vocabulary, or what was found; never content.
        is_held: Whether a person has to look, as it could not be decided.
    """

    path: str
    line: int
    kind: str
    what: str
    is_held: bool = False

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two of them the same for a baseline: file, kind and name; not the line, which moves."""
        return self.path, self.kind, self.what


def added(change: Change, guard: Guard) -> Iterator[Added]:
    """Yield what a change to one file adds.

    Args:
        change: The file before and after.
        guard: Decides on the data in it, under its case or without one.
    """
    if change.is_new and (name := code_names().model.search(os.path.basename(change.path))):
        yield Added(change.path, 0, "model", name[0].lower())
    if change.after is None:
        yield Added(change.path, 0, "unread", "larger than artefact_bytes", is_held=True)
        return
    lines = _added_lines(change)
    if lines is not None:
        found = dict.fromkeys(each for number, line in lines for each in _in_line(change.path, number, line))
        yield from found
    data = change.after if lines is None or change.is_new else "\n".join(line for _, line in lines).encode()
    if not data:
        return
    decision = guard.decide(data, os.path.basename(change.path))
    if decision.door is not Door.ALLOW:
        is_held = decision.door is Door.QUARANTINE
        yield Added(change.path, 0, "unread" if is_held else "data", decision.reason, is_held)


def _added_lines(change: Change) -> list[tuple[int, str]] | None:
    """Return the lines that were not there before, with their numbers; None for what is no text."""
    after = _text(change.after or b"")
    if after is None:
        return None
    left = Counter((_text(change.before) or "").splitlines())
    lines = []
    for number, line in enumerate(after.splitlines(), 1):
        if left[line] > 0:
            left[line] -= 1
        else:
            lines.append((number, line))
    return lines


def _text(data: bytes) -> str | None:
    try:
        return None if b"\0" in data else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _in_line(path: str, number: int, line: str) -> Iterator[Added]:
    if len(line) > _LONGEST_LINE or _COMMENT.match(line):
        return
    names, file = code_names(), os.path.basename(path)
    is_manifest = _MANIFEST.fullmatch(file) is not None
    if is_manifest or (not file.lower().endswith(_PROSE) and _IMPORT.search(line)):
        for found in names.library.finditer(line):
            yield Added(path, number, "library", found[0].lower())
    if not file.lower().endswith(_PROSE):
        for found in names.endpoint.finditer(line):
            yield Added(path, number, "endpoint", found[0])
    if _MIGRATION.search(path):
        for name in _NAME.findall(line):
            word = best([name], "template", "sample")
            if word is not None and word.weight >= _LEAST_WEIGHT:
                yield Added(path, number, "column", word.word)
