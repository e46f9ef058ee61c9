"""Render a run as SARIF 2.1.0 for code scanning and other result viewers.

A finding is one result; its rule is the strongest that fires, the others stand in its message and
properties. Where a baseline was given, results are new, unchanged or absent (3.27.24), and a waiver is an
accepted suppression (3.35). A gap is a notification of the tool's execution, so that a viewer never shows a
run with gaps as complete. Boxes in pictures have no place in SARIF's regions and stand in the logical
location.

Source: OASIS SARIF 2.1.0 (3.20 invocation, 3.27 result, 3.49 reportingDescriptor, 3.58 notification).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from efface.model import ACTIVITY, GapReason, VerdictKind
from efface.report.arrange import (
    activity_verdicts,
    findings_in_order,
    gaps_in_order,
    headline_key,
    rules_in_order,
    verdict_by_subject,
)
from efface.report.json_report import dump
from efface.report.plain import inside_text, moment_text, place_text, prose
from efface.report.sarif_marks import absent, gone_name, gone_rule, marks, said_beside
from efface.report.texts import text, word
from efface.report.wording import citation, detail_text, kind_text, level_text, region_text, what

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.model import Finding, Gap, Locator, Rule, Verdict
    from efface.report.view import RunView

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_JSON = dict[str, Any]
_FINGERPRINT = "efface/finding/v1"
_UNJUDGED = ("fail", "warning")
_KINDS = {
    VerdictKind.HOLD: ("fail", "warning"),
    VerdictKind.PROHIBITED: ("fail", "error"),
    VerdictKind.PROHIBITED_UNLESS: ("fail", "error"),
    VerdictKind.NEEDS_FACTS: ("fail", "warning"),
    VerdictKind.FREEZE: ("fail", "warning"),
    VerdictKind.CONDITIONAL_OK: ("fail", "note"),
    VerdictKind.PERMITTED: ("pass", "none"),
    VerdictKind.OUT_OF_SCOPE: ("notApplicable", "none"),
}
"""SARIF's kind and level; a level other than "none" is allowed with kind "fail" only (3.27.10)."""


def render(view: RunView) -> str:
    """Return the run as one SARIF log."""
    verdicts = verdict_by_subject(view)
    findings = findings_in_order(view)
    rules = _descriptors(view, findings, verdicts)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [_activity(verdict, view.lang) for verdict in activity_verdicts(view)]
    results += [
        {**_result(finding, verdicts.get(finding.id), view.lang), **marks(view, finding.id)}
        for finding in findings
    ]
    results += absent(view)
    if view.waivers:  # where one result has the property, all have it (3.27.23)
        results = [{**result, "suppressions": result.get("suppressions", [])} for result in results]
    for result in results:
        result["ruleIndex"] = index[result["ruleId"]]
    run = {
        "tool": {"driver": _driver(view, rules)},
        "automationDetails": {"id": f"efface/{view.run_id}"},
        "language": _tag(view.lang),
        "invocations": [_invocation(view)],
        "results": results,
        "properties": {
            "mode": view.mode,
            "detectors": sorted(view.detectors),
            "packs": {pack.id: pack.digest for pack in view.packs},
            "headline": text(headline_key(view), view.lang),
            **said_beside(view),
        },
    }
    return dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _tag(lang: str) -> str:
    return "zh-CN" if lang == "zh" else "en"


def _driver(view: RunView, rules: list[_JSON]) -> _JSON:
    gaps = [
        {"id": f"gap/{reason}", "shortDescription": {"text": word("gap", reason).get(view.lang)}}
        for reason in GapReason
    ]
    return {"name": "efface", "version": view.tool_version, "rules": rules, "notifications": gaps}


def _rule_id(finding: Finding | None, verdict: Verdict | None) -> str:
    if verdict is not None and verdict.fired:
        return verdict.fired[0].id
    return f"efface/{finding.characteristic}/{finding.form}" if finding else f"efface/{ACTIVITY}"


def _descriptors(
    view: RunView, findings: tuple[Finding, ...], verdicts: Mapping[str, Verdict]
) -> list[_JSON]:
    known = {rule.id: _legal(rule, view.lang) for rule in rules_in_order(view)}
    subjects: list[tuple[Finding | None, Verdict | None]] = [(f, verdicts.get(f.id)) for f in findings]
    subjects += [(None, verdict) for verdict in activity_verdicts(view)]
    for finding, verdict in subjects:
        identity = _rule_id(finding, verdict)
        name = what(finding).get(view.lang) if finding else text("record.activity", view.lang)
        known.setdefault(identity, {"id": identity, "shortDescription": {"text": name}})
    for gone in view.baseline.gone if view.baseline else ():
        identity = gone_rule(gone)
        name = gone_name(gone).get(view.lang)
        known.setdefault(identity, {"id": identity, "shortDescription": {"text": name}})
    return [known[identity] for identity in sorted(known)]


