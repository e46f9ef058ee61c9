"""How often a scan commits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from efface.model import Unit
    from efface.runs.store import Store

__all__ = ["Pace"]


class Pace:
    """Commits now and then rather than for every unit: a kill costs at most this much work."""

    def __init__(self, store: Store, configuration: str, seconds: float = 0.5) -> None:
        self._store = store
        self._configuration = configuration
        self._seconds = seconds
        self._pending: list[tuple[Unit, dict[str, Any]]] = []
        self._since = time.monotonic()

    def finish(self, unit: Unit, result: dict[str, Any]) -> None:
        """Take in one unit's result and write all pending ones when it is time."""
        self._pending.append((unit, result))
        if time.monotonic() - self._since > self._seconds:
            self.flush()

    def flush(self) -> None:
        """Write all pending results in one transaction."""
        if self._pending:
            with self._store.transaction():
                self._store.finish_units(self._pending, self._configuration)
            self._pending.clear()
        self._since = time.monotonic()
