"""Hide biometric payloads in submissions in many codings, and tell which the guard lets through.

    python bench/guard_escape.py [--count 6000] [--seed 0]

Each payload is chosen by its seed: what is hidden, how it is packed and coded, and what carries it. No form is
declared, so that only the detectors stand in the way. Printed are the share that passed, and for each coding and
each carrier how many of how many.
"""

from __future__ import annotations

import argparse
from collections import Counter
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


def main() -> None:
    """Run the fuzzer and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    guard = Guard(_CASE, date(2026, 1, 1))
    doors: Counter[Door] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    passed: Counter[tuple[str, str]] = Counter()
    escaped: list[str] = []
    for seed in range(options.seed, options.seed + options.count):
        thing = hidden(seed)
        door = guard.decide(thing.data, thing.name).door
        doors[door] += 1
        if door is Door.ALLOW:
            escaped.append(f"| {seed} | {thing.what} | {', '.join(thing.how)} | {thing.where} |")
        keys = [("hidden", thing.what), ("coding", thing.how[-1]), ("carrier", thing.where)]
        keys += [("packing", packing) for packing in thing.how[:-1] or ("none",)]
        for key in keys:
            seen[key] += 1
            passed[key] += door is Door.ALLOW
    print(f"payloads {options.count}: " + ", ".join(f"{door} {doors[door]}" for door in Door))
    print(f"escape rate {doors[Door.ALLOW] / options.count:.4%}")
    print("\n| | | passed | of |\n|---|---|---|---|")
    for key in sorted(seen):
        print(f"| {key[0]} | {key[1]} | {passed[key]} | {seen[key]} |")
    print("\n| seed | hidden | how, from the inside out | where |\n|---|---|---|---|")
    print("\n".join(escaped))


if __name__ == "__main__":
    main()
