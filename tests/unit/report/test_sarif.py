"""SARIF 2.1.0: the parts used, held against the words of the specification."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from jsonschema import Draft4Validator

from efface.model import VerdictKind
from efface.report.plain import HIDDEN
from efface.report.sarif import render
from efface.testing.run_views import full_view, gaps_view, nothing_view

VIEWS = {
    "every kind": full_view(),
    "in English": full_view("en"),
    "without a case": replace(full_view(), verdicts=(), rules=()),
    "only gaps": gaps_view(),
    "nothing": nothing_view(),
    "interrupted": replace(nothing_view(), finished_at=None),
}
LEVELS = {"none", "note", "warning", "error"}
KINDS = {"pass", "open", "informational", "notApplicable", "review", "fail"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
URI = re.compile(r"[a-z][a-z0-9+.-]*:[\x21-\x7e]*")
EXPECTED = {
    VerdictKind.PROHIBITED: ("fail", "error"),
    VerdictKind.PROHIBITED_UNLESS: ("fail", "error"),
    VerdictKind.NEEDS_FACTS: ("fail", "warning"),
    VerdictKind.PERMITTED: ("pass", "none"),
    VerdictKind.OUT_OF_SCOPE: ("notApplicable", "none"),
}


def run_of(view):
    (run,) = json.loads(render(view))["runs"]
    return run


every_view = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


@every_view
def test_the_log_names_its_version(view):
    """3.13: a log has version 2.1.0, the address of its schema, and runs."""
    log = json.loads(render(view))
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")


@every_view
def test_a_run_has_its_tool_and_results(view):
    """3.14, 3.18, 3.19: a run has a tool with a named driver, a language tag, and results even when empty."""
    run = run_of(view)
    driver = run["tool"]["driver"]
    assert driver["name"] == "efface"
    assert driver["version"]
    assert run["language"] in {"zh-CN", "en"}
    assert isinstance(run["results"], list)


@every_view
def test_rules_are_unique_and_described(view):
    """3.49: each rule has an identifier of its own and texts that are not empty."""
    rules = run_of(view)["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        texts = [rule[key]["text"] for key in ("shortDescription", "fullDescription", "help") if key in rule]
        assert texts
        assert all(texts)
        assert URI.fullmatch(rule.get("helpUri", "https:x"))


@every_view
def test_results_point_at_their_rule(view):
    """3.27.5, 3.27.6: ruleIndex is the place of the rule with that ruleId."""
    run = run_of(view)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


@every_view
def test_kind_and_level_agree(view):
    """3.27.9, 3.27.10: a kind other than "fail" has the level "none"."""
    for result in run_of(view)["results"]:
        assert result["kind"] in KINDS
        assert result["level"] in LEVELS
        assert (result["kind"] == "fail") == (result["level"] != "none")


@every_view
def test_results_say_something_somewhere(view):
    """3.27.11, 3.28, 3.29: a message with text; a location with an absolute URI; a rank of 0 to 100."""
    for result in run_of(view)["results"]:
        assert result["message"]["text"]
        assert 0 <= result.get("rank", 0) <= 100
        for location in result.get("locations", []):
            assert URI.fullmatch(location["physicalLocation"]["artifactLocation"]["uri"])
            assert URI.fullmatch(location["logicalLocations"][0]["fullyQualifiedName"])


@every_view
def test_the_invocation_is_dated(view):
    """3.20: executionSuccessful is a boolean and times are UTC with Z."""
    (invocation,) = run_of(view)["invocations"]
    assert invocation["executionSuccessful"] is (view.finished_at is not None)
    assert TIME.fullmatch(invocation["startTimeUtc"])
    assert TIME.fullmatch(invocation.get("endTimeUtc", "2026-01-01T00:00:00Z"))


@every_view
def test_every_gap_is_a_notification(view):
    """3.58: a gap is a warning whose descriptor is in the driver's notifications."""
    run = run_of(view)
    known = run["tool"]["driver"]["notifications"]
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert len(notices) == len(view.gaps)
    for notice in notices:
        assert known[notice["descriptor"]["index"]]["id"] == notice["descriptor"]["id"]
        assert notice["level"] == "warning"
        assert notice["message"]["text"]


