"""`efface judge`: judge a run again, or the activity itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.options import JsonFile, Language, language_of, read_case
from efface.cli.packs import PackFolders, law_of

__all__ = ["judge"]


def judge(  # noqa: PLR0913 - one parameter for each option of the contract
    run: Path | None = None,
    *,
    case: Annotated[Path, Parameter(name="--case", help="Case file (TOML) with the facts of the case.")],
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    packs: PackFolders = None,
    json: JsonFile = None,
    opinion: Annotated[
        str | None,
        Parameter(help="Write what follows, why, by when and what is not known, for counsel: .pdf or .html."),
    ] = None,
    lang: Language = None,
) -> int:
    """Judge a run's findings under a case without scanning again; without RUN, the activity itself.

    Where the conduct has ended, or another day is named, what the law of today says stands beside.

    Parameters
    ----------
    run
        Run file of an earlier scan.
    """
    from efface.cli.opinion import Judged, form_of, write_opinion
    from efface.cli.output import show, show_run
    from efface.cli.reports import write_reports
    from efface.model import Level, VerdictKind
    from efface.report.law import verdict_text
    from efface.rules.engine import judge_activity
    from efface.rules.readings import readings_of
    from efface.runs.exit_code import ExitCode
    from efface.runs.judging import judge_run
    from efface.runs.outcome import of_scan
    from efface.runs.store import Store
    from efface.runs.view import view_of

    facts, language = read_case(case), language_of(lang)
    assert facts is not None  # noqa: S101 - a case file was named
    today = date.today()  # noqa: DTZ011 - the law's day is local
    day, law = as_of or today, law_of(packs)
    if opinion is not None:
        form_of(opinion)  # a name that asks for no form is refused before anything is judged
    if run is None:
        verdict = judge_activity(facts, law, as_of=day, today=today)
        rules = {rule.id: rule for pack in law for rule in pack.rules}
        show(verdict_text(verdict, rules, language, readings_of([verdict])))
        if opinion is not None:
            write_opinion(opinion, Judged(facts, law, (verdict,), day), None, language)
        if verdict.kind.is_violation:
            return ExitCode.VIOLATIONS
        return ExitCode.GAPS if verdict.kind is VerdictKind.NEEDS_FACTS else ExitCode.CLEAN
    with Store(str(run), create=False) as store:
        verdicts = judge_run(store, facts, law, as_of=day, today=today)
        view = view_of(store, language)
        if not write_reports(view, {"json": json}):
            show_run(view)
        if opinion is not None:
            write_opinion(opinion, Judged(facts, law, tuple(verdicts), day), view, language)
        return of_scan(view, Level.VISIBLE)
