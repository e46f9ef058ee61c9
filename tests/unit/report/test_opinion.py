"""The paper on a case: what it says, that both languages say it, and what can never stand in it."""

from __future__ import annotations

import html
import re
from dataclasses import fields, is_dataclass, replace
from datetime import date
from html.parser import HTMLParser

import pypdfium2
import pytest

from efface.errors import UnsupportedError, UsageError
from efface.model import (
    ACTIVITY,
    Characteristic,
    Citation,
    Clue,
    Deadline,
    Due,
    Finding,
    FiredRule,
    Form,
    Locator,
    OtherDay,
    OtherReading,
    PackReference,
    Question,
    Reading,
    RuleChange,
    Text,
    Verdict,
    VerdictKind,
)
from efface.report import document_html, document_pdf
from efface.report.alike import alike
from efface.report.document import Document, Grid, Ground, Section
from efface.report.opinion import Matter, opinion
from efface.report.plain import HIDDEN
from efface.report.texts import both, word
from efface.testing.run_views import HOSTILE_NAMES, full_view, gaps_view, nothing_view

K = VerdictKind
DAY = date(2026, 11, 22)
FACTS = ((Text("在哪一类场所？", "In what kind of place?"), Text("售楼处", "sales office")),)
MITIGATION = Citation(
    Text("示例处罚法", "Example Penalty Law"),
    "32(1)",
    "应当从轻或者减轻",
    Text("应当从轻。", "It must be lighter."),
    "statute",
    ("the law itself",),
    DAY,
    "primary",
)
EVIL = '<script>alert(1)</script> #link("x") *bold* $1+1$ \x1b[2J\u202e'
VIEWS = {"every kind": full_view(), "only gaps": gaps_view(), "nothing": nothing_view()}


def activity(kind: K, *, rule: str = "X-16-2", missing: tuple[Question, ...] = ()) -> Verdict:
    fired = FiredRule(
        rule, kind, ("place = sales_office",), tuple(q.fact for q in missing), Text("因", "why")
    )
    return Verdict(ACTIVITY, kind, (fired,) if kind is not K.OUT_OF_SCOPE else (), (), missing, "", DAY)


def matter(view=None, verdicts=None, **changes) -> Matter:
    source = full_view()
    made = Matter(
        title="示例售楼处",
        as_of=DAY,
        made_on=DAY,
        verdicts=verdicts or (view.verdicts if view else (activity(K.PROHIBITED),)),
        rules={rule.id: rule for rule in source.rules},
        packs=source.packs,
        facts=FACTS,
        readings=(),
        mitigations=(MITIGATION,),
        tool_version="0.1.0",
        view=view,
    )
    return replace(made, **changes)


def texts(value) -> list[Text]:
    """Return every text of a document, whatever it stands in."""
    if isinstance(value, Text):
        return [value]
    if isinstance(value, tuple):
        return [text for each in value for text in texts(each)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts(getattr(value, field.name))]
    return []


def section(paper: Document, name: str) -> Section:
    return next(each for each in paper.sections if each.heading == both(f"opinion.{name}"))


def said(paper: Document | Section, lang: str) -> str:
    return "\n".join(text.get(lang) for text in texts(paper))


def pages(pdf: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf)]


