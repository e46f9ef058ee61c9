"""What a finding says by itself, in the words of the rules.

The case's own facts stand above: a person who states how old the data is knows better than a file's time.

| fact | from |
|---|---|
| `data_category` | form, characteristic and level |
| `identity_linked` | a name, a number or a key of a person beside it: true; else unknown, as a link may lie elsewhere |
| `derived_template` | true of features and templates of a known characteristic, and where one lies beside the picture |
| `data_age_days` | at least the days since the file or object was changed last; else unknown |
| `video_age_days` | the same, of what was found in a recording |

`persons_stored` comes from the case alone. The run's references bound the persons in what was looked at from
above; that a whole operation stores fewer than a threshold no run can prove, as it may keep more elsewhere.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from efface.model.vocabulary import Characteristic, Form
from efface.rules.facts import DATA_CATEGORY, UNKNOWN_FEATURES, AtLeast, Facts, category_of
from efface.rules.taxonomy import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from efface.model.finding import Finding
    from efface.rules.facts import Value
    from efface.rules.norm import Norm

__all__ = ["AGES", "BESIDE", "Ages", "Found", "beside", "found"]

LINKED, DERIVED = "identity_linked", "derived_template"
DATA_AGE, VIDEO_AGE = "data_age_days", "video_age_days"
AGES = (DATA_AGE, VIDEO_AGE)
"""The facts that are ages of data."""

BESIDE = frozenset({LINKED, DERIVED, VIDEO_AGE})
"""The facts for which the surroundings of a finding count, and not only its form, characteristic and level."""

_LINKS = frozenset({"named_after", "person_key"})
_DERIVED = (Form.FEATURES, Form.TEMPLATE)
_TEMPLATE_BESIDE = "template_beside"


class Found(NamedTuple):
    """What rules may see of a finding, its age aside; equal for findings that are judged alike.

    Attributes:
        category: Kind of data in the words of the rules, or None where nothing decides it.
        is_linked: Whether something beside it names a person.
        is_derived: Whether a template was made of it, or it is one.
        is_video: Whether it lies in a recording.
    """

    category: str | None
    is_linked: bool
    is_derived: bool
    is_video: bool

    def seen_by(self, reads: frozenset[str]) -> Found:
        """Return it without what rules that read only these facts cannot tell apart."""
        return Found(
            self.category,
            self.is_linked and LINKED in reads,
            self.is_derived and DERIVED in reads,
            self.is_video and VIDEO_AGE in reads,
        )

    def facts(self, case: Facts, age_days: int | None) -> Facts:
        """Return the facts of a case with those of the finding; what the case states stays."""
        values: dict[str, Value] = {name: v for name, v in case.values.items() if name != DATA_CATEGORY}
        if self.category is not None:
            values[DATA_CATEGORY] = Entity("Category", self.category)
        elif UNKNOWN_FEATURES in values:
            values[DATA_CATEGORY] = values[UNKNOWN_FEATURES]
        if self.is_linked:
            values.setdefault(LINKED, True)
        if self.is_derived:
            values.setdefault(DERIVED, True)
        if age_days is not None:
            values.setdefault(DATA_AGE, AtLeast(age_days))
            if self.is_video:
                values.setdefault(VIDEO_AGE, AtLeast(age_days))
        return Facts(values, UNKNOWN_FEATURES if self.category is None else DATA_CATEGORY)


def beside(finding: Finding) -> tuple[bool, bool, bool]:
    """Return whether a person's name stands beside a finding, whether a template does, and whether it is video."""
    names = {clue.name for clue in finding.clues}
    is_video = (finding.locator.fragment or "").startswith("t=")
    return not _LINKS.isdisjoint(names), _TEMPLATE_BESIDE in names, is_video


def found(finding: Finding) -> Found:
    """Return what rules may see of a finding, its age aside; it follows from `beside`, form, kind and level."""
    is_linked, has_template, is_video = beside(finding)
    known = finding.characteristic is not Characteristic.UNKNOWN
    return Found(
        category_of(finding.form, finding.characteristic, finding.level),
        is_linked,
        known and (has_template or finding.form in _DERIVED),
        is_video,
    )


class Ages:
    """Rounds ages down to what rules can tell apart, so that few findings differ by their age.

    Args:
        norms: The rules; where none reads an age there is one age, unknown.
    """

    def __init__(self, norms: Iterable[Norm]) -> None:
        bounds = {number for norm in norms for name, number in norm.numbers if name in AGES and number >= 0}
        self._steps = sorted({0, *bounds, *(bound + 1 for bound in bounds)}) if bounds else []

    @property
    def matter(self) -> bool:
        """Whether any rule reads an age."""
        return bool(self._steps)

    def step(self, modified_on: date | None, as_of: date) -> int | None:
        """Return the days since a change, rounded down; None where they are unknown or lie in the future."""
        if modified_on is None or not self._steps or modified_on > as_of:
            return None
        return self._steps[bisect_right(self._steps, (as_of - modified_on).days) - 1]
