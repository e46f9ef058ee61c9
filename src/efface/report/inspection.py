"""The two records of a visit: of the inspection on site, and of the electronic data that was taken from it.

Both say what the log says and nothing more. What only people can say on the spot, objections and signatures, is left as
blank lines, to be filled in by hand on paper.

Not handled here: laying them out (`document_html`, `document_pdf`).
Not promised: that a record is one in law before it is read, corrected and signed by those it names; which form an
authority has to use is for the authority to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.report.document import Document, Grid, Pairs, Points, Section, Sentence, same
from efface.report.texts import both, word
from efface.report.wording import join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from efface.model import Text
    from efface.report.document import Block

__all__ = ["Inspection", "Kept", "Kind", "Look", "extraction", "record"]

_LINE = "_" * 24
_WIDE_LINE = "_" * 72
_BLANK_LINES = 3
_MOST_TARGETS = 40  # of one run; the log has all


@dataclass(frozen=True, slots=True)
class Kind:
    """What was found of one kind: how often, and how many data subjects it concerns at most."""

    characteristic: str
    form: str
    findings: int
    references: int


@dataclass(frozen=True, slots=True)
class Look:
    """One run of a visit.

    Attributes:
        number: Number of its line in the log.
        run_id: Identifier of the run.
        tool_version: Version of efface that scanned.
        mode: How hard it looked.
        started_at: As the log writes times.
        finished_at: As above.
        targets: What was scanned, without passwords.
        seen: Artefacts that were met.
        scanned: Artefacts that were looked at to the end.
        gaps: Things that were not looked at.
        found: What was found, by kind.
        verdicts_by: How often each kind of verdict was given; empty where nothing was judged.
    """

    number: int
    run_id: str
    tool_version: str
    mode: str
    started_at: str
    finished_at: str
    targets: tuple[str, ...]
    seen: int
    scanned: int
    gaps: int
    found: tuple[Kind, ...]
    verdicts_by: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a visit: its name, digest and size, what kind of line it came with, and a remark."""

    name: str
    sha256: str
    size_bytes: int
    kind: str
    at: str
    remark: Text | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """A sealed visit, as its records show it.

    Attributes:
        visit_id: Identifier of the visit.
        premises: Where.
        people: Names and roles of those present.
        mandate: What it rests on.
        authorisation: Who allowed it.
        clock_offset_s: Seconds by which true time was ahead of the clock, as stated; None where nothing was stated.
        began_at: As the log writes times.
        sealed_at: As above.
        notes: Times and texts.
        looks: The runs.
        kept: The files.
        log_size: How many lines the log has, the seal included.
        log_root: Root of the log, in hex.
        key_id: Who seals.
        number: Which bundle of the visit this is.
        tool_version: Version of efface that seals.
        made_on: Day of the seal.
        lang: The language that comes first.
    """

    visit_id: str
    premises: str
    people: tuple[tuple[str, str], ...]
    mandate: str
    authorisation: str
    clock_offset_s: int | None
    began_at: str
    sealed_at: str
    notes: tuple[tuple[str, str], ...]
    looks: tuple[Look, ...]
    kept: tuple[Kept, ...]
    log_size: int
    log_root: str
    key_id: str
    number: int
    tool_version: str
    made_on: date
    lang: str

    @property
    def findings(self) -> int:
        """How many findings all runs have together."""
        return sum(kind.findings for look in self.looks for kind in look.found)

    @property
    def gaps(self) -> int:
        """How much was not looked at in all runs together."""
        return sum(look.gaps for look in self.looks)


def record(visit: Inspection) -> Document:
    """Return the record of the inspection on site."""
    sections = (
        ("people", (_people(visit),)),
        ("course", _notes(visit)),
        ("looked", tuple(_looked(visit))),
        ("found", _found(visit)),
        ("gaps", _gaps(visit)),
        ("kept", _files(visit, {"photo", "certificate", "paper", "compared"})),
        ("not_told", _not_told()),
        ("objections", (Sentence(both("inspection.objections_note")), *_blank())),
        ("signed", (_signatures("inspectors", "record_keeper", "person_inspected", "witness"),)),
    )
    return _document(visit, "record", sections)


def extraction(visit: Inspection) -> Document:
    """Return the record of the electronic data that was taken."""
    sections = (
        ("how", tuple(_how(visit))),
        ("taken", _files(visit, {"run"})),
        ("found", _found(visit)),
        ("not_told", _not_told()),
        ("objections", _blank()),
        ("signed", (_signatures("extracted_by", "data_holder", "witness"),)),
    )
    return _document(visit, "extraction", sections)


def _document(visit: Inspection, name: str, sections: tuple[tuple[str, tuple[Block, ...]], ...]) -> Document:
    if visit.findings:
        outcome, kind = "found_count", "found"
    elif visit.gaps:
        outcome, kind = "only_gaps", "only_gaps"
    else:
        outcome, kind = ("nothing", "nothing") if visit.looks else ("no_runs", "undecided")
    return Document(
        title=both(f"inspection.{name}_title"),
        subtitle=both(f"inspection.{name}_subtitle"),
        outcome=both(f"inspection.outcome_{outcome}", findings=visit.findings, gaps=visit.gaps),
        kind=kind,
        head=Pairs(tuple(_head(visit))),
        sections=tuple(Section(both(f"inspection.{key}"), blocks) for key, blocks in sections if blocks),
        foot=both("inspection.foot", version=visit.tool_version, visit=visit.visit_id),
        made_on=visit.made_on,
        lang=visit.lang,
    )


