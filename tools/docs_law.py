"""Write docs/law from the rule packs: a page for each instrument, an index, and what is not known.

    python tools/docs_law.py [--check]

With `--check` nothing is written; the exit code is 1 when a page is not what the packs say.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.texts import word
from efface.report.wording import period_text
from efface.rules.explain import question
from efface.rules.pack import builtin_packs
from efface.rules.pack_tables import Examples, ExampleTable, PackTable, RuleTexts, Texts
from efface.rules.taxonomy import Entity, taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.rules.norm import Norm
    from efface.rules.pack import Pack

__all__ = ["main", "pages"]

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "law"
_MADE = "Made from the rule packs by `python tools/docs_law.py`; a test compares the two."
_STATES = {
    "unread": Text("文本未能读到", "its text could not be read"),
    "part_unread": Text("部分内容未能读到", "a part could not be read"),
    "draft": Text("仅见草案", "only a draft was seen"),
    "no_clause": Text("已读全文，无相关条款", "read whole; it holds no such clause"),
    "reported": Text("仅见报道，未见文件", "reports only; no document was seen"),
    "none_found": Text("未发现", "none was found"),
    "fabricated": Text("看来是编造的", "looks fabricated"),
}
_NOT_KNOWN = Text("来源未说明", "the sources do not say")
_NO_DEADLINE = Text("未规定或不明", "none laid down, or not known")
_NO_QUOTE = Text("官方原文未在此引用", "the official words are not quoted here")


@dataclass(frozen=True, slots=True)
class _Source:
    """A pack with the tables that it was read from."""

    pack: Pack
    about: PackTable
    words: Texts
    examples: Examples

    @property
    def title(self) -> str:
        return f"{_plain(self.about.title.zh)} · {_plain(self.about.title.en)}"


def pages() -> dict[str, str]:
    """Return the text of every page of docs/law by its file name."""
    sources = [_source(pack) for pack in builtin_packs()]
    made = {f"{source.pack.reference.id}.md": _join(_instrument(source)) for source in sources}
    return {"README.md": _join(_index(sources)), "unknown.md": _join(_unknown(sources)), **made}


def _source(pack: Pack) -> _Source:
    folder = files("efface.rules").joinpath("packs", pack.reference.id)

    def table(name: str) -> dict[str, object]:
        return tomllib.loads(folder.joinpath(name).read_text("utf-8"))

    return _Source(
        pack,
        PackTable.model_validate(table("pack.toml")),
        Texts.model_validate(table("texts.toml")),
        Examples.model_validate(table("examples.toml")),
    )


# -- words ---------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    for mark in ("\\", "*", "`", "<", "[", "|"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _both(text: Text) -> str:
    same = text.zh == text.en
    return _plain(text.zh) if same else f"{_plain(text.zh)} · {_plain(text.en)}"


def _pair(text: Text) -> Iterator[str]:
    yield f"- {_plain(text.zh)}\n  <br>{_plain(text.en)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = tuple(heads)
    return "\n".join((_row(*heads), "|" + "---|" * len(heads), *(_row(*row) for row in rows)))


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _where(code: str) -> str:
    label = _both(taxonomy().label(Entity("Jurisdiction", code)))
    return f"{label} (`{code}`)"


# -- one instrument ------------------------------------------------------------------------------------


def _instrument(source: _Source) -> Iterator[str]:
    about, pack = source.about, source.pack
    yield f"# {source.title}"
    yield f"{_MADE} [规范目录 · All instruments](README.md)"
    forces = dict.fromkeys(word("force", rule.citation.force) for rule in pack.rules)
    rows = [
        ("规范 · instrument", _both(about.instrument.text())),
        ("效力 · force", "; ".join(_both(force) for force in forces)),
        ("地域 · where", _where(about.jurisdiction)),
        ("可靠程度 · how sure", _both(word("confidence", about.confidence))),
        ("查阅 · read on", about.read_on.isoformat()),
        ("规则包 · pack", f"`{about.id}`, version {about.version}"),
    ]
    yield _table(("", ""), rows)
    yield "**来源 · Sources**"
    yield "\n".join(f"- {_plain(each)}" for each in about.sources)
    if about.notes:
        yield "**尚不清楚或有争议 · Unknown or disputed**"
        yield "\n".join(line for note in about.notes for line in _pair(note.text()))
    for norm in pack.norms:
        yield from _rule(norm, source.words.rules[norm.rule.id], source)
    yield "## 例子共用的案情 · Cases that the examples share"
    yield "\n".join(
        f"- `{name}`: {_shared(case.model_dump())}" for name, case in source.examples.cases.items()
    )


def _rule(norm: Norm, text: RuleTexts, source: _Source) -> Iterator[str]:
    rule = norm.rule
    yield f"## {_plain(rule.id)}"
    yield f"{_both(norm.article)} (`{_plain(text.article)}`)"
    quotes = [quote for quote in (text.quote_zh, text.quote_en) if quote]
    yield "\n>\n".join("\n".join(f"> {_plain(line)}" for line in quote.splitlines()) for quote in quotes) or (
        f"> ({_both(_NO_QUOTE)})"
    )
    yield "**要旨 · In our words**"
    yield "\n".join(_pair(rule.citation.paraphrase))
    yield "**我们的理解 · How we read it**"
    yield "\n".join(_pair(norm.explanation))
    yield _table(("", ""), _facts(norm, text, source))
    yield "**何时适用 · When it applies**"
    yield f"```cedar\n{rule.applies}\n```"
    if rule.conditions:
        yield "**条件 · Conditions**"
        yield "\n".join(f"- `{fact}`: {_both(question(norm, fact))}" for fact in rule.conditions)
    yield "**例子 · Examples**"
    yield _examples(example for example in source.examples.examples if example.rule == rule.id)
    if text.notes:
        yield "**尚不清楚或有争议 · Unknown or disputed**"
        yield "\n".join(line for note in text.notes for line in _pair(note.text()))


def _facts(norm: Norm, text: RuleTexts, source: _Source) -> Iterator[tuple[str, str]]:
    rule, law = norm.rule, norm.rule.citation
    yield "规则类型 · kind", _both(word("rule_mode", rule.mode))
    yield "效力 · force", _both(word("force", law.force))
    yield "施行期间 · in force", _both(period_text(rule.effective_from, rule.effective_until))
    yield "应采取的措施 · what is due", f"{_both(word('remedy', rule.remedy))}: {_both(rule.remedy_text)}"
    yield "期限 · by when", _deadline(norm)
    yield "后果 · what it may cost", _both(rule.consequence or _NOT_KNOWN)
    if law.confidence != source.about.confidence:
        yield "可靠程度 · how sure", _both(word("confidence", law.confidence))
    if text.sources:
        yield "来源 · sources", "; ".join(_plain(each) for each in text.sources)


def _deadline(norm: Norm) -> str:
    due = norm.rule.deadline
    if due is None:
        return _both(_NO_DEADLINE)
    counted = [f"{due.days} days"] if due.days is not None else []
    counted += [f"{due.working_days} working days"] if due.working_days is not None else []
    after = f" after `{due.after}`" if due.after else ""
    return _both(due.text) + (f" ({', '.join(counted)}{after})" if counted else "")


def _examples(examples: Iterable[ExampleTable]) -> str:
    rows = (
        (
            _plain(example.name),
            example.as_of.isoformat(),
            f"`{example.case}`{_own(example)}",
            _both(word("verdict", example.kind)),
        )
        for example in examples
    )
    return _table(
        ("例子 · example", "日期 · as of", "案情 · case", "本规则的结论 · what this rule says"), rows
    )


def _own(example: ExampleTable) -> str:
    own = example.model_dump(exclude={"name", "rule", "case", "as_of", "kind"}, exclude_defaults=True)
    return f"; {_shared(own)}" if own else ""


def _shared(values: dict[str, object]) -> str:
    facts = values.pop("facts", {})
    shown = {**values, **(facts if isinstance(facts, dict) else {})}
    return ", ".join(f"{name} = `{_value(value)}`" for name, value in shown.items() if value not in ("", []))


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- the index -----------------------------------------------------------------------------------------


def _index(sources: list[_Source]) -> Iterator[str]:
    rules = [rule for source in sources for rule in source.pack.rules]
    yield "# 规范目录 · The instruments"
    yield (
        f"{_MADE} How verdicts, facts and dates work stands in [../law.md](../law.md); "
        "what efface does not know, in [unknown.md](unknown.md)."
    )
    yield _counts(rules_by=[rule.citation.confidence for rule in rules], packs=len(sources))
    codes = sorted(
        {source.about.jurisdiction for source in sources}, key=lambda code: (code[:2] != "CN", code)
    )
    for code in codes:
        yield f"## {_where(code)}"
        yield _table(
            ("规范 · instrument", "规则 · rules", "最早施行 · first in force", "可靠程度 · how sure"),
            (_index_row(source) for source in sources if source.about.jurisdiction == code),
        )


def _counts(rules_by: list[str], packs: int) -> str:
    rows = [("规则包 · packs", str(packs)), ("规则 · rules", str(len(rules_by)))]
    levels = ("primary", "secondary", "unchecked")
    rows += [(_both(word("confidence", level)), str(rules_by.count(level))) for level in levels]
    return _table(("", "数量 · number"), rows)


def _index_row(source: _Source) -> tuple[str, ...]:
    rules = source.pack.rules
    days = [rule.effective_from for rule in rules if rule.effective_from]
    sure = dict.fromkeys(word("confidence", rule.citation.confidence) for rule in rules)
    return (
        f"[{source.title}]({source.pack.reference.id}.md)",
        str(len(rules)),
        min(days).isoformat() if days else "?",
        "; ".join(_both(each) for each in sure),
    )


# -- what is not known ---------------------------------------------------------------------------------


def _unknown(sources: list[_Source]) -> Iterator[str]:
    yield "# 尚不知道的 · What efface does not know"
    yield f"{_MADE} Instruments without a rule stand in `src/efface/rules/unknown.toml`, which is kept by hand."
    yield "## 没有规则的规范 · Instruments without a rule"
    yield (
        "其存在或文字未能核实，因此没有规则，也不会据以判断。 · "
        "Their existence or text could not be verified, so they have no rule and no verdict rests on them."
    )
    table = tomllib.loads(files("efface.rules").joinpath("unknown.toml").read_text("utf-8"))
    for entry in table["instruments"]:
        state = _both(_STATES[entry["state"]])
        yield f"### {_both(Text(**entry['title']))}"
        yield f"{_where(entry['jurisdiction'])}: **{state}**"
        yield "\n".join(_pair(Text(**entry["known"])))
    yield "## 各规则包未能说明的 · What the packs leave open"
    for source in sources:
        yield from _open(source)


def _open(source: _Source) -> Iterator[str]:
    rules = source.pack.rules
    yield f"### [{source.title}]({source.pack.reference.id}.md)"
    notes = [line for note in source.about.notes for line in _pair(note.text())]
    for name, text in source.words.rules.items():
        notes += [f"- `{name}`: {line[2:]}" for note in text.notes for line in _pair(note.text())]
    for what, names in (
        ("后果不明 · consequence not known", [rule.id for rule in rules if rule.consequence is None]),
        ("未引用原文 · official words not quoted", [rule.id for rule in rules if not rule.citation.quote]),
    ):
        notes += [f"- {what}: {', '.join(f'`{name}`' for name in names)}"] if names else []
    yield "\n".join(notes) or "- 无 · nothing"


def main(arguments: list[str]) -> int:
    """Write the pages and remove those of packs that are gone, or compare them."""
    made = pages()
    there = {path.name: path for path in FOLDER.glob("*.md")}
    if "--check" in arguments:
        wrong = sorted(set(there) ^ set(made))
        wrong += [name for name in made if name in there and there[name].read_text("utf-8") != made[name]]
        print(
            f"docs/law differs: {', '.join(wrong)}: run tools/docs_law.py"
            if wrong
            else "docs/law is up to date"
        )
        return 1 if wrong else 0
    FOLDER.mkdir(exist_ok=True)
    for name in set(there) - set(made):
        there[name].unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8")
    print(f"docs/law: {len(made)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
