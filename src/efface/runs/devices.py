"""Let devices into a run: which, who allowed it, and with which log-in; what was allowed is noted in the run."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from efface.errors import UsageError
from efface.sources import credentials

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.runs.store import Store

__all__ = ["authorisations", "device_targets", "let_in", "note"]

_KEY = "authorisations"  # in the run file
_MOST = 64
_LONGEST = 500
_WAYS = {"http": "device+http", "https": "device+https", "zk": "device+zk"}


def device_targets(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the targets of addresses as a user writes them: HOST, HOST:PORT, or http://, https:// or zk:// before.

    Raises:
        UsageError: One is not the address of one device, one is listed in two ways, or there are more than anybody
            lists by hand.
    """
    from efface.sources.device import address_of  # noqa: PLC0415 - most runs have no device

    targets: list[str] = []
    known: dict[tuple[str, int | None], str] = {}
    for address in dict.fromkeys(addresses):
        way, mark, rest = address.strip().partition("://")
        if mark and way not in _WAYS:
            raise UsageError(f"{way}://: no device is asked this way", to_do=f"Known: {', '.join(_WAYS)}.")
        targets.append(f"{_WAYS[way]}://{rest.strip('/')}" if mark else f"device://{way}")
        scheme, host, port = address_of(targets[-1])
        if scheme != "zk" and known.setdefault((host, port), address) != address:
            raise UsageError(
                f"{host}: one device is listed twice, and a wrong password would be tried twice",
                to_do="Keep one of its addresses.",
            )
    if len(targets) > _MOST:
        raise UsageError(f"more than {_MOST} devices in one run", to_do="List them in several runs.")
    return tuple(targets)


def let_in(targets: tuple[str, ...], authorisation: str, user: str) -> None:
    """Authorise devices for this process, with a password from the environment, the keyring or a person.

    Args:
        targets: What `device_targets` returned.
        authorisation: Who allowed it and by which paper, as the run is to note it.
        user: Name, or "" to log in nowhere.

    Raises:
        UsageError: There are devices and no authorisation, or one that is too long to note.
    """
    text = authorisation.strip()
    if targets and not text:
        raise UsageError(
            "devices are asked only with a recorded authorisation",
            to_do='Say who allowed it, and where that is written: --authorisation "...".',
        )
    if len(text) > _LONGEST:
        raise UsageError(f"--authorisation: expected at most {_LONGEST} characters, got {len(text)}")
    from efface.sources.device import authorise  # noqa: PLC0415 - as above

    given = os.environ.get("EFFACE_DEVICE_PASSWORD")
    for target in targets:
        password = given
        if password is None and user:
            password = credentials.password_of(target, user)
        authorise(target, user, password or "")


def note(store: Store, targets: tuple[str, ...], authorisation: str) -> None:
    """Write into the run which devices were about to be asked, when, and by whose authorisation; never a log-in."""
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "devices": list(targets),
        "authorisation": authorisation.strip(),
    }
    with store.transaction():
        store.set_meta(_KEY, json.dumps([*authorisations(store), entry], ensure_ascii=False))


def authorisations(store: Store) -> list[dict[str, Any]]:
    """Return what was noted, oldest first."""
    found: list[dict[str, Any]] = json.loads(store.meta(_KEY, "[]"))
    return found
