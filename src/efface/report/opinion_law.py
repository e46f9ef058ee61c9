"""The law in an opinion: which rules bear on the case, what they demand by when, and what is not known of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from efface.model import Text, VerdictKind
from efface.report.document import Grid, Ground, Pairs, Points, Sentence, safe, same
from efface.report.plain import prose, visible
from efface.report.texts import both, word
from efface.report.wording import citation, join, period_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from efface.model import Citation, Due, FiredRule, PackReference, Rule
    from efface.report.alike import Alike
    from efface.report.document import Block

__all__ = ["Grounds"]

_WEIGHTY = frozenset(
    {
        VerdictKind.HOLD,
        VerdictKind.PROHIBITED,
        VerdictKind.PROHIBITED_UNLESS,
        VerdictKind.NEEDS_FACTS,
        VerdictKind.FREEZE,
    }
)
"""What bears on the outcome; rules that are kept or allow are named in a line."""
_MOST_NOTES = 4  # of an instrument; `efface rules show` has all
_MOST_FACTS = 10  # of an instrument that cannot be told yet; `efface rules ask` has all
_UNDECIDED = frozenset({VerdictKind.NEEDS_FACTS})
_DEMANDS = _WEIGHTY - _UNDECIDED


class Grounds:
    """Every rule that has something to say of a case, numbered from the strictest."""

    def __init__(self, groups: Iterable[Alike], rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._says: dict[str, Counter[VerdictKind]] = defaultdict(Counter)
        self._fired: dict[str, FiredRule] = {}
        for group in groups:
            for fired in group.verdict.fired:
                self._says[fired.id][fired.kind] += group.count
                known = self._fired.get(fired.id)
                if known is None or fired.kind.strength < known.kind.strength:
                    self._fired[fired.id] = fired
        order = sorted(self._fired.values(), key=lambda fired: (fired.kind.strength, fired.id))
        self._number = {fired.id: number for number, fired in enumerate(order, start=1)}

    def numbers(self, ids: Iterable[str]) -> Text:
        """Return the numbers of rules, as the other parts of the paper name them."""
        return same(_ranges(sorted(self._number[each] for each in ids)))

    def _in_order(self, kinds: frozenset[VerdictKind]) -> Iterator[FiredRule]:
        return (self._fired[name] for name in self._number if self._fired[name].kind in kinds)

    def cited(self) -> tuple[Block, ...]:
        """Return each rule that demands with its words, dates, force and how sure we are; the others in a line."""
        cards = [self._card(fired) for fired in self._in_order(_DEMANDS)]
        others = tuple(
            (same(f"[{self._number[fired.id]}]"), self._title(fired), word("verdict", fired.kind))
            for fired in self._in_order(frozenset(VerdictKind) - _WEIGHTY)
        )
        open_ = tuple(self._open())
        asked = (same("#"), both("opinion.may"), both("label.missing"))
        kept = (same("#"), both("opinion.also"), both("label.verdict"))
        if not self._fired:
            return (Sentence(both("verdict_meaning.out_of_scope")),)
        return (
            *cards,
            *((Grid(asked, open_, (14, 46, 40)),) if open_ else ()),
            *((Grid(kept, others, (14, 60, 26)),) if others else ()),
        )

    def _open(self) -> Iterator[tuple[Text, ...]]:
        """Yield the rules that cannot be told yet in a line for each instrument, with the facts that they need."""
        found: dict[Text, list[FiredRule]] = defaultdict(list)
        for fired in self._in_order(_UNDECIDED):
            rule = self._rules.get(fired.id)
            found[rule.citation.instrument if rule else same(fired.id)].append(fired)
        for instrument, group in found.items():
            places = [safe(self._rules[each.id].citation.place) for each in group if each.id in self._rules]
            cited = join(safe(instrument), join(*places, zh="；", en="; "), zh=" ", en=": ")
            missing = dict.fromkeys(name for each in group for name in each.missing)
            yield self.numbers(each.id for each in group), cited, _some(list(missing), _MOST_FACTS)

    def _title(self, fired: FiredRule) -> Text:
        rule = self._rules.get(fired.id)
        return citation(rule) if rule else both("opinion.case_hold")

    def _card(self, fired: FiredRule) -> Ground:
        rule = self._rules.get(fired.id)
        alone = sum(self._says[fired.id].values()) == 1
        says = [
            word("verdict", kind) if alone else join(word("verdict", kind), same(f"× {count}"), zh=" ")
            for kind, count in sorted(self._says[fired.id].items(), key=lambda item: item[0].strength)
        ]
        rows: list[tuple[Text, Text]] = []
        if rule is None:
            rows.append((both("label.reason"), safe(fired.explanation)))
        else:
            rows += _law(rule.citation, period_text(rule.effective_from, rule.effective_until))
            if fired.because:
                rows.append((both("label.because"), same("; ".join(fired.because))))
            if fired.missing:
                rows.append((both("label.missing"), same(", ".join(fired.missing))))
        return Ground(
            number=str(self._number[fired.id]),
            title=self._title(fired),
            tag=join(*says, zh="；", en="; "),
            kind=str(fired.kind),
            quote=prose(rule.citation.quote) if rule else "",
            body=Pairs(tuple(rows)),
        )

    def provision(self, law: Citation) -> Ground:
        """Return a provision that is no rule of a pack, such as one that mitigates."""
        place = safe(law.place)
        title = Text(
            f"《{visible(law.instrument.zh)}》{place.zh}", f"{visible(law.instrument.en)}, {place.en}"
        )
        return Ground(
            "", title, word("force", law.force), "", prose(law.quote), Pairs(tuple(_law(law, None)))
        )

    def due(self) -> tuple[Block, ...]:
        """Return what is to be done, by when, and what a breach may cost, rule by rule."""
        rows = tuple(
            (same(f"[{self._number[fired.id]}]"), *_due(self._rules.get(fired.id), fired.due))
            for fired in self._in_order(_DEMANDS)
        )
        if not rows:
            return (Sentence(both("opinion.nothing_due")),)
        heads = (same("#"), both("label.remedy"), both("opinion.by_when"), both("opinion.cost"))
        return (Grid(heads, rows, (7, 39, 22, 32)),)

    def sources(self, packs: Iterable[PackReference]) -> tuple[Block, ...]:
        """Return where each instrument that demands something was read, and what its sources leave open."""
        cited: dict[Text, list[Rule]] = defaultdict(list)
        for fired in self._in_order(_DEMANDS):
            if fired.id in self._rules:
                rule = self._rules[fired.id]
                cited[rule.citation.instrument].append(rule)
        blocks: list[Block] = []
        for instrument, rules in cited.items():
            numbers = self.numbers(rule.id for rule in rules)
            read = max(rule.citation.read_on for rule in rules)
            blocks.append(Sentence(join(safe(instrument), numbers, zh=" ")))
            listed = dict.fromkeys(source for rule in rules for source in rule.citation.sources)
            notes = list(dict.fromkeys(safe(note) for rule in rules for note in rule.citation.notes))
            left = len(notes) - _MOST_NOTES
            more = (both("opinion.more_notes", left=left, rule=visible(rules[0].id)),) if left > 0 else ()
            said = both("opinion.read", sources="; ".join(visible(source) for source in listed), day=read)
            blocks.append(Points((said, *notes[:_MOST_NOTES], *more)))
        heard = {self._rules[name].pack for name in self._fired if name in self._rules}
        used = [pack for pack in packs if pack.id in heard]
        if not used:
            return tuple(blocks)
        applied = "; ".join(f"{visible(pack.id)} {visible(pack.digest)[:19]}" for pack in used)
        return (*blocks, Sentence(both("opinion.packs", packs=applied), "soft"))


def _ranges(numbers: list[int]) -> str:
    """Return numbers as `[1], [3-5]`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = (f"[{run[0]}]" if len(run) == 1 else f"[{run[0]}-{run[-1]}]" for run in runs)
    return ", ".join(shown) or "–"


