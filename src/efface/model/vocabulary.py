"""The closed word lists of the field; every other room speaks in these words.

Source: ISO/IEC 2382-37:2022 (forms and characteristics), NIST SP 800-88 Rev. 1 (methods of removal),
IANA and the contract of the JSON output (reasons and kinds).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

__all__ = [
    "BIOMETRIC",
    "Characteristic",
    "Form",
    "GapReason",
    "Level",
    "Method",
    "Mode",
    "Recognition",
    "RemovalStatus",
    "RuleMode",
    "StepOfPerson",
    "VerdictKind",
    "Way",
]


class Form(StrEnum):
    """What kind of biometric data something is (ISO/IEC 2382-37, 37.03)."""

    SAMPLE = "sample"
    FEATURES = "features"
    TEMPLATE = "template"
    REFERENCE_DATABASE = "reference_database"
    SYSTEM = "system"


class Characteristic(StrEnum):
    """Which biometric characteristic something comes from (ISO/IEC 2382-37, 37.01.02).

    `UNKNOWN` says that the data looks like features of some kind but nothing decides which: it is
    never a synonym of "none", and never judged as if it were biometric.
    """

    FACE = "face"
    FINGERPRINT = "fingerprint"
    IRIS = "iris"
    RETINA = "retina"
    VOICE = "voice"
    PALM = "palm"
    VEIN = "vein"
    EAR = "ear"
    GAIT = "gait"
    GENE = "gene"
    OTHER = "other"
    UNKNOWN = "unknown"


BIOMETRIC = frozenset(Characteristic) - {Characteristic.UNKNOWN}
"""The characteristics that make a finding biometric; an unknown one is a question, not a finding of law."""


class Level(IntEnum):
    """How closely a finding is tied to a person.

    A photo becomes a reference by use and attribution, not by its pixels, so the level is decided by
    clues from the surroundings.
    """

    VISIBLE = 1
    """A characteristic is visible or recorded."""
    LINKED = 2
    """An identifiable sample linked to a person."""
    ENROLLED = 3
    """Linked and in a recognition store, or a template."""


class GapReason(StrEnum):
    """Why something was not looked at."""

    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    OVER_LIMIT = "over-limit"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    CHANGED = "changed"
    IGNORED = "ignored"
    """Left out because the user asked for it."""


class VerdictKind(StrEnum):
    """What the law says of a finding or an activity, strongest first."""

    HOLD = "hold"
    PROHIBITED = "prohibited"
    PROHIBITED_UNLESS = "prohibited_unless"
    NEEDS_FACTS = "needs_facts"
    FREEZE = "freeze"
    CONDITIONAL_OK = "conditional_ok"
    PERMITTED = "permitted"
    OUT_OF_SCOPE = "out_of_scope"

    @property
    def strength(self) -> int:
        """Return 0 for the strongest kind and higher numbers for weaker ones."""
        return _STRENGTH[self]

    @property
    def is_violation(self) -> bool:
        """Return whether the kind says that something must change."""
        return self in (VerdictKind.PROHIBITED, VerdictKind.PROHIBITED_UNLESS)


_STRENGTH = {kind: strength for strength, kind in enumerate(VerdictKind)}


class RuleMode(StrEnum):
    """What a rule does when it applies."""

    FORBID = "forbid"
    FORBID_UNLESS = "forbid_unless"
    REQUIRE = "require"
    ALLOW_IF = "allow_if"
    HOLD = "hold"
    FREEZE = "freeze"
    RECOMMEND = "recommend"


class Method(StrEnum):
    """How data was made unrecoverable: the words of NIST SP 800-88 Rev. 1, and `redact` for a part."""

    REDACT = "redact"
    CLEAR = "clear"
    PURGE = "purge"
    DESTROY = "destroy"


class Cleaning(StrEnum):
    """What makes values that were emptied in a database unrecoverable, in the order in which it is done."""

    REWRITE = "rewrite"  # the table, its large values and its indexes are written anew
    STATISTICS = "statistics"  # so are the planner's samples of values
    CHECKPOINT = "checkpoint"  # what is still in memory is written, and what was replaced is let go
    FILES = "files"  # the server's files are searched for fragments of what was removed


class Way(StrEnum):
    """What is done to a table for what a column of it holds to go."""

    NULL = "null"  # its cells become NULL, or empty where the column must hold something
    ROW = "row"  # rows that hold it are deleted
    COLUMN = "column"  # the column is dropped
    TABLE = "table"  # the table is dropped


class Recognition(StrEnum):
    """What may be said of removed faces, by recognisers that were tried on what is left of them."""

    SHOWN = "shown"  # recognisers do no better than chance, or nothing is left that they could look at
    CONTRADICTED = "contradicted"  # they do better
    TOO_FEW = "too_few"  # there are too few faces to say either


class StepOfPerson(StrEnum):
    """Steps of taking a system away that a person does and confirms, since software cannot see their end."""

    PACKAGE = "package"  # uninstalled with its package manager
    PROGRAM = "program"  # programs, libraries, networks and licences uninstalled or set aside
    SERVICE = "service"  # services and scheduled work stopped and disabled
    IMAGE = "image"  # containers, images and volumes removed
    CODE = "code"  # calls taken out of code and settings
    CLOUD = "cloud"  # uploads stopped, accounts and keys revoked, the vendor's gallery deleted
    DEVICE_CLEAR = "device_clear"  # libraries cleared in the device's own menu, recognition switched off
    DEVICE_OFF = "device_off"  # disconnected and unmounted


class RemovalStatus(StrEnum):
    """Where a removal stands."""

    PLANNED = "planned"
    HELD = "held"
    UNSUPPORTED = "unsupported"
    REMOVED = "removed"
    FAILED = "failed"


class Mode(StrEnum):
    """How hard a scan looks."""

    FAST = "fast"
    STANDARD = "standard"
    THOROUGH = "thorough"
