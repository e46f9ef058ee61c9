"""`efface scan`: find biometric data, and judge it when a case is given."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from efface.cli.options import (
    CaseFile,
    CsvFile,
    HtmlFile,
    JsonFile,
    Language,
    Quiet,
    SarifFile,
    Targets,
    default_run,
    language_of,
    read_case,
    refuse_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from efface.runs.scan import Progress

__all__ = ["scan"]


def scan(  # noqa: PLR0913 - one parameter for each option of the contract
    *targets: Targets,
    case: CaseFile = None,
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    mode: Annotated[
        Literal["fast", "standard", "thorough"], Parameter(help="How hard to look.")
    ] = "standard",
    jobs: Annotated[int, Parameter(help="Processes; 0 is one for each core.")] = 0,
    run: Annotated[
        str | None,
        Parameter(help="Run file of these targets; the same one goes on, or looks only at changes."),
    ] = None,
    json: JsonFile = None,
    sarif: SarifFile = None,
    html: HtmlFile = None,
    csv: CsvFile = None,
    fail_on: Annotated[
        Literal["1", "2", "3"], Parameter(help="Without a case: lowest level that gives exit code 1.")
    ] = "1",
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Find biometric data in files, folders, archives and SQLite databases; nothing is changed.

    What could not be looked at is listed as a gap and is never counted as clean. A scan that was stopped
    goes on with the same command; a second scan looks only at what changed.

    Parameters
    ----------
    targets
        Files, folders, archives, databases; - is standard input.
    """
    from efface.cli.reports import write_reports
    from efface.errors import UsageError
    from efface.model import Level, Mode
    from efface.runs.judging import judge_run
    from efface.runs.outcome import of_scan
    from efface.runs.scan import ScanOptions
    from efface.runs.scan import scan as run_scan
    from efface.runs.store import Store
    from efface.runs.view import view_of

    refuse_options(targets)
    if not targets:
        raise UsageError("name at least one target to scan")
    facts = read_case(case)
    language = language_of(lang)
    with Store(run or default_run(targets)) as store:
        with _progress(quiet=quiet) as progress:
            run_scan(store, ScanOptions(targets, Mode(mode), jobs), progress=progress)
        if facts is not None:
            judge_run(store, facts, as_of or date.today())  # noqa: DTZ011 - the law's day is local
        view = view_of(store, language)
        shown = write_reports(view, {"json": json, "sarif": sarif, "html": html, "csv": csv})
        if not quiet and not shown:
            from efface.cli.output import show_run

            show_run(view)
            print(f"run: {os.path.relpath(store.path) if run else store.path}")
        return of_scan(view, Level(int(fail_on)))


def _progress(*, quiet: bool) -> AbstractContextManager[Callable[[Progress], None] | None]:
    """Return a progress bar on a terminal, and nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(None)
    from efface.cli.progress import ScanProgress

    return ScanProgress()
