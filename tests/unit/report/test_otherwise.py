"""What would be said otherwise, in every form of report."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from efface.model import (
    ACTIVITY,
    Due,
    FiredRule,
    OtherDay,
    OtherReading,
    Question,
    Reading,
    RuleChange,
    Text,
    Verdict,
    VerdictKind,
)
from efface.report import html, json_report
from efface.report.law import questions_text, verdict_text
from efface.report.otherwise import otherwise, otherwise_part
from efface.runs.codec import decode, encode
from efface.testing.run_views import full_view

DAY, TODAY = date(2021, 6, 1), date(2026, 6, 1)
CHANGE = RuleChange("R-1", VerdictKind.OUT_OF_SCOPE, VerdictKind.PROHIBITED)
READING = Reading("broad", Text("宽泛", "broad one"), Text("媒体", "the press"), Text("条文", "the text <b>"))
OTHER = OtherReading("broad", is_taken=False, kind=VerdictKind.PROHIBITED, changes=(CHANGE,))
AGAIN = OtherDay(DAY, TODAY, VerdictKind.PROHIBITED, (CHANGE,))
FIRED = (
    FiredRule(
        "R-2", VerdictKind.NEEDS_FACTS, (), ("consent",), Text("释", "why"), Due("filed_on", DAY, TODAY, 0)
    ),
    FiredRule(
        "R-3", VerdictKind.NEEDS_FACTS, (), ("filed",), Text("释", "why"), Due("x", DAY, None, None, 2090)
    ),
)
ASKED = (Question("filed", Text("备案了吗？", "Filed?")), Question("consent", Text("同意吗？", "Consent?")))
VERDICT = Verdict(
    ACTIVITY, VerdictKind.NEEDS_FACTS, FIRED, (), ASKED, "", DAY, readings=(OTHER,), today=AGAIN
)  # fmt: skip
VIEW = replace(full_view(), verdicts=(VERDICT,), readings=(READING,), lang="en")


def printed(part: object) -> str:
    out = io.StringIO()
    Console(file=out, width=300, color_system=None).print(part)
    return out.getvalue()


FORMS = {
    "the terminal, of a run": lambda: printed(otherwise_part(VIEW)),
    "the terminal, of an activity": lambda: printed(verdict_text(VERDICT, {}, "en", (READING,))),
    "the page": lambda: html.render(VIEW),
}


@pytest.mark.parametrize("form", FORMS)
def test_both_days_and_both_readings_are_shown(form: str):
    """Then and today stand side by side; a reading with what it changes, what speaks for and what against it."""
    shown = FORMS[form]()
    for part in ("2021-06-01", "2026-06-01", "R-1", "broad one", "the press", "default"):
        assert part in shown
    assert "the text <b>" in shown or "the text &lt;b&gt;" in shown


def test_json_has_all_of_it_and_fits_the_schema():
    """JSON carries readings, the other day and due days as values."""
    said = json.loads(json_report.render(VIEW))
    schema = json.loads(files("efface.report").joinpath("schemas", "run-v1.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(said)
    (verdict,) = said["verdicts"]
    assert verdict["today"] == {
        "then": "2021-06-01",
        "as_of": "2026-06-01",
        "kind": "prohibited",
        "changes": [{"id": "R-1", "here": "out_of_scope", "there": "prohibited"}],
    }
    assert verdict["readings"][0]["is_taken"] is False
    assert [fired["due"]["unpublished"] for fired in verdict["fired"]] == [None, 2090]
    assert said["readings"][0]["against"] == {"zh": "条文", "en": "the text <b>"}


def test_a_verdict_lies_in_the_run_file_as_it_is():
    """Readings, days and due days come back from the run file; a verdict of an earlier version has none."""
    assert decode(json.loads(json.dumps(encode(VERDICT)))) == VERDICT
    old = json.loads(json.dumps(encode(VERDICT)))
    del old["readings"], old["today"]
    old["fired"] = [fired[:-1] for fired in old["fired"]]
    before = decode(old)
    assert (before.readings, before.today, before.fired[0].due) == ((), None, None)


@pytest.mark.parametrize(
    ("taken", "part"), [(True, "Without the reading broad"), (False, "With the reading broad")]
)
def test_the_default_is_named(taken: bool, part: str):
    """A sentence says whether the case takes a reading, and that the default is not to."""
    said = otherwise(replace(VERDICT, readings=(replace(OTHER, is_taken=taken),)))[1].en
    assert part in said
    assert "default" in said


def test_many_changes_are_counted():
    """A sentence names some of many rules and counts the rest."""
    many = tuple(replace(CHANGE, id=f"N-{n}") for n in range(30))
    said = otherwise(replace(VERDICT, readings=(), today=replace(AGAIN, changes=many)))[0].en
    assert "N-11" in said
    assert "18 more" in said
    assert "N-12" not in said


def test_questions_stand_in_their_order_with_what_they_decide():
    """Each question names its fact and the rules that wait for it."""
    lines = printed(questions_text(VERDICT, {}, "en")).splitlines()
    assert lines[1:5] == [
        "1. Filed? (filed)",
        "   bears on: R-3",
        "2. Consent? (consent)",
        "   bears on: R-2",
    ]


def test_nothing_to_ask():
    """A decided case says that no question is open."""
    assert "No question" in printed(questions_text(replace(VERDICT, missing=()), {}, "en"))


def test_grounds_that_many_findings_share_stand_once_on_the_page():
    """A finding that is judged as one before it refers to that one; its own place and clues stay."""
    one, two = full_view().findings[:2]
    alike = [replace(VERDICT, subject=found.id) for found in (one, two)]
    shown = html.render(replace(VIEW, findings=(one, two), verdicts=tuple(alike)))
    assert shown.count("judged as finding 1, on the same grounds") == 1
    assert shown.count(f'id="finding-{one.id}"') == shown.count(f'id="finding-{two.id}"') == 1
    differ = (alike[0], replace(alike[1], missing=()))
    assert "on the same grounds" not in html.render(replace(VIEW, findings=(one, two), verdicts=differ))
