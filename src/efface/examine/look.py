"""What a walk through places looks for: biometric data, or systems that recognise people."""

from __future__ import annotations

from dataclasses import dataclass

from efface import registry
from efface.errors import UsageError

__all__ = ["DATA", "SYSTEMS", "Look", "look_named"]


@dataclass(frozen=True, slots=True)
class Look:
    """The plug-ins of one kind of walk; a plain name stands for it in run files and messages.

    Attributes:
        name: "data" or "systems".
        detectors: Kind of the registry whose plug-ins look.
        only: Names of the containers that are opened; empty for all.
        first: Names of the sources that are asked first for a target.
        wants_all: Whether what nothing here opens is a gap; a photograph holds no system, and is none.
    """

    name: str
    detectors: str
    only: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    wants_all: bool = True

    @property
    def containers(self) -> tuple[str, ...]:
        """Names of the containers that are opened."""
        return self.only or registry.names("container")

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources, in the order in which they are asked for a target."""
        return tuple(dict.fromkeys((*self.first, *registry.names("source"))))


DATA = Look("data", "detector")
SYSTEMS = Look(
    "systems", "system", only=("archive", "zlib-stream"), first=("device", "site", "machine"), wants_all=False
)
_LOOKS = {look.name: look for look in (DATA, SYSTEMS)}


def look_named(name: str) -> Look:
    """Return the look of a name, as a run file or a message gives it.

    Raises:
        UsageError: There is none of that name: a newer version wrote it.
    """
    if name not in _LOOKS:
        raise UsageError(f"no walk looks for {name!r}; known: {', '.join(_LOOKS)}")
    return _LOOKS[name]
