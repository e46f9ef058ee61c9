"""Find recordings that serve the recognition of voices: sound whose surroundings say so.

Sound is not listened to. A recording whose names say that voices are enrolled or recognised from it, and whose
header says that it can be one utterance, is a sample; any other recording stays a gap.

Source: ISO/IEC 2382-37 (sample); names of enrolment sets of speaker recognition software.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.detectors import vocabulary
from efface.detectors.level import level_of
from efface.formats import audio_header
from efface.model import Characteristic, Clue, Finding, Form, Gap, GapReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.formats.audio_header import Sound
    from efface.model import Artefact, Limits, Mode, Payload, Surroundings

__all__ = ["VoiceSample"]

_KINDS = ("template", "sample", "store", "mention")
_NEAR = 4  # names outwards: file or column, folder or table, and two more
_SECONDS = (0.5, 180.0)  # an utterance of enrolment; text-independent systems ask for some 30 to 60 s
_RATES_HZ = (8_000, 48_000)
_BY_NAME = 0.5  # confidence of a weak word; a strong one adds up to 0.35


class VoiceSample:
    """Confidence is 0.5 + 0.4 x the weight of the word; nothing tells whether somebody speaks.

    Not promised: recordings without telling names, of which nothing is known but that they were not listened to.
    """

    name = "voice-sample"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is sound."""
        return media_type.startswith("audio/") or media_type == "application/ogg"

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap]:
        """Yield a finding where names and header agree, else the gap that a recording is."""
        del mode, limits
        word = vocabulary.best(surroundings.names[:_NEAR], *_KINDS, characteristic=Characteristic.VOICE)
        sound = audio_header.read(payload.head(audio_header.HEAD_BYTES), payload.size_bytes)
        if word is None or sound is None or not _is_utterance(sound):
            yield Gap(artefact.locator, "open", GapReason.UNSUPPORTED, "a recording: not opened")
            return
        level, why = level_of(surroundings, form=Form.SAMPLE)
        clues = (
            Clue("outer_name", word.word, word.weight),
            Clue("coding", sound.coding),
            Clue("seconds", f"{sound.seconds:.0f}"),
            *why,
        )
        yield Finding(
            f"{self.name}@{self.version}",
            Form.SAMPLE,
            Characteristic.VOICE,
            artefact.locator,
            round(_BY_NAME + 0.4 * word.weight, 2),
            1,
            level,
            clues,
        )


def _is_utterance(sound: Sound) -> bool:
    lowest, highest = _RATES_HZ
    shortest, longest = _SECONDS
    return sound.channels <= 2 and lowest <= sound.rate_hz <= highest and shortest <= sound.seconds <= longest