class Reader(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


# -- what it says --------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_both_languages_say_the_same_facts(view) -> None:
    """Every text stands in both languages, and every count, day, number and identifier is the same in both."""
    paper = opinion(matter(view, verdicts=view.verdicts or (activity(K.OUT_OF_SCOPE),)))
    for text in texts(paper):
        assert bool(text.zh) == bool(text.en)
    for block in (block for each in paper.sections for block in each.blocks if isinstance(block, Grid)):
        for row in block.rows:
            assert len(row) == len(block.heads) == len(block.widths)
            for cell in row:
                assert re.findall(r"\d+", cell.zh) == re.findall(r"\d+", cell.en) or "级" in cell.zh


def test_findings_are_counted_by_kind_and_by_place() -> None:
    """How much of what is tied how closely to how many persons at how many places."""
    view = full_view()
    found = section(opinion(matter(view)), "found")
    kinds, where = (block for block in found.blocks if isinstance(block, Grid))
    assert sum(int(row[2].en) for row in kinds.rows) == len(view.findings)
    assert sum(int(row[4].en) for row in kinds.rows) == sum(finding.references for finding in view.findings)
    assert sum(int(row[1].en) for row in where.rows) == len(view.findings)
    assert where.rows[0][0].en == "/srv/售楼处"


def test_what_was_not_looked_at_is_said() -> None:
    """A gap is neither presence nor absence, and never left out."""
    view = gaps_view()
    found = section(opinion(matter(view, verdicts=(activity(K.OUT_OF_SCOPE),))), "found")
    assert str(view.coverage.gaps) in said(found, "en")
    assert "neither presence nor absence" in said(found, "en")


def test_a_run_that_is_not_complete_gives_no_conclusion() -> None:
    """The sentence on top says so, whatever was found."""
    paper = opinion(matter(replace(full_view(), finished_at=None)))
    assert paper.outcome == both("headline.unfinished")


@pytest.mark.parametrize("kind", list(K))
def test_the_outcome_of_an_activity_is_no_more_than_its_verdict(kind: K) -> None:
    """Only a violation is called one, and nothing is called lawful."""
    paper = opinion(matter(verdicts=(activity(kind),)))
    assert (paper.kind == "violations") == kind.is_violation
    assert (paper.kind == "undecided") == (kind is K.NEEDS_FACTS)
    assert "is lawful" not in said(paper, "en")


def test_a_rule_is_cited_with_everything_that_is_known() -> None:
    """Number, article, words, paraphrase, force, days, confidence, facts used."""
    paper = opinion(matter())
    (ground,) = (block for block in section(paper, "why").blocks if isinstance(block, Ground))
    rule = matter().rules["X-16-2"]
    assert ground.number == "1"
    assert ground.quote == rule.citation.quote
    body = said(ground, "en")
    for part in (
        rule.citation.paraphrase.en,
        word("force", "local_reg").en,
        "2026-05-16",
        "place = sales_office",
    ):
        assert part in body
    assert word("confidence", rule.citation.confidence).en in body


def test_words_that_could_not_be_read_are_not_made_up() -> None:
    """A rule without a quote says that it has none."""
    rule = next(rule for rule in full_view().rules if not rule.citation.quote)
    paper = opinion(matter(verdicts=(activity(K.PROHIBITED, rule=rule.id),)))
    (ground,) = (block for block in section(paper, "why").blocks if isinstance(block, Ground))
    assert ground.quote == ""
    assert both("label.no_quote").en in said(ground, "en")


@pytest.mark.parametrize("known", [True, False])
def test_deadline_and_cost_are_stated_or_said_to_be_unknown(known: bool) -> None:
    """Where a source is silent, the paper does not guess."""
    rule = matter().rules["X-16-2"]
    if known:
        due = Deadline(Text("三十个工作日内", "within 30 working days"), working_days=30)
        rule = replace(rule, deadline=due, consequence=Text("罚款", "a fine"))
    row = section(opinion(matter(rules={rule.id: rule})), "due").blocks[0].rows[0]
    told = [cell.en for cell in row]
    assert ("within 30 working days" in told) == ("a fine" in told) == known
    assert (
        (both("opinion.no_deadline").en in told) == (both("opinion.cost_unknown").en in told) == (not known)
    )


SINCE = date(2025, 6, 1)


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (
            Due("x", SINCE, date(2025, 7, 14), 3),
            "by 2025-07-14 (counted from 2025-06-01): within 30 working days",
        ),
        (Due("x", SINCE, date(2025, 7, 14), -1), "ran out on 2025-07-14"),
        (Due("x", SINCE, None, None, 2031), "the holidays of 2031 are not known"),
        (None, "within 30 working days"),
    ],
)
def test_a_day_that_can_be_computed_is_named(due: Due | None, words: str) -> None:
    """The last day stands before the words of the deadline; one that is past, or not computable, says so."""
    rule = matter().rules["X-16-2"]
    rule = replace(rule, deadline=Deadline(Text("三十个工作日内", "within 30 working days"), working_days=30))
    verdict = activity(K.PROHIBITED)
    verdict = replace(verdict, fired=(replace(verdict.fired[0], due=due),))
    row = section(opinion(matter(verdicts=(verdict,), rules={rule.id: rule})), "due").blocks[0].rows[0]
    assert words in row[2].en
    assert row[2].en.endswith("within 30 working days")


