"""`efface visit`: an inspection on site, from the first note to the sealed bundle and the second visit."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from efface.cli.check import Revoked, Trusted, read_revoked
from efface.cli.keys import PassphraseVariable
from efface.cli.options import CsvFile, HtmlFile, JsonFile, Language, Quiet, Targets, language_of
from efface.errors import UsageError

if TYPE_CHECKING:
    from efface.evidence.keys import PublicKey
    from efface.report.again import Again

__all__ = ["app"]

app = App(
    name="visit",
    help="Inspect premises: note, seal as a signed bundle, check it, come back, and see a whole campaign.",
    help_epilogue='Examples:\n\n  efface visit add visit --note "Two cameras face the entrance"\n\n'
    "  efface visit show visit.zip --trust inspector.pub",
)


@app.command(
    help_epilogue="Examples:\n\n"
    '  efface visit new v --premises Hall --mandate "N 7" --authorisation "O 2" --person "A, inspector"\n\n'
    "  efface visit new v --premises 某售楼处 --mandate 通知书 --authorisation 已批准 --person 甲，检查员"
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
    from efface.visits.visit import MAX_FILE_BYTES, open_visit

    given = [each for each in (note, photo, run, certificate, paper) if each is not None]
    if len(given) != 1:
        raise UsageError("add one thing at a time: --note, --photo, --run, --certificate or --paper")
    if due is not None and paper is None:
        raise UsageError("--due is the day of a --paper")
    visit = open_visit(str(folder))
    if note is not None:
        entry = visit.add_note(note)
    elif photo is not None:
        entry = visit.add_photo(_read(photo, MAX_FILE_BYTES))
    elif run is not None:
        entry = visit.add_run(str(run), language_of(lang))
    elif certificate is not None:
        entry = visit.add_certificate(_read(certificate, MAX_FILE_BYTES))
    else:
        assert paper is not None  # noqa: S101 - one of them was given
        entry = visit.add_paper(_read(paper, MAX_FILE_BYTES), due)
    print(" ".join((f"{entry.seq}: {entry.kind}", *(file.name for file in entry.files))))
    return 0


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(data) > most_bytes:
        raise UsageError(f"{path}: more than {most_bytes} bytes")
    return data


@app.command(
    help_epilogue="Examples:\n\n  efface visit seal visit -o visit.zip --key inspector.pem\n\n"
    "  efface visit seal visit -o visit.zip --key inspector.pem --passphrase-env EFFACE_KEY --lang zh"
)
def seal(
    folder: Path,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="Where the bundle goes.")],
    key: Annotated[Path, Parameter(help="Private key of `efface keys new`.")],
    passphrase_env: PassphraseVariable = None,
    lang: Language = None,
) -> int:
    """Seal a visit: records, log and all that was added in one signed bundle; nothing is added afterwards.

    A second seal makes another bundle, and the log says so.

    Parameters
    ----------
    folder
        Folder of the visit.
    """
    from efface.cli.options import write_bytes
    from efface.evidence import keys
    from efface.visits.seal import seal as seal_visit
    from efface.visits.visit import open_visit

    passphrase = keys.passphrase_from_environment(passphrase_env) if passphrase_env else None
    signer = keys.load_private(key, passphrase)
    visit = open_visit(str(folder))
    names = seal_visit(visit, signer, lambda data: write_bytes(output, data), language_of(lang))
    if output != "-":
        print(f"bundle: {output}\nfiles:  {len(names)}\nlog:    {visit.log.root} ({visit.log.size})")
        if "record.pdf" not in names:
            print("No PDFs: install efface[pdf] and a font for Chinese; the pages say the same.")
    return 0


@app.command(
    help_epilogue="Examples:\n\n  efface visit show visit.zip --trust inspector.pub\n\n"
    "  efface visit show visit.zip --trust inspector.pub --revoked lost.txt --lang zh"
)
def show(
    bundle: Path, *, trust: Trusted, revoked: Revoked = None, lang: Language = None, quiet: Quiet = False
) -> int:
    """Check a bundle offline, in numbered steps, and show its record: exit code 0 when it holds, 4 when not.

    Parameters
    ----------
    bundle
        Bundle of `efface visit seal`.
    """
    from efface.cli.output import show as show_parts
    from efface.report import terminal
    from efface.report.inspection import record
    from efface.report.terminal_document import paper
    from efface.runs.exit_code import ExitCode
    from efface.visits.opening import check_bundle
    from efface.visits.record import inspection_of

    language = language_of(lang)
    checked = check_bundle(_bundle(bundle), _keys(trust), read_revoked(revoked))
    if not quiet:
        show_parts(terminal.check_steps(checked.steps, language, "bundle"))
        if checked.sealing is not None:
            version = checked.sealing.manifest.predicate.tool.version
            show_parts(paper(record(inspection_of(checked.sealing.log, version, language)), language))
    return ExitCode.CLEAN if checked.sealing else ExitCode.FAILED


@app.command(
    help_epilogue="Examples:\n\n  efface visit again visit.zip ~/sales-office --trust inspector.pub\n\n"
    "  efface visit again visit.zip /mnt/office --trust inspector.pub --run copy.sqlite --html again.html"
)
def again(  # noqa: PLR0913 - one parameter for each option
    bundle: Path,
    *targets: Targets,
    trust: Trusted,
    revoked: Revoked = None,
    line: Annotated[
        int | None, Parameter(help="Which run of the visit, by its line in the log; where it has several.")
    ] = None,
    run: Annotated[
        str | None,
        Parameter(help="Run file to scan into; with the first visit's, or a copy, moves are told."),
    ] = None,
    certificate: Annotated[
        list[Path] | None, Parameter(negative="", help="Certificate that the organisation shows.")
    ] = None,
    trust_org: Annotated[
        list[Path] | None, Parameter(negative="", help="Public key that its certificates are trusted by.")
    ] = None,
    certificate_run: Annotated[
        Path | None,
        Parameter(
            help="Run file of such a certificate, or a copy: removed places are drawn and looked at again."
        ),
    ] = None,
    sample: Annotated[int, Parameter(help="With --certificate-run: how many places are drawn at most.")] = 30,
    seed: Annotated[
        str | None,
        Parameter(
            help="With --certificate-run: seed of an earlier draw, to repeat it; by default a fresh one."
        ),
    ] = None,
    add_to: Annotated[
        Path | None, Parameter(help="Folder of the second visit, to which the comparison is added.")
    ] = None,
    json: JsonFile = None,
    html: HtmlFile = None,
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Look at the same targets again, and compare with the bundle: gone, still there, moved, new, not reachable.

    Exit code 1 where something is there that should not be, 3 where something could not be told, 4 where the bundle
    or a certificate does not hold, else 0. Without --run a run file of its own keeps the second look.

    Parameters
    ----------
    bundle
        Bundle of the first visit.
    targets
        The targets of the first visit, in the same order, wherever they are now.
    """
    from efface.cli.options import default_run, refuse_options, write_bytes, write_text
    from efface.cli.output import show as show_parts
    from efface.cli.scan import progress_of
    from efface.report import document_html, terminal
    from efface.report.again import document, plain
    from efface.report.terminal_document import paper
    from efface.runs.exit_code import ExitCode
    from efface.runs.store import Store
    from efface.visits.again import Certificates, Draw, add_comparison, look_again, run_of
    from efface.visits.opening import check_bundle
    from efface.visits.visit import MAX_FILE_BYTES, open_visit

    refuse_options(targets)
    _refuse_draw(certificate, trust_org, certificate_run, sample, seed)
    language, lost = language_of(lang), read_revoked(revoked)
    second = open_visit(str(add_to)) if add_to else None
    shown = tuple((path.name, _read(path, MAX_FILE_BYTES)) for path in certificate or ())
    keys = tuple(_keys(tuple(trust_org or ())))
    checked = check_bundle(_bundle(bundle), _keys(trust), lost)
    if checked.sealing is None:
        show_parts(terminal.check_steps(checked.steps, language, "bundle"))
        return ExitCode.FAILED
    earlier = run_of(checked.sealing, line)
    with (
        Store(run or default_run((str(bundle.resolve()), *targets))) as store,
        Store(str(certificate_run), create=False) if certificate_run else nullcontext() as theirs,
        progress_of(quiet=quiet) as told,
    ):
        drawn = Draw(theirs, sample, seed or secrets.token_hex(8)) if theirs else None
        certificates = Certificates(shown, keys, lost, drawn)
        found = look_again(
            checked.sealing, earlier, store, targets, language, certificates=certificates, progress=told
        )
    if second is not None:
        add_comparison(second, found)
    if json is not None:
        write_text(json, plain(found))
    if html is not None:
        write_bytes(html, document_html.render(document(found)))
    if not quiet and "-" not in (json, html):
        show_parts(paper(document(found), language))
    return _outcome(found)


