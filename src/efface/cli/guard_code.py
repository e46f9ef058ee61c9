"""`efface guard code`: what a change to a repository adds that recognises faces."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.guard import as_shown
from efface.cli.options import BaselineFile, CaseFile, SarifFile, WriteBaseline, read_case, write_text
from efface.cli.packs import PackFolders, law_of
from efface.errors import UsageError
from efface.model import printable

__all__ = ["code"]


def code(  # noqa: PLR0913 - each is an option of the command line
    *,
    staged: Annotated[bool, Parameter(negative="", help="What the next commit brings; the default.")] = False,
    diff: Annotated[
        str | None, Parameter(help="REV..REV: what the second holds that the first does not.")
    ] = None,
    repository: Annotated[Path, Parameter(help="A folder of the repository.")] = Path(),
    sarif: SarifFile = None,
    baseline: BaselineFile = None,
    write_baseline: WriteBaseline = None,
    case: CaseFile = None,
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    packs: PackFolders = None,
) -> int:
    """Say what a change adds of facial recognition: exit code 1 if it does, 3 if something could not be decided.

    Libraries, models, addresses of services, columns in migrations, and biometric data itself. Needs the extra
    `git`; nothing of git is run.
    """
    from efface.engines import git_changes
    from efface.guard import DOOR_LIMITS, Guard
    from efface.guard.code import added
    from efface.guard.code_report import baseline as baseline_of
    from efface.guard.code_report import known as known_of
    from efface.guard.code_report import sarif as sarif_of
    from efface.guard.code_report import sentence
    from efface.runs.exit_code import ExitCode

    if staged and diff is not None:
        raise UsageError("--staged and --diff are two changes", to_do="Name one.")
    limit = DOOR_LIMITS.artefact_bytes
    folder = str(repository)
    changes = git_changes.staged(folder, limit) if diff is None else git_changes.between(folder, diff, limit)
    known = frozenset() if baseline is None else known_of(_text(baseline))
    guard = Guard(read_case(case), as_of or date.today(), packs=law_of(packs))  # noqa: DTZ011 - the law's day is local
    every = [each for change in changes for each in added(change, guard)]
    if sarif is not None:
        write_text(sarif, sarif_of(every, known))
    if write_baseline is not None:
        write_text(write_baseline, baseline_of(every))
    new = [each for each in every if each.identity not in known]
    if "-" not in {sarif, write_baseline}:
        for each in new:
            where = as_shown(printable(each.path)) + (f":{each.line}" if each.line else "")
            print(f"{'quarantine' if each.is_held else 'refuse'}\t{where}\t{as_shown(sentence(each))}")
    if any(not each.is_held for each in new):
        return ExitCode.VIOLATIONS
    return ExitCode.GAPS if new else ExitCode.CLEAN


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{printable(str(file))}: cannot be read ({type(error).__name__})") from None
