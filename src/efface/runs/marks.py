"""What a scan was told beside its targets, kept in the run file so that every report of the run shows it.

A baseline, waivers, a certificate to compare with and the count of what was left out belong to one scan: a
later scan of the same run without them has none.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from efface.report.marks import Ignored
from efface.runs.baseline import compare, parse_baseline
from efface.runs.roots import Roots, roots_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from efface.model import Finding, Gap, Verdict
    from efface.report.marks import Waiver
    from efface.runs.baseline import Baseline
    from efface.runs.ignore import Ignore
    from efface.runs.returned import Against
    from efface.runs.store import Store

__all__ = ["Marks", "keep", "marks_of", "roots_of_run"]

_KEY = "marks"


@dataclass(frozen=True, slots=True)
class Marks:
    """What a scan was told.

    Attributes:
        baseline: What was known before, or None.
        waivers: Written decisions.
        targets: What the user named, for the places of the baseline.
        against: A certificate whose removals are looked for, or None.
    """

    baseline: Baseline | None = None
    waivers: tuple[Waiver, ...] = ()
    targets: tuple[str, ...] = field(default=())
    against: Against | None = None


def keep(store: Store, marks: Marks, ignore: Ignore) -> None:
    """Write what the last scan was told into the run file, in place of what an earlier one was told."""
    from efface.runs.waivers import encode_waivers  # noqa: PLC0415 - pydantic is loaded only for waivers

    plain = {
        "scan": store.meta("scan"),
        "roots": roots_of(marks.targets),
        "baseline": marks.baseline.text() if marks.baseline else "",
        "against": asdict(marks.against) if marks.against else None,
        "waivers": encode_waivers(marks.waivers) if marks.waivers else [],
        "ignored": [asdict(ignored) for ignored in ignore.used],
        "passed_over": ignore.passed_over,
    }
    with store.transaction():
        store.set_meta(_KEY, json.dumps(plain))


def _plain(store: Store) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(store.meta(_KEY, "{}"))
    return plain if plain.get("scan") == store.meta("scan") else {}


def roots_of_run(store: Store) -> Roots:
    """Return the roots that the places of the run's baseline are named from."""
    return Roots(_plain(store).get("roots", []))


def marks_of(
    store: Store, findings: Iterable[Finding], gaps: Iterable[Gap], verdicts: Iterable[Verdict], on: date
) -> dict[str, Any]:
    """Return the fields of a view that the last scan's baseline, waivers and ignore files fill."""
    plain = _plain(store)
    fields: dict[str, Any] = {
        "ignored": tuple(Ignored(**ignored) for ignored in plain.get("ignored", ())),
        "passed_over": tuple(plain.get("passed_over", ())),
    }
    if plain.get("baseline"):
        known = parse_baseline(plain["baseline"], "the baseline in the run file")
        fields["baseline"] = compare(known, findings, gaps, Roots(plain["roots"]))
    if plain.get("against"):
        from efface.runs.returned import Against, returned  # noqa: PLC0415 - pydantic, as below

        fields["returned"] = returned(store, Against(**plain["against"]), findings)
    if plain.get("waivers"):
        from efface.runs.waivers import decode_waivers, waive  # noqa: PLC0415 - pydantic, as above

        by_subject = {verdict.subject: verdict for verdict in verdicts}
        fields["waivers"], fields["waived"] = waive(
            decode_waivers(plain["waivers"]), findings, by_subject, on
        )
    return fields