def _outcome(found: Again) -> int:
    from efface.runs.exit_code import ExitCode

    if found.is_refused:
        return ExitCode.FAILED
    if found.is_alarm:
        return ExitCode.VIOLATIONS
    return ExitCode.GAPS if found.is_open else ExitCode.CLEAN


def _refuse_draw(
    shown: list[Path] | None, trusted: list[Path] | None, run: Path | None, count: int, seed: str | None
) -> None:
    """Refuse options of certificates that do not fit together, before anything is looked at."""
    if shown and not trusted:
        raise UsageError("--certificate is checked with the organisation's key: give --trust-org")
    if run is not None and not shown:
        raise UsageError("--certificate-run is the run file of a certificate: give --certificate")
    if seed is not None and run is None:
        raise UsageError("--seed is that of a draw: give --certificate-run")
    if count < 1:
        raise UsageError(f"--sample: expected at least 1, got {count}")


@app.command(
    help_epilogue="Examples:\n\n  efface visit campaign bundles --trust inspector.pub --html campaign.html\n\n"
    "  efface visit campaign bundles --trust a.pub --trust b.pub --csv campaign.csv --lang zh"
)
def campaign(  # noqa: PLR0913 - one parameter for each option
    folder: Path,
    *,
    trust: Trusted,
    revoked: Revoked = None,
    html: HtmlFile = None,
    csv: CsvFile = None,
    as_of: Annotated[
        date | None, Parameter(help="Day on which something is overdue; by default today.")
    ] = None,
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Show all bundles of a folder: premises, findings, orders, what is due, overdue and closed.

    Exit code 4 where a bundle does not check, 1 where something is overdue, else 0.

    Parameters
    ----------
    folder
        Folder of bundles, named *.zip.
    """
    from efface.cli.options import write_bytes, write_text
    from efface.cli.output import show as show_parts
    from efface.report import document_html
    from efface.report.campaign import State, document, render_csv
    from efface.report.terminal_document import paper
    from efface.runs.exit_code import ExitCode
    from efface.visits.campaign import campaign_of

    day = as_of or date.today()  # noqa: DTZ011 - a deadline's day is local
    found = campaign_of(str(folder), _keys(trust), day, language_of(lang), read_revoked(revoked))
    if html is not None:
        write_bytes(html, document_html.render(document(found)))
    if csv is not None:
        write_text(csv, render_csv(found))
    if not quiet and "-" not in (html, csv):
        show_parts(paper(document(found), language_of(lang)))
    if found.refused:
        return ExitCode.FAILED
    return ExitCode.VIOLATIONS if found.count(State.OVERDUE) else ExitCode.CLEAN


def _keys(paths: tuple[Path, ...]) -> list[PublicKey]:
    from efface.evidence import keys

    return [keys.load_public(path) for path in paths]


def _bundle(path: Path) -> bytes:
    from efface.visits.bundle import MAX_BYTES

    return _read(path, MAX_BYTES)
