"""Every registered detector under the law of its room."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from efface import registry
from efface.model import Column, Locator, Surroundings
from efface.testing import prints, records, stores
from efface.testing.contracts import DetectorContract, Sample
from efface.testing.videos import moving, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.detectors.biometric_record import BiometricRecord
    from efface.detectors.face_image import FaceImage
    from efface.detectors.face_template import FaceTemplate
    from efface.detectors.face_video import FaceVideo
    from efface.detectors.ridge_image import RidgeImage
    from efface.detectors.voice_sample import VoiceSample


def column(name: str, cells: list[bytes | str], table: str = "employee") -> Column:
    place = Locator.of_file("/contract/crm.sqlite").at(f"/main.{table}/{name}")
    around = Surroundings((name, table, "crm.sqlite"), ("name", "mobile"))
    return Column(place, around, partial(iter, cells), len(cells))


class TestBiometricRecord(DetectorContract):
    """Records of every kind that can be made."""

    def plugin(self) -> BiometricRecord:
        return registry.load("detector", "biometric-record")()

    def samples(self) -> Sequence[Sample]:
        made = [Sample(f"records/{number}.bin", make(number)) for number, make in enumerate(_made_whole())]
        return [sample for sample in made if self.plugin().accepts(sample.media_type)]

    def columns(self) -> Sequence[Column]:
        return [
            column("fingerprint", [records.finger_minutiae_record(seed) for seed in range(4)]),
            column("iris", [records.iris_image_record(seed).hex() for seed in range(4)]),
        ]


def _made_whole() -> list[Callable[[int], bytes]]:
    """Makers of binary records that are told by their structure alone."""
    chosen = [make for name, make in records.MAKERS.items() if name not in records.SHORT_OF_PROOF]
    return [make for make in chosen if isinstance(make(0), bytes)]


class TestFaceTemplate(DetectorContract):
    """Vectors in arrays, pickles and columns with telling names."""

    def plugin(self) -> FaceTemplate:
        return registry.load("detector", "face-template")()

    def samples(self) -> Sequence[Sample]:
        vectors = stores.face_vectors(6, 128)
        array, pickled = io.BytesIO(), stores.ENCODINGS["a pickled array"](vectors[0])
        np.save(array, vectors)
        assert isinstance(pickled, bytes)
        return [
            Sample("faces/face_embeddings.npy", array.getvalue()),
            Sample("faces/face_encoding.pkl", pickled),
        ]

    def columns(self) -> Sequence[Column]:
        vectors = stores.face_vectors(6, 128)
        return [column("face_feature", [encode(v) for v in vectors]) for encode in stores.ENCODINGS.values()]


class TestRidgeImage(DetectorContract):
    """Prints grown from noise."""

    def plugin(self) -> RidgeImage:
        return registry.load("detector", "ridge-image")()

    def samples(self) -> Sequence[Sample]:
        kinds = ("PNG", "BMP", "TIFF")
        return [
            Sample(f"prints/{kind}", prints.picture(prints.fingerprint(at), kind))
            for at, kind in enumerate(kinds)
        ]


class TestVoiceSample(DetectorContract):
    """Noise that is called a voice."""

    def plugin(self) -> VoiceSample:
        return registry.load("detector", "voice-sample")()

    def samples(self) -> Sequence[Sample]:
        return [
            Sample("voiceprint/1001.wav", prints.recording(2.0)),
            Sample("voiceprint/1.wav", prints.recording(9)),
        ]


class TestFaceImage(DetectorContract):
    """The public-domain portrait, made small."""

    folder: Path

    @pytest.fixture(autouse=True)
    def _portrait(self, samples: Path) -> None:
        type(self).folder = samples

    def plugin(self) -> FaceImage:
        return registry.load("detector", "face-image")()

    def samples(self) -> Sequence[Sample]:
        with Image.open(self.folder / "portrait.png") as portrait:
            small = portrait.convert("RGB")
        small.thumbnail((240, 240))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=90)
        return [Sample("photos/portrait.jpg", buffer.getvalue())]


class TestFaceVideo(TestFaceImage):
    """A face that crosses the picture, in two containers."""

    def plugin(self) -> FaceVideo:  # type: ignore[override]
        return registry.load("detector", "face-video")()

    def samples(self) -> Sequence[Sample]:
        picture = Image.open(self.folder / "portrait.png").convert("RGB").crop((160, 0, 320, 200))
        frames = moving(np.asarray(picture.resize((96, 120))), 6)
        return [
            Sample("films/a.mkv", recording(frames, form="matroska", codec="mpeg4")),
            Sample("films/a.avi", recording(frames, form="avi", codec="mjpeg")),
        ]


def test_every_detector_is_under_contract() -> None:
    """A detector in the table without a contract test is a fault."""
    contracts = [
        each for each in globals().values() if isinstance(each, type) and each.__name__.startswith("Test")
    ]
    TestFaceImage.folder = Path()
    assert {each().plugin().name for each in contracts} == set(registry.names("detector"))


@pytest.mark.parametrize("name", registry.names("detector"))
def test_the_table_and_the_detector_agree_on_its_name(name: str) -> None:
    """A detector is called what the table calls it."""
    assert registry.load("detector", name).name == name


def test_an_unknown_detector_is_refused() -> None:
    """A name that nobody registered is an error that lists the known ones."""
    with pytest.raises(Exception, match="face-image"):
        registry.load("detector", "palm-reader")
