"""Say in sentences what the time stamp of a certificate shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.plain import moment_text, short
from efface.report.texts import both
from efface.report.wording import detail_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from efface.model import Certificate
    from efface.model.stamp import Stamp, StampReport

__all__ = ["stamp_sentences"]


def stamp_sentences(report: StampReport, certificate: Certificate | None) -> Iterator[Text]:
    """Yield what may be said of a stamp, and whether it contradicts the certificate.

    Args:
        report: What became of looking at it.
        certificate: What it is beside; None where that does not hold, or was not checked.
    """
    if (stamp := report.stamp) is None:
        reason = detail_text(report.reason)
        key = f"sentence.stamp_{report.outcome}"
        yield Text(both(key, reason=reason.zh).zh, both(key, reason=reason.en).en)
        return
    yield _holds(stamp)
    if certificate is not None and certificate.issued_at > _whole(stamp.latest):
        yield both("sentence.stamp_contradicts")


def _holds(stamp: Stamp) -> Text:
    return both(
        "sentence.stamp_holds",
        at=moment_text(_whole(stamp.latest)),
        authority=short(stamp.authority),
        policy=stamp.policy,
        serial=stamp.serial,
    )


def _whole(moment: datetime) -> datetime:
    """Return the next whole second: certificates say no finer time, and "no later than" must stay true."""
    return moment if not moment.microsecond else moment.replace(microsecond=0) + timedelta(seconds=1)
