"""`efface inspect`: find systems that recognise people, and judge them when a case is given."""

from __future__ import annotations

import os
from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote

from cyclopts import Parameter

from efface.cli.options import (
    CaseFile,
    CsvFile,
    HtmlFile,
    IgnoreFiles,
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
from efface.cli.packs import PackFolders, law_of
from efface.cli.scan import progress_of

__all__ = ["inspect"]


def inspect(  # noqa: PLR0913 - one parameter for each option of the contract
    *targets: Targets,
    root: Annotated[
        list[str] | None,
        Parameter(negative="", help="Root folder of a mounted disk image: its links lead into it."),
    ] = None,
    machine: Annotated[
        bool, Parameter(negative="", help="Look at processes and services of this machine, too.")
    ] = False,
    device: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Address of a device to ask, read-only: HOST, HOST:PORT, http://HOST, https://HOST or zk://HOST.",
        ),
    ] = None,
    authorisation: Annotated[
        str,
        Parameter(help="Who allowed the devices to be asked, and where that is written; noted in the run."),
    ] = "",
    user: Annotated[
        str,
        Parameter(
            help="Name for the devices; the password comes from EFFACE_DEVICE_PASSWORD, the keyring or a terminal."
        ),
    ] = "",
    triage: Annotated[
        bool,
        Parameter(
            negative="", help="Likely places first, and only what names tell of; says what it left out."
        ),
    ] = False,
    minutes: Annotated[
        float, Parameter(help="Longest time of a triage; what it does not reach is a gap.")
    ] = 10.0,
    case: CaseFile = None,
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    packs: PackFolders = None,
    mode: Annotated[
        Literal["standard", "thorough"],
        Parameter(help="How hard to look; thorough looks at the history of repositories, too."),
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
    sbom: Annotated[
        str | None,
        Parameter(
            name="--sbom", allow_leading_hyphen=True, help="Write a CycloneDX inventory of what was found."
        ),
    ] = None,
    ignore: IgnoreFiles = None,
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Find software, apps, code and devices that recognise people; nothing is changed.

    No network is used, but for the devices that --device lists. They are asked what they can do and how many people
    they know, slowly and with requests that only read; a log-in that a device refuses is not tried again.

    Software that only finds faces, draws on them or talks to devices is told apart: it is a question, not a
    finding of law. What could not be read, and what a triage left out, is listed as a gap.

    Parameters
    ----------
    targets
        Files, folders, archives, apps and images of containers; - is standard input.
    """
    from efface.cli.reports import write_reports
    from efface.errors import UsageError
    from efface.model import Level, Mode
    from efface.runs.devices import device_targets, let_in, note
    from efface.runs.ignore import Ignore, read_ignore_file
    from efface.runs.inspection import inspection
    from efface.runs.judging import judge_run
    from efface.runs.marks import Marks, keep
    from efface.runs.outcome import of_scan
    from efface.runs.scan import scan as run_scan
    from efface.runs.store import Store
    from efface.runs.view import view_of

    refuse_options(targets)
    devices = device_targets(device or ())
    named = (*targets, *_images(root or []), *(("machine:",) if machine else ()), *devices)
    if not named:
        raise UsageError(
            "name at least one target to inspect", to_do="Or give --root DIR, --machine or --device."
        )
    if minutes <= 0:
        raise UsageError(f"--minutes: expected more than 0, got {minutes:g}")
    facts = read_case(case)
    law = law_of(packs) if packs or facts is not None else ()  # refused before a long walk, not after
    options = inspection(
        named,
        Mode.FAST if triage else Mode(mode),
        jobs=jobs,
        seconds=60 * minutes if triage else None,
        ignore=Ignore(tuple(read_ignore_file(str(path)) for path in ignore or ())),
    )
    let_in(devices, authorisation, user)
    today = date.today()  # noqa: DTZ011 - the law's day is local
    with Store(run or default_run(("inspect", *named))) as store:
        if devices:
            note(store, devices, authorisation)
        with progress_of(quiet=quiet) as progress:
            run_scan(store, options, progress=progress)
        if facts is not None:
            judge_run(store, facts, law, as_of=as_of or today, today=today)
        keep(store, Marks(targets=named), options.ignore or Ignore())
        view = view_of(store, language_of(lang))
        shown = write_reports(view, {"json": json, "sarif": sarif, "html": html, "csv": csv, "sbom": sbom})
        if not quiet and not shown:
            from efface.cli.output import show_systems

            show_systems(view)
            print(f"run: {os.path.relpath(store.path) if run else store.path}")
        return of_scan(view, Level.VISIBLE)


def _images(roots: list[str]) -> tuple[str, ...]:
    """Return the targets of root folders of images, as URLs.

    Raises:
        UsageError: One is no folder.
    """
    from efface.errors import UsageError
    from efface.model import printable

    for root in roots:
        if not os.path.isdir(root):
            raise UsageError(
                f"{printable(root)}: is no folder", to_do="Mount the image read-only, and name its root."
            )
    return tuple(f"root://{quote(os.path.abspath(root))}" for root in roots)
