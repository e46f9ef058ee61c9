"""From a photo's file to its redacted file: efface, deface and a plain decoding and coding, taking turns."""

from __future__ import annotations

import io
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _face_pictures import Photo, labelled, mosaics, rows
from faces import Efface, _times_1_3, _whole_head, covered
from PIL import Image, JpegImagePlugin

from efface.engines import pictures
from efface.engines.repaint import PageBox, repaint
from efface.model import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faces import Rows

    from efface.engines.face_finder import FaceFinder

__all__ = ["Peer", "beside", "spent_s"]

_LIMITS = Limits()
_TICK_S = 0.01
_DRIVER = Path(__file__).with_name("_deface_redact_driver.py")


def spent_s() -> float:
    """Return the processor seconds of this process, and of its children and theirs, alive or not."""
    return time.process_time() + _below_s("self")


def _below_s(process: str) -> float:
    used = 0.0
    for each in Path(f"/proc/{process}/task").glob("*/children"):
        for child in each.read_text("ascii").split():
            fields = Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split()
            used += sum(map(int, fields[11:15])) * _TICK_S + _below_s(child)
    return used


class _NotTakenError(Exception):
    """A tool failed on a photo; the text is the name of its error."""


class Peer:
    """deface in an environment of its own, driven line by line."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), str(_DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def redact(self, pairs: Sequence[tuple[Path, Path]]) -> list[tuple[float, float, Rows] | str]:
        """Return seconds, processor seconds and boxes for each photo, the name of its error for one that fails."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the peer has no pipes")
        self._process.stdin.write(json.dumps([[str(one), str(other)] for one, other in pairs]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("deface stopped; is its environment complete? (see --peer-python)")
        return [
            each if isinstance(each, str) else (each[0], each[1], rows(each[2], 5))
            for each in json.loads(answer)
        ]

    def stop(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


class _Mode:
    """One mode of efface, with the re-scan of the result or without."""

    mask = staticmethod(_whole_head)

    def __init__(self, mode: str, *, proof: bool) -> None:
        self.name = f"efface {mode}, {'with' if proof else 'without'} re-scan"
        self._finder: FaceFinder = Efface(mode)._finder  # noqa: SLF001 - warmed up
        self._proof = proof

    def redact(self, source: Path, target: Path) -> Rows:
        """Write the redacted copy, and return the boxes."""
        data = source.read_bytes()
        boxes = self._boxes(data)
        whole = [
            PageBox(None, int(x), int(y), int(x + w) + 1 - int(x), int(y + h) + 1 - int(y))
            for x, y, w, h, _ in boxes
        ]
        result = repaint(data, whole, _LIMITS)
        if self._proof:
            self._boxes(result)
        target.write_bytes(result)
        return boxes

    def _boxes(self, data: bytes) -> Rows:
        frame = next(pictures.frames(data, long_side_px=self._finder.long_side_px))
        faces = self._finder.find(frame.pixels)
        return rows([[*(side * frame.scale for side in face.box), face.confidence] for face in faces], 5)


class _Plain:
    """Decoding and coding with the same tables, nothing else."""

    name = "decode and encode alone"
    mask = staticmethod(_whole_head)

    def redact(self, source: Path, target: Path) -> Rows:
        """Write the copy, and return no boxes."""
        image: Any = Image.open(io.BytesIO(source.read_bytes()))
        image.load()
        image.save(
            target,
            "JPEG",
            qtables=image.quantization,
            subsampling=max(JpegImagePlugin.get_sampling(image), 0),
        )
        return rows([], 5)


def beside(data: Path, python: Path | None, count: int) -> None:
    """Print processor time and time for one photo, and the share of labelled faces that is covered."""
    tools: list[_Plain | _Mode] = [
        _Plain(),
        *(_Mode(mode, proof=proof) for mode in ("fast", "standard") for proof in (False, True)),
    ]
    peer = Peer(python) if python else None
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name:
        folder = Path(name)
        street = [photo for photo in labelled(data) if photo.group == "street"][:count]
        large = list(mosaics(street, folder, max(count // 10, 1)))
        for title, photos in (("street photos", street), ("12 megapixels", large)):
            faces = sum(len(photo.labels) for photo in photos)
            print(f"\n{len(photos)} {title} with {faces} labelled faces, from file to file")
            print(f"{'':<34}{'CPU ms':>10}{'ms':>10}{'covered':>10}")
            for tool in tools:
                _line(tool.name, tool.mask, photos, lambda photo, tool=tool: _own(tool, photo, folder))  # type: ignore[misc]
            if peer:
                _line("deface 1.5.0", _times_1_3, photos, lambda photo: _others(peer, photo, folder))
    if peer:
        peer.stop()


_Answer = tuple[float, float, "Rows"]


def _own(tool: _Plain | _Mode, photo: Photo, folder: Path) -> _Answer:
    start, cpu = time.perf_counter(), spent_s()
    boxes = tool.redact(photo.path, folder / "out.jpg")
    return time.perf_counter() - start, spent_s() - cpu, boxes


def _others(peer: Peer, photo: Photo, folder: Path) -> _Answer:
    answer = peer.redact([(photo.path, folder / "out.jpg")])[0]
    if isinstance(answer, str):
        raise _NotTakenError(answer)
    return answer


def _line(
    name: str, mask: Callable[[Rows], Rows], photos: Sequence[Photo], one: Callable[[Photo], _Answer]
) -> None:
    try:
        one(photos[0])  # what is loaded on first use is not counted
        answers = [one(photo) for photo in photos]
    except _NotTakenError as error:
        print(f"{name:<34}  not measured: {error}")
        return
    shares = np.concatenate(
        [covered(mask(boxes), photo.labels) for photo, (_, _, boxes) in zip(photos, answers, strict=True)]
    )
    seconds, cpu = (1000 * float(np.mean([answer[at] for answer in answers])) for at in (0, 1))
    print(f"{name:<34}{cpu:10.0f}{seconds:10.0f}{shares.mean() if len(shares) else 0:10.3f}")
