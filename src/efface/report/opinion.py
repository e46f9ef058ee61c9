"""Write what the law says of a case as a short paper for whoever must decide: found, asked, follows, why, due.

It counts by kind of data and by place, and names no file, table or person. Titles, reasons and targets are the
user's own words and stand as he wrote them.

Not handled here: laying it out (`document_html`, `document_pdf`), and judging.
Not promised: legal advice, or law outside the packs.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.model import ACTIVITY, Text, VerdictKind
from efface.report.alike import alike
from efface.report.arrange import headline, headline_key
from efface.report.document import Document, Grid, Pairs, Points, Section, Sentence, safe, same
from efface.report.opinion_law import Grounds
from efface.report.otherwise import otherwise
from efface.report.plain import moment_text, place_text, target_text
from efface.report.texts import both, word
from efface.report.wording import join, level_text, what

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from efface.model import Citation, Finding, PackReference, Question, Reading, Rule, Verdict
    from efface.report.alike import Alike
    from efface.report.document import Block
    from efface.report.view import RunView

__all__ = ["Matter", "opinion"]

_MOST_QUESTIONS = 12  # `efface rules ask` has all
_SAID = ("facts", "law", "misses", "content")


@dataclass(frozen=True, slots=True)
class Matter:
    """What an opinion is about.

    Attributes:
        title: Title of the case.
        as_of: The day whose law was applied.
        made_on: The day on which the paper is made.
        verdicts: On the activity and, with a run, on its findings.
        rules: Every rule that a verdict names, by identifier.
        packs: Rule packs that were applied.
        facts: What the case states, as questions and answers.
        readings: Disputed readings whose other choice would change a verdict.
        mitigations: Provisions that may lower a penalty, at the place and on the day of the case.
        tool_version: Version of efface.
        view: The run, or None where the activity alone was judged.
        lang: "zh" or "en", the language that comes first.
    """

    title: str
    as_of: date
    made_on: date
    verdicts: tuple[Verdict, ...]
    rules: Mapping[str, Rule]
    packs: tuple[PackReference, ...]
    facts: tuple[tuple[Text, Text], ...]
    readings: tuple[Reading, ...]
    mitigations: tuple[Citation, ...]
    tool_version: str
    view: RunView | None = None
    lang: str = "zh"


def opinion(matter: Matter) -> Document:
    """Return the paper."""
    groups = alike(matter.verdicts)
    grounds = Grounds(groups, matter.rules)
    outcome, kind = _outcome(matter)
    parts = (
        ("facts", _facts(matter)),
        ("found", _found(matter.view) if matter.view else ()),
        ("asked", _asked(groups)),
        ("follows", _follows(groups, matter.view, grounds)),
        ("otherwise", _otherwise(groups, matter.readings)),
        ("why", grounds.cited()),
        ("due", grounds.due()),
        ("mitigates", _mitigates(matter, grounds)),
        ("sources", grounds.sources(matter.packs)),
        ("limits", (Points(tuple(both(f"limit.{name}") for name in _SAID)),)),
    )
    return Document(
        title=both("opinion.title"),
        subtitle=both("opinion.subtitle"),
        outcome=outcome,
        kind=kind,
        head=Pairs(tuple(_head(matter))),
        sections=tuple(Section(both(f"opinion.{name}"), tuple(blocks)) for name, blocks in parts if blocks),
        foot=both("opinion.foot", version=matter.tool_version),
        made_on=matter.made_on,
        lang=matter.lang,
    )


def _outcome(matter: Matter) -> tuple[Text, str]:
    """Return the sentence on top, and the headline whose colour it takes."""
    if matter.view is not None:
        name = headline(matter.view)
        return both(headline_key(matter.view)), name
    (verdict,) = (verdict for verdict in matter.verdicts if verdict.subject == ACTIVITY)
    if verdict.kind.is_violation:
        return both("opinion.activity_violates"), "violations"
    if verdict.kind is VerdictKind.NEEDS_FACTS:
        return both("headline.undecided"), "undecided"
    return both("opinion.activity_keeps"), "found"


def _head(matter: Matter) -> Iterator[tuple[Text, Text]]:
    yield both("label.case"), same(matter.title)
    yield both("label.as_of"), same(matter.as_of)
    yield both("opinion.made"), same(matter.made_on)
    if matter.view is not None:
        yield both("label.run_id"), same(matter.view.run_id)
        finished = moment_text(matter.view.finished_at)
        yield both("label.finished"), same(finished) if finished else both("label.not_finished")


def _facts(matter: Matter) -> tuple[Block, ...]:
    rows = tuple((safe(question), safe(answer)) for question, answer in matter.facts)
    return (Pairs(rows), Sentence(both("opinion.facts_note"), "soft")) if rows else ()


# -- what was found ------------------------------------------------------------------------------------


def _found(view: RunView) -> tuple[Block, ...]:
    kinds: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in view.findings:
        kinds[finding.form, finding.characteristic, finding.level].append(finding)
    order = sorted(
        kinds.values(), key=lambda found: (-len(found), what(found[0]).en, level_text(found[0]).en)
    )
    heads = ("what", "level", "total_findings", "total_places", "references")
    grid = Grid(
        tuple(both(f"label.{head}") for head in heads),
        tuple((what(found[0]), level_text(found[0]), *_counted(found)) for found in order),
        (30, 30, 12, 12, 16),
    )
    gaps = max(len(view.gaps), view.coverage.gaps)
    missed = (Sentence(both("opinion.gaps", gaps=gaps), "warning"),) if gaps else ()
    if not kinds:
        return (Sentence(both("label.none_findings")), *missed)
    return (grid, _where(view), *missed)


def _counted(findings: list[Finding]) -> tuple[Text, Text, Text]:
    places = {finding.locator.container for finding in findings}
    people = sum(finding.references for finding in findings)
    return same(len(findings)), same(len(places)), same(people)


def _where(view: RunView) -> Grid:
    """Count findings by the folders and stores that the user named; a file's own name could be a person's."""
    named = [target_text(name if "://" in name else os.path.abspath(name)) for name in view.targets]
    counts = Counter(_target(place_text(finding.locator), named) for finding in view.findings)
    rows = sorted(counts.items(), key=lambda item: (not item[0], -item[1], item[0]))
    return Grid(
        (both("opinion.target"), both("label.total_findings")),
        tuple((same(name) if name else both("opinion.elsewhere"), same(count)) for name, count in rows),
        (84, 16),
    )


def _target(place: str, named: list[str]) -> str:
    above = [target for target in named if place.startswith(target.rstrip("/") + "/")]
    return max(above, key=len, default="")


# -- what is asked, and what follows -------------------------------------------------------------------


def _asked(groups: Sequence[Alike]) -> tuple[Block, ...]:
    """Return the questions that most verdicts wait for; equal ones in their own order, the most decisive first."""
    waiting: Counter[Question] = Counter()
    for group in groups:
        waiting.update(dict.fromkeys(group.verdict.missing, group.count))
    if not waiting:
        return (Sentence(both("opinion.nothing_asked")),)
    rows = tuple(
        (safe(question.text), same(question.fact), same(count))
        for question, count in waiting.most_common(_MOST_QUESTIONS)
    )
    heads = tuple(both(f"label.{name}") for name in ("question", "fact", "awaited_by"))
    left = len(waiting) - len(rows)
    more = (Sentence(both("opinion.more_questions", left=left), "soft"),) if left else ()
    return (Grid(heads, rows, (62, 24, 14)), *more)


def _follows(groups: Sequence[Alike], view: RunView | None, grounds: Grounds) -> tuple[Block, ...]:
    activity = both("opinion.activity")
    found = {finding.id: finding for finding in view.findings} if view else {}
    counted: Counter[tuple[VerdictKind, Text, tuple[str, ...]]] = Counter()
    for group in groups:
        kind = group.verdict.kind
        ids = tuple(rule.id for rule in group.verdict.fired if rule.kind is kind)
        for finding, count in _kinds(group, found):
            counted[kind, what(finding) if finding else activity, ids] += count
    order = sorted(counted.items(), key=lambda item: (item[0][1] != activity, item[0][0].strength, -item[1]))
    rows = tuple(
        (
            word("verdict", kind),
            subject if subject == activity else join(subject, same(f"× {count}"), zh=" "),
            both(f"verdict_meaning.{kind}"),
            grounds.numbers(ids),
        )
        for (kind, subject, ids), count in order
    )
    heads = tuple(both(name) for name in ("label.verdict", "opinion.on", "label.detail", "label.rules"))
    return (Grid(heads, rows, (20, 24, 42, 14)),)


def _kinds(group: Alike, found: Mapping[str, Finding]) -> Iterator[tuple[Finding | None, int]]:
    """Yield one finding of each kind among a group's subjects, or None for the activity, with how many there are."""
    alike_: dict[tuple[object, ...], list[Finding | None]] = defaultdict(list)
    for name in group.subjects:
        finding = found.get(name)
        alike_[(finding.form, finding.characteristic) if finding else ()].append(finding)
    return ((findings[0], len(findings)) for findings in alike_.values())


