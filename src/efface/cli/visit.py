"""`efface visit`: an inspection on site, from the first note to the sealed bundle and the second visit."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from efface.cli.options import Language, language_of
from efface.errors import UsageError

__all__ = ["app"]

app = App(
    name="visit",
    help="Inspect premises: note, seal as a signed bundle, check it, come back, and see a whole campaign.",
    help_epilogue='Examples:\n\n  efface visit add visit --note "Two cameras face the entrance"\n\n'
    "  efface visit show visit.zip --trust inspector.pub",
)


@app.command(
    help_epilogue='Examples:\n\n  efface visit new visit --premises "Sales office, 1 Example Road" \\\n'
    '      --mandate "Notice 2026-118" --authorisation "Order of the bureau, 20 November 2026" \\\n'
    '      --person "A. Example, inspector" --person "B. Example, manager"\n\n'
    '  efface visit new visit --premises "某售楼处" --mandate "检查通知书" --authorisation "负责人批准" \\\n'
    '      --person "甲, 检查人员" --clock-offset -3'
)
def new(  # noqa: PLR0913 - one parameter for each line of the record's head
    folder: Path,
    *,
    premises: Annotated[str, Parameter(help="Where: name and address.")],
    mandate: Annotated[str, Parameter(help="What the visit rests on, in the words of the paper.")],
    authorisation: Annotated[str, Parameter(help="Who allowed it and when, in the words of the paper.")],
    person: Annotated[
        list[str], Parameter(negative="", help='Somebody present, as "name, role"; given once for each.')
    ],
    clock_offset: Annotated[
        int | None,
        Parameter(
            allow_leading_hyphen=True, help="Seconds by which true time is ahead of this machine's clock."
        ),
    ] = None,
) -> int:
    """Begin a visit in a new folder; refused without a mandate and a recorded authorisation.

    Parameters
    ----------
    folder
        Folder of the visit; it must not exist.
    """
    from efface.visits.visit import Visit, persons

    fields = {
        "premises": premises,
        "people": persons(person),
        "mandate": mandate,
        "authorisation": authorisation,
        "clock_offset_s": clock_offset,
    }
    begun = Visit.new(str(folder), fields)
    print(f"visit {begun.log.opened.visit}: {folder}")
    return 0


@app.command(
    help_epilogue='Examples:\n\n  efface visit add visit --note "Two cameras face the entrance"\n\n'
    "  efface visit add visit --photo IMG_2041.JPG"
)
def add(  # noqa: PLR0913 - one parameter for each kind of thing
    folder: Path,
    *,
    note: Annotated[str | None, Parameter(help="What was seen or said.")] = None,
    photo: Annotated[
        Path | None, Parameter(help="Picture of the scene; its faces are covered before it is stored.")
    ] = None,
    run: Annotated[
        Path | None, Parameter(help="Run file of a scan; its reports are added, the file is not.")
    ] = None,
    certificate: Annotated[Path | None, Parameter(help="Certificate that the organisation shows.")] = None,
    paper: Annotated[Path | None, Parameter(help="Paper, kept as it is: an order, a contract.")] = None,
    due: Annotated[date | None, Parameter(help="With --paper: day by which what it orders is due.")] = None,
    lang: Language = None,
) -> int:
    """Add one thing to a visit that is not sealed; the log names it with its digest.

    A photo is refused where a face is left in it, where it cannot be redacted, or could not be looked at as a whole.
    The original is never stored.

    Parameters
    ----------
    folder
        Folder of the visit.
    """
    from efface.visits.visit import open_visit

    given = [each for each in (note, photo, run, certificate, paper) if each is not None]
    if len(given) != 1:
        raise UsageError("add one thing at a time: --note, --photo, --run, --certificate or --paper")
    if due is not None and paper is None:
        raise UsageError("--due is the day of a --paper")
    visit = open_visit(str(folder))
    if note is not None:
        entry = visit.add_note(note)
    elif photo is not None:
        entry = visit.add_photo(_read(photo))
    elif run is not None:
        entry = visit.add_run(str(run), language_of(lang))
    elif certificate is not None:
        entry = visit.add_certificate(_read(certificate))
    else:
        assert paper is not None  # noqa: S101 - one of them was given
        entry = visit.add_paper(_read(paper), due)
    print(" ".join((f"{entry.seq}: {entry.kind}", *(file.name for file in entry.files))))
    return 0


def _read(path: Path) -> bytes:
    from efface.visits.visit import MAX_FILE_BYTES

    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"{path}: more than {MAX_FILE_BYTES} bytes")
    return data
