"""Waivers: who decided what until when, and what they never do."""

from __future__ import annotations

from datetime import date

import pytest

from efface.errors import UsageError
from efface.model import (
    Box,
    Characteristic,
    Finding,
    FiredRule,
    Form,
    Locator,
    Text,
    Verdict,
    VerdictKind,
)
from efface.report.marks import Waiver, WaiverState
from efface.runs.waivers import decode_waivers, encode_waivers, parse_waivers, waive

DAY = date(2026, 6, 1)
ROW = '[[waiver]]\nmatch = "**/fixtures/**"\nreason = "drawn"\napprover = "Wang"\n'
TERM = "from = 2026-01-01\nuntil = 2026-12-31\n"
PLACE = Locator("file", ("/srv/app/fixtures/a.jpg",)).at_box(Box(1, 2, 3, 4))
FACE = Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, PLACE, 0.9)


def waiver(**changes) -> Waiver:
    values = {
        "match": "**/fixtures/**",
        "reason": "drawn",
        "approver": "Wang",
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        **changes,
    }
    return Waiver(**values)


def verdict(kind: VerdictKind, *rules: str) -> Verdict:
    fired = tuple(FiredRule(rule, kind, (), (), Text(zh="x", en="x")) for rule in rules)
    return Verdict(FACE.id, kind, fired, (), (), "", DAY)


def test_a_file_of_waivers_is_read_in_its_order() -> None:
    """Every field of a waiver comes through."""
    text = f'{ROW}{TERM}rule = "R-1"\n{ROW}{TERM}characteristic = "face"\n'
    first, second = parse_waivers(text)
    assert first == waiver(rule="R-1")
    assert second == waiver(characteristic="face")


def test_an_empty_file_waives_nothing() -> None:
    """A file without waivers is one."""
    assert parse_waivers("") == ()


FAULTS = {
    "no end": (ROW + "from = 2026-01-01\n", "until"),
    "no beginning": (ROW + "until = 2026-01-01\n", "from"),
    "no reason": ('[[waiver]]\nmatch = "x"\napprover = "Wang"\n' + TERM, "reason"),
    "no approver": ('[[waiver]]\nmatch = "x"\nreason = "y"\n' + TERM, "approver"),
    "a blank approver": (ROW.replace("Wang", " ") + TERM, "must not be empty"),
    "an end before the beginning": (
        ROW + "from = 2026-02-01\nuntil = 2026-01-01\n",
        "until lies before from",
    ),
    "a term of ten years": (ROW + "from = 2026-01-01\nuntil = 2036-01-01\n", "longer than 366 days"),
    "a date in quotes": (ROW + 'from = "2026-01-01"\nuntil = 2026-02-01\n', "without quotes"),
    "an unknown key": (ROW + TERM + "verdict = 1\n", "no such key"),
    "an unknown characteristic": (ROW + TERM + 'characteristic = "faces"\n', "no characteristic"),
    "no TOML": ("[[waiver", "not valid TOML"),
    "another table": ("[hold]\nmatch = 'x'\n", "no such key"),
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_waiver_without_all_it_needs_is_refused(text, fault) -> None:
    """A waiver names place, reason, approver and both days, and ends within a year."""
    with pytest.raises(UsageError, match=fault):
        parse_waivers(text)


def test_all_faults_are_told_at_once() -> None:
    """Who mends one fault should not meet the next one by one."""
    with pytest.raises(UsageError) as caught:
        parse_waivers("[[waiver]]\nmatch = 'x'\n")
    assert str(caught.value).count("missing") == 4


STATES = {
    "the day before": (date(2025, 12, 31), WaiverState.NOT_YET, 0),
    "the first day": (date(2026, 1, 1), WaiverState.IN_FORCE, 1),
    "the last day": (date(2026, 12, 31), WaiverState.IN_FORCE, 1),
    "the day after": (date(2027, 1, 1), WaiverState.EXPIRED, 0),
}


@pytest.mark.parametrize(("on", "state", "count"), STATES.values(), ids=STATES)
def test_a_waiver_holds_from_its_first_day_to_its_last(on, state, count) -> None:
    """Before and after it waives nothing, and is shown all the same."""
    (use,), waived = waive([waiver()], [FACE], {}, on)
    assert (use.state, use.findings, len(waived)) == (state, count, count)


COVERS = {
    "the place": (waiver(), None, True),
    "another place": (waiver(match="**/other/**"), None, False),
    "a region, where the pattern names one": (waiver(match="*#xywh=pixel:1,2,*"), None, True),
    "another region": (waiver(match="*#xywh=pixel:9,*"), None, False),
    "the characteristic": (waiver(characteristic="face"), None, True),
    "another characteristic": (waiver(characteristic="iris"), None, False),
    "a breach": (waiver(), verdict(VerdictKind.PROHIBITED, "R-1"), True),
    "a breach of its rule": (waiver(rule="R-1"), verdict(VerdictKind.PROHIBITED, "R-1"), True),
    "a breach of its rule and of another": (
        waiver(rule="R-1"),
        verdict(VerdictKind.PROHIBITED, "R-1", "R-2"),
        False,
    ),
    "a breach of another rule": (waiver(rule="R-1"), verdict(VerdictKind.PROHIBITED, "R-2"), False),
    "a rule, where nothing was judged": (waiver(rule="R-1"), None, False),
    "what must be kept": (waiver(), verdict(VerdictKind.HOLD, "R-1"), False),
    "what must be kept, by its rule": (waiver(rule="R-1"), verdict(VerdictKind.HOLD, "R-1"), False),
    "what its rule allows": (waiver(rule="R-1"), verdict(VerdictKind.PERMITTED, "R-1"), False),
}


@pytest.mark.parametrize(("one", "judged", "covered"), COVERS.values(), ids=COVERS)
def test_a_waiver_covers_what_it_names_and_no_more(one, judged, covered) -> None:
    """Place, characteristic and rule all have to fit; what must be kept is never waived."""
    verdicts = {} if judged is None else {FACE.id: judged}
    _, waived = waive([one], [FACE], verdicts, DAY)
    assert (FACE.id in waived) is covered


def test_waivers_of_two_rules_cover_a_breach_of_both() -> None:
    """Each breach needs a waiver, not each waiver all breaches."""
    pair = [waiver(rule="R-1"), waiver(rule="R-2")]
    _, waived = waive(pair, [FACE], {FACE.id: verdict(VerdictKind.PROHIBITED, "R-1", "R-2")}, DAY)
    assert waived == {FACE.id: 0}


def test_waivers_survive_the_run_file() -> None:
    """What the run file keeps is what was read."""
    waivers = (waiver(rule="R-1"), waiver(characteristic="face"))
    assert decode_waivers(encode_waivers(waivers)) == waivers
