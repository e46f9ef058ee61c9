"""Say that long work goes on, to whoever waits for it and would take silence for a hang.

An action gets bytes and gives bytes, perhaps deep inside other containers; what it is part of is not its business.
So who waits listens, and who works beats.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["beat", "heard"]


def _nobody() -> None:
    return


_listener: ContextVar[Callable[[], None]] = ContextVar("pulse", default=_nobody)


def beat() -> None:
    """Tell whoever listens that the work goes on; called every second or so."""
    _listener.get()()


@contextmanager
def heard(listener: Callable[[], None]) -> Iterator[None]:
    """Have the beats of the work inside the block call a function."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
