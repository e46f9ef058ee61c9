"""Measure the guard's decision: records a second, false refusals, pictures.

    python bench/guard.py speed    [--seconds 10]
    python bench/guard.py refusals [--records 100000] [--jobs 1]
    python bench/guard.py pictures [--seconds 20]

`speed` decides on clean JSON records of about 1 KB, one by one on one core, under the form and without it, by the
short way and by the long way. `refusals` counts clean records of every form and format that were not allowed or
were warned of, with batches of 1 to 200 records. `pictures` decides on the sample pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from efface.guard import Decision, Door, Guard, schema, schemas
from efface.guard.plain import plain_record
from efface.model import Case
from efface.testing.submissions import FORMATS, clean_record, submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_CASE = Case(
    "bench",
    "CN-120000",
    actors=("market_credit_provider",),
    purpose_kind="social_credit",
    activities=("collect", "credit_record"),
)
_DAY = date(2026, 1, 1)
_SIZE = range(900, 1150)  # bytes of a record of 1 KB
_CHUNK = 16  # submissions at once
_BATCHES = (1, 1, 1, 5, 20, 200)


class _Long(Guard):
    """The same without the short way."""

    def _is_plain(self, *_arguments: object) -> bool:
        return False


def _records(count: int) -> list[bytes]:
    form, seed = schema("cn-penalty"), 0
    found: list[bytes] = []
    while len(found) < count:
        record = clean_record(form, seed, ("legal", "natural")[seed % 2])
        data = json.dumps(record, ensure_ascii=False).encode()
        if len(data) in _SIZE:
            found.append(data)
        seed += 1
    return found


def _rate(decide: Callable[[bytes], Decision], payloads: list[bytes], seconds: float) -> float:
    for data in payloads[:20]:
        decide(data)
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for data in payloads:
            if decide(data).door is not Door.ALLOW:
                raise SystemExit("a clean record was not allowed")
            count += 1
    return count / spent


def speed(seconds: float) -> None:
    """Print records a second of processor time, on one core."""
    payloads = _records(400)
    plain = [data for data in payloads if plain_record(data) is not None]
    mean = sum(map(len, payloads)) / len(payloads)
    print(
        f"records {len(payloads)}, mean {mean:.0f} bytes; {len(plain) / len(payloads):.0%} take the short way"
    )
    form, short, long = schema("cn-penalty"), Guard(_CASE, _DAY), _Long(_CASE, _DAY)
    print("| records | form | records a second of one core |\n|---|---|---|")
    rows: list[tuple[str, str, Callable[[bytes], Decision], list[bytes]]] = [
        (
            "that take the short way",
            "declared",
            lambda data: short.decide(data, "a.json", schema=form),
            plain,
        ),
        ("that take the short way", "none", lambda data: short.decide(data, "a.json"), plain),
        ("all", "declared", lambda data: short.decide(data, "a.json", schema=form), payloads),
        ("all, by the long way", "declared", lambda data: long.decide(data, "a.json", schema=form), payloads),
    ]
    for what, declared, decide, some in rows:
        print(f"| {what} | {declared} | {_rate(decide, some, seconds):,.0f} |", flush=True)


_Task = tuple[str, str, int, int]
_Told = tuple[str, str, int, int, str, str, int]


def _submitted(tasks: list[_Task]) -> list[_Told]:
    """Return the tasks with door, reason and number of warnings; run in a process of its own."""
    guard, told = Guard(_CASE, _DAY), []
    for form_id, name, seed, many in tasks:
        form = schema(form_id)
        found = [clean_record(form, seed + each, ("legal", "natural")[each % 2]) for each in range(many)]
        decision = guard.decide(submission(form, name, found), name, schema=form)
        told.append((form_id, name, seed, many, str(decision.door), decision.reason, len(decision.warnings)))
    return told


def _tasks(records: int) -> Iterator[_Task]:
    cells = [(form, name) for form in schemas() for name in FORMATS]
    seed = at = 0
    while seed < records:
        many = min(_BATCHES[at // len(cells) % len(_BATCHES)], records - seed)
        yield (*cells[at % len(cells)], seed, many)
        seed, at = seed + many, at + 1


def refusals(records: int, jobs: int) -> None:
    """Print how many clean records were not allowed, by form and format."""
    tasks = list(_tasks(records))
    chunks = [tasks[at : at + _CHUNK] for at in range(0, len(tasks), _CHUNK)]
    counted: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        for form_id, name, seed, many, door, reason, warnings in chain.from_iterable(
            pool.map(_submitted, chunks)
        ):
            counted["submissions"] += 1
            counted[f"records: {door}"] += many
            counted["warnings"] += warnings
            if door != Door.ALLOW:
                print(f"{form_id} {name} from {seed}: {door}: {reason}", flush=True)
    print(", ".join(f"{key} {value}" for key, value in counted.items()))


def pictures(seconds: float) -> None:
    """Print megabytes and pictures a second of processor time for the sample pictures."""
    folder = Path(__file__).resolve().parent.parent / "samples"
    guard = Guard(_CASE, _DAY)
    print("| picture | bytes | door | pictures a second | MB/s |\n|---|---|---|---|---|")
    for path in sorted(folder.glob("*.png")):
        data = path.read_bytes()
        door = guard.decide(data, path.name).door
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds / 3:
            guard.decide(data, path.name)
            count += 1
        print(
            f"| {path.name} | {len(data)} | {door} | {count / spent:.1f} | {count * len(data) / spent / 1e6:.2f} |"
        )


def main() -> int:
    """Run one measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("speed", "refusals", "pictures"))
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    if options.what == "refusals":
        refusals(options.records, options.jobs)
    else:
        {"speed": speed, "pictures": pictures}[options.what](options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
