"""Say in sentences what recognisers made of removed faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.texts import both, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Certificate, Compared, Recognised

__all__ = ["recognised_sentences"]


def recognised_sentences(certificate: Certificate) -> Iterator[Text]:
    """Yield a sentence for each application of a plan, and one for each comparison that was made after it."""
    for tried in certificate.recognised:
        yield _tried(tried)
        yield from map(_compared, tried.compared)


def _tried(tried: Recognised) -> Text:
    outcome, counts = word("recognition", tried.outcome), {"flat": tried.flat, "gone": tried.gone}
    counts |= {"left": tried.left, "untested": tried.untested}
    zh = both("sentence.recognised", outcome=outcome.zh, **counts).zh
    en = both("sentence.recognised", outcome=outcome.en, **counts).en
    if tried.needed:
        more = both("sentence.recognised_needed", needed=f"{tried.needed:,}")
        return Text(zh + more.zh, f"{en} {more.en}")
    return Text(zh, en)


def _compared(row: Compared) -> Text:
    gallery, measure = word("gallery", row.gallery), word("measure", row.measure)
    shares = {name: f"{getattr(row, name):.1%}" for name in ("rate", "chance", "lower", "upper")}
    values = {"family": row.family, "probes": f"{row.probes:,}", **shares}
    return Text(
        both("sentence.compared", gallery=gallery.zh, measure=measure.zh, **values).zh,
        both("sentence.compared", gallery=gallery.en, measure=measure.en, **values).en,
    )
