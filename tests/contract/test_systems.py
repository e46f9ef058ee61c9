"""Every registered detector of systems under the law of its room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from efface import registry
from efface.detectors.signatures import BY_NAME, BY_PACKAGE, BY_TEXT, Kind, signatures
from efface.errors import FormatError
from efface.formats.device_facts import DeviceFacts, Gallery
from efface.model import Locator
from efface.testing import traces
from efface.testing.contracts import DetectorContract, Sample
from efface.testing.contracts.base import MAX_CLUE, said_by

if TYPE_CHECKING:
    from collections.abc import Sequence

_OWN = re.compile(
    r"[\d., x]+( and \d+ more)?|v?\d[\w.+-]*|as published|not as published|sha256|md5|any|ONNX|PyTorch|dlib"
)
"""What a clue may say beside words of the signatures: lines, versions, sizes, formats."""


class SystemContract(DetectorContract):
    """The law of a detector, but that a clue may repeat what our own signatures say: names, never content."""

    name = ""
    kinds: tuple[Kind, ...] = ()

    def plugin(self):
        return registry.load("system", self.name)()

    def samples(self) -> Sequence[Sample]:
        chosen = {each.kind: each for each in signatures().values() if each.kind in self.kinds}
        return [traces.trace(kind, each.positive) for kind, each in chosen.items()]

    def test_clues_and_gaps_hold_no_content(self) -> None:
        """A reason is short, and consists of words of the signatures, lines, versions and sizes."""
        known = {
            text
            for each in signatures().values()
            for text in (
                each.id,
                each.system,
                each.vendor,
                each.tells,
                each.positive,  # of a package its name, as the sample has it
                "graph/face-recogniser",
                "graph/face-detector",
            )
        } | {"a face recogniser (network)", "a face detector (network)", "TensorFlow Lite"}
        for _, _, results in self.everything():
            for result in results:
                for said in said_by(result)[1::2]:
                    assert len(said) <= MAX_CLUE
                    assert said in known or _OWN.fullmatch(said), said


class TestSystemPackage(SystemContract):
    """Manifests of every registry."""

    name, kinds = "system-package", BY_PACKAGE


class TestSystemFile(SystemContract):
    """Libraries, networks, licences and galleries by their names."""

    name, kinds = "system-file", BY_NAME


class TestSystemContent(SystemContract):
    """Texts in code, settings, logs and programs."""

    name, kinds = "system-content", BY_TEXT


class TestSystemNetwork(SystemContract):
    """Networks whose names tell nothing."""

    name = "system-network"

    def samples(self) -> Sequence[Sample]:
        face = [("input", (1, 3, 112, 112))]
        return [
            Sample("data/a.onnx", traces.onnx_network(face, [("out", (-1, 512))])),
            Sample("data/b.tflite", traces.tflite_network([(1, 160, 160, 3)], [(1, 128)])),
            Sample("data/c.dat", traces.dlib_network("loss_metric", "input_rgb_image_sized")),
            Sample("data/d.pkl", traces.torch_weights({"w": (64, 3, 3, 3), "last": (512, 1792)})),
        ]


class OfDevice(Sample):
    """What a device said, which is known by its place."""

    @property
    def locator(self) -> Locator:
        return Locator("device", ("192.0.2.1", self.name))


class TestSystemDevice(SystemContract):
    """Answers of devices."""

    name = "system-device"

    def samples(self) -> Sequence[Sample]:
        galleries = (Gallery("1", "face", 12), Gallery("2", "fingerprint", None))
        full = DeviceFacts(
            *(
                "isapi",
                "Hikvision device",
                "Hikvision",
                "DS-K1T671",
                ("face", "fingerprint"),
                None,
                galleries,
            ),
            asked=("FDLib/Count",),
            channel="TLS",
            pin="0" * 64,
        )
        public = DeviceFacts("gat1400", "GA/T 1400 view library", is_public=True, enabled=False)
        return [OfDevice("isapi", full.encode()), OfDevice("gat1400", public.encode())]

    def test_clues_and_gaps_hold_no_content(self) -> None:
        """A clue is short; what may stand in it is decided where the record is made."""
        for _, _, results in self.everything():
            for result in results:
                assert all(len(said) <= MAX_CLUE for said in said_by(result))

    def test_a_file_is_no_device(self) -> None:
        """The same bytes in a file tell nothing of any device."""
        for sample in self.samples():
            assert self.detect(Sample(sample.name, sample.data)) == []

    def test_a_broken_record_is_a_format_error(self) -> None:
        """What is no record of a device is never a device without recognition."""
        for data in (b"", b"{}", b"\xff"):
            with pytest.raises(FormatError):
                self.detect(OfDevice("isapi", data))


def test_every_detector_of_systems_is_tried() -> None:
    """A detector without a contract test would obey no law."""
    tried = {each.name for each in SystemContract.__subclasses__()}
    assert tried == set(registry.names("system"))


@pytest.mark.parametrize("name", registry.names("system"))
def test_a_detector_of_systems_is_no_detector_of_data(name: str) -> None:
    """A scan for data does not run it."""
    assert name not in registry.names("detector")
