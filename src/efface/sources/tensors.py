"""Tensors of safetensors files that may be vectors."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from efface.formats import safetensors
from efface.model import Column, Gap, GapReason
from efface.sources.mapped import mapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.formats.safetensors import Tensor
    from efface.model import Block, Limits, Part, Payload

__all__ = ["Tensors"]

_DIMENSIONS = range(64, 8193)
_MAX_COLUMNS = 4_096
_MAX_SIBLINGS = 200
_WEIGHTS = frozenset(
    [
        "weight",
        "bias",
        "gamma",
        "beta",
        "kernel",
        "running_mean",
        "running_var",
        "scales",
        "qweight",
        "lora_A",
        "lora_B",
        "weight_g",
        "weight_v",
    ]
)


class Tensors:
    """One column for each tensor of floating-point numbers or signed bytes with up to four axes.

    Tensors of a file that holds the weights of a network are named as parameters, so that names alone decide
    whether one of them is more than that.
    """

    name = "tensors"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a safetensors file."""
        return media_type == "application/x-safetensors"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the columns.

        Raises:
            FormatError: It is damaged or cut off.
        """
        del media_type, limits
        with mapped(part.payload) as data:
            found = list(safetensors.tensors(data))
        is_network = any(_steps(tensor)[-1] in _WEIGHTS for tensor in found)
        wanted = [each for each in found if 1 <= len(each.shape) <= 4 and each.shape[-1] in _DIMENSIONS]
        siblings = tuple(tensor.name for tensor in found[: _MAX_SIBLINGS + 1])
        for tensor in wanted[:_MAX_COLUMNS]:
            steps = _steps(tensor)[::-1]
            names = (steps[0], "parameters", *steps[1:]) if is_network else tuple(steps)
            around = replace(
                part.surroundings,
                names=(*names, *part.surroundings.names),
                siblings=() if is_network else tuple(name for name in siblings if name != tensor.name),
            )
            place = part.locator.at(f"/{tensor.name.replace('~', '~0').replace('/', '~1')}")
            rows = math.prod(tensor.shape[:-1])
            yield Column(place, around, _no_cells, rows, partial(_blocks, part.payload, tensor))
        if len(wanted) > _MAX_COLUMNS:
            detail = f"more than {_MAX_COLUMNS} tensors: the others were not looked at"
            yield Gap(part.locator, "unpack", GapReason.OVER_LIMIT, detail)


def _steps(tensor: Tensor) -> list[str]:
    return [step for step in tensor.name.split(".") if step] or [tensor.name]


def _no_cells() -> Iterator[bytes | str]:
    return iter(())


def _blocks(payload: Payload, tensor: Tensor) -> Iterator[Block]:
    with mapped(payload) as data:
        yield from safetensors.blocks(data, tensor)
