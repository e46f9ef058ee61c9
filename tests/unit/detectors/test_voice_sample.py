from __future__ import annotations

import pytest

from efface.detectors.voice_sample import VoiceSample
from efface.model import (
    Artefact,
    Characteristic,
    Finding,
    Form,
    Gap,
    GapReason,
    Level,
    Limits,
    Locator,
    Mode,
    Surroundings,
)
from efface.sources.payloads import BytesPayload
from efface.testing import prints

WAVE = prints.recording()


def seen(data: bytes, *names: str, siblings: tuple[str, ...] = ()) -> list[Finding | Gap]:
    artefact = Artefact(Locator("file", ("/data/" + names[0],)), "audio/vnd.wave", len(data))
    around = Surroundings(names, siblings)
    return list(VoiceSample().detect(artefact, BytesPayload(data), around, Mode.STANDARD, Limits()))


NAMED = {
    "a folder of voiceprints": ("1001.wav", "voiceprint"),
    "a folder in Chinese": ("1001.wav", "声纹库"),
    "an enrolment": ("enroll_audio_1.wav", "uploads"),
    "a column": ("voice_print_data", "user"),
    "a set of a speaker recogniser": ("0001.wav", "id0001", "speaker_recognition"),
}


@pytest.mark.parametrize("case", NAMED)
def test_recordings_for_recognition(case: str) -> None:
    """A recording as long as an utterance, under a name that speaks of voiceprints, is a sample of a voice."""
    (found,) = seen(WAVE, *NAMED[case])
    assert isinstance(found, Finding)
    assert (found.form, found.characteristic) == (Form.SAMPLE, Characteristic.VOICE)
    assert 0.6 <= found.confidence < 0.9


def test_a_person_beside_it_links_it() -> None:
    """A recording in a table of people is linked to a person."""
    (found,) = seen(WAVE, "voice_sample", "customer", siblings=("name", "mobile"))
    assert isinstance(found, Finding)
    assert found.level is not None
    assert found.level >= Level.LINKED


GAPS = {
    "a song": (WAVE, ("song.wav", "music")),
    "a voice message": (WAVE, ("voice_message.wav", "chat")),
    "a telephone call": (WAVE, ("call-0001.wav", "calls")),
    "a speaker, the thing": (WAVE, ("loudspeakers.wav", "tests")),
    "a blip under a telling name": (prints.recording(0.1), ("1.wav", "voiceprint")),
    "an hour under a telling name": (prints.recording(200, 8_000), ("1.wav", "voiceprint")),
    "many channels under a telling name": (prints.recording(2, 16_000, 6), ("1.wav", "voiceprint")),
    "another rate under a telling name": (prints.recording(2, 96_000), ("1.wav", "voiceprint")),
    "no sound under a telling name": (b"RIFF\xff\xff\xff\xffWAVEdata", ("1.wav", "voiceprint")),
    "nothing under a telling name": (b"", ("1.wav", "voiceprint")),
}


@pytest.mark.parametrize("case", GAPS)
def test_other_recordings_are_gaps(case: str) -> None:
    """A recording that names or header do not tell was not looked at, and says so."""
    data, names = GAPS[case]
    (gap,) = seen(data, *names)
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.UNSUPPORTED
