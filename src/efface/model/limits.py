"""How much of anything efface takes on before it says "over-limit"."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of one run; what exceeds one becomes a gap that names it.

    Attributes:
        artefact_bytes: Largest artefact that is read into memory as a whole.
        unpacked_bytes: Most bytes unpacked out of one outermost file.
        unpacked_ratio: Most bytes unpacked per byte of the archive, once more than a floor is unpacked.
        depth: Most containers inside one another.
        entries: Most members of one outermost file.
        artefact_seconds: Longest time for one artefact before its process is stopped.
        picture_pixels: Largest picture, in pixels of one frame.
        frames: Most frames or pages of one picture.
        film_frames: Most frames of one recording.
        cells: Most cells of one column that are tested one by one.
        memory_bytes: Most memory of one worker process.
        run_seconds: Longest time that a run lists and looks; what it leaves is a gap.
    """

    artefact_bytes: int = 512 * _MIB
    unpacked_bytes: int = 8192 * _MIB
    unpacked_ratio: int = 1000
    depth: int = 8
    entries: int = 200_000
    artefact_seconds: float = 120.0
    picture_pixels: int = 178_956_970
    frames: int = 2_000
    film_frames: int = 10_000_000
    cells: int = 10_000
    memory_bytes: int = 3072 * _MIB
    run_seconds: float = 1e9
