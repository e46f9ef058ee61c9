"""Derive the reference by which vectors of a known network are told: its mean direction over drawn faces.

    python bench/maker_reference.py --weights dlib_face_recognition_resnet_model_v1.dat [--faces 1000]

Needs dlib, and the weights that the package `face-recognition-models` carries. Prints the entry for
`src/efface/detectors/data/makers.toml`. The faces are drawn from a seed: nobody's, and no photo is involved.
A network gives most of its mean direction to whatever it is shown, so that drawings are enough for it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE_PX = 600
_CHIP_PX = 150

Colour = tuple[int, int, int]


def _tone(colour: tuple[float, ...], factor: float = 1.0) -> Colour:
    red, green, blue = (int(np.clip(part * factor, 0, 255)) for part in colour)
    return red, green, blue


class _Drawing:
    """One face as dlib's chips show it: eyes in the upper half, chin near the lower edge."""

    def __init__(self, seed: int) -> None:
        self.numbers = np.random.default_rng(seed)
        n = self.numbers
        red = n.uniform(90, 240)
        self.skin = (red, red * n.uniform(0.65, 0.85), red * n.uniform(0.5, 0.75))
        dark = n.uniform(10, 170)
        self.hair = _tone((dark, dark * n.uniform(0.6, 1), dark * n.uniform(0.3, 1)))
        ground = n.uniform(20, 235, 3)
        self.image = Image.new("RGB", (_SIDE_PX, _SIDE_PX), _tone(tuple(ground)))
        self.middle = _SIDE_PX / 2 + n.normal(0, 8)
        self.width, self.top, self.bottom = n.uniform(185, 235), n.uniform(20, 80), n.uniform(520, 590)
        self.eye_y, self.eye_x = n.normal(225, 8), n.normal(102, 7)

    def chip(self) -> NDArray[np.uint8]:
        """Return uint8, shape (150, 150, 3), sRGB."""
        self._head()
        self._shade()
        pen = ImageDraw.Draw(self.image)
        for side in (-1, 1):
            self._eye(pen, self.middle + side * self.eye_x)
        if self.numbers.random() < 0.25:
            self._glasses(pen)
        self._nose_and_mouth(pen)
        return self._taken()

    def _head(self) -> None:
        n, x, w = self.numbers, self.middle, self.width
        pen = ImageDraw.Draw(self.image)
        if n.random() < 0.85:
            hair_top, hair_end = self.top - n.uniform(40, 90), self.top + n.uniform(330, 600)
            pen.ellipse((x - w * 1.12, hair_top, x + w * 1.12, hair_end), fill=self.hair)
        pen.rectangle((x - w * 0.55, 480, x + w * 0.55, _SIDE_PX), fill=_tone(self.skin, 0.8))
        pen.ellipse((x - w, self.top, x + w, self.bottom), fill=_tone(self.skin))
        if n.random() < 0.7:
            end = self.top + n.uniform(150, 260)
            pen.chord((x - w * 1.02, self.top - 30, x + w * 1.02, end), 180, 360, fill=self.hair)

    def _shade(self) -> None:
        n, x, y = self.numbers, self.middle, self.eye_y
        shade = Image.new("L", self.image.size, 0)
        pen = ImageDraw.Draw(shade)
        for side in (-1, 1):
            eye = x + side * self.eye_x
            pen.ellipse((eye - 60, y - 45, eye + 60, y + 35), fill=int(n.uniform(50, 110)))
            pen.ellipse((x + side * 28 - 16, y + 105, x + side * 28 + 16, y + 130), fill=160)
        pen.ellipse((x - 25, y + 120, x + 25, y + 145), fill=120)
        pen.rectangle((x - 80, self.bottom - 40, x + 80, self.bottom - 20), fill=90)
        cheek = x + n.choice([-1, 1]) * (self.width + 40)
        pen.ellipse((cheek - 110, self.top + 60, cheek + 110, self.bottom), fill=int(n.uniform(0, 120)))
        shade = shade.filter(ImageFilter.GaussianBlur(18))
        dark = Image.new("RGB", self.image.size, _tone(self.skin, 0.35))
        self.image = Image.composite(dark, self.image, shade)

    def _eye(self, pen: ImageDraw.ImageDraw, x: float) -> None:
        n, y = self.numbers, self.eye_y
        wide, high = n.uniform(30, 42), n.uniform(11, 19)
        pen.ellipse((x - wide, y - high, x + wide, y + high), fill=(225, 220, 215))
        for part, colour in ((1.05, _tone(tuple(n.uniform(20, 115, 3)))), (0.45, (8, 8, 8))):
            pen.ellipse((x - high * part, y - high * part, x + high * part, y + high * part), fill=colour)
        pen.arc(
            (x - wide, y - high - 3, x + wide, y + high + 8), 190, 350, fill=_tone(self.skin, 0.3), width=6
        )
        brow = y - n.uniform(40, 55)
        box = (x - wide * 1.5, brow - 10, x + wide * 1.5, brow + 60)
        pen.arc(box, 200, 340, fill=self.hair, width=int(n.uniform(6, 16)))

    def _glasses(self, pen: ImageDraw.ImageDraw) -> None:
        left, right, y = self.middle - self.eye_x, self.middle + self.eye_x, self.eye_y
        for x in (left, right):
            pen.ellipse((x - 60, y - 48, x + 60, y + 48), outline=(30, 30, 30), width=6)
        pen.line((left + 60, y, right - 60, y), fill=(30, 30, 30), width=6)

    def _nose_and_mouth(self, pen: ImageDraw.ImageDraw) -> None:
        n, x, y = self.numbers, self.middle, self.eye_y
        pen.line((x - 10, y + 20, x - 18, y + 110), fill=_tone(self.skin, 0.85), width=8)
        pen.arc((x - 40, y + 90, x + 40, y + 140), 30, 150, fill=_tone(self.skin, 0.6), width=6)
        mouth, wide, high = y + n.normal(200, 8), n.uniform(60, 95), n.uniform(12, 26)
        red, green, blue = self.skin
        lip = _tone((red * 0.85, green * 0.6, blue * 0.6))
        pen.ellipse((x - wide, mouth - high, x + wide, mouth + high), fill=lip)
        if n.random() < 0.4:
            teeth = (x - wide * 0.8, mouth - high * 0.7, x + wide * 0.8, mouth + high * 0.7)
            pen.chord(teeth, 0, 180, fill=(235, 230, 225))
        line = (x - wide, mouth - high * 0.6, x + wide, mouth + high * 0.6)
        pen.arc(line, 0, 180, fill=_tone(lip, 0.5), width=4)

    def _taken(self) -> NDArray[np.uint8]:
        """Turn, blur, light and grain it as a camera would."""
        n = self.numbers
        turned = self.image.rotate(n.normal(0, 2)).filter(ImageFilter.GaussianBlur(n.uniform(3, 7)))
        pixels = np.asarray(turned.resize((_CHIP_PX, _CHIP_PX), Image.Resampling.LANCZOS), np.float64)
        ramp = np.linspace(-1, 1, _CHIP_PX)
        light = 1 + 0.15 * (n.normal() * ramp[None, :, None] + n.normal() * ramp[:, None, None])
        pixels = pixels * light + n.normal(0, n.uniform(1, 5), pixels.shape)
        if n.random() < 0.15:
            pixels[:] = pixels.mean(2, keepdims=True)
        return pixels.clip(0, 255).astype(np.uint8)


def main() -> None:
    """Draw the faces, show them to the network, and print the entry."""
    parser = argparse.ArgumentParser(description="reference of a network's vectors, from drawn faces")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=1_000)
    wanted = parser.parse_args()
    import dlib  # type: ignore[import-not-found,unused-ignore]

    network = dlib.face_recognition_model_v1(str(wanted.weights))
    chips = (_Drawing(seed).chip() for seed in range(wanted.faces))
    vectors = np.array([network.compute_face_descriptor(chip) for chip in chips])
    norms = np.linalg.norm(vectors, axis=1)
    mean = (vectors / norms[:, None]).mean(axis=0)
    print(f"# weights sha256 {hashlib.sha256(wanted.weights.read_bytes()).hexdigest()}")
    print(f"# {wanted.faces} drawn faces: norm {norms.mean():.3f}, standard deviation {norms.std():.3f}")
    print(f"dimension = {mean.shape[0]}")
    print(f'mean = "{base64.b64encode(mean.astype("<f2").tobytes()).decode()}"')


if __name__ == "__main__":
    main()