@pytest.fixture(scope="session")
def schema(samples):
    """The JSON schema of SARIF 2.1.0 as a package ships it.

    That copy is of a draft in one point: a suppression had a `state`, which the standard calls `status` (3.35.3).
    """
    document = json.loads((samples / "sarif-schema.json").read_text("utf-8"))
    suppression = document["definitions"]["suppression"]["properties"]
    suppression["status"] = suppression.pop("state")
    return Draft4Validator(document)


@every_view
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_log_fits_the_schema_of_the_standard(schema, view, lang):
    """Every log fits the JSON schema that OASIS publishes, which allows no property of its own."""
    log = json.loads(render(replace(view, lang=lang)))
    assert [f"{list(error.path)}: {error.message[:200]}" for error in schema.iter_errors(log)] == []


BROKEN = {
    "a state that does not exist": lambda r: r.update(baselineState="gone"),
    "a suppression of no kind": lambda r: r.update(suppressions=[{"status": "accepted"}]),
    "a property of its own": lambda r: r.update(verdict="x"),
    "no message": lambda r: r.pop("message"),
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN)
def test_the_schema_refuses_what_is_no_sarif(schema, break_it):
    """The schema is no formality: a result that the standard does not allow is refused."""
    log = json.loads(render(full_view()))
    break_it(log["runs"][0]["results"][0])
    assert not schema.is_valid(log)


def test_results_stand_beside_the_baseline():
    """3.27.24: known findings are unchanged, others new, lost ones absent unless nobody could look."""
    view = full_view()
    results = run_of(view)["results"]
    states = [result.get("baselineState") for result in results]
    assert states.count("new") == len(view.findings) - len(view.baseline.known)
    assert states.count("absent") == len(view.baseline.gone) - view.baseline.untold
    assert states.count("unchanged") == len(view.baseline.known) + view.baseline.untold
    assert not [r for r in run_of(replace(view, baseline=None))["results"] if "baselineState" in r]


def test_a_waiver_is_an_accepted_suppression():
    """3.27.23: where there are waivers every result has suppressions; the waived one says by whom until when."""
    results = run_of(full_view("en"))["results"]
    assert all("suppressions" in result for result in results)
    (waived,) = [result for result in results if result["suppressions"]]
    (suppression,) = waived["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "2026-12-31" in suppression["justification"]
    assert waived["level"] != "none"  # the verdict stays


def test_fingerprints_are_the_identities_of_findings():
    """3.27.17: each finding is one result, whose fingerprint is the finding's id."""
    view = replace(full_view(), baseline=None)
    prints = [result["fingerprints"]["efface/finding/v1"] for result in run_of(view)["results"]]
    assert sorted(prints) == sorted(["activity", *(finding.id for finding in view.findings)])


@pytest.mark.parametrize(("kind", "expected"), EXPECTED.items())
def test_the_verdict_decides_the_level(kind, expected):
    """A violation is an error, an open question a warning, what is allowed a pass."""
    results = [r for r in run_of(full_view())["results"] if r["properties"].get("verdict") == kind]
    assert results
    assert {(result["kind"], result["level"]) for result in results} == {expected}


def test_help_speaks_both_languages():
    """The help of a rule has its paraphrase in Chinese and in English."""
    rule = next(rule for rule in run_of(full_view("en"))["tool"]["driver"]["rules"] if rule["id"] == "X-16-1")
    assert "不得采集" in rule["help"]["text"]
    assert "may not be collected" in rule["help"]["text"]


@every_view
def test_no_hidden_character_reaches_a_viewer(view):
    """No text of the log, once read, holds a character that acts without being seen."""

    def texts(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from texts(inner) if key != "help" else ()
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner)
        elif isinstance(value, str):
            yield value

    assert not [text for text in texts(json.loads(render(view))) if HIDDEN.search(text)]
