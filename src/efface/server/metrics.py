"""What a door counts, in the text format that Prometheus reads.

Source: Prometheus exposition formats, text format 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of one door, its seconds, and gauges that are asked when somebody reads them."""

    def __init__(self) -> None:
        self._decisions: Counter[tuple[str, str]] = Counter()
        self._faults: Counter[str] = Counter()
        self._turned_away: Counter[str] = Counter()
        self._bytes = 0
        self._buckets = [0] * (len(_BOUNDS_S) + 1)
        self._seconds = 0.0
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def decided(self, way: str, door: str, fault: str, size_bytes: int, seconds: float) -> None:
        """Count one decision."""
        self._decisions[way, door] += 1
        if fault:
            self._faults[fault] += 1
        self._bytes += size_bytes
        self._seconds += seconds
        self._buckets[bisect_left(_BOUNDS_S, seconds)] += 1

    def turned_away(self, why: str) -> None:
        """Count a request that was not even decided on: no token, too many, not HTTP."""
        self._turned_away[why] += 1

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        lines = _counters(
            "efface_guard_decisions_total",
            "Decisions, by way in and answer.",
            {f'way="{way}",door="{door}"': count for (way, door), count in self._decisions.items()},
        )
        lines += _counters(
            "efface_guard_faults_total",
            "Refusals of what could not be decided, by fault.",
            {f'fault="{fault}"': count for fault, count in self._faults.items()},
        )
        lines += _counters(
            "efface_guard_turned_away_total",
            "Requests that were not decided on, by reason.",
            {f'reason="{why}"': count for why, count in self._turned_away.items()},
        )
        lines += _counters("efface_guard_bytes_total", "Bytes decided on.", {"": self._bytes})
        lines += self._histogram("efface_guard_seconds", "Seconds from the last byte in to the answer.")
        for name, (said, ask) in self.gauges.items():
            lines += [f"# HELP {name} {said}", f"# TYPE {name} gauge", f"{name} {ask():g}"]
        return "\n".join(lines) + "\n"

    def _histogram(self, name: str, said: str) -> list[str]:
        lines, total = [f"# HELP {name} {said}", f"# TYPE {name} histogram"], 0
        for bound, count in zip((*_BOUNDS_S, None), self._buckets, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{"+Inf" if bound is None else format(bound, "g")}"}} {total}')
        return [*lines, f"{name}_sum {self._seconds:.6f}", f"{name}_count {total}"]


def _counters(name: str, said: str, counts: Mapping[str, int]) -> list[str]:
    rows = [
        f"{name}{{{labels}}} {count}" if labels else f"{name} {count}"
        for labels, count in sorted(counts.items())
    ]
    return [f"# HELP {name} {said}", f"# TYPE {name} counter", *rows]