def _head(visit: Inspection) -> Iterator[tuple[Text, Text]]:
    yield both("inspection.premises"), same(visit.premises)
    yield both("inspection.mandate"), same(visit.mandate)
    yield both("inspection.authorisation"), same(visit.authorisation)
    yield both("inspection.time"), same(f"{visit.began_at} – {visit.sealed_at}")
    offset = visit.clock_offset_s
    yield (
        both("inspection.clock"),
        both("inspection.clock_unknown") if offset is None else both("inspection.clock_said", offset=offset),
    )
    yield both("inspection.visit"), same(f"{visit.visit_id} ({visit.number})")
    yield both("inspection.log"), same(f"{visit.log_root} ({visit.log_size})")
    yield both("label.key_id"), same(visit.key_id)


def _people(visit: Inspection) -> Grid:
    heads = (both("inspection.name"), both("inspection.role"))
    return Grid(heads, tuple((same(name), same(role)) for name, role in visit.people), (50, 50))


def _notes(visit: Inspection) -> tuple[Block, ...]:
    heads = (both("inspection.at"), both("inspection.note"))
    rows = tuple((same(at), same(text)) for at, text in visit.notes)
    return (Grid(heads, rows, (24, 76)),) if rows else ()


def _looked(visit: Inspection) -> Iterator[Block]:
    for look in visit.looks:
        shown = [same(target) for target in look.targets[:_MOST_TARGETS]]
        left = len(look.targets) - len(shown)
        yield Sentence(both("inspection.run_of", number=look.number, run=look.run_id))
        yield Points((*shown, both("sentence.more", left=left)) if left else tuple(shown))
        mode = join(both("inspection.in_mode"), word("mode", look.mode))
        coverage = both("inspection.coverage", seen=look.seen, scanned=look.scanned, gaps=look.gaps)
        yield Sentence(join(mode, coverage, en=""), "soft")
    if not visit.looks:
        yield Sentence(both("inspection.outcome_no_runs"), "warning")


def _found(visit: Inspection) -> tuple[Block, ...]:
    heads = (*(both(f"inspection.{key}") for key in ("line", "kind")), both("label.total_findings"))
    rows = tuple(
        (
            same(look.number),
            join(word("characteristic", kind.characteristic), word("form", kind.form)),
            same(kind.findings),
            same(kind.references),
        )
        for look in visit.looks
        for kind in look.found
    )
    verdicts = tuple(
        (same(look.number), word("verdict", kind), same(count))
        for look in visit.looks
        for kind, count in look.verdicts_by
    )
    blocks: list[Block] = []
    if rows:
        blocks.append(Grid((*heads, both("label.references")), rows, (14, 46, 20, 20)))
    if verdicts:
        judged = (both("inspection.line"), both("label.verdict"), both("label.total_findings"))
        blocks.append(Grid(judged, verdicts, (14, 66, 20)))
    return tuple(blocks) or (Sentence(both("inspection.none_found")),)


def _gaps(visit: Inspection) -> tuple[Block, ...]:
    if visit.gaps:
        return (Sentence(both("inspection.gaps_count", gaps=visit.gaps), "warning"),)
    return (Sentence(both("label.none_gaps")),) if visit.looks else ()


def _how(visit: Inspection) -> Iterator[Block]:
    yield Points(tuple(both(f"inspection.how_{name}") for name in ("read_only", "counts", "baseline")))
    for look in visit.looks:
        yield Pairs(
            (
                (both("label.run_id"), same(f"{look.run_id} ({look.number})")),
                (both("label.tool"), same(f"efface {look.tool_version}")),
                (both("label.mode"), word("mode", look.mode)),
                (both("label.started"), same(look.started_at)),
                (both("label.finished"), same(look.finished_at)),
                (both("label.targets"), same("; ".join(look.targets[:_MOST_TARGETS]))),
                (both("label.total_gaps"), same(look.gaps)),
            )
        )


def _files(visit: Inspection, kinds: set[str]) -> tuple[Block, ...]:
    heads = (*(both(f"inspection.{key}") for key in ("file", "at", "bytes")), same("SHA-256"))
    rows = tuple(
        (
            join(same(file.name), *([file.remark] if file.remark else [])),
            same(file.at),
            same(file.size_bytes),
            same(file.sha256),
        )
        for file in visit.kept
        if file.kind in kinds
    )
    return (Grid(heads, rows, (30, 20, 14, 36)),) if rows else ()


def _not_told() -> tuple[Block, ...]:
    return (
        Points(tuple(both(f"inspection.not_{name}") for name in ("content", "elsewhere", "clock", "names"))),
    )


def _blank() -> tuple[Block, ...]:
    return tuple(Sentence(same(_WIDE_LINE)) for _ in range(_BLANK_LINES))


def _signatures(*names: str) -> Pairs:
    return Pairs(tuple((both(f"inspection.sign_{name}"), same(_LINE)) for name in (*names, "date")))
