"""Try recognisers on what is left of removed faces: templates of before in memory only, never in a file or a ledger.

A worker takes the templates of the faces of a target before their removal, cuts the same places out of the result,
and takes those again. Two things follow:

- at once, for each face: where what is left is the same face beyond doubt, the removal fails and nothing is replaced;
- in the end, over all faces of an application: how often a recogniser finds the person in a clear gallery (all faces
  of the changed targets as they were, those that stay too) and in a parrot gallery (what is left of the other faces of
  the same persons), beside chance. Faces are taken for one person's where a recogniser had no doubt before.

Templates travel from the worker to its supervisor over the pipe between them, and go with both.

Not promised: what other recognisers see; bodies, clothes and places; faces that no network finds.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.engines import face_recogniser
from efface.evidence import recognition
from efface.examine.face_places import are_faces, faces_in, squares_at
from efface.runs.face_rates import distances, linked, rates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from efface.examine.face_places import FacePlace
    from efface.model import Finding, Limits, Part
    from efface.runs.face_rates import Rates

    Pixels = NDArray[np.uint8]
    Templates = NDArray[np.float32]

__all__ = ["FacesBefore", "Reidentification"]

_MOST = 2_000
"""Faces that are compared with one another; the others are only compared with themselves."""
_APART = 1e3  # farther than any template from another: what has no content is as far from all


class FacesBefore:
    """The faces of one target, as they were before its removal.

    Args:
        part: The target.
        due: The findings that are to go.
        kept: Those that stay.
        limits: Budgets.
    """

    def __init__(self, part: Part, due: Sequence[Finding], kept: Sequence[Finding], limits: Limits) -> None:
        self._limits = limits
        self._due = are_faces(due)
        stays = are_faces(kept) if self._due else []
        seen = faces_in(part, [*self._due, *stays], limits) if self._due else {}
        self._places: dict[str, FacePlace] = {name: place for name, (place, _) in seen.items()}
        self._before = dict(zip(seen, _templates([square for _, square in seen.values()]), strict=True))
        self._stays = [finding.id for finding in stays if finding.id in seen]

    def after(self, part: Part | None) -> tuple[dict[str, Any], int]:
        """Return what is left of the faces, for the supervisor, and how many are recognised beyond doubt.

        Args:
            part: The result; None where nothing of the target is to stay.
        """
        tried = [finding for finding in self._due if finding.id in self._places]
        left = squares_at(part, tried, self._places, self._limits) if part and tried else {}
        squares = {name: square for name, square in left.items() if square is not None}
        after = dict(zip(squares, _templates(list(squares.values())), strict=True))
        known = sum(_is_same(self._before[name], templates) for name, templates in after.items())
        return {
            "untested": len(self._due) - len(tried),
            "faces": [
                {
                    "before": _packed(self._before[finding.id]),
                    "after": _packed(after[finding.id]) if finding.id in after else {},
                    "left": "gone" if finding.id not in left else "" if finding.id in after else "flat",
                }
                for finding in tried
            ],
            "stays": [_packed(self._before[name]) for name in self._stays],
        }, known


def _templates(squares: Sequence[Pixels]) -> list[dict[str, Templates]]:
    """Return of each face its template by each family that is installed."""
    rows = {name: make(squares) for name, make in face_recogniser.families().items()}
    return [{name: of_all[index] for name, of_all in rows.items()} for index in range(len(squares))]


def _is_same(before: Mapping[str, Templates], after: Mapping[str, Templates]) -> bool:
    return any(
        float(np.linalg.norm(before[name] - after[name])) < face_recogniser.SAME_PICTURE[name]
        for name in before
    )


def _packed(templates: Mapping[str, Templates]) -> dict[str, str]:
    return {name: base64.b64encode(row.astype("<f4").tobytes()).decode() for name, row in templates.items()}


def _unpacked(packed: Mapping[str, str]) -> dict[str, Templates]:
    return {name: np.frombuffer(base64.b64decode(text), "<f4") for name, text in packed.items()}


@dataclass(slots=True, eq=False)
class Reidentification:
    """What is left of the faces of all targets of one application of a plan."""

    _refs: list[str] = field(default_factory=list)
    _untested: int = 0
    _flat: int = 0
    _gone: int = 0
    _left: int = 0
    _before: list[dict[str, Templates]] = field(default_factory=list)
    _after: list[dict[str, Templates] | None] = field(default_factory=list)
    _stays: list[dict[str, Templates]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Reidentification({len(self._refs)} removals)"

    def add(self, ref: str, faces: Mapping[str, Any]) -> None:
        """Take what a worker told of a target whose removal is done; nothing of a target without faces."""
        if not faces["faces"] and not faces["untested"]:
            return
        self._refs.append(ref)
        self._untested += faces["untested"]
        for face in faces["faces"]:
            self._flat += face["left"] == "flat"
            self._gone += face["left"] == "gone"
            self._left += not face["left"]
            if face["left"] != "gone" and len(self._before) < _MOST:
                self._before.append(_unpacked(face["before"]))
                self._after.append(_unpacked(face["after"]) or None)
        room = _MOST - len(self._stays)
        self._stays += [_unpacked(face) for face in faces["stays"][:room]]

    def entry(self) -> dict[str, Any] | None:
        """Return the entry for the ledger; None where no face was removed."""
        if not self._refs:
            return None
        rows = list(self._comparisons())
        bounds = ((row["chance_ppm"], row["lower_ppm"], row["upper_ppm"]) for row in rows)
        return {
            "kind": "reidentified",
            "removals": list(dict.fromkeys(self._refs)),
            "flat": self._flat,
            "gone": self._gone,
            "left": self._left,
            "untested": self._untested,
            "comparisons": rows,
            "outcome": recognition.outcome(bounds, self._left).value,
        }

    def _comparisons(self) -> Iterator[dict[str, Any]]:
        if not self._before:
            return
        gallery = [*self._before, *self._stays]
        names = sorted(gallery[0])
        near = np.eye(len(gallery), dtype=bool)
        for name in names:
            rows = np.stack([face[name] for face in gallery])
            near |= distances(rows, rows) < face_recogniser.SAME_PICTURE[name]
        persons, count = linked(near), len(self._before)
        for name in names:
            clear, parrot = self._distances(name, gallery)
            told = rates(clear, persons[:count], persons)
            yield from _rows(name, "clear", told)
            told = rates(parrot, persons[:count], persons[:count], np.eye(count, dtype=bool))
            yield from _rows(name, "parrot", told)

    def _distances(
        self, name: str, gallery: Sequence[Mapping[str, Templates]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far what is left of each face is from the gallery, and from what is left of the others."""
        count = len(self._before)
        clear, parrot = np.full((count, len(gallery)), _APART), np.full((count, count), _APART)
        kept = [index for index, face in enumerate(self._after) if face is not None]
        if kept:
            probes = np.stack([face[name] for face in self._after if face is not None])
            clear[kept] = distances(probes, np.stack([face[name] for face in gallery]))
            parrot[np.ix_(kept, kept)] = distances(probes, probes)
        return clear, parrot


def _rows(family: str, gallery: str, told: Rates | None) -> Iterator[dict[str, Any]]:
    """Yield the two rates of a comparison in millionths, with their bounds."""
    if told is None:
        return
    for measure, rate, chance in (
        ("rank_one", told.rank_one, told.rank_one_chance),
        ("accepted", told.accepted, told.accepted_chance),
    ):
        rate_ppm = round(rate * recognition.ALL)
        lower_ppm, upper_ppm = recognition.bounds(rate_ppm, told.probes)
        yield {
            "family": family,
            "gallery": gallery,
            "measure": measure,
            "probes": told.probes,
            "rate_ppm": rate_ppm,
            "chance_ppm": round(chance * recognition.ALL),
            "lower_ppm": lower_ppm,
            "upper_ppm": upper_ppm,
        }
