"""The log of a sealed visit in the words of the report room."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from efface.report.inspection import Inspection, Kept, Kind, Look
from efface.report.texts import both
from efface.visits.entries import Note, Paper, Photo, Run, Sealed

if TYPE_CHECKING:
    from efface.model import Text
    from efface.visits.entries import Entry
    from efface.visits.log import Log

__all__ = ["inspection_of"]


def inspection_of(log: Log, tool_version: str, lang: str) -> Inspection:
    """Return what the records show of a log whose last line is a seal."""
    opened, seal = log.opened, log.entries[-1]
    assert isinstance(seal, Sealed)  # noqa: S101 - the caller has just sealed or checked it
    return Inspection(
        visit_id=opened.visit,
        premises=opened.premises,
        people=tuple((person.name, person.role) for person in opened.people),
        mandate=opened.mandate,
        authorisation=opened.authorisation,
        clock_offset_s=opened.clock_offset_s,
        began_at=opened.at,
        sealed_at=seal.at,
        notes=tuple((entry.at, entry.text) for entry in log.entries if isinstance(entry, Note)),
        looks=tuple(_look(entry) for entry in log.entries if isinstance(entry, Run)),
        kept=tuple(
            Kept(file.name, file.sha256, file.size_bytes, entry.kind, entry.at, _remark(entry))
            for entry in log.entries
            for file in entry.files
        ),
        log_size=log.size,
        log_root=log.root,
        key_id=seal.key,
        number=seal.number,
        tool_version=tool_version,
        made_on=date.fromisoformat(seal.at[:10]),
        lang=lang,
    )


def _look(run: Run) -> Look:
    return Look(
        number=run.seq,
        run_id=run.run,
        tool_version=run.tool_version,
        mode=run.mode,
        started_at=run.started_at,
        finished_at=run.finished_at,
        targets=run.targets,
        seen=run.seen,
        scanned=run.scanned,
        gaps=run.gaps,
        found=tuple(
            Kind(each.characteristic, each.form, each.findings, each.references) for each in run.found
        ),
        verdicts_by=tuple(sorted((kind.value, count) for kind, count in run.verdicts_by.items())),
    )


def _remark(entry: Entry) -> Text | None:
    match entry:
        case Photo():
            return both("inspection.covered", faces=entry.faces)
        case Paper() if entry.due:
            return both("inspection.due", due=entry.due)
        case _:
            return None
