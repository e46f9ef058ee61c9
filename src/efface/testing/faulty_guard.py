"""A process of the guard whose decisions fail as told, so that tests see what the door does then.

The environment variable `EFFACE_TEST_FAULTS` names the faults; each happens once in so many payloads, drawn at random:
 `raise=50,memory=50,hang=200,die=200`.
"""

from __future__ import annotations

import os
import random
import sys
import time
from typing import TYPE_CHECKING

from efface.guard import decision, plain, worker

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]

_HANG_S = 3_600.0


def _raise() -> None:
    raise KeyError("a detector broke")


def _memory() -> None:
    raise MemoryError


def _hang() -> None:
    time.sleep(_HANG_S)


def _die() -> None:
    os._exit(9)


_FAULTS: dict[str, Callable[[], None]] = {"raise": _raise, "memory": _memory, "hang": _hang, "die": _die}


def main(descriptor: int) -> None:
    """Decide as `guard.worker` does, with faults."""
    wanted = dict(
        each.split("=", 1) for each in os.environ.get("EFFACE_TEST_FAULTS", "").split(",") if "=" in each
    )
    chances = {_FAULTS[name]: 1 / int(number) for name, number in wanted.items()}
    drawn = random.Random(os.getpid())
    sound = plain.plain_record
    asked = 0

    def plain_record(data: bytes) -> dict[str, object] | None:
        nonlocal asked
        asked += 1
        for fault, chance in chances.items():
            if asked > 1 and drawn.random() < chance:  # the first is the process's own, before it is ready
                fault()
        return sound(data)

    setattr(decision, "plain_record", plain_record)  # noqa: B010 - every decision begins with it
    worker.main(descriptor)


if __name__ == "__main__":
    main(int(sys.argv[1]))
