"""The pictures that faces.py measures on: those that lie there, and those that it makes of them for a run.

Made pictures go into a folder of the run and are deleted with it: rotated, reduced and cut copies of the photos
without a face, 12-megapixel mosaics of street photos, and a 20-megapixel scene with small faces pasted in.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

__all__ = ["Photo", "changed", "labelled", "mosaics", "rows", "tiny_faces", "without_faces"]

LIST = Path(__file__).with_name("face_free.toml")
QUALITY = 90
MOSAIC_PX, TINY_PX = (4000, 3000), (5472, 3648)
TINY_FACES_PX = (10, 12, 14, 16, 20, 24)  # longer sides to which faces are reduced
_CUT_PX = (640, 480)
_SHOWN_PX = 1280
_LEAST_SOURCE_PX = 56  # a face is reduced from at least this, so that what is pasted is sharp
_CONTEXT = 0.6  # of the longer side, cut out with each face on every side


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with its labelled faces (x, y, w, h), its group, and what it was made of."""

    path: Path
    group: str
    labels: Rows
    origin: str = ""


def rows(values: Sequence[Sequence[float]], columns: int) -> Rows:
    """Return rows as one array, also when there are none."""
    return np.asarray(values, np.float32).reshape(-1, columns)


def labelled(data: Path) -> Iterator[Photo]:
    """Yield the street photos and the frames."""
    for group, folder in (("street", "faces/street_measure_only"), ("frames", "faces/frames_ccby")):
        for line in (data / folder / "labels.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            boxes = [[face[key] for key in "xywh"] for face in row["faces"]]
            path = data / folder / row["file"]
            yield Photo(path if path.exists() else path.parent / "jpg" / path.name, group, rows(boxes, 4))


def without_faces(data: Path, packages: Path | None) -> Iterator[Photo]:
    """Yield the photos without a person (statues and painted figures count as alarms), and the packages' pictures."""
    for line in (data / "negatives" / "labels.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["status"] == "clean":
            yield Photo(data / "negatives" / row["file"], "clean", rows([], 4), row["file"])
    if packages is None:
        return
    for package in tomllib.loads(LIST.read_text("utf-8"))["package"]:
        for name in package["files"]:
            path = packages / package["name"] / name
            if not path.is_file():
                raise SystemExit(f"no {path}; {LIST.name} says how to unpack {package['name']}")
            yield Photo(path, "packages", rows([], 4), f"{package['name']}/{name}")


def changed(clean: Sequence[Photo], folder: Path) -> Iterator[Photo]:
    """Yield copies of photos without a face: as large as a street photo, turned, and cut out as they are."""
    for number, photo in enumerate(clean):
        with Image.open(photo.path) as opened:
            picture = opened.convert("RGB")
        copies = {
            "small": _within(picture, 400),
            "turned": _within(picture, 640).transpose(Image.Transpose.ROTATE_90),
            "over": _within(picture, 640).transpose(Image.Transpose.ROTATE_180),
        }
        width, height = (max(0, side - cut) for side, cut in zip(picture.size, _CUT_PX, strict=True))
        if width and height:
            for name, (x, y) in {"left": (0, height // 2), "middle": (width // 2, height // 2)}.items():
                copies[name] = picture.crop((x, y, x + _CUT_PX[0], y + _CUT_PX[1]))
        for name, copy in copies.items():
            path = folder / f"clean-{number}-{name}.jpg"
            copy.save(path, quality=QUALITY)
            yield Photo(path, "changed", rows([], 4), photo.origin)


def mosaics(street: Sequence[Photo], folder: Path, count: int) -> Iterator[Photo]:
    """Yield JPEG files of 12 megapixels, each of nine street photos enlarged side by side."""
    wide, high = MOSAIC_PX[0] // 3, MOSAIC_PX[1] // 3
    for number in range(count):
        sheet, labels = Image.new("RGB", MOSAIC_PX), []
        for place in range(9):
            photo = street[(number * 9 + place) * 5 % len(street)]
            left, top = place % 3 * wide, place // 3 * high
            with Image.open(photo.path) as opened:
                factor = min(wide / opened.width, high / opened.height)
                size = int(opened.width * factor), int(opened.height * factor)
                sheet.paste(opened.convert("RGB").resize(size, Image.Resampling.BICUBIC), (left, top))
            labels += [
                [left + x * factor, top + y * factor, w * factor, h * factor] for x, y, w, h in photo.labels
            ]
        path = folder / f"mosaic-{number}.jpg"
        sheet.save(path, quality=QUALITY)
        yield Photo(path, "12 megapixels", rows(labels, 4))


def tiny_faces(street: Sequence[Photo], ground: Path, folder: Path) -> Photo:
    """Return a 20-megapixel photo without faces into which labelled faces of 10 to 24 pixels were pasted."""
    with Image.open(ground) as opened:
        scene = opened.convert("RGB").resize(TINY_PX, Image.Resampling.BICUBIC)
    pairs = [(photo, box) for photo in street for box in photo.labels if max(box[2:]) >= _LEAST_SOURCE_PX]
    places = [(x, y) for y in range(120, TINY_PX[1] - 120, 330) for x in range(120, TINY_PX[0] - 120, 330)]
    labels = []
    for number, ((left, top), (photo, box)) in enumerate(zip(places, pairs, strict=False)):
        x, y, w, h = box.tolist()
        margin = _CONTEXT * max(w, h)
        factor = TINY_FACES_PX[number % len(TINY_FACES_PX)] / max(w, h)
        with Image.open(photo.path) as opened:
            cut = opened.convert("RGB").crop(
                (int(x - margin), int(y - margin), int(x + w + margin), int(y + h + margin))
            )
        size = max(1, round(cut.width * factor)), max(1, round(cut.height * factor))
        scene.paste(cut.resize(size, Image.Resampling.LANCZOS), (left, top))
        labels.append([left + margin * factor, top + margin * factor, w * factor, h * factor])
    path = folder / "tiny.jpg"
    scene.save(path, quality=QUALITY)
    return Photo(path, "tiny", rows(labels, 4))


def _within(picture: Image.Image, long_side_px: int) -> Image.Image:
    smaller = picture.copy()
    smaller.thumbnail((long_side_px, long_side_px))
    return smaller