def _some(names: list[str], most: int) -> Text:
    """Return the first names, and how many more there are."""
    shown = same(", ".join(names[:most]))
    left = len(names) - most
    return join(shown, both("opinion.more", left=left), zh="，", en=", ") if left > 0 else shown


def _law(law: Citation, period: Text | None) -> list[tuple[Text, Text]]:
    sure = join(word("confidence", law.confidence), same(f"({law.read_on})"), zh=" ")
    rows = [] if law.quote else [(both("label.quote"), both("label.no_quote"))]
    rows.append((both("label.paraphrase"), safe(law.paraphrase)))
    if period is not None:
        force = join(word("force", law.force), period, zh="，", en=", ")
        rows.append((both("label.force"), force))
    rows.append((both("label.source_confidence"), sure))
    return rows


def _due(rule: Rule | None, due: Due | None) -> tuple[Text, Text, Text]:
    if rule is None:
        return word("remedy", "keep"), both("opinion.no_deadline"), both("opinion.cost_unknown")
    remedy = join(word("remedy", rule.remedy), safe(rule.remedy_text), zh="：", en=": ")
    return (
        remedy if rule.remedy else safe(rule.remedy_text),
        _by_when(rule, due),
        safe(rule.consequence) if rule.consequence else both("opinion.cost_unknown"),
    )


def _by_when(rule: Rule, due: Due | None) -> Text:
    """Return the day where it can be computed, and the words of the deadline."""
    if rule.deadline is None:
        return both("opinion.no_deadline")
    words = safe(rule.deadline.text)
    if due is None:
        return words
    if due.on is None:
        unknown = both("opinion.due_unknown", since=due.since, year=due.unpublished or due.since.year)
        return join(unknown, words, zh="：", en=": ")
    passed = due.days_left is not None and due.days_left < 0
    day = both("opinion.due_passed" if passed else "opinion.due_on", since=due.since, day=due.on)
    return join(day, words, zh="：", en=": ")
