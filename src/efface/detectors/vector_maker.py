"""Name the network that made a vector, by its direction.

A network adds much the same to whatever it is shown, so that its vectors lie in one cone around a mean that no
other network has. `data/makers.toml` holds the mean of each known network, derived from drawn faces of
nobody. Copies in float16 or in bytes keep the direction; a rotation or a projection does not, and then nothing is
named: a vector without a named maker is no proof that a face network did not make it.

Source: `bench/maker_reference.py`, which derives the means; `bench/templates.py`, which counts misses and
false alarms.
"""

from __future__ import annotations

import base64
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Maker", "count_of_each", "makers"]


@dataclass(frozen=True, slots=True)
class Maker:
    """What is known of the vectors of one network.

    Attributes:
        name: Name of the network with its dimension.
        dimension: Numbers in one vector.
        systems: Software that makes such vectors, as the signatures of systems name it.
        norms: Shortest and longest vector that it gives, as it gives them.
        cosine: Smallest cosine to the mean at which a vector counts as this network's.
        mean: float32, shape (dimension,), length 1.
    """

    name: str
    dimension: int
    systems: tuple[str, ...]
    norms: tuple[float, float]
    cosine: float
    mean: NDArray[np.float32] = field(repr=False)

    def has_form(self, dimension: int, norm: float) -> bool:
        """Return whether vectors of such a dimension and length could be this network's."""
        return dimension == self.dimension and self.norms[0] <= norm <= self.norms[1]


@cache
def makers() -> dict[str, Maker]:
    """Return the known networks by name."""
    text = resources.files("efface.detectors").joinpath("data/makers.toml").read_text("utf-8")
    return {entry["name"]: _maker(entry) for entry in tomllib.loads(text)["network"]}


def _maker(entry: dict[str, Any]) -> Maker:
    mean = np.frombuffer(base64.b64decode(entry["mean"]), "<f2").astype(np.float32)
    low, high = entry["norms"]
    unit = (mean / np.linalg.norm(mean)).astype(np.float32)
    return Maker(entry["name"], mean.shape[0], tuple(entry["systems"]), (low, high), entry["cosine"], unit)


def count_of_each(numbers: NDArray[np.float32], norms: NDArray[np.float32]) -> dict[str, int]:
    """Return how many vectors each known network made, leaving out those that made none.

    Args:
        numbers: Shape (n, dimension).
        norms: Length of each, shape (n,), none of them 0.
    """
    found = {}
    for maker in makers().values():
        if maker.dimension == numbers.shape[1]:
            count = int(np.count_nonzero(numbers @ maker.mean >= maker.cosine * norms))
            if count:
                found[maker.name] = count
    return found
