"""Hide copies of one face in every kind of place, remove it with several tools, and count the copies that are left.

    python bench/leaks.py [--peer-python PATH | --no-peer]

efface runs as its user runs it: scan, plan, apply. deface gets every file that it takes for a picture, with a flat
fill. "Pillow" is what a script does: open, paint a box over the face, save in the same kind. "ExifTool" strips all
metadata from what Pillow saved, where `exiftool` is on the path. What a tool does not take stays as it was, and is
counted by itself; so is a file that comes out with fewer frames or pages. Whether the face is left is told without a
detector, as efface/testing/leaks.py says.
"""

from __future__ import annotations

import argparse
import io
import mimetypes
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from _redact_beside import Peer
from faces import peer_python
from PIL import Image, UnidentifiedImageError

from efface.testing.leaks import Face, Kind
from efface.testing.leaks_containers import CONTAINERS
from efface.testing.leaks_pictures import PICTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).resolve().parent.parent
PORTRAIT = ROOT / "samples" / "portrait.png"
_BOX = (0.15, 0.0, 0.75, 0.6)  # of the portrait: the head with its hair
_LEFT, _GONE, _LOST, _NOT_TAKEN, _REFUSED = "left", "-", "frames lost", "not taken", "refused"
_ANIMATED = ("GIF", "PNG", "WEBP", "TIFF", "AVIF")

Place = tuple[Kind, Face, bytes, Path]


def main() -> None:
    """Print a line for each kind of hiding place, and what is left by each tool."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", type=Path, help="interpreter of an environment that holds deface")
    parser.add_argument("--no-peer", action="store_true", help="leave deface out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name:
        folder = Path(name)
        places = list(_places(folder))
        columns = {"efface": _efface(folder, places)}
        if not arguments.no_peer:
            columns["deface 1.5.0"] = _deface(folder, places, arguments.peer_python or peer_python())
        columns["Pillow"] = [_judged(place, _pillow) for place in places]
        if shutil.which("exiftool"):
            columns["Pillow, ExifTool"] = [_judged(place, _exiftool) for place in places]
    _print(places, columns)


def _places(folder: Path) -> Iterable[Place]:
    portrait = Image.open(PORTRAIT)
    for number, kind in enumerate((*PICTURES, *CONTAINERS)):
        face = Face(portrait)
        data = kind.build(face)
        if not face.is_left(data):
            raise SystemExit(f"the judge does not see the face in: {kind.name}")
        yield kind, face, data, folder / f"{number:02}.{kind.suffix}"


def _word(place: Place, result: bytes | None) -> str:
    """Return what became of a file: `result` is None where nothing of it is left."""
    _, face, before, _ = place
    if result is None or not face.is_left(result):
        return _LOST if result and _frames(before) > _frames(result) else _GONE
    return _REFUSED if result == before else _LEFT


def _frames(data: bytes) -> int:
    """Return how many frames or pages a picture has, 0 for what is none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return getattr(image, "n_frames", 1) if image.format in _ANIMATED else 0
    except UnidentifiedImageError:
        return 0


def _judged(place: Place, tool: Callable[[Place], bytes | None]) -> str:
    result = tool(place)
    return _NOT_TAKEN if result is None else _word(place, result)


def _efface(folder: Path, places: list[Place]) -> list[str]:
    inside, run = folder / "in", folder / "run.sqlite"
    inside.mkdir()
    for _, _, data, path in places:
        (inside / path.name).write_bytes(data)
    environment = os.environ | {"XDG_STATE_HOME": str(folder / "state")}
    for command in (
        ["scan", str(inside), "--run", str(run)],
        ["remove", str(run), "--only", "all", "--apply"],
    ):
        subprocess.run(
            [sys.executable, "-m", "efface", *command, "--quiet"],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,
        )
    return [
        _word(place, (inside / place[3].name).read_bytes() if (inside / place[3].name).exists() else None)
        for place in places
    ]


def _deface(folder: Path, places: list[Place], python: Path) -> list[str]:
    peer, words = Peer(python), []
    for place in places:
        _, _, data, path = place
        source, target = folder / f"in-{path.name}", folder / f"out-{path.name}"
        source.write_bytes(data)
        takes = (mimetypes.guess_type(path.name)[0] or "").startswith("image")
        done = takes and not isinstance(peer.redact([(source, target)])[0], str) and target.exists()
        words.append(_word(place, target.read_bytes()) if done else _NOT_TAKEN)
    peer.stop()
    return words


def _pillow(place: Place) -> bytes | None:
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(place[2]))
            kind = image.format
            image.load()
            left, top, right, bottom = (int(share * image.size[at % 2]) for at, share in enumerate(_BOX))
            image.paste(
                0 if len(image.getbands()) == 1 else (0, 0, 0, 255)[: len(image.getbands())],
                (left, top, right, bottom),
            )
            image.save(target, kind)
        except Exception:  # noqa: BLE001 - what it cannot take is a word of the table
            return None
    return target.getvalue()


def _exiftool(place: Place) -> bytes | None:
    """Return what ExifTool makes of Pillow's result, or of the file itself where Pillow does not take it."""
    painted = _pillow(place)
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name:
        path = Path(name) / place[3].name
        path.write_bytes(place[2] if painted is None else painted)
        done = subprocess.run(
            ["exiftool", "-q", "-q", "-all=", "-overwrite_original", str(path)],  # noqa: S607 - the one on the path
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return path.read_bytes() if done.returncode == 0 or painted is not None else None


def _print(places: list[Place], columns: dict[str, list[str]]) -> None:
    wide = max(len(kind.name) for kind, *_ in places) + 2
    print(f"{'hiding place':<{wide}}" + "".join(f"{name:>18}" for name in columns))
    for number, (kind, *_) in enumerate(places):
        print(f"{kind.name:<{wide}}" + "".join(f"{words[number]:>18}" for words in columns.values()))
    for title, counted in (
        (f"left, of {len(places)}", (_LEFT, _REFUSED)),
        ("frames lost", (_LOST,)),
        ("not taken", (_NOT_TAKEN,)),
    ):
        counts = (sum(word in counted for word in words) for words in columns.values())
        print(f"{title:<{wide}}" + "".join(f"{count:>18}" for count in counts))


if __name__ == "__main__":
    main()
