"""Order, groups and the one sentence that may be said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from efface.model import ACTIVITY, Box, Clue, VerdictKind
from efface.report.arrange import (
    findings_in_order,
    headline,
    kind_counts,
    open_questions,
    picture_size,
    places,
    verdicts_in_order,
)
from efface.report.view import Coverage
from efface.testing.run_views import full_view, gaps_view, nothing_view

FULL = full_view()
HEADLINES = {
    "a violation": (FULL, "violations"),
    "an interrupted run, whatever it found": (replace(FULL, finished_at=None), "unfinished"),
    "an interrupted run that found nothing": (replace(nothing_view(), finished_at=None), "unfinished"),
    "findings without a case": (replace(FULL, verdicts=()), "found_unjudged"),
    "only questions": (
        replace(FULL, verdicts=tuple(v for v in FULL.verdicts if v.kind is VerdictKind.NEEDS_FACTS)),
        "undecided",
    ),
    "only permitted": (
        replace(FULL, verdicts=tuple(v for v in FULL.verdicts if v.kind is VerdictKind.PERMITTED)),
        "found",
    ),
    "gaps and nothing else": (gaps_view(), "only_gaps"),
    "gaps that are counted but not listed": (replace(nothing_view(), coverage=Coverage(gaps=1)), "only_gaps"),
    "nothing at all": (nothing_view(), "nothing"),
}

SIZES = {
    "a size": ("1280x720", (1280, 720)),
    "no width": ("0x720", None),
    "a word": ("largex720", None),
    "digits of another script": ("１２x34", None),
    "a size beyond any picture": ("99999999x1", None),
    "a sign": ("-1x5", None),
}


@pytest.mark.parametrize(("view", "word"), HEADLINES.values(), ids=HEADLINES)
def test_a_run_is_summed_up_in_no_more_than_is_true(view, word):
    """A run that is unfinished or has gaps is never summed up as clean."""
    assert headline(view) == word


def test_order_of_arrival_does_not_matter():
    """Findings and verdicts stand in the same order however they arrived."""
    turned = replace(FULL, findings=FULL.findings[::-1], verdicts=FULL.verdicts[::-1])
    assert findings_in_order(turned) == findings_in_order(FULL)
    assert verdicts_in_order(turned) == verdicts_in_order(FULL)


def test_verdicts_on_the_activity_come_first():
    """The activity is judged before its data."""
    assert verdicts_in_order(FULL)[0].subject == ACTIVITY


def test_places_hold_every_finding_once():
    """Grouping by place loses no finding and doubles none."""
    grouped = [finding for place in places(findings_in_order(FULL)) for finding in place.findings]
    assert sorted(f.id for f in grouped) == sorted(f.id for f in FULL.findings)


def test_pages_are_parts_of_their_own():
    """Findings on two pages of one picture are two parts of one place."""
    first = FULL.findings[0]
    plain = first.locator.at(None)
    pages = tuple(replace(first, locator=plain.at_box(Box(1, 2, 3, 4), page=page)) for page in (1, 2))
    (place,) = places(findings_in_order(replace(FULL, findings=pages)))
    assert [part.locator.uri for part in place.parts] == [plain.uri, plain.uri]


def test_kinds_are_counted_strongest_first():
    """The counts of verdicts start with the strongest kind and leave out what does not occur."""
    assert list(kind_counts(FULL)) == list(VerdictKind)
    assert kind_counts(nothing_view()) == {}


def test_questions_are_asked_once():
    """A question that several verdicts wait for is asked once, with their number."""
    asking = next(v for v in FULL.verdicts if v.missing)
    ((question, count),) = open_questions(replace(FULL, verdicts=(asking, replace(asking, subject="x"))))
    assert (question.fact, count) == ("separate_consent", 2)


@pytest.mark.parametrize(("value", "size"), SIZES.values(), ids=SIZES)
def test_only_a_plain_size_is_a_size(value, size):
    """A clue that is not width and height in pixels draws nothing."""
    assert picture_size([replace(FULL.findings[0], clues=(Clue("picture_px", value),))]) == size
