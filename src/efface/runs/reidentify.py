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

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from efface.engines.face_traces import is_same_face, told_of, traces
from efface.evidence import recognition
from efface.examine.face_places import are_faces, faces_in, squares_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from efface.engines.face_traces import Told
    from efface.examine.face_places import FacePlace
    from efface.model import Finding, Limits, Part

__all__ = ["FacesBefore", "Reidentification"]

_MOST = 2_000
"""Faces that are compared with one another; the others are only compared with themselves."""


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
        self._before = dict(zip(seen, traces([square for _, square in seen.values()]), strict=True))
        self._stays = [finding.id for finding in stays if finding.id in seen]

    def after(self, part: Part | None) -> tuple[dict[str, Any], int]:
        """Return what is left of the faces, for the supervisor, and how many are recognised beyond doubt.

        Args:
            part: The result; None where nothing of the target is to stay.
        """
        tried = [finding for finding in self._due if finding.id in self._places]
        left = squares_at(part, tried, self._places, self._limits) if part and tried else {}
        squares = {name: square for name, square in left.items() if square is not None}
        after = dict(zip(squares, traces(list(squares.values())), strict=True))
        known = sum(is_same_face(self._before[name], trace) for name, trace in after.items())
        return {
            "untested": len(self._due) - len(tried),
            "faces": [
                {
                    "before": self._before[finding.id],
                    "after": after.get(finding.id),
                    "left": "gone" if finding.id not in left else "" if finding.id in after else "flat",
                }
                for finding in tried
            ],
            "stays": [self._before[name] for name in self._stays],
        }, known


@dataclass(slots=True, eq=False)
class Reidentification:
    """What is left of the faces of all targets of one application of a plan."""

    _refs: list[str] = field(default_factory=list)
    _untested: int = 0
    _flat: int = 0
    _gone: int = 0
    _left: int = 0
    _before: list[dict[str, str]] = field(default_factory=list)
    _after: list[dict[str, str] | None] = field(default_factory=list)
    _stays: list[dict[str, str]] = field(default_factory=list)

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
                self._before.append(face["before"])
                self._after.append(face["after"])
        room = _MOST - len(self._stays)
        self._stays += faces["stays"][:room]

    def entry(self) -> dict[str, Any] | None:
        """Return the entry for the ledger; None where no face was removed."""
        if not self._refs:
            return None
        rows = [row for told in told_of(self._before, self._after, self._stays) for row in _rows(told)]
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


def _rows(told: Told) -> Iterator[dict[str, Any]]:
    """Yield the two rates of a comparison in millionths, with their bounds."""
    rates = told.rates
    for measure, rate, chance in (
        ("rank_one", rates.rank_one, rates.rank_one_chance),
        ("accepted", rates.accepted, rates.accepted_chance),
    ):
        rate_ppm = round(rate * recognition.ALL)
        lower_ppm, upper_ppm = recognition.bounds(rate_ppm, rates.probes)
        yield {
            "family": told.family,
            "gallery": told.gallery,
            "measure": measure,
            "probes": rates.probes,
            "rate_ppm": rate_ppm,
            "chance_ppm": round(chance * recognition.ALL),
            "lower_ppm": lower_ppm,
            "upper_ppm": upper_ppm,
        }
