"""Grow pictures that are like fingerprints from noise; nobody's finger.

The way of SFinGe: a field of directions around a core and a delta, and noise that is filtered along it until
ridges stand.

Source: Cappelli, Maio and Maltoni, "Synthetic fingerprint-image generation" (2000).
"""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fingerprint", "picture", "recording"]

_DIRECTIONS = 16
_ROUNDS = 8


def fingerprint(seed: int = 0, side_px: int = 256, distance_px: float = 9.0) -> NDArray[np.uint8]:
    """Return a print: dark ridges on white, shape (side, side); equal seeds give equal prints."""
    numbers = np.random.default_rng(seed)
    y, x = np.mgrid[:side_px, :side_px] / side_px
    core = numbers.uniform(0.4, 0.6, 2)
    delta = (numbers.uniform(0.9, 1.1), numbers.uniform(0.1, 0.9))
    around = np.arctan2(y - core[0], x - core[1]) - np.arctan2(y - delta[0], x - delta[1])
    direction = (around / 2 + np.pi / 2) % np.pi
    ridges = numbers.standard_normal((side_px, side_px))
    nearest = np.round(direction / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS
    filters = [_filter(side_px, distance_px, number * np.pi / _DIRECTIONS) for number in range(_DIRECTIONS)]
    for _ in range(_ROUNDS):
        spectrum = np.fft.fft2(ridges)
        answers = np.stack([np.fft.ifft2(spectrum * each).real for each in filters])
        ridges = np.take_along_axis(answers, nearest[None], axis=0)[0]
        ridges = np.tanh(2 * ridges / ridges.std())
    grained = 140 - 90 * ridges + numbers.normal(0, 10, ridges.shape)
    inside = ((x - 0.5) / 0.45) ** 2 + ((y - 0.5) / 0.49) ** 2 < 1
    return np.where(inside, grained, 250).clip(0, 255).astype(np.uint8)


def _filter(side_px: int, distance_px: float, direction: float) -> NDArray[np.float64]:
    """One wave across the direction of the ridges, both ways, with the spread of a Gabor filter."""
    steps = np.fft.fftfreq(side_px)
    down, across = -np.cos(direction) / distance_px, np.sin(direction) / distance_px
    distances = ((steps[:, None] - sign * down) ** 2 + (steps - sign * across) ** 2 for sign in (-1, 1))
    return cast("NDArray[np.float64]", sum(np.exp(-each / (2 * 0.022**2)) for each in distances))


def picture(pixels: NDArray[np.uint8], kind: str = "PNG") -> bytes:
    """Return pixels as a file of a kind that Pillow writes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def recording(seconds: float = 4.0, rate_hz: int = 16_000, channels: int = 1) -> bytes:
    """Return a WAVE file of soft noise: nobody speaks."""
    noise = np.random.default_rng(3).normal(0, 500, int(seconds * rate_hz) * channels)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(noise.astype("<i2").tobytes())
    return buffer.getvalue()
