"""Many bundles in one folder: each is checked, joined with the second visits that name it, and given a state.

A second visit names the first by the root of its log, which only a bundle that holds can show. A visit that was sealed
twice counts once, by its last seal.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from efface import __version__
from efface.errors import UsageError
from efface.model import VerdictKind, printable
from efface.report.campaign import Campaign, Refused, Row, State
from efface.report.inspection import Kind
from efface.visits.bundle import MAX_BYTES
from efface.visits.entries import Compared, Paper
from efface.visits.opening import check_bundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from efface.evidence.keys import PublicKey
    from efface.visits.entries import Run
    from efface.visits.log import Log
    from efface.visits.manifest import Predicate

__all__ = ["campaign_of"]


@dataclass(frozen=True, slots=True)
class _Visit:
    """What the overview takes from a bundle that holds; its files are let go."""

    file: str
    log: Log
    sealed: Predicate


_ENDS: Final = ".zip"
_ORDER: Final = {state: number for number, state in enumerate(State)}


def campaign_of(
    folder: str, trusted: Sequence[PublicKey], on: date, lang: str, revoked: frozenset[str] = frozenset()
) -> Campaign:
    """Return the overview of a folder.

    Args:
        folder: Where the bundles lie, named `*.zip`; folders in it are not looked into.
        trusted: Keys of the inspectors.
        on: The day on which something is overdue or not.
        lang: "zh" or "en".
        revoked: Ids of keys that are believed no longer.

    Raises:
        UsageError: The folder cannot be listed.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError as error:
        raise UsageError(f"{printable(folder)}: {error.strerror}") from None
    bundles = [name for name in names if name.lower().endswith(_ENDS)]
    held: dict[str, _Visit] = {}
    refused: list[Refused] = []
    roots: dict[str, str] = {}  # every root under which a visit was sealed
    for name in bundles:
        visit = _visit(os.path.join(folder, name), trusted, revoked)
        if isinstance(visit, Refused):
            refused.append(visit)
            continue
        said = visit.sealed
        roots[said.log.root] = said.visit
        if said.visit not in held or held[said.visit].sealed.number < said.number:
            held[said.visit] = visit
    compared = _compared(held.values(), roots)
    rows = [_row(visit, compared[number], on) for number, visit in held.items()]
    return Campaign(
        rows=tuple(sorted(rows, key=lambda row: (_ORDER[row.state], row.due or date.max, row.premises))),
        refused=tuple(refused),
        superseded=len(bundles) - len(refused) - len(held),
        others=len(names) - len(bundles),
        on=on,
        tool_version=__version__,
        lang=lang,
    )


def _visit(path: str, trusted: Sequence[PublicKey], revoked: frozenset[str]) -> _Visit | Refused:
    name = os.path.basename(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return Refused(name, "", error.strerror or "")
    checked = check_bundle(data, trusted, revoked)
    if checked.sealing is not None:
        return _Visit(name, checked.sealing.log, checked.sealing.manifest.predicate)
    failed = next(step for step in checked.steps if step.ok is False)
    return Refused(name, failed.title, failed.reason)


def _compared(
    visits: Iterable[_Visit], roots: Mapping[str, str]
) -> defaultdict[str, list[tuple[str, Compared]]]:
    """Return the comparisons with each visit, by its id, with the id of the visit that made them."""
    found: defaultdict[str, list[tuple[str, Compared]]] = defaultdict(list)
    for each in visits:
        visit = each.sealed.visit
        for entry in each.log.entries:
            earlier = roots.get(entry.earlier, "") if isinstance(entry, Compared) else ""
            if isinstance(entry, Compared) and earlier and earlier != visit:
                found[earlier].append((visit, entry))
    return found


def _row(visit: _Visit, compared: Sequence[tuple[str, Compared]], on: date) -> Row:
    runs, said = visit.log.runs, visit.sealed
    dues = [date.fromisoformat(e.due) for e in visit.log.entries if isinstance(e, Paper) and e.due]
    due = max(dues, default=None)
    found = _found(runs)
    gaps = sum(run.gaps for run in runs)
    last = {entry.line: entry for _, entry in sorted(compared, key=lambda item: item[1].at)}
    is_closed = bool(runs) and all(run.seq in last and last[run.seq].is_clean for run in runs)
    return Row(
        file=visit.file,
        visit_id=said.visit,
        premises=visit.log.opened.premises,
        sealed_at=said.sealed_at,
        found=found,
        violations=_violations(runs),
        seen=sum(run.seen for run in runs),
        scanned=sum(run.scanned for run in runs),
        gaps=gaps,
        orders=len(dues),
        due=due,
        again=len({second for second, _ in compared}),
        state=_state(runs, is_closed=is_closed, due=due, on=on, is_found=bool(found), gaps=gaps),
    )


def _state(  # noqa: PLR0913 - everything that decides
    runs: Sequence[Run], *, is_closed: bool, due: date | None, on: date, is_found: bool, gaps: int
) -> State:
    states = (
        (is_closed and (is_found or gaps or due), State.CLOSED),
        (due is not None and due < on, State.OVERDUE),
        (due is not None, State.DUE),
        (is_found, State.OPEN),
        (not runs, State.NO_RUNS),
        (gaps, State.GAPS),
    )
    return next((state for holds, state in states if holds), State.NOTHING)


def _found(runs: Iterable[Run]) -> tuple[Kind, ...]:
    findings: Counter[tuple[str, str]] = Counter()
    references: Counter[tuple[str, str]] = Counter()
    for run in runs:
        for each in run.found:
            findings[each.characteristic, each.form] += each.findings
            references[each.characteristic, each.form] += each.references
    return tuple(Kind(*kind, count, references[kind]) for kind, count in sorted(findings.items()))


def _violations(runs: Sequence[Run]) -> int | None:
    if not any(run.verdicts_by for run in runs):
        return None
    return sum(
        count for run in runs for kind, count in run.verdicts_by.items() if VerdictKind(kind).is_violation
    )
