"""By which names libraries, models and services of facial recognition come into a code base."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["CodeNames", "code_names"]


@dataclass(frozen=True, slots=True)
class CodeNames:
    """What is looked for in code.

    Attributes:
        library: Matches the name of a library.
        model: Matches the name of a file that holds a model.
        endpoint: Matches the address or the operation of a service.
    """

    library: re.Pattern[str]
    model: re.Pattern[str]
    endpoint: re.Pattern[str]


@cache
def code_names() -> CodeNames:
    """Return the names that ship with efface."""
    raw = tomllib.loads(resources.files("efface.guard").joinpath("code_names.toml").read_text("utf-8"))
    endings = "|".join(map(re.escape, raw["model_endings"]))
    models = "|".join(map(_loosely, raw["models"]))
    return CodeNames(
        re.compile(rf"(?<![\w.@/-])(?:{'|'.join(map(_loosely, raw['libraries']))})(?![\w-])", re.IGNORECASE),
        re.compile(rf"(?<![A-Za-z0-9])(?:{models})(?![A-Za-z]).*(?:{endings})$", re.IGNORECASE),
        re.compile("|".join(map(re.escape, raw["endpoints"]))),
    )


def _loosely(name: str) -> str:
    """Write "-" and "_" as either: registries take them for the same (PEP 503)."""
    return re.sub(r"_|\\-", "[-_]", re.escape(name))
