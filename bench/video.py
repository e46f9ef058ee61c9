"""Cover faces in the measuring clips, count what still shows, and time it beside deface in the same run.

    python bench/video.py [--data DIR] [--clips N] [--joined N] [--peer-python PYTHON] [--no-peer]

The clips are those of the measuring data (2 to 4 seconds, 640 by 480 pixels, three people), each by itself; then
the shortest of them joined to one recording in H.264, which deface gets as well, with a black fill. "Decode, encode" is
efface's own writing with nothing filled.

A track is a face followed through the untouched recording, frame by frame. A frame of it is uncovered when the inner
half of the face's box is not black in the result, or when a face is found in the result that overlaps it; of all
frames, also those count in whose result a face is found anywhere. "Labelled"
are the faces of the labelled frames, looked over by people, whose inner half is not black. CPU ms is processor time for
a frame, of all processes; the looks of this measurement itself are not in it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from _run import data_folder, look
from faces import peer_python

from efface.actions.redact_video import RedactVideo
from efface.engines import video
from efface.engines.face_finder import FaceFinder
from efface.engines.face_tracks import Sighting, Tracks, overlap
from efface.engines.video_writing import rewrite
from efface.model import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from efface.engines.face_tracks import Box
    from efface.engines.video import Shot

_LIMITS = Limits()
_DARK, _SAME = 48, 0.3


@dataclass(slots=True)
class Recording:
    """A recording to cover, with its labelled faces by number of frame."""

    path: Path
    labels: dict[int, list[Box]]


@dataclass(slots=True)
class Count:
    """What a tool left, and what it took."""

    tracks: int = 0
    open_tracks: int = 0
    frames: int = 0
    open_frames: int = 0
    labelled: int = 0
    open_labelled: int = 0
    cpu_s: float = 0.0
    bytes_before: int = 0
    bytes_after: int = 0


def main() -> None:
    """Print a line for each tool and group of recordings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    parser.add_argument("--clips", type=int, default=15, help="how many clips by themselves")
    parser.add_argument("--joined", type=int, default=15, help="how many clips are joined to one")
    parser.add_argument("--peer-python", type=Path, help="interpreter of an environment that holds deface")
    parser.add_argument("--no-peer", action="store_true", help="measure efface alone")
    arguments = parser.parse_args()
    data = data_folder(arguments.data)
    if data is None:
        raise SystemExit("no measuring data; give --data or set EFFACE_DATA")
    labels = _labels(data)
    clips = [Recording(path, labels.get(path.name, {})) for path in sorted((data / "video").rglob("*.mkv"))]
    print(
        "recordings   tool             tracks  uncovered  frames  uncovered  labelled  uncovered  CPU ms  bytes after"
    )
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name:
        folder = Path(name)
        peer = None if arguments.no_peer else _deface(arguments.peer_python or peer_python(), folder)
        if arguments.clips:
            _report("clips", "efface", clips[: arguments.clips], _efface)
        shortest = sorted(clips, key=lambda clip: os.path.getsize(clip.path))
        joined = [_joined(shortest[: arguments.joined], folder / "joined.mp4")]
        _report("joined", "efface", joined, _efface)
        _report("joined", "decode, encode", joined, _anew)
        if peer is not None:
            _report("joined", "deface 1.5.0", joined, peer)


