"""`efface remove`: the plan, and its application."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from efface.cli.options import CaseFile, Language, Quiet, language_of, read_case

if TYPE_CHECKING:
    from efface.runs.plan import Plan
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
    case: CaseFile = None,
    as_of: Annotated[
        date | None, Parameter(help="Day for which law and holds count; by default today.")
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
    from efface.cli.output import show
    from efface.errors import UsageError
    from efface.report import terminal
    from efface.report.outlay import outlay_lines
    from efface.runs.exit_code import ExitCode
    from efface.runs.judging import judge_run, packs_of_run
    from efface.runs.outcome import of_removals
    from efface.runs.outlay import outlay_of
    from efface.runs.plan import plan
    from efface.runs.remove import apply as apply_plan
    from efface.runs.store import Store

    if apply and rehearse is not None:
        raise UsageError("--rehearse changes copies, and --apply the originals: give one of them")
    facts, language = read_case(case), language_of(lang)
    today = date.today()  # noqa: DTZ011 - the law's day is local
    day = as_of or today
    with Store(str(run), create=False) as store:
        if facts is not None:
            judge_run(store, facts, packs_of_run(store), as_of=day, today=today)
        todo = plan(store, facts, only, day)
        if rehearse is not None:
            return _rehearse(store, todo, str(rehearse), day, jobs=jobs, lang=language, quiet=quiet)
        if not apply:
            if not quiet:
                show(terminal.removal_plan(todo.removals, language))
                show(outlay_lines(outlay_of(store, todo.removals, jobs), language))
                if todo.curable:
                    show(terminal.curable(todo.curable, language))
            return ExitCode.CLEAN
        done = apply_plan(store, todo, facts, day, jobs=jobs)
        if not quiet:
            show(terminal.removal_plan(done, language))
        return of_removals(done)


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
