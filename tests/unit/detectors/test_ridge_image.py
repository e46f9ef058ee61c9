from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from efface.detectors import ridges
from efface.detectors.ridge_image import RidgeImage
from efface.errors import FormatError
from efface.formats import sniff
from efface.model import Artefact, Characteristic, Finding, Form, Limits, Locator, Mode, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing import prints

PRINT = prints.fingerprint()
RANDOM = np.random.default_rng(2)
Y, X = np.mgrid[:400, :400].astype(float)


def found_in(data: bytes, *names: str, mode: Mode = Mode.STANDARD) -> list[Finding]:
    place = Locator("file", ("/data/" + (names or ("a.png",))[0],))
    artefact = Artefact(place, sniff.media_type(data), len(data))
    around = Surroundings(names or ("a.png",))
    return list(RidgeImage().detect(artefact, BytesPayload(data), around, mode, Limits()))


PRINTS = {
    "a print": PRINT,
    "light ridges on dark": 255 - PRINT,
    "a print of another scale": prints.fingerprint(4, 320, 11),
    "a part of one": PRINT[40:200, 40:200],
    "one that is noisy": (PRINT + RANDOM.normal(0, 30, PRINT.shape)).clip(0, 255).astype(np.uint8),
    "a card with one print on it": np.pad(PRINT, ((300, 800), (200, 900)), constant_values=255),
}


@pytest.mark.parametrize("case", PRINTS)
def test_prints_are_found(case: str) -> None:
    """A grey picture with friction ridges is a sample of a fingerprint, without any name."""
    (found,) = found_in(prints.picture(PRINTS[case]))
    assert (found.form, found.characteristic) == (Form.SAMPLE, Characteristic.FINGERPRINT)
    assert found.confidence == 0.7


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "JPEG"])
def test_every_kind_of_picture(kind: str) -> None:
    """The kind of file makes no difference."""
    assert len(found_in(prints.picture(PRINT, kind))) == 1


def test_a_name_makes_it_surer_and_tells_palms() -> None:
    """A name that speaks of fingers or palms adds to the confidence and tells which."""
    (finger,) = found_in(prints.picture(PRINT), "right_fingerprint.png")
    (palm,) = found_in(prints.picture(PRINT), "1.png", "palm_print")
    assert finger.confidence > 0.9
    assert palm.characteristic is Characteristic.PALM


def test_pictures_in_colour_need_a_name() -> None:
    """A print that is stored in colour is looked at only under a telling name."""
    coloured = prints.picture(np.repeat(PRINT[..., None], 3, axis=2))
    assert found_in(coloured) == []
    assert len(found_in(coloured, "zwtx.png")) == 1
    assert len(found_in(coloured, "1.png", "指纹图像")) == 1


def test_fast_mode_needs_a_name() -> None:
    """Fast mode measures only what is named for it."""
    assert found_in(prints.picture(PRINT), mode=Mode.FAST) == []
    assert len(found_in(prints.picture(PRINT), "fingerprint.png", mode=Mode.FAST)) == 1


def _wave(values: np.ndarray) -> np.ndarray:
    return (128 + 100 * np.sin(values)).clip(0, 255).astype(np.uint8)


def _coloured_noise() -> np.ndarray:
    steps = np.fft.fftfreq(400)
    ring = np.exp(-(((np.hypot(steps[:, None], steps) - 1 / 9) / 0.015) ** 2))
    values = np.fft.ifft2(np.fft.fft2(RANDOM.standard_normal((400, 400))) * ring).real
    return (128 + 60 * values / values.std()).clip(0, 255).astype(np.uint8)


OTHERS = {
    "stripes": _wave(X * 2 * np.pi / 9),
    "wavy stripes": _wave((Y + 2 * np.sin(X / 30)) * 2 * np.pi / 9),
    "rings": _wave(np.hypot(X - 200, Y - 200) * 2 * np.pi / 9),
    "a zone plate": _wave(((X - 200) ** 2 + (Y - 200) ** 2) / 900),
    "grain of wood": _wave((np.hypot(X + 100, (Y - 200) / 4) + 8 * np.sin(Y / 40)) * 2 * np.pi / 9),
    "a chessboard": (np.sign(np.sin(X) * np.sin(Y)) * 100 + 128).astype(np.uint8),
    "noise": RANDOM.integers(0, 255, (400, 400), dtype=np.uint8),
    "noise of one wavelength": _coloured_noise(),
    "a slope": (X * 255 / 400).astype(np.uint8),
    "one grey": np.full((400, 400), 90, np.uint8),
    "a picture that is small": PRINT[:90, :90],
    "a print that is faint": (128 + (PRINT.astype(int) - 128) // 20).astype(np.uint8),
}


@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("name", ["a.png", "fingerprint.png"])
def test_other_patterns_are_none(case: str, name: str) -> None:
    """Stripes, rings, textures and noise are no prints, whatever they are called."""
    assert found_in(prints.picture(OTHERS[case]), name) == []


def test_colour_is_no_print() -> None:
    """A pattern in two colours is none, under a telling name too."""
    coloured = np.stack([PRINT, PRINT, 255 - PRINT], axis=-1)
    assert found_in(prints.picture(coloured), "fingerprint.png") == []


def test_broken_pictures_are_refused() -> None:
    """A picture that is cut off is a FormatError, which becomes a gap."""
    with pytest.raises(FormatError):
        found_in(prints.picture(PRINT)[:2000], "fingerprint.png")


@pytest.mark.parametrize("shape", [(10, 10), (64, 64), (96, 1000)])
def test_pictures_without_contrast_measure_nothing(shape: tuple[int, int]) -> None:
    """Where nothing is drawn there is nothing to measure."""
    assert ridges.measure(np.zeros(shape, np.uint8)) is None


def test_real_generated_prints(shared_data) -> None:
    """The generated prints of the measuring data are found."""
    pictures = sorted((shared_data / "records" / "nfiq2_images" / "images").glob("*.pgm"))
    assert pictures
    for path in pictures:
        assert ridges.measure(np.asarray(Image.open(path).convert("L"))).is_print