def test_other_readings_and_the_law_of_today_stand_beside() -> None:
    """What a disputed reading or today's law would say is told, with what speaks for and against."""
    reading = Reading("broad", Text("宽", "broad one"), Text("正", "pro"), Text("反", "contra"))
    change = RuleChange("X-16-2", K.PROHIBITED, K.OUT_OF_SCOPE)
    verdict = replace(
        activity(K.PROHIBITED),
        readings=(OtherReading("broad", False, K.OUT_OF_SCOPE, (change,)),),
        today=OtherDay(date(2020, 12, 1), DAY, K.PERMITTED, ()),
    )
    told = said(section(opinion(matter(verdicts=(verdict,), readings=(reading,))), "otherwise"), "en")
    for part in ("broad one", "pro", "contra", word("verdict", "out_of_scope").en, "2020-12-01", str(DAY)):
        assert part in told


def test_a_case_without_disputed_readings_has_no_such_part() -> None:
    """Nothing is said to be disputed that does not matter here."""
    headings = [each.heading for each in opinion(matter()).sections]
    assert both("opinion.otherwise") not in headings


def test_rules_that_cannot_be_told_yet_take_a_line_for_each_instrument() -> None:
    """They are named with their articles and what they need, not cited as if they applied."""
    asks = tuple(Question(f"fact_{n}", Text(f"{n}？", f"{n}?")) for n in range(14))
    one, other = (activity(K.NEEDS_FACTS, rule=name, missing=asks).fired[0] for name in ("X-16-2", "X-16-3"))
    verdict = replace(activity(K.NEEDS_FACTS, missing=asks), fired=(one, other))
    paper = opinion(matter(verdicts=(verdict,)))
    (grid,) = section(paper, "why").blocks
    (row,) = grid.rows
    assert row[0].en == "[1-2]"
    assert "第十六条第二款; 第十六条第三款" in row[1].en
    assert "4 more" in row[2].en
    assert len(section(paper, "asked").blocks[0].rows) == 12
    assert "2 more questions" in said(section(paper, "asked"), "en")


def test_only_packs_that_had_something_to_say_are_listed() -> None:
    """The packs of other places are not part of this case."""
    packs = (*full_view().packs, PackReference("us-elsewhere", "sha256:" + "0" * 64))
    told = said(section(opinion(matter(packs=packs)), "sources"), "en")
    assert "example sha256:abababababab" in told
    assert "us-elsewhere" not in told


def test_notes_beyond_the_first_are_counted() -> None:
    """What is left out of the paper is said to be left out."""
    rule = matter().rules["X-16-2"]
    notes = tuple(Text(f"甲{n}", f"note {n}") for n in range(7))
    rule = replace(rule, citation=replace(rule.citation, notes=notes))
    told = said(section(opinion(matter(rules={rule.id: rule})), "sources"), "en")
    assert "note 3" in told
    assert "note 4" not in told
    assert "3 more points" in told


def test_open_questions_are_asked_most_awaited_first() -> None:
    """What would decide most verdicts is asked first."""
    common, rare = (Question(name, Text(f"{name}？", f"{name}?")) for name in ("zebra", "ant"))
    verdicts = (
        activity(K.NEEDS_FACTS, missing=(common, rare)),
        replace(activity(K.NEEDS_FACTS, missing=(common,)), subject="f" * 32),
    )
    grid = section(opinion(matter(verdicts=verdicts)), "asked").blocks[0]
    assert [row[1].en for row in grid.rows] == ["zebra", "ant"]


