"""`efface remove`: the plan, and its application."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from efface.cli.keys import PassphraseVariable
from efface.cli.options import CaseFile, Language, Quiet, language_of, read_case

if TYPE_CHECKING:
    from efface.evidence.keys import SigningKey
    from efface.runs.approval import Approval
    from efface.runs.plan import Plan
    from efface.runs.sealing import Quarantine
    from efface.runs.store import Store

__all__ = ["remove"]


def remove(  # noqa: PLR0913 - one parameter for each option of the contract
    run: Path,
    *,
    apply: Annotated[
        bool, Parameter(name="--apply", negative="", help="Do it; without it nothing changes.")
    ] = False,
    rehearse: Annotated[
        Path | None,
        Parameter(help="Carry the plan out on copies in this new folder; no original changes."),
    ] = None,
    only: Annotated[
        tuple[str, ...],
        Parameter(help="Findings to remove, by id, or the word all; by default what is prohibited."),
    ] = (),
    by: Annotated[
        tuple[str, ...],
        Parameter(
            help="What becomes of tables: null, row, column, table, or proposed for what the plan proposes; of one"
            " table with its name, as table=public.faces.",
        ),
    ] = (),
    cascade: Annotated[
        bool,
        Parameter(
            name="--cascade", negative="", help="Let what depends on rows, columns or tables go with them."
        ),
    ] = False,
    with_derived: Annotated[
        bool,
        Parameter(
            name="--with-derived",
            negative="",
            help="Take thumbnails, sidecars' faces and backups that programs made of a file, too.",
        ),
    ] = False,
    case: CaseFile = None,
    as_of: Annotated[
        date | None, Parameter(help="Day for which law and holds count; by default today.")
    ] = None,
    sign_plan: Annotated[
        str | None,
        Parameter(help="Sign the plan with --key and write it to this file, for another person to apply."),
    ] = None,
    plan: Annotated[
        Path | None,
        Parameter(help="Signed plan to apply; --key is that of another person than signed it."),
    ] = None,
    key: Annotated[Path | None, Parameter(name="--key", help="Private key of who plans or applies.")] = None,
    passphrase_env: PassphraseVariable = None,
    quarantine: Annotated[
        Path | None,
        Parameter(help="Keep each original in this folder, encrypted: it is then not erased, only sealed."),
    ] = None,
    recipient: Annotated[
        str | None,
        Parameter(help="Public key of age (age1...) that originals are encrypted for."),
    ] = None,
    until: Annotated[
        date | None, Parameter(help="Day on which the holder of the key destroys it; the ledger states it.")
    ] = None,
    jobs: Annotated[int, Parameter(help="Processes; 0 is one for each core.")] = 0,
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Show what would be removed from a run's places; with --apply remove it, look again, and record it.

    Parameters
    ----------
    run
        Run file of a scan.
    """
    from efface.actions.table_ways import ways_of
    from efface.cli.options import write_bytes
    from efface.cli.output import show
    from efface.errors import UsageError
    from efface.report import terminal
    from efface.runs.approval import signed
    from efface.runs.exit_code import ExitCode
    from efface.runs.judging import judge_run, packs_of_run
    from efface.runs.outcome import of_removals
    from efface.runs.plan import plan as plan_of
    from efface.runs.remove import apply as apply_plan
    from efface.runs.store import Store

    if sum((apply, rehearse is not None, sign_plan is not None)) > 1:
        raise UsageError(
            "--apply changes originals, --rehearse copies, --sign-plan nothing: give one of them"
        )
    if plan is not None and not apply:
        raise UsageError("--plan is a signed plan to apply: give --apply, too")
    kept = _quarantine(quarantine, recipient, until)
    facts, language, ways = read_case(case), language_of(lang), ways_of(by, cascade=cascade)
    today = date.today()  # noqa: DTZ011 - the law's day is local
    day = as_of or today
    with Store(str(run), create=False) as store:
        if facts is not None:
            judge_run(store, facts, packs_of_run(store), as_of=day, today=today)
        todo = plan_of(store, facts, only, day, ways, with_derived=with_derived)
        if rehearse is not None:
            return _rehearse(store, todo, str(rehearse), day, jobs=jobs, lang=language, quiet=quiet)
        if sign_plan is not None:
            write_bytes(sign_plan, signed(store, todo, _signer(key, passphrase_env)))
        if not apply:
            if not quiet:
                _show_plan(store, todo, jobs, kept.folder if kept else "", language)
            return ExitCode.CLEAN
        approval = _approval(plan, key, passphrase_env)
        done = apply_plan(store, todo, facts, day, jobs=jobs, approval=approval, quarantine=kept)
        if not quiet:
            show(terminal.removal_plan(done, language))
        return of_removals(done)


def _show_plan(store: Store, todo: Plan, jobs: int, kept_in: str, lang: str) -> None:
    from efface.cli.output import show
    from efface.report import terminal
    from efface.report.outlay import outlay_lines
    from efface.runs.orphans import orphans_of
    from efface.runs.outlay import outlay_of

    outlay = outlay_of(store, todo.removals, jobs, kept_in=kept_in)
    show(terminal.removal_plan(todo.removals, lang), outlay_lines(outlay, lang))
    if alone := orphans_of(store):
        show(terminal.orphans([(each.kind.value, each.place.uri, each.count) for each in alone], lang))
    if todo.curable:
        show(terminal.curable(todo.curable, lang))


def _quarantine(folder: Path | None, recipient: str | None, until: date | None) -> Quarantine | None:
    from efface.errors import UsageError
    from efface.runs.sealing import Quarantine

    if folder is None and recipient is None and until is None:
        return None
    if folder is None or recipient is None or until is None:
        raise UsageError("--quarantine, --recipient and --until belong together: give all three")
    return Quarantine(str(folder), recipient, until)


def _signer(key: Path | None, passphrase_env: str | None) -> SigningKey:
    from efface.errors import UsageError
    from efface.evidence import keys

    if key is None:
        raise UsageError("a plan is signed and applied with a key: give --key")
    return keys.load_private(
        key, keys.passphrase_from_environment(passphrase_env) if passphrase_env else None
    )


def _approval(plan: Path | None, key: Path | None, passphrase_env: str | None) -> Approval | None:
    from efface.cli.options import read_certificate
    from efface.runs.approval import Approval

    return None if plan is None else Approval(read_certificate(plan), _signer(key, passphrase_env))


def _rehearse(  # noqa: PLR0913 - what a rehearsal depends on
    store: Store, todo: Plan, folder: str, day: date, *, jobs: int, lang: str, quiet: bool
) -> int:
    from efface.cli.output import show
    from efface.report import terminal
    from efface.report.texts import text
    from efface.runs.rehearse import rehearse

    result = rehearse(store, todo, folder, day, jobs=jobs)
    if not quiet:
        show(terminal.removal_plan(result.removals, lang))
        print(text("sentence.rehearsed", lang))
    return result.exit_code
