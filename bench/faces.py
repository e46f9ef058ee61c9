"""Measure how well faces are found, beside deface in the same run.

    python bench/faces.py [--data DIR] [--modes fast standard thorough] [--peer-python PATH | --no-peer]
    python bench/faces.py --calibrate

Detections are matched to labels greedily by confidence at an intersection over union of 0.5, one a face. A face
is covered when one detection covers 80 % of its label: as found, and as masked by the tool's own default (efface
fills half of the longer side around the box, deface masks 1.3 times). Labels are incomplete in crowds, so
precision is a lower bound. Sizes are those of the labels, for precision those of the detections.
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
from efface.engines.repaint_region import MARGIN_DIVISOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]
    Mask = Callable[[Rows], Rows]

ROOT = Path(__file__).resolve().parent.parent
PEER = ("deface==1.5.0", "onnxruntime", "onnx")
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
    mask: Mask
    boxes: dict[Path, Rows] = field(default_factory=dict)
    seconds: dict[Path, float] = field(default_factory=dict)


def _as_found(boxes: Rows) -> Rows:
    return boxes[:, :4]


def _whole_head(boxes: Rows) -> Rows:
    """Return what efface fills: half of the longer side around each box."""
    margin = boxes[:, 2:4].max(axis=1, keepdims=True) / MARGIN_DIVISOR
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:4] + 2 * margin], axis=1)


def _times_1_3(boxes: Rows) -> Rows:
    """Return what deface masks by default."""
    return np.concatenate([boxes[:, :2] - 0.15 * boxes[:, 2:4], 1.3 * boxes[:, 2:4]], axis=1)


class Tool(Protocol):
    """Something that looks at photos."""

    name: str
    mask: Mask

    def look(self, paths: Sequence[Path]) -> list[tuple[float, Rows]]:
        """Return seconds and boxes (x, y, w, h, score) for each photo."""


class Efface:
    """One mode of efface's finder, in this process."""

    def __init__(self, mode: str) -> None:
        self.name = f"efface {mode}"
        self.mask: Mask = _whole_head
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

    def __init__(self, python: Path) -> None:
        self.name = "deface 1.5.0"
        self.mask: Mask = _times_1_3
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
    for line in (data / "negatives" / "labels.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["status"] == "clean":  # no person; statues and painted figures count as false alarms
            yield Photo(data / "negatives" / row["file"], "clean", _rows([], 4))


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


def covered(boxes: Rows, labels: Rows) -> NDArray[np.bool_]:
    """Return which labels one box covers by 80 %."""
    if not len(boxes) or not len(labels):
        return np.zeros(len(labels), bool)
    low = np.maximum(boxes[:, None, :2], labels[None, :, :2])
    high = np.minimum((boxes[:, :2] + boxes[:, 2:4])[:, None], labels[None, :, :2] + labels[None, :, 2:4])
    inside = np.maximum(high - low, 0).prod(axis=2) / labels[:, 2:4].prod(axis=1)
    return np.asarray((inside >= COVERED).any(axis=0))


def lines(result: Looked, everything: list[Photo], group: str) -> Iterator[list[str]]:
    """Yield a tool's lines of the table: each measure for all faces and by size."""
    of_group = [photo for photo in everything if photo.group == group]
    pairs = [matched(result.boxes[photo.path], photo.labels) for photo in of_group]
    labels = _steps(photo.labels for photo in of_group)
    found = _steps(result.boxes[photo.path] for photo in of_group)
    measures = {
        "recall": (np.concatenate([taken for _, taken in pairs]), labels),
        "precision": (np.concatenate([hits for hits, _ in pairs]), found),
    }
    for name, enlarged in (("covered", _as_found), ("masked", result.mask)):
        which = [covered(enlarged(result.boxes[photo.path]), photo.labels) for photo in of_group]
        measures[name] = (np.concatenate(which), labels)
    for name, (values, steps) in measures.items():
        by_size = [
            f"{values[steps == step].mean():.3f}" if (steps == step).any() else "-" for step in range(5)
        ]
        yield [result.name, name, f"{values.mean():.3f}" if len(values) else "-", *by_size]


def _steps(boxes: Iterable[Rows]) -> NDArray[np.intp]:
    """Return the step of size of each box, by its longer side."""
    sides = np.concatenate([rows[:, 2:4].max(axis=1, initial=0) for rows in boxes])
    return np.asarray(np.digitize(sides, SIZES_PX))


def table(results: list[Looked], everything: list[Photo]) -> None:
    """Print what was measured."""
    for group, title in (("street", "Street photos"), ("frames", "Video frames")):
        of_group = [photo for photo in everything if photo.group == group]
        print(f"\n{title}: {len(of_group)} photos, {sum(len(photo.labels) for photo in of_group)} faces")
        _print([["", "share of", "all", "<16 px", "16-32", "32-64", "64-128", ">128"]])
        for result in results:
            _print(lines(result, everything, group))
    clean = sum(photo.group == "clean" for photo in everything)
    print(f"\nAlarms on {clean} photos without a face, and photos per second")
    _print([["", "alarms/100", "street/s", "frames/s"]])
    for result in results:
        alarms = sum(len(result.boxes[photo.path]) for photo in everything if photo.group == "clean")
        rates = [f"{_rate(result, everything, group):.1f}" for group in ("street", "frames")]
        _print([[result.name, f"{100 * alarms / clean:.0f}", *rates]])


def _rate(result: Looked, everything: list[Photo], group: str) -> float:
    of_group = [photo for photo in everything if photo.group == group]
    return len(of_group) / sum(result.seconds[photo.path] for photo in of_group)


def _print(rows: Iterable[list[str]]) -> None:
    for row in rows:
        print("  ".join(f"{cell:>10}" if at else f"{cell:<16}" for at, cell in enumerate(row)))


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
    every, truth = np.concatenate(rows), np.concatenate(labels).astype(float)
    alone, united = np.isnan(every[:, CENTERFACE]), every[:, HOW] == UNITED
    for name, which in (("YUNET_ONLY", alone), ("SECOND_LOOK", ~alone & ~united), ("UNION", united)):
        inputs = np.array([[logit(one), logit(two)] for one, two in every[which][:, [YUNET, CENTERFACE]]])
        print(f"{name} = ({', '.join(f'{value:.2f}' for value in _fit(inputs, truth[which]))})")
    kept = np.array([accepted(line) for line in every.tolist()])
    sure = np.array([confidence(line) for line in every.tolist()])
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
