"""Write papers on a case: what the law says of it, and the draft of an order."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from efface import __version__, registry
from efface.cli.options import write_bytes
from efface.errors import UsageError

if TYPE_CHECKING:
    from efface.model import Case, Verdict
    from efface.report.document import Document
    from efface.report.opinion import Matter
    from efface.report.order import Parties
    from efface.report.view import RunView
    from efface.rules.pack import Pack

__all__ = ["Judged", "form_of", "matter_of", "write_opinion", "write_order"]


class Judged(NamedTuple):
    """A case, the law, the verdicts on its activity and findings, and the day whose law they apply."""

    case: Case
    law: tuple[Pack, ...]
    verdicts: tuple[Verdict, ...]
    as_of: date


def form_of(target: str) -> str:
    """Return the form that a file's name asks for, "pdf" or "html".

    Raises:
        UsageError: The name ends in something else.
    """
    form = os.path.splitext(target)[1].removeprefix(".").lower()
    if form not in registry.names("opinion"):
        forms = " or ".join(f".{name}" for name in registry.names("opinion"))
        raise UsageError(f"{target}: such a paper is written to a file that ends in {forms}")
    return form


def write_opinion(target: str, judged: Judged, view: RunView | None, lang: str) -> None:
    """Write the paper, whole or not at all.

    Args:
        target: Where it goes; its ending says the form.
        judged: The case and what was said of it.
        view: The run, or None where the activity alone was judged.
        lang: The language that comes first.
    """
    from efface.report.opinion import opinion

    _write(target, opinion(matter_of(judged, view, lang)))


def write_order(target: str, judged: Judged, view: RunView | None, parties: Parties, lang: str) -> None:
    """Write the draft of an order to rectify, whole or not at all; arguments as above."""
    from efface.report.order import order

    _write(target, order(matter_of(judged, view, lang), parties))


def _write(target: str, paper: Document) -> None:
    write_bytes(target, registry.load("opinion", form_of(target))(paper))


def matter_of(judged: Judged, view: RunView | None, lang: str) -> Matter:
    """Return what a paper on a case is about, as the report room takes it."""
    from efface.report.opinion import Matter
    from efface.rules.mitigation import mitigations
    from efface.rules.readings import readings_of
    from efface.rules.stated import stated

    case, as_of = judged.case, judged.as_of
    return Matter(
        title=case.title,
        as_of=as_of,
        made_on=date.today(),  # noqa: DTZ011 - the day is the reader's
        verdicts=judged.verdicts,
        rules={rule.id: rule for pack in judged.law for rule in pack.rules},
        packs=tuple(pack.reference for pack in judged.law),
        facts=stated(case),
        readings=readings_of(judged.verdicts),
        mitigations=mitigations(case.jurisdiction, as_of),
        tool_version=__version__,
        view=view,
        lang=lang,
    )
