"""Count prints that are missed, and pictures of other things that are taken for prints of fingers.

    python bench/ridges.py [--data DIR] [PICTURES ...]

Positives are generated prints, ours and those of the measuring data (five of SFinGe), as they are and made worse;
negatives are all pictures of the Python installation, of the folders named, and the photos and portraits of
the measuring data. Every negative is measured as if its name spoke of fingers and it were grey.
"""

from __future__ import annotations

import argparse
import sysconfig
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _run import data_folder
from PIL import Image, ImageFilter

from efface.detectors import ridges
from efface.testing import prints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_KINDS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"})
_LONGEST_PX = 2_500

WORSE: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda image: image,
    "half as large again": lambda image: image.resize((image.width * 3 // 2, image.height * 3 // 2)),
    "three fifths as large": lambda image: image.resize((image.width * 3 // 5, image.height * 3 // 5)),
    "blurred by 2 pixels": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "with noise of 40 levels": lambda image: Image.fromarray(_noisy(np.asarray(image))),
    "a third of the contrast": lambda image: image.point(lambda level: 100 + level / 3),
    "inverted": lambda image: image.point(lambda level: 255 - level),
    "the middle quarter": lambda image: image.crop(
        (image.width // 4, image.height // 4, image.width * 3 // 4, image.height * 3 // 4)
    ),
}


def _noisy(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(1).normal(0, 40, pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8)


def _is_print(image: Image.Image) -> bool:
    found = ridges.measure(np.asarray(image))
    return found is not None and found.is_print


def _positives(data: Path | None) -> dict[str, list[Image.Image]]:
    grown = [prints.fingerprint(seed, 320, distance) for seed in range(10) for distance in (7, 9, 11)]
    folder = data / "records" / "nfiq2_images" / "images" if data else Path()
    known = [Image.open(path).convert("L") for path in sorted(folder.glob("SFinGe*.pgm"))]
    return {"grown here": [Image.fromarray(pixels) for pixels in grown], "SFinGe": known}


def _negatives(folders: list[Path], data: Path | None) -> Iterator[Path]:
    places = [*folders, Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib"))]
    if data:
        places += [data / "negatives", data / "faces", data / "identities", data / "documents"]
    for place in places:
        yield from (path for path in sorted(place.rglob("*")) if path.suffix.lower() in _KINDS)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="misses and false alarms of the measure of ridges")
    parser.add_argument("pictures", type=Path, nargs="*", help="folders with pictures of other things")
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    wanted = parser.parse_args()
    data = data_folder(wanted.data)
    warnings.simplefilter("ignore")
    print("| prints | made worse | prints | found |\n|---|---|---|---|")
    for name, images in _positives(data).items():
        for worse, change in WORSE.items():
            print(
                f"| {name} | {worse} | {len(images)} | {sum(_is_print(change(image)) for image in images)} |"
            )
    looked = alarms = 0
    nearest = 0.0
    for path in _negatives(wanted.pictures, data):
        try:
            with Image.open(path) as image:
                if max(image.size) > _LONGEST_PX:
                    continue
                found = ridges.measure(np.asarray(image.convert("L")))
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
        looked += 1
        alarms += found is not None and found.is_print
        if found is not None and found.blocks >= ridges.FEWEST:
            nearest = max(nearest, found.share)
        if found is not None and found.is_print:
            print(f"alarm: {path}")
    print(
        f"\n{looked} pictures of other things: {alarms} false alarms; largest share of ridge blocks {nearest:.2f}"
    )


if __name__ == "__main__":
    main()
