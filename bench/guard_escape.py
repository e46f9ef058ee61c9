"""Hide biometric payloads in submissions in many codings, and tell which the guard lets through.

    python bench/guard_escape.py [--count 5000] [--seed 0] [--jobs 1]

Each payload is chosen by its seed: what is hidden, how it is packed and coded, and what carries it. No form is
declared, so that only the detectors stand in the way. Printed are the share that passed, and for each coding and
each carrier how many of how many.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date

from efface.guard import Door, Guard
from efface.model import Case
from efface.testing.hiding import hidden

_CASE = Case(
    "bench",
    "CN-120000",
    actors=("market_credit_provider",),
    purpose_kind="social_credit",
    activities=("collect", "credit_record"),
)


_CHUNK = 25
_Row = tuple[int, str, tuple[str, ...], str, str]


def _decided(seeds: range) -> list[_Row]:
    """Return seed, what, how, where and door of some payloads; run in a process of its own."""
    guard = Guard(_CASE, date(2026, 1, 1))
    things = ((seed, hidden(seed)) for seed in seeds)
    return [
        (seed, thing.what, thing.how, thing.where, guard.decide(thing.data, thing.name).door)
        for seed, thing in things
    ]


def _tables(rows: list[_Row]) -> None:
    doors: Counter[str] = Counter(door for *_, door in rows)
    seen: Counter[tuple[str, str]] = Counter()
    passed: Counter[tuple[str, str]] = Counter()
    for _, what, how, where, door in rows:
        keys = [("hidden", what), ("coding", how[-1]), ("carrier", where)]
        keys += [("packing", packing) for packing in how[:-1] or ("none",)]
        for key in keys:
            seen[key] += 1
            passed[key] += door == Door.ALLOW
    print(f"payloads {len(rows)}: " + ", ".join(f"{door} {doors[door]}" for door in Door))
    print(f"escape rate {doors[Door.ALLOW] / len(rows):.2%}")
    print("\n| | | passed | of |\n|---|---|---|---|")
    for key in sorted(seen):
        print(f"| {key[0]} | {key[1]} | {passed[key]} | {seen[key]} |")
    print("\n| seed | hidden | how, from the inside out | where |\n|---|---|---|---|")
    for seed, what, how, where, door in rows:
        if door == Door.ALLOW:
            print(f"| {seed} | {what} | {', '.join(how)} | {where} |")


def main() -> None:
    """Run the fuzzer and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    end = options.seed + options.count
    chunks = [range(at, min(at + _CHUNK, end)) for at in range(options.seed, end, _CHUNK)]
    with ProcessPoolExecutor(options.jobs) as pool:
        _tables([row for rows in pool.map(_decided, chunks) for row in rows])


if __name__ == "__main__":
    main()