def _labels(data: Path) -> dict[str, dict[int, list[Box]]]:
    """Return the labelled faces by name of clip and number of frame."""
    found: dict[str, dict[int, list[Box]]] = {}
    lines = (data / "faces" / "frames_ccby" / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    for each in map(json.loads, lines):
        boxes = [(face["x"], face["y"], face["w"], face["h"]) for face in each["faces"]]
        found.setdefault(Path(each["clip"]).name, {})[each["frame"]] = boxes
    return found


def _joined(clips: Sequence[Recording], path: Path) -> Recording:
    """Write one recording of all frames of some clips."""
    labels: dict[int, list[Box]] = {}
    count = 0
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=30, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for clip in clips:
            labels |= {count + number: boxes for number, boxes in clip.labels.items()}
            for shot in _shots(clip.path.read_bytes()):
                frame = av.VideoFrame.from_ndarray(shot.pixels, format="rgb24")
                frame.pts, frame.time_base = count, Fraction(1, 30)
                container.mux(stream.encode(frame))
                count += 1
        container.mux(stream.encode(None))
    return Recording(path, labels)


def _shots(data: bytes) -> Iterator[Shot]:
    (first, *_) = video.streams(io.BytesIO(data))
    shots = video.shots(io.BytesIO(data), first.index, _LIMITS, video.Pace())
    return (shot for shot in shots if shot is not None)


def _efface(path: Path) -> tuple[bytes, float]:
    """Return the result and the processor time of a scan and a removal."""
    before = _cpu_s()
    (seen,) = look([path], jobs=1).values()
    result = RedactVideo().remove(path.read_bytes(), seen.findings, _LIMITS) or b""
    return result, _cpu_s() - before


def _anew(path: Path) -> tuple[bytes, float]:
    before = _cpu_s()
    result = rewrite(path.read_bytes(), {0: lambda _number: []}, {}, _LIMITS)
    return result, _cpu_s() - before


def _deface(python: Path, folder: Path) -> Callable[[Path], tuple[bytes, float]]:
    program = python.with_name("deface")

    def run(path: Path) -> tuple[bytes, float]:
        target, before = folder / "peer.mp4", _cpu_s()
        order = [str(program), "--backend", "onnxrt", "--replacewith", "solid", "-o", str(target), str(path)]
        subprocess.run(order, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return target.read_bytes(), _cpu_s() - before

    return run


def _cpu_s() -> float:
    """Return the processor time of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _report(
    group: str, tool: str, recordings: Sequence[Recording], cover: Callable[[Path], tuple[bytes, float]]
) -> None:
    count = Count()
    for each in recordings:
        result, cpu_s = cover(each.path)
        count.cpu_s += cpu_s
        count.bytes_before += os.path.getsize(each.path)
        count.bytes_after += len(result)
        _compare(each, result, count)
    numbers = (
        *(
            count.tracks,
            count.open_tracks,
            count.frames,
            count.open_frames,
            count.labelled,
            count.open_labelled,
        ),
        f"{1000 * count.cpu_s / max(count.frames, 1):.1f}",
        f"{count.bytes_after / count.bytes_before:.0%}",
    )
    print(f"{group:<12} {tool:<16} " + " ".join(f"{number:>11}" for number in numbers), flush=True)


def _compare(recording: Recording, result: bytes, count: Count) -> None:
    """Follow the faces of a recording, and look for each in the same frame of the result."""
    finder = FaceFinder("standard")
    tracks = Tracks(0.0, keep_all=True)
    results = list(_shots(result))
    is_open: dict[tuple[float, Box], bool] = {}
    for number, shot in enumerate(_shots(recording.path.read_bytes())):
        faces = [Sighting(shot.time_s, face.box, face) for face in finder.find(shot.pixels)]
        tracks.see(shot.time_s, faces)
        pixels = results[number].pixels if number < len(results) else np.full((2, 2, 3), 255, np.uint8)
        left = [face.box for face in finder.find(pixels)]
        for face in faces:
            shows = any(overlap(face.box, other) >= _SAME for other in left)
            is_open[face.time_s, face.box] = shows or not _is_black(pixels, face.box)
        for box in recording.labels.get(number, ()):
            count.labelled += 1
            count.open_labelled += not _is_black(pixels, box)
        count.frames += 1
        count.open_frames += any(is_open[face.time_s, face.box] for face in faces) or bool(left)
    count.tracks += len(tracks)
    count.open_tracks += sum(
        any(is_open[each.time_s, each.box] for each in track.kept) for track in tracks.all()
    )


def _is_black(pixels: NDArray[np.uint8], box: Box) -> bool:
    """Return whether the inner half of a box is."""
    x, y, width, height = (int(value) for value in box)
    part = pixels[max(y + height // 4, 0) : y + height * 3 // 4, max(x + width // 4, 0) : x + width * 3 // 4]
    return bool(part.size) and int(part.max()) <= _DARK


if __name__ == "__main__":
    main()
