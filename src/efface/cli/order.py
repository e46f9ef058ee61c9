"""`efface order`: draft an order to rectify from what was found and judged."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.options import Language, language_of, read_case
from efface.cli.packs import PackFolders, law_of

__all__ = ["order"]


def order(  # noqa: PLR0913 - one parameter for each line of the order
    run: Path,
    *,
    case: Annotated[Path, Parameter(name="--case", help="Case file (TOML) with the facts of the case.")],
    output: Annotated[str, Parameter(name=["--output", "-o"], help="Where the draft goes: .pdf or .html.")],
    to: Annotated[str, Parameter(name="--to", help="Whom the order binds.")],
    authority: Annotated[str, Parameter(help="Who orders; left blank where it is not given.")] = "",
    mandate: Annotated[str, Parameter(help="What empowers the authority, in its own words.")] = "",
    reply_by: Annotated[date | None, Parameter(help="Day by which the addressee is to report.")] = None,
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    packs: PackFolders = None,
    lang: Language = None,
) -> int:
    """Draft an order to rectify: what is to go, by when and under which rule, what to keep, how to show it.

    The run is judged anew, as `judge` does, and keeps the verdicts. Exit code 1 where something is to be
    rectified, 3 where facts are missing or something was not looked at, else 0.

    Parameters
    ----------
    run
        Run file of an earlier scan.
    """
    from efface.cli.opinion import Judged, form_of, write_order
    from efface.model import Level
    from efface.report.order import Parties
    from efface.runs.judging import judge_run
    from efface.runs.outcome import of_scan
    from efface.runs.store import Store
    from efface.runs.view import view_of

    facts, language = read_case(case), language_of(lang)
    assert facts is not None  # noqa: S101 - a case file was named
    today = date.today()  # noqa: DTZ011 - the law's day is local
    day, law = as_of or today, law_of(packs)
    form_of(output)  # a name that asks for no form is refused before anything is judged
    with Store(str(run), create=False) as store:
        verdicts = judge_run(store, facts, law, as_of=day, today=today)
        view = view_of(store, language)
        judged = Judged(facts, law, tuple(verdicts), day)
        write_order(output, judged, view, Parties(to, authority, mandate, reply_by), language)
        return of_scan(view, Level.VISIBLE)
