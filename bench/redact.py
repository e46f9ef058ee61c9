"""Time the covering of faces in JPEG files beside decoding and coding anew, and count what else changes.

    python bench/redact.py [--data DIR] [--photos 20] [--peer-python PATH | --no-peer]

The pictures are street photos of the measuring data as they are, and 4000 by 3000 pixels of them side by side,
sequential and progressive; without the data, generated noise of that size. Three boxes are covered in each. "Anew" is
what decoding, filling and coding with the same tables costs and changes; "whole" is all of a removal with its proof;
"reader" is reading the coefficients without libjpeg, in Python. Times are means of five, in
milliseconds of the processor, those of the process that fills the blocks included.

Then, with the data: the same photos from file to file, faces found and covered, beside deface with a flat fill and
beside decoding and coding alone; the share of labelled faces of which each tool covers 80 %, as faces.py counts it
(of deface's ellipses the boxes around them).
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _redact_beside import beside, spent_s
from _run import data_folder
from faces import peer_python
from PIL import Image, JpegImagePlugin

from efface.engines.jpeg_blocks import fill_blocks
from efface.engines.repaint import PageBox, repaint
from efface.engines.repaint_region import BLOCK_PX, Region, regions
from efface.model import Limits
from efface.testing import jpegs
from efface.testing.jpeg_coefficients import read_coefficients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TIMES = 5
_LARGE = (4000, 3000)
_LIMITS = Limits()


def main() -> None:
    """Print a line for each group of pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    parser.add_argument("--photos", type=int, default=20, help="how many street photos")
    parser.add_argument("--peer-python", type=Path, help="interpreter of an environment that holds deface")
    parser.add_argument("--no-peer", action="store_true", help="measure efface alone")
    arguments = parser.parse_args()
    data = data_folder(arguments.data)
    print(
        "pictures                 MiB   decode   anew  blocks  whole  reader   bytes   other blocks changed"
    )
    print("                                                                      after   blocks       anew")
    for name, group in _groups(data, arguments.photos):
        _report(name, group)
    if data:
        python = None if arguments.no_peer else arguments.peer_python or peer_python()
        beside(data, python, arguments.photos)


def _groups(data: Path | None, most: int) -> Iterator[tuple[str, list[bytes]]]:
    folder = data / "faces" / "street_measure_only" if data else Path()
    photos = sorted(folder.rglob("*.jpg"))[:most] if data else []
    if photos:
        yield f"{len(photos)} street photos", [path.read_bytes() for path in photos]
    image = _mosaic([Image.open(path).convert("RGB") for path in photos]) if photos else jpegs.noise(*_LARGE)
    for name, settings in (("12 MP", {}), ("12 MP, progressive", {"progressive": True})):
        target = io.BytesIO()
        image.save(target, "JPEG", quality=90, **settings)
        yield name, [target.getvalue()]


def _mosaic(photos: Sequence[Image.Image]) -> Image.Image:
    """Return a picture of 12 million pixels with as much detail as the photos have."""
    image = Image.new("RGB", _LARGE)
    left = top = row = number = 0
    while top < _LARGE[1]:
        photo = photos[number % len(photos)]
        image.paste(photo, (left, top))
        left, row, number = left + photo.width, max(row, photo.height), number + 1
        if left >= _LARGE[0]:
            left, top, row = 0, top + row, 0
    return image


def _report(name: str, group: Sequence[bytes]) -> None:
    times = [0.0] * 5
    sizes = [0, 0]
    changed = [0, 0]
    total = 0
    for data in group:
        boxes = _boxes(data)
        ways: tuple[Callable[[], object], ...] = (
            lambda data=data: Image.open(io.BytesIO(data)).load(),  # type: ignore[misc]
            lambda data=data, boxes=boxes: _anew(data, boxes),  # type: ignore[misc]
            lambda data=data, boxes=boxes: fill_blocks(data, _units(data, boxes), _LIMITS),  # type: ignore[misc]
            lambda data=data, boxes=boxes: repaint(data, boxes, _LIMITS),  # type: ignore[misc]
        )
        times = [so_far + _ms(way) / len(group) for so_far, way in zip(times, ways, strict=False)] + times[4:]
        filled = fill_blocks(data, _units(data, boxes), _LIMITS) or data
        sizes = [sizes[0] + len(data), sizes[1] + len(filled)]
        start = spent_s()
        read_coefficients(data)
        times[4] += 1000 * (spent_s() - start) / len(group)
        for index, result in enumerate((filled, _anew(data, boxes))):
            count, total_here = _changed(data, result, _units(data, boxes))
            changed[index] += count
        total += total_here
    print(
        f"{name:<22}{sizes[0] / 2**20:6.1f}{times[0]:9.0f}{times[1]:7.0f}{times[2]:8.0f}{times[3]:7.0f}{times[4]:8.0f}"
        f"{sizes[1] / sizes[0]:8.1%}{changed[0]:9}{changed[1]:11} of {total} blocks"
    )


def _boxes(data: bytes) -> list[PageBox]:
    width, height = Image.open(io.BytesIO(data)).size
    side = min(width, height) // 12
    return [PageBox(None, width * at // 8, height * at // 8, side, side) for at in (1, 4, 6)]


def _units(data: bytes, boxes: Sequence[PageBox]) -> list[Region]:
    image = Image.open(io.BytesIO(data))
    layers = image.layer  # type: ignore[attr-defined]
    across, down = 8 * max(layer[1] for layer in layers), 8 * max(layer[2] for layer in layers)
    aligned = [region.aligned(across, down) for region in regions(boxes, image.size)]
    return [
        Region(each.left // across, each.top // down, each.right // across, each.bottom // down)
        for each in aligned
    ]


def _anew(data: bytes, boxes: Sequence[PageBox]) -> bytes:
    image = Image.open(io.BytesIO(data))
    image.load()
    for region in regions(boxes, image.size):
        image.paste(0 if image.mode == "L" else (0, 0, 0), region.aligned(BLOCK_PX, BLOCK_PX))
    target = io.BytesIO()
    image.save(
        target,
        "JPEG",
        qtables=image.quantization,  # type: ignore[attr-defined]
        subsampling=max(JpegImagePlugin.get_sampling(image), 0),
        progressive=bool(image.info.get("progressive")),
    )
    return target.getvalue()


def _changed(before: bytes, after: bytes, units: Sequence[Region]) -> tuple[int, int]:
    """Return how many blocks outside the areas have another coefficient, and how many there are outside."""
    changed = total = 0
    old, new = read_coefficients(before), read_coefficients(after)
    for one, other in zip(old.components, new.components, strict=True):
        outside = np.ones(one.blocks.shape[:2], bool)
        for left, top, right, bottom in units:
            outside[top * one.down : bottom * one.down, left * one.across : right * one.across] = False
        changed += int((one.blocks != other.blocks).any(axis=2)[outside].sum())
        total += int(outside.sum())
    return changed, total


def _ms(work: Callable[[], object]) -> float:
    start = spent_s()
    for _ in range(_TIMES):
        work()
    return 1000 * (spent_s() - start) / _TIMES


if __name__ == "__main__":
    main()
