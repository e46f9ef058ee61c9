"""`efface remove`: the plan, and its application."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.options import CaseFile, Language, Quiet, language_of, read_case

__all__ = ["remove"]


def remove(  # noqa: PLR0913 - one parameter for each option of the contract
    run: Path,
    *,
    apply: Annotated[
        bool, Parameter(name="--apply", negative="", help="Do it; without it nothing changes.")
    ] = False,
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
    from efface.cli.output import show
    from efface.report import terminal
    from efface.runs.exit_code import ExitCode
    from efface.runs.judging import judge_run, packs_of_run
    from efface.runs.orphans import orphans_of
    from efface.runs.outcome import of_removals
    from efface.runs.plan import plan
    from efface.runs.remove import apply as apply_plan
    from efface.runs.store import Store

    facts, language, ways = read_case(case), language_of(lang), ways_of(by, cascade=cascade)
    today = date.today()  # noqa: DTZ011 - the law's day is local
    day = as_of or today
    with Store(str(run), create=False) as store:
        if facts is not None:
            judge_run(store, facts, packs_of_run(store), as_of=day, today=today)
        todo = plan(store, facts, only, day, ways, with_derived=with_derived)
        if not apply:
            if not quiet:
                show(terminal.removal_plan(todo.removals, language))
                if alone := orphans_of(store):
                    places = [(each.kind.value, each.place.uri, each.count) for each in alone]
                    show(terminal.orphans(places, language))
                if todo.curable:
                    show(terminal.curable(todo.curable, language))
            return ExitCode.CLEAN
        done = apply_plan(store, todo, facts, day, jobs=jobs)
        if not quiet:
            show(terminal.removal_plan(done, language))
        return of_removals(done)
