"""Count faces under a mosaic that are told as such, and faces without one that are taken for it.

    python bench/mosaics.py [--data DIR] [--photos 120]

Faces of 40 pixels and more of the labelled street photos are found as a scan finds them; then each labelled face is put
under a mosaic of so many cells over its longer side, the photo is written as PNG or as JPEG, read, and looked at again.
"found" is how many of the covered faces are still found, "told" how many of these as a mosaic.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _face_pictures import labelled
from _run import data_folder
from PIL import Image

from efface.detectors.mosaic import LEAST_SHARE, has_mosaic, share_of_lines
from efface.engines.face_finder import FaceFinder
from efface.engines.pictures import Frame
from efface.model import Box

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST_PX = 40
_CELLS = (4, 6, 8, 12, 16)
_FORMS = {"png": ("PNG", {}), "jpeg 95": ("JPEG", {"quality": 95}), "jpeg 75": ("JPEG", {"quality": 75})}


def main() -> None:
    """Print what is told of photos as they are, then a line for each number of cells and form."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    parser.add_argument("--photos", type=int, default=120, help="how many photos")
    arguments = parser.parse_args()
    data = data_folder(arguments.data)
    if data is None:
        raise SystemExit("no measuring data: name their folder with --data")
    photos = [
        photo for photo in labelled(data) if (photo.labels[:, 2:].max(axis=1, initial=0) >= _LEAST_PX).any()
    ]
    photos = photos[:: max(1, len(photos) // arguments.photos)][: arguments.photos]
    finder, clear, told, most = FaceFinder("standard"), 0, 0, 0.0
    pictures = []
    for photo in photos:
        with Image.open(photo.path) as opened:
            picture = opened.convert("RGB")
        pictures.append((picture, [_box(row) for row in photo.labels if max(row[2:]) >= _LEAST_PX]))
        for frame, box in _found(finder, picture):
            clear, told = clear + 1, told + has_mosaic(frame, box)
            cut = frame.pixels[box.y : box.y + box.height, box.x : box.x + box.width]
            most = max(most, share_of_lines(cut))
    print(
        f"{len(photos)} photos as they are: {told} of {clear} faces told; largest share {most:.2f} of {LEAST_SHARE}"
    )
    for cells in _CELLS:
        for form in _FORMS:
            print(_line(finder, pictures, cells, form))


def _line(finder: FaceFinder, pictures: list[tuple[Image.Image, list[Box]]], cells: int, form: str) -> str:
    covered = found = told = 0
    for picture, boxes in pictures:
        hidden = picture.copy()
        large = [box for box in boxes if max(box.width, box.height) >= 4 * cells]
        for box in large:
            _cover(hidden, box, cells)
        data = io.BytesIO()
        name, options = _FORMS[form]
        hidden.save(data, name, **options)
        seen = list(_found(finder, Image.open(data).convert("RGB"))) if large else []
        for box in large:
            hits = [(frame, other) for frame, other in seen if _overlap(box, other) >= 0.3]
            covered, found = covered + 1, found + bool(hits)
            told += any(has_mosaic(frame, other) for frame, other in hits)
    return f"{cells:3} cells, {form:8}: {covered:4} covered, {found:4} found, {told:4} told"


def _found(finder: FaceFinder, picture: Image.Image) -> Iterator[tuple[Frame, Box]]:
    frame = Frame(0, np.asarray(picture), 1.0, *picture.size)
    for face in finder.find(frame.pixels):
        box = _box(np.asarray(face.box))
        if max(box.width, box.height) >= _LEAST_PX:
            yield frame, box


def _box(row: np.ndarray) -> Box:
    x, y, width, height = (int(value) for value in row)
    return Box(max(0, x), max(0, y), max(1, width), max(1, height))


def _cover(picture: Image.Image, box: Box, cells: int) -> None:
    region = (box.x, box.y, box.x + box.width, box.y + box.height)
    cut, cell = picture.crop(region), max(box.width, box.height) / cells
    small = max(1, round(cut.width / cell)), max(1, round(cut.height / cell))
    cut = cut.resize(small, Image.Resampling.BOX).resize(cut.size, Image.Resampling.NEAREST)
    picture.paste(cut, region)


def _overlap(one: Box, other: Box) -> float:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    both = max(0, width) * max(0, height)
    return both / (one.width * one.height + other.width * other.height - both)


if __name__ == "__main__":
    main()
