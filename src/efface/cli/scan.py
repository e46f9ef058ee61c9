"""`efface scan`: find biometric data, and judge it when a case is given."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from efface.cli.options import (
    AgainstFile,
    BaselineFile,
    CaseFile,
    CsvFile,
    HtmlFile,
    IgnoreFiles,
    JsonFile,
    Language,
    Quiet,
    SarifFile,
    Targets,
    UseIgnoreFiles,
    WaiversFile,
    WriteBaseline,
    default_run,
    language_of,
    read_against,
    read_baseline,
    read_case,
    read_waivers,
    refuse_options,
    write_text,
)
from efface.cli.packs import PackFolders, law_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from efface.runs.scan import Progress

__all__ = ["progress_of", "scan"]


def scan(  # noqa: PLR0913 - one parameter for each option of the contract
    *targets: Targets,
    case: CaseFile = None,
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    packs: PackFolders = None,
    mode: Annotated[
        Literal["fast", "standard", "thorough"], Parameter(help="How hard to look.")
    ] = "standard",
    jobs: Annotated[int, Parameter(help="Processes; 0 is one for each core.")] = 0,
    engine: Annotated[
        str | None,
        Parameter(
            name="--engine",
            help="Let a Dask cluster look, given as dask://HOST:8786; the files lie there under the same paths.",
        ),
    ] = None,
    run: Annotated[
        str | None,
        Parameter(help="Run file of these targets; the same one goes on, or looks only at changes."),
    ] = None,
    json: JsonFile = None,
    sarif: SarifFile = None,
    html: HtmlFile = None,
    csv: CsvFile = None,
    baseline: BaselineFile = None,
    write_baseline: WriteBaseline = None,
    waivers: WaiversFile = None,
    against: AgainstFile = None,
    ignore: IgnoreFiles = None,
    use_ignore_files: UseIgnoreFiles = False,
    fail_on: Annotated[
        Literal["1", "2", "3"], Parameter(help="Without a case: lowest level that gives exit code 1.")
    ] = "1",
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Find biometric data in files, documents, recordings, databases and object stores; nothing is changed.

    What could not be looked at is listed as a gap and is never counted as clean. A scan that was stopped
    goes on with the same command; a second scan looks only at what changed.

    Parameters
    ----------
    targets
        Files, folders, archives; databases (postgresql://, mysql://, sqlite:///); object stores (s3://);
        repositories (git:///); - is standard input.
    """
    from efface.cli.reports import write_reports
    from efface.errors import UsageError
    from efface.model import Level, Mode
    from efface.runs.baseline import tightened
    from efface.runs.ignore import Ignore, read_ignore_file
    from efface.runs.judging import judge_run
    from efface.runs.marks import Marks, keep, roots_of_run
    from efface.runs.outcome import of_scan
    from efface.runs.scan import ScanOptions
    from efface.runs.scan import scan as run_scan
    from efface.runs.store import Store
    from efface.runs.view import view_of

    refuse_options(targets)
    if not targets:
        raise UsageError("name at least one target to scan")
    facts = read_case(case)
    law = law_of(packs) if packs or facts is not None else ()  # refused before a long scan, not after
    today = date.today()  # noqa: DTZ011 - the law's day is local
    language = language_of(lang)
    before = (
        read_baseline(Path(write_baseline)) if write_baseline and os.path.exists(write_baseline) else None
    )
    known = read_baseline(baseline) or before
    certificate = read_against(against)
    marks = Marks(known, read_waivers(waivers), targets, certificate)
    left_out = Ignore(tuple(read_ignore_file(str(path)) for path in ignore or ()), use_own=use_ignore_files)
    with Store(run or default_run(targets)) as store:
        if certificate is not None:
            from efface.runs.returned import require_held

            require_held(store, certificate)
        with progress_of(quiet=quiet) as progress:
            options = ScanOptions(
                targets,
                Mode(mode),
                jobs,
                ignore=left_out,
                engine=engine or "",
                elsewhere=certificate is not None,
            )
            run_scan(store, options, progress=progress)
        if facts is not None:
            judge_run(store, facts, law, as_of=as_of or today, today=today)
        keep(store, marks, left_out)
        view = view_of(store, language)
        if write_baseline and known is None:  # what the first baseline takes in is known from now on
            known = tightened(view, roots_of_run(store), None)
            keep(store, replace(marks, baseline=known), left_out)
            view = view_of(store, language)
        shown = write_reports(view, {"json": json, "sarif": sarif, "html": html, "csv": csv})
        if not quiet and not shown:
            from efface.cli.output import show_run

            show_run(view)
            print(f"run: {os.path.relpath(store.path) if run else store.path}")
        if write_baseline:
            written = tightened(view, roots_of_run(store), before or known)
            write_text(write_baseline, written.text())
        return of_scan(view, Level(int(fail_on)))


def progress_of(*, quiet: bool) -> AbstractContextManager[Callable[[Progress], None] | None]:
    """Return a progress bar on a terminal, and nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(None)
    from efface.cli.progress import ScanProgress

    return ScanProgress()
