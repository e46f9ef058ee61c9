"""Names and passwords for places, kept in the memory of this process and given to workers over their pipe.

They are in no argument, no locator, no run file and no message. Where neither the environment nor a driver's own
file gives a password, the keyring is asked, and then a person at a terminal.
"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from efface.engines.database_keyring import password_for

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["exported", "keep", "kept", "password_of", "take"]

_vault: dict[str, dict[str, str]] = {}


def keep(place: str, secrets: Mapping[str, str]) -> None:
    """Keep what a place needs: "user", "password" and whatever else must not be in a locator."""
    _vault[place] = dict(secrets)


def kept(place: str) -> dict[str, str]:
    """Return what is kept for a place; empty where nothing is."""
    return dict(_vault.get(place, {}))


def exported() -> dict[str, dict[str, str]]:
    """Return everything kept, to be sent to a worker over its pipe and nowhere else."""
    return {place: dict(secrets) for place, secrets in _vault.items()}


def take(secrets: Mapping[str, Mapping[str, str]]) -> None:
    """Keep what a supervisor sent."""
    for place, values in secrets.items():
        keep(place, values)


def password_of(place: str, user: str) -> str | None:
    """Return a password from the keyring, or from a person at a terminal; None where there is neither."""
    found = password_for(place, user)
    if found is not None:
        return found
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        return None
    return (
        getpass.getpass(f"password for {user or 'the default user'} at {place}: ", stream=sys.stderr) or None
    )