@pytest.mark.parametrize("kind", [kind for kind in K if not kind.is_violation])
def test_mitigation_is_not_held_out_where_nothing_is_violated(kind: K) -> None:
    """Who violates nothing is not told how to be punished less."""
    paper = opinion(matter(verdicts=(activity(kind),)))
    assert both("opinion.mitigates") not in [each.heading for each in paper.sections]


def test_where_no_mitigation_is_on_file_it_is_not_denied() -> None:
    """Silence of the packs is not silence of the law."""
    paper = opinion(matter(mitigations=()))
    assert "does not mean that there is none" in said(section(paper, "mitigates"), "en")


def test_a_hold_of_the_case_is_a_ground_of_its_own() -> None:
    """A hold has no citation; its reason stands in its place, and what is due is to keep."""
    hold = FiredRule("case.hold", K.HOLD, ("hold = evidence",), (), Text("证据", "evidence"))
    verdict = Verdict("f" * 32, K.HOLD, (hold,), (), (), "keep", DAY)
    paper = opinion(matter(verdicts=(activity(K.OUT_OF_SCOPE), verdict)))
    assert "evidence" in said(section(paper, "why"), "en")
    assert "keep" in said(section(paper, "due"), "en")


def test_verdicts_that_say_the_same_are_brought_together_and_no_others() -> None:
    """Equal ones count as one group whether they share their values or not; any difference keeps them apart."""
    ask = Question("x", Text("甲？", "x?"))
    one = replace(activity(K.PROHIBITED), subject="1")
    equal = replace(activity(K.PROHIBITED), subject="2")
    others = (
        replace(activity(K.PROHIBITED_UNLESS), subject="3"),
        replace(activity(K.PROHIBITED, rule="X-16-4"), subject="4"),
        replace(activity(K.PROHIBITED, missing=(ask,)), subject="5"),
        replace(one, subject="6", today=OtherDay(DAY, DAY, K.PERMITTED, ())),
        replace(one, subject="7", kind=K.HOLD),
    )
    groups = alike((one, *others, equal, replace(one, subject="8")))
    assert [group.subjects for group in groups] == [["1", "2", "8"], ["3"], ["4"], ["5"], ["6"], ["7"]]
    assert sum(group.count for group in groups) == 8


# -- what can never stand in it ------------------------------------------------------------------------


def test_no_name_of_a_file_a_table_or_a_member_stands_in_it() -> None:
    """A file may be named after a person, so the paper counts and does not name."""
    view = full_view()
    person = Locator("file", ("/srv/售楼处/人员/赵不凡.jpg",), "/main.赵不凡/face")
    named = Finding(
        "face-image@1", Form.SAMPLE, Characteristic.FACE, person, 0.9, clues=(Clue("standard", "赵不凡"),)
    )
    alone = replace(named, locator=Locator("file", ("/srv/钱不凡.jpg",)))
    view = replace(view, findings=(*view.findings, named, alone), targets=(*view.targets, "/srv/钱不凡.jpg"))
    paper = opinion(matter(view))
    for lang in ("zh", "en"):
        words = said(paper, lang)
        assert "不凡" not in words
        for finding in view.findings:
            for name in finding.locator.path:
                assert name.rpartition("/")[2] not in words
            assert finding.id not in words


def test_the_password_of_a_target_is_masked() -> None:
    """A URL is shown without what it must not show."""
    inside = Locator("postgresql", ("user:secret@db.example:5432/crm/x",))
    finding = Finding("face-template@1", Form.TEMPLATE, Characteristic.FACE, inside, 0.9)
    paper = opinion(matter(replace(full_view(), findings=(finding,))))
    assert "secret" not in said(paper, "en")


def hostile() -> Document:
    """Return a paper in which everything that a user or a pack can write is hostile."""
    rule = matter().rules["X-16-2"]
    evil = Text(EVIL, EVIL)
    law = replace(
        rule.citation,
        quote=EVIL,
        paraphrase=evil,
        notes=(evil,),
        sources=(EVIL,),
        article=EVIL,
        instrument=evil,
    )
    rule = replace(rule, citation=law, remedy_text=evil, consequence=evil, deadline=Deadline(evil))
    ask = Question("x", evil)
    names = "".join(HOSTILE_NAMES.values())
    return opinion(
        matter(
            verdicts=(activity(K.PROHIBITED), replace(activity(K.NEEDS_FACTS, missing=(ask,)), subject="f")),
            rules={rule.id: rule},
            facts=((evil, Text(names, names)),),
            title=EVIL,
        )
    )


