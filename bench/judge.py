"""Measure judging: loading the packs, findings a second by number of rules, and agreement with Cedar's engine.

    python bench/judge.py [--findings N] [--rules 1,10,70,500]
    python bench/judge.py --differential 100000 [--seed 1]

Rules beyond those that ship are copies of them under other names. Findings differ in form, characteristic, level
and in what stands beside them, as those of a run do: what is counted is distinct facts judged once, and a verdict
for every finding. Times are of the process (CPU), so that other programs on the machine count little.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace
from datetime import date
from itertools import cycle, islice, product
from typing import TYPE_CHECKING

from efface.model import BIOMETRIC, Case, Clue, Finding, Form, Level, Locator
from efface.rules.engine import judge
from efface.rules.pack import Pack, builtin_packs
from efface.testing.against_cedar import Differential, fired_by_cedar, fired_by_us, policies_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAY = date(2026, 6, 1)
_BATCH = 500
_CASE = Case(
    "bench",
    "CN-120116",
    actors=("pi_handler", "business_operator", "market_credit_provider"),
    place="shop",
    activities=("collect", "store"),
)


def packs_of(count: int) -> tuple[Pack, ...]:
    """Return packs with so many rules together: those that ship, cut or copied under other names."""
    norms = [norm for pack in builtin_packs() for norm in pack.norms]
    copies = (
        replace(norm, rule=replace(norm.rule, id=f"{norm.rule.id}-{turn}"))
        for turn, norm in zip(range(count), cycle(norms), strict=False)
    )
    return (replace(builtin_packs()[0], norms=tuple(copies)),)


def findings(count: int) -> list[Finding]:
    """Return so many findings in different files, of all forms, characteristics and levels."""
    clues = ((), (Clue("named_after", "a person's name"),), (Clue("template_beside", "templates"),))
    kinds = list(product(Form, sorted(BIOMETRIC), Level, clues))
    return [
        Finding("bench@1", form, characteristic, Locator("file", (f"/{n}",)), 0.9, level=level, clues=beside)
        for n, (form, characteristic, level, beside) in enumerate(islice(cycle(kinds), count))
    ]


def differential(count: int, seed: int) -> None:
    """Print on how many random complete facts the evaluator and Cedar disagree."""
    packs = builtin_packs()
    norms = [norm for pack in packs for norm in pack.norms]
    source, rng, policies = Differential(norms), random.Random(seed), policies_of(packs)
    disagreements = fired = 0
    started = time.process_time()
    for begin in range(0, count, _BATCH):
        many = [source.facts(rng) for _ in range(min(_BATCH, count - begin))]
        for facts, theirs in zip(many, fired_by_cedar(policies, many), strict=True):
            ours = fired_by_us(norms, facts)
            fired += len(theirs)
            disagreements += ours != theirs
    seconds = time.process_time() - started
    print(
        f"facts {count}, rules {len(norms)}, firings {fired}, disagreements {disagreements}, seconds {seconds:.0f}"
    )


def speed(count: int, rules: Iterable[int]) -> None:
    """Print the time of loading all packs, and of judging by number of rules."""
    started = time.process_time()
    builtin_packs()
    loaded = time.process_time() - started
    shipped = sum(len(pack.norms) for pack in builtin_packs())
    print(f"loading {len(builtin_packs())} packs, {shipped} rules: {loaded:.3f} s")
    many = findings(count)
    print(f"{'rules':>6} {'findings':>9} {'seconds':>8} {'findings/s':>11}")
    for number in rules:
        packs = packs_of(number)
        started = time.process_time()
        verdicts = judge(many, _CASE, packs, as_of=_DAY, today=_DAY)
        seconds = time.process_time() - started
        print(f"{number:>6} {len(verdicts):>9} {seconds:>8.2f} {len(verdicts) / seconds:>11,.0f}")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--findings", type=int, default=1_000_000)
    parser.add_argument("--rules", default="1,10,70,500")
    parser.add_argument("--differential", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.differential:
        differential(asked.differential, asked.seed)
    else:
        speed(asked.findings, [int(number) for number in asked.rules.split(",")])


if __name__ == "__main__":
    main()
