"""A comparison of recognisers in the ledger: a family, a gallery, a rate, and what chance alone would give."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from efface.evidence.recognition import ALL
from efface.evidence.shapes import Count, Identifier, Strict

__all__ = ["Comparison"]

_Millionths = Annotated[int, Field(ge=0, le=ALL)]


class Comparison(Strict):
    """How well one family of recognisers does against one gallery, in millionths.

    Attributes:
        family: The recogniser.
        gallery: `clear`, faces as they were; `parrot`, what is left of other faces of the same persons.
        measure: `rank_one`, how often the nearest in the gallery is of the same person; `accepted`, how often a
            probe is taken for its own person where one comparison in a thousand with others is.
        probes: What was left at how many places was compared.
        rate_ppm: The rate.
        chance_ppm: What chance alone would give.
        lower_ppm: Lower bound of the rate, by `recognition.bounds`.
        upper_ppm: Upper bound of the rate.
    """

    family: Identifier
    gallery: Literal["clear", "parrot"]
    measure: Literal["rank_one", "accepted"]
    probes: Count
    rate_ppm: _Millionths
    chance_ppm: _Millionths
    lower_ppm: _Millionths
    upper_ppm: _Millionths