def test_nothing_hidden_acts() -> None:
    """Controls and directional marks are written out, in quotes as well."""
    paper = hostile()
    grounds = [block for each in paper.sections for block in each.blocks if isinstance(block, Ground)]
    words = [text.get(lang) for text in texts(paper) for lang in ("zh", "en")]
    for shown in (*words, *(ground.quote for ground in grounds)):
        assert not HIDDEN.search(shown.replace("\n", ""))


def test_the_page_holds_no_markup_but_ours() -> None:
    """Markup in a title, a fact, a quote or a source is text on the page, which runs no script at all."""
    reader = Reader(document_html.render(hostile()))
    assert "script" not in reader.tags
    assert not [
        name for name, _ in reader.attributes if name.startswith("on") or name in {"src", "href", "style"}
    ]
    assert any("<script>alert(1)</script>" in words for words in reader.words)


def test_the_page_holds_both_languages_and_loads_nothing() -> None:
    """One file, switched with style rules alone."""
    page = document_html.render(opinion(matter(full_view()))).decode()
    assert "default-src 'none'" in html.unescape(page)
    assert both("opinion.why").zh in page
    assert both("opinion.why").en in page


def test_the_pdf_writes_markup_as_text() -> None:
    """Typst's own markup in a title is printed, not obeyed, and its text can be taken out again."""
    first = pages(document_pdf.render(hostile()))[0]
    bare = first.replace("\u200b", "").replace("\r\n", "").replace("\n", "")
    assert '#link("x") *bold* $1+1$' in bare
    assert "<script>alert(1)</script>" in bare


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pdf_has_one_language_after_the_other(lang: str) -> None:
    """The language asked for comes first; the other begins on a page of its own and says the same days and numbers."""
    paper = opinion(matter(full_view(), lang=lang))
    shown = pages(document_pdf.render(paper))
    other = "en" if lang == "zh" else "zh"
    assert paper.title.get(lang) in shown[0]
    (start,) = (number for number, page in enumerate(shown) if paper.title.get(other) in page)
    assert start > 0
    halves = ["".join(shown[:start]), "".join(shown[start:])]
    for half in halves:
        assert "20261122-080000-5f2c" in half
        assert half.count("2026-11-22") == halves[0].count("2026-11-22")
        assert half.count("×") == halves[0].count("×")


def test_every_text_of_the_paper_can_be_taken_out_of_the_pdf() -> None:
    """What is printed is text: whoever searches or copies finds it, in both languages."""
    paper = opinion(matter(full_view()))
    whole = re.sub(r"\s|\u200b|\ufffe", "", "".join(pages(document_pdf.render(paper))))
    for text in texts(paper):
        for lang in ("zh", "en"):
            for line in text.get(lang).splitlines():
                words = re.sub(r"\s", "", line)
                assert words in whole or words.replace("-", "") in whole.replace("-", ""), line


def test_equal_papers_are_equal_bytes() -> None:
    """No clock of this machine and no chance stands in the file."""
    paper = opinion(matter())
    assert document_pdf.render(paper) == document_pdf.render(paper)


def test_without_the_typesetter_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not installed it is told what to install, and that HTML needs nothing."""
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(UnsupportedError, match=r"efface\[pdf\]") as told:
        document_pdf.render(opinion(matter()))
    assert ".html" in told.value.diagnostics().to_do


def test_without_a_chinese_font_nothing_is_written_in_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of empty boxes is no paper: it is refused, and a font to install is named."""
    monkeypatch.setattr("efface.engines.typst_pdf.CHINESE_FONTS", ("No Such Font",))
    with pytest.raises(UsageError, match="Chinese") as told:
        document_pdf.render(opinion(matter()))
    assert "fonts-noto-cjk" in told.value.diagnostics().to_do
