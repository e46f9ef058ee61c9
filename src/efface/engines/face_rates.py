"""How often probes find their own person in a gallery, and how often chance would.

Ties count by their share: a probe that is as near to ten faces of which one is of its person scores a tenth. So crops
of one colour, whose templates are all the same, score just what chance gives.

Source: ISO/IEC 19795-1 (true-accept and false-accept rates, rank-1 identification).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Templates = NDArray[np.float32]
    Distances = NDArray[np.float64]
    Persons = NDArray[np.int64]

__all__ = ["FALSE_ACCEPTS", "Rates", "distances", "linked", "rates"]

FALSE_ACCEPTS = 1e-3
"""Of comparisons with others as many may be taken for the same person, at the threshold of `accepted`."""
_TIE = 1e-5


@dataclass(frozen=True, slots=True)
class Rates:
    """What a gallery tells of a set of probes; all rates are from 0 to 1.

    Attributes:
        probes: How many were compared; only those whose person is in the gallery.
        rank_one: How often the nearest in the gallery is of the same person.
        rank_one_chance: How often a blind draw from the gallery would be.
        accepted: How often a probe and a face of its person lie nearer than all but one in a thousand of the pairs
            of different persons. With fewer than a thousand such pairs: nearer than all of them.
        accepted_chance: How often a pair would that is drawn like those of different persons.
    """

    probes: int
    rank_one: float
    rank_one_chance: float
    accepted: float
    accepted_chance: float


def distances(probes: Templates, gallery: Templates) -> Distances:
    """Return the Euclidean distances of templates: shape (probes, gallery)."""
    one, other = np.asarray(probes, np.float64), np.asarray(gallery, np.float64)
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None] - 2 * one @ other.T
    found: Distances = np.sqrt(np.maximum(squares, 0))
    return found


def linked(near: NDArray[np.bool_]) -> Persons:
    """Return a number for each face, the same for faces that are linked, also through others.

    Args:
        near: Shape (n, n), symmetric: which pairs are taken for one person's.
    """
    persons = np.arange(len(near))
    for index in range(len(near)):
        theirs = np.unique(persons[near[index]])
        persons[np.isin(persons, theirs)] = theirs.min(initial=persons[index])
    return persons


def rates(
    far: Distances, probes: Persons, gallery: Persons, apart: NDArray[np.bool_] | None = None
) -> Rates | None:
    """Return how well probes find their person; None where nothing could be told.

    Args:
        far: Distances, shape (probes, gallery); a probe without content is as far from all: a row of one value.
        probes: The person of each probe.
        gallery: The person of each face in the gallery.
        apart: Pairs that do not count, as of a face with itself; none by default.
    """
    counted = np.ones(far.shape, bool) if apart is None else ~apart
    same = (probes[:, None] == gallery[None]) & counted
    told = same.any(axis=1) & (counted & ~same).any(axis=1)
    far, counted, same = far[told], counted[told], same[told]
    if not len(far):
        return None
    nearest = np.where(counted, far, np.inf).min(axis=1, keepdims=True)
    tied = counted & (far <= nearest + _TIE)
    others = np.sort(far[counted & ~same])
    threshold = others[int(FALSE_ACCEPTS * len(others))] - _TIE
    accepted = ((far < threshold) & same).sum(axis=1) / same.sum(axis=1)
    return Rates(
        len(far),
        float(((tied & same).sum(axis=1) / tied.sum(axis=1)).mean()),
        float((same.sum(axis=1) / counted.sum(axis=1)).mean()),
        float(accepted.mean()),
        max(FALSE_ACCEPTS, 1 / (len(others) + 1)),
    )