def _legal(rule: Rule, lang: str) -> _JSON:
    law = rule.citation
    first, second = ("zh", "en") if lang == "zh" else ("en", "zh")
    quote = [prose(law.quote)] if law.quote else []
    notes = [prose(note.get(language)) for note in law.notes for language in (first, second)]
    paragraphs = [prose(law.paraphrase.get(first)), prose(law.paraphrase.get(second)), *quote, *notes]
    address = next((source for source in law.sources if source.startswith(("https://", "http://"))), None)
    return {
        "id": rule.id,
        "shortDescription": {"text": citation(rule).get(lang)},
        "fullDescription": {"text": prose(law.paraphrase.get(lang))},
        "help": {"text": "\n\n".join(paragraphs)},
        **({"helpUri": address} if address else {}),
        "properties": {
            "pack": rule.pack,
            "article": law.article,
            "confidence": law.confidence,
            "readOn": law.read_on.isoformat(),
            "tags": ["biometric", rule.mode.value],
        },
    }


def _judged(verdict: Verdict | None) -> _JSON:
    kind, level = _UNJUDGED if verdict is None else _KINDS[verdict.kind]
    return {"kind": kind, "level": level}


def _about(verdict: Verdict, key: str, lang: str) -> str:
    rules = ", ".join(rule.id for rule in verdict.fired) or text("label.none", lang)
    said = text(f"sentence.{key}", lang, verdict=word("verdict", verdict.kind).get(lang), rules=rules)
    facts = ", ".join(question.fact for question in verdict.missing)
    return f"{said} {text('sentence.result_missing', lang, facts=facts)}" if facts else said


def _activity(verdict: Verdict, lang: str) -> _JSON:
    return {
        "ruleId": _rule_id(None, verdict),
        **_judged(verdict),
        "message": {"text": _about(verdict, "result_activity", lang)},
        "fingerprints": {_FINGERPRINT: ACTIVITY},
        "properties": _properties(verdict),
    }


def _properties(verdict: Verdict | None) -> _JSON:
    if verdict is None:
        return {}
    return {"verdict": verdict.kind, "rules": [rule.id for rule in verdict.fired], "remedy": verdict.remedy}


def _result(finding: Finding, verdict: Verdict | None, lang: str) -> _JSON:
    said = text(
        "sentence.result",
        lang,
        what=what(finding).get(lang),
        level=level_text(finding).get(lang),
        confidence=f"{finding.confidence:.2f}",
    )
    judged = (
        kind_text(finding, None).get(lang) if verdict is None else _about(verdict, "result_verdict", lang)
    )
    return {
        "ruleId": _rule_id(finding, verdict),
        **_judged(verdict),
        "message": {"text": f"{said} {judged}"},
        "locations": _locations(finding, lang),
        "fingerprints": {_FINGERPRINT: finding.id},
        "rank": round(100 * finding.confidence, 2),
        "properties": {
            "form": finding.form,
            "characteristic": finding.characteristic,
            "level": None if finding.level is None else int(finding.level),
            "references": finding.references,
            "detector": finding.detector,
            **_properties(verdict),
        },
    }


def _locations(finding: Finding, lang: str) -> list[_JSON]:
    """Return the place of a finding, once for each line where lines of a file are known."""
    place = _location(finding.locator, lang)
    said = next((clue.value for clue in finding.clues if clue.name == "lines"), "")
    lines = [int(number) for number in re.findall(r"\d+", said.partition(" and ")[0])]
    if not lines or len(finding.locator.path) > 1:
        return [place]
    return [
        {**place, "physicalLocation": {**place["physicalLocation"], "region": {"startLine": line}}}
        for line in lines
    ]


def _location(locator: Locator, lang: str) -> _JSON:
    inner = [part for part in (inside_text(locator), region_text(locator).get(lang)) if part]
    return {
        "physicalLocation": {"artifactLocation": {"uri": locator.container.uri}},
        "logicalLocations": [{"fullyQualifiedName": locator.uri}],
        "message": {"text": " › ".join((place_text(locator), *inner))},
    }


def _invocation(view: RunView) -> _JSON:
    finished = {"endTimeUtc": moment_text(view.finished_at)} if view.finished_at else {}
    return {
        "executionSuccessful": view.finished_at is not None,
        "startTimeUtc": moment_text(view.started_at),
        **finished,
        "toolExecutionNotifications": [_notification(gap, view.lang) for gap in gaps_in_order(view)],
    }


def _notification(gap: Gap, lang: str) -> _JSON:
    said = text(
        "sentence.gap",
        lang,
        stage=word("stage", gap.stage).get(lang),
        reason=word("gap", gap.reason).get(lang),
        detail=detail_text(gap.detail).get(lang),
    )
    number = list(GapReason).index(gap.reason)
    return {
        "descriptor": {"id": f"gap/{gap.reason}", "index": number},
        "level": "warning",
        "message": {"text": said},
        "locations": [_location(gap.locator, lang)],
    }