def _otherwise(groups: Sequence[Alike], disputed: Sequence[Reading]) -> tuple[Block, ...]:
    """Return what today's law or another reading would say, each sentence once with how many verdicts it is of."""
    counted: Counter[Text] = Counter()
    for group in groups:
        counted.update(dict.fromkeys(map(safe, otherwise(group.verdict)), group.count))
    alone = sum(group.count for group in groups) == 1
    told = tuple(
        each if alone else join(same(f"{count} ×"), each, zh=" ") for each, count in counted.most_common()
    )
    readings: list[Block] = []
    for reading in disputed:
        sides = (("speaks_for", reading.speaks_for), ("speaks_against", reading.speaks_against))
        readings.append(Sentence(join(same(reading.id), safe(reading.label), zh="：", en=": ")))
        readings.append(Points(tuple(join(both(f"label.{side}"), safe(words)) for side, words in sides)))
    return ((Points(told),) if told else ()) + tuple(readings)


def _mitigates(matter: Matter, grounds: Grounds) -> tuple[Block, ...]:
    if not any(verdict.kind.is_violation for verdict in matter.verdicts):
        return ()
    if not matter.mitigations:
        return (Sentence(both("opinion.no_mitigation")),)
    return (
        *(grounds.provision(law) for law in matter.mitigations),
        Sentence(both("opinion.mitigation_note"), "soft"),
    )
