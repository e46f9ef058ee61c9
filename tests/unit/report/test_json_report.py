"""The JSON of a run."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from efface.model import Locator
from efface.report.json_report import render
from efface.report.plain import HIDDEN
from efface.testing.run_views import full_view, gaps_view, nothing_view

SCHEMA = json.loads(files("efface.report").joinpath("schemas", "run-v1.json").read_text("utf-8"))
VIEWS = {"every kind": full_view(), "only gaps": gaps_view(), "nothing": nothing_view()}
PROMISED = {
    "run": {"id", "started_at", "mode", "detectors", "packs", "networks"},
    "coverage": {"seen", "scanned", "gaps", "bytes"},
    "findings": {
        "id",
        "detector",
        "form",
        "characteristic",
        "level",
        "confidence",
        "references",
        "locator",
        "clues",
    },
    "gaps": {"locator", "stage", "reason", "detail"},
    "verdicts": {"finding_id", "kind", "rules", "because", "missing", "remedy", "as_of"},
}
BROKEN = {
    "another schema name": lambda d: d.update(schema="efface/run/v2"),
    "a confidence above 1": lambda d: d["findings"][0].update(confidence=1.5),
    "a level that does not exist": lambda d: d["findings"][0].update(level=4),
    "an unknown form": lambda d: d["findings"][0].update(form="photo"),
    "a finding without a place": lambda d: d["findings"][0].pop("locator"),
    "an unknown reason of a gap": lambda d: d["gaps"][0].update(reason="skipped"),
    "an unknown verdict": lambda d: d["verdicts"][0].update(kind="fine"),
    "a verdict on nothing": lambda d: d["verdicts"][0].update(finding_id="x"),
    "no coverage": lambda d: d.pop("coverage"),
    "a local time": lambda d: d["run"].update(started_at="2026-11-22T08:00:00+08:00"),
}


def test_the_schema_is_a_schema():
    """The published schema is valid JSON Schema 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_every_run_fits_the_published_schema(view):
    """Whatever a run holds, its JSON fits the schema."""
    Draft202012Validator(SCHEMA).validate(json.loads(render(view)))


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN)
def test_the_schema_refuses_what_is_not_promised(break_it):
    """The schema is no formality: a document that breaks a promise is refused."""
    document = json.loads(render(full_view()))
    break_it(document)
    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_added_keys_are_allowed():
    """A document with keys that are added later still fits."""
    document = json.loads(render(full_view()))
    document["findings"][0]["added"] = 1
    assert Draft202012Validator(SCHEMA).is_valid(document)


@pytest.mark.parametrize("section", PROMISED)
def test_every_promised_key_is_there(section):
    """Each key of the contract's example is there under its name."""
    value = json.loads(render(full_view()))[section]
    assert set(value[0] if isinstance(value, list) else value) >= PROMISED[section]


def test_numbers_are_rounded():
    """A confidence has at most four decimals."""
    confidences = {finding["confidence"] for finding in json.loads(render(full_view()))["findings"]}
    assert 0.6123 in confidences


def test_order_of_arrival_leaves_no_trace():
    """The same run gives the same text, in whatever order its values arrived."""
    view = full_view()
    turned = replace(
        view,
        **{
            name: getattr(view, name)[::-1]
            for name in ("findings", "gaps", "rules", "removals", "detectors", "verdicts")
        },
    )
    assert render(turned) == render(view)


def test_no_character_acts_on_a_terminal():
    """The text holds no control character but line feeds, and is UTF-8."""
    text = render(full_view())
    assert not HIDDEN.search(text.replace("\n", ""))
    text.encode()


def test_locators_come_back_exactly():
    """The URI of each finding is the one that its locator prints, undecodable bytes included."""
    view = full_view()
    uris = {finding["locator"]["uri"] for finding in json.loads(render(view))["findings"]}
    assert {Locator.parse(uri) for uri in uris} == {finding.locator for finding in view.findings}


def test_names_are_text_again_after_reading():
    """A name with a control character is the same name after JSON is read."""
    paths = [finding["locator"]["path"][-1] for finding in json.loads(render(full_view()))["findings"]]
    assert "\x1b[31mred\x1b[0m.png" in paths
    assert r"\xc8\xcb\xc1\xb3.png" in paths


def test_passwords_do_not_ride_along():
    """The password of a target is not in the JSON's list of targets."""
    assert json.loads(render(full_view()))["run"]["targets"][1] == "postgresql://user:***@db.example:5432/crm"


def test_language_does_not_matter():
    """Programs get the same JSON in every language."""
    assert render(full_view("zh")) == render(full_view("en"))


ADDED = {
    "groups": {"kind", "people", "findings", "system", "signs", "locator"},
    "waivers": {"match", "reason", "approver", "from", "until", "state", "findings"},
    "ignored": {"file", "line", "pattern", "files", "bytes", "in_target"},
    "samplings": {"locator", "unit", "looked_at", "total", "is_random", "miss_probability_at_1_in_1000"},
    "expected_misses": {"detector", "mode", "recall", "found", "missed", "command"},
}


@pytest.mark.parametrize("section", ADDED)
def test_what_was_added_is_always_there(section):
    """A program can rely on the sections beside the findings: empty where there is nothing."""
    assert set(json.loads(render(full_view()))[section][0]) >= ADDED[section]
    assert json.loads(render(nothing_view()))[section] == []


def test_findings_say_whether_they_are_known_and_waived():
    """`known` is null without a baseline; `waiver` is a number in `waivers` or null."""
    document = json.loads(render(full_view()))
    known = [finding["known"] for finding in document["findings"]]
    assert (known.count(True), known.count(None)) == (2, 0)
    (waived,) = [finding for finding in document["findings"] if finding["waiver"] is not None]
    assert document["waivers"][waived["waiver"]]["approver"] == "王主任"
    plain = json.loads(render(replace(full_view(), baseline=None)))
    assert {finding["known"] for finding in plain["findings"]} == {None}
    assert plain["baseline"] is None
