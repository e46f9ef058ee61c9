"""What is said of a time stamp."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from efface.evidence.check import check
from efface.evidence.keys import SigningKey
from efface.model.stamp import Stamp, StampOutcome, StampReport
from efface.report.stamps import stamp_sentences
from efface.testing.ledgers import small_story

KEY = SigningKey.new()
CERTIFICATE = check(small_story().certificate(KEY), [KEY.public]).certificate
AT = datetime(2026, 11, 27, 10, 0, 0, tzinfo=UTC)
HOLDS = StampReport(StampOutcome.HOLDS, Stamp(AT, timedelta(seconds=1.5), "CN=Stamps", "1.2.3", 7))


def said(report, certificate=CERTIFICATE):
    return [each.en for each in stamp_sentences(report, certificate)]


def test_no_later_than_is_rounded_up() -> None:
    """To the next whole second after the time and its accuracy, so that it stays true."""
    assert "no later than 2026-11-27T10:00:02Z, says CN=Stamps (policy 1.2.3, number 7)" in said(HOLDS)[0]


@pytest.mark.parametrize(("seconds", "lines"), [(2, 1), (3, 2)])
def test_a_certificate_of_a_later_time_than_its_stamp_is_told(seconds, lines) -> None:
    """The issuer's clock was ahead, by more than the authority's accuracy."""
    later = replace(CERTIFICATE, issued_at=AT + timedelta(seconds=seconds))
    assert len(said(HOLDS, later)) == lines


def test_a_certificate_that_does_not_hold_is_not_compared() -> None:
    """Its time is nobody's word then."""
    assert len(said(HOLDS, None)) == 1


@pytest.mark.parametrize("outcome", [StampOutcome.ABSENT, StampOutcome.UNVERIFIED, StampOutcome.FAILS])
def test_nothing_else_says_that_a_stamp_holds(outcome) -> None:
    """In neither language, and the reason of a failure stands there."""
    (text,) = stamp_sentences(StampReport(outcome, reason="the stamp is over something else"), CERTIFICATE)
    assert "holds" not in text.en
    assert "时间戳成立" not in text.zh
    assert ("该时间戳所针对的不是本文件" in text.zh) == (outcome is StampOutcome.FAILS)
