"""The values and protocols that everything else is written in; frozen, slotted, standard library only."""

from efface.model.artefact import Artefact
from efface.model.case import Case, FactValue, Hold
from efface.model.certificate import Certificate
from efface.model.finding import Clue, Finding
from efface.model.gap import Gap
from efface.model.limits import Limits
from efface.model.locator import Box, Locator, printable
from efface.model.protocols import (
    COLUMN_TYPE,
    Action,
    Column,
    ColumnDetector,
    Container,
    Detector,
    Part,
    Payload,
    Rescan,
    Source,
    Surroundings,
    Unit,
)
from efface.model.removal import Removal
from efface.model.rule import Citation, Example, PackReference, Rule, Text
from efface.model.verdict import ACTIVITY, FiredRule, Question, Verdict
from efface.model.vocabulary import (
    BIOMETRIC,
    Characteristic,
    Form,
    GapReason,
    Level,
    Method,
    Mode,
    RemovalStatus,
    RuleMode,
    VerdictKind,
)

__all__ = [
    "ACTIVITY",
    "BIOMETRIC",
    "COLUMN_TYPE",
    "Action",
    "Artefact",
    "Box",
    "Case",
    "Certificate",
    "Characteristic",
    "Citation",
    "Clue",
    "Column",
    "ColumnDetector",
    "Container",
    "Detector",
    "Example",
    "FactValue",
    "Finding",
    "FiredRule",
    "Form",
    "Gap",
    "GapReason",
    "Hold",
    "Level",
    "Limits",
    "Locator",
    "Method",
    "Mode",
    "PackReference",
    "Part",
    "Payload",
    "Question",
    "Removal",
    "RemovalStatus",
    "Rescan",
    "Rule",
    "RuleMode",
    "Source",
    "Surroundings",
    "Text",
    "Unit",
    "Verdict",
    "VerdictKind",
    "printable",
]
