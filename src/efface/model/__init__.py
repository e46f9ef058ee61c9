"""The values and protocols that everything else is written in; frozen, slotted, standard library only."""

from efface.model.artefact import Artefact
from efface.model.case import Case, FactValue, Hold
from efface.model.certificate import Certificate
from efface.model.finding import Clue, Finding
from efface.model.gap import Gap
from efface.model.limits import Limits
from efface.model.locator import Box, Locator, printable
from efface.model.protocols import (
    COLLECTION_TYPE,
    COLUMN_TYPE,
    Action,
    Beat,
    Block,
    Collection,
    Column,
    ColumnDetector,
    Container,
    Detector,
    Part,
    Payload,
    Rescan,
    SampledSource,
    Source,
    Surroundings,
    Unit,
)
from efface.model.removal import Removal
from efface.model.rule import Citation, Example, PackReference, Rule, Text
from efface.model.sampling import Sampling
from efface.model.verdict import ACTIVITY, FiredRule, Question, Verdict
from efface.model.vocabulary import (
    BIOMETRIC,
    Characteristic,
    Cleaning,
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
    "COLLECTION_TYPE",
    "COLUMN_TYPE",
    "Action",
    "Artefact",
    "Beat",
    "Block",
    "Box",
    "Case",
    "Certificate",
    "Characteristic",
    "Citation",
    "Cleaning",
    "Clue",
    "Collection",
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
    "SampledSource",
    "Sampling",
    "Source",
    "Surroundings",
    "Text",
    "Unit",
    "Verdict",
    "VerdictKind",
    "printable",
]
