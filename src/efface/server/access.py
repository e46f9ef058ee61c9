"""Who may ask, and how often: bearer tokens and a rate for each peer.

Source: RFC 6750 (bearer tokens); the token-bucket algorithm.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import stat
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from efface.errors import UsageError
from efface.model import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Rate", "Tokens", "read_tokens"]

_MAX_FILE_BYTES: Final = 64 * 1024
_SHORTEST_TOKEN: Final = 16
_MAX_PEERS: Final = 10_000


class Tokens:
    """The tokens that are taken, as digests; its printed form shows none.

    Args:
        tokens: At least one.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests = tuple(_digest(token) for token in tokens)

    def take(self, authorization: str) -> bool:
        """Return whether a header `Authorization` holds one of them.

        Every token is compared, each in constant time, so that the time says nothing about any.
        """
        scheme, _, token = authorization.partition(" ")
        offered = _digest(token.strip())
        found = False
        for digest in self._digests:
            found |= hmac.compare_digest(digest, offered)
        return found and scheme.lower() == "bearer"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def read_tokens(path: Path) -> Tokens:
    """Return the tokens of a file that only its owner can read: one a line, empty lines and # remarks apart.

    Raises:
        UsageError: It cannot be read, others can read it, or it holds no token or too short a one.
    """
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_MAX_FILE_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{name}: cannot be read as a file of tokens") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{name} can be read by others than its owner", to_do=f"Run `chmod 600 {name}`.")
    tokens = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not tokens or len(text) > _MAX_FILE_BYTES:
        raise UsageError(f"{name}: expected tokens, one a line")
    if min(map(len, tokens)) < _SHORTEST_TOKEN:
        raise UsageError(f"{name}: a token of fewer than {_SHORTEST_TOKEN} characters can be guessed")
    return Tokens(tokens)


class Rate:
    """How often each peer may ask: so many times a second, and so many at once after a silence.

    Args:
        per_second: Sustained rate of one peer.
        burst: Most at once; by default one second's worth.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, per_second: float, burst: int | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._clock = per_second, clock
        self._burst = float(burst or max(1, round(per_second)))
        self._peers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, peer: str) -> float:
        """Count one question of a peer, and return how long it came too early: 0.0 when it may be answered."""
        now = self._clock()
        level, at = self._peers.pop(peer, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._per_second)
        early_s = 0.0 if level >= 1.0 else (1.0 - level) / self._per_second
        self._peers[peer] = (level if early_s else level - 1.0, now)
        if len(self._peers) > _MAX_PEERS:
            self._peers.popitem(last=False)
        return early_s

    async def wait(self, peer: str) -> None:
        """Return when a peer may be answered."""
        while early_s := self.wait_s(peer):  # noqa: ASYNC110 - time is what it waits for
            await asyncio.sleep(early_s)
