"""Say in sentences what a certificate tells of systems taken away: counted by software, or said by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.texts import both, text, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Certificate, GalleryCleared, StepSaid

__all__ = ["taken_away_sentences"]

_SHOWN = 8  # digits of a pseudonym


def taken_away_sentences(certificate: Certificate) -> Iterator[Text]:
    """Yield a sentence for each device by its last count, then one for each step that a person confirmed."""
    yield from map(_cleared, certificate.galleries)
    yield from map(_confirmed, certificate.steps)


def _cleared(device: GalleryCleared) -> Text:
    values = {"device": device.device[:_SHOWN], "before": f"{device.before:,}", "at": device.at}
    values["requests"] = ", ".join(dict.fromkeys(device.requests))
    counts = {
        lang: text("answer.unknown", lang) if device.after is None else f"{device.after:,}"
        for lang in ("zh", "en")
    }
    return Text(
        both("sentence.cleared_device", after=counts["zh"], **values).zh,
        both("sentence.cleared_device", after=counts["en"], **values).en,
    )


def _confirmed(said: StepSaid) -> Text:
    step = word("step_of_person", said.step)
    values = {"system": said.system[:_SHOWN], "by": said.by[:_SHOWN], "at": said.at}
    return Text(
        both("sentence.confirmed_step", step=step.zh, **values).zh,
        both("sentence.confirmed_step", step=step.en, **values).en,
    )
