"""Write docs/commands.md from the command line's own --help.

    python tools/docs_commands.py [--check]

With `--check` nothing is written; the exit code is 1 when the page is not what the command line says.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App
from rich.console import Console

from efface.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["commands", "help_of", "page"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
_WIDTH = 100
_BEFORE = """\
# Commands

Made from the command line's own `--help` by `python tools/docs_commands.py`; a test compares the two.

Exit codes, of every command: 0 clean, or done as asked; 1 violations, or findings at or above `--fail-on` when no
case is given, or something removed is back (`--against`), or the guard refuses; 2 used in a way that cannot be done;
3 nothing found but something could not be looked at or decided, or the guard quarantines; 4 a removal failed, or a
ledger, signature or certificate does not hold; 70 a fault of efface itself; 130 stopped by the user. They are a
promise: they may grow, and do not change meaning. Limits and environment variables stand in
[settings.md](settings.md).
"""


def commands(parent: App = app, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, in the order of the command line, groups before their members."""
    for name in parent:
        if not name.startswith("-"):
            words = (*names, name)
            yield words
            if isinstance(parent[name], App):
                yield from commands(parent[name], words)


def help_of(words: tuple[str, ...]) -> str:
    """Return what `efface WORDS --help` says, on a terminal of 100 columns without colour."""
    console = Console(
        file=io.StringIO(), width=_WIDTH, color_system=None, force_terminal=False, legacy_windows=False
    )
    app.help_print(list(words), console=console)
    assert isinstance(console.file, io.StringIO)  # noqa: S101 - it was given above
    return "\n".join(line.rstrip() for line in console.file.getvalue().strip().splitlines())


def page() -> str:
    """Return the page."""
    sections = [f"## efface\n\n```text\n{help_of(())}\n```\n"]
    sections += [
        f"{'#' * (len(words) + 1)} efface {' '.join(words)}\n\n```text\n{help_of(words)}\n```\n"
        for words in commands()
    ]
    return "\n".join((_BEFORE, *sections))


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in arguments:
        same = PAGE.is_file() and PAGE.read_text("utf-8") == text
        print(
            "docs/commands.md is up to date"
            if same
            else "docs/commands.md differs: run tools/docs_commands.py"
        )
        return 0 if same else 1
    PAGE.write_text(text, "utf-8")
    print(f"{PAGE.name}: {len(list(commands()))} commands")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
