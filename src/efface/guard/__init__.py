"""The guard answers for one payload at the door: allow, refuse or quarantine. It fails closed."""

from efface.guard.answer import Answer, Decision, Door
from efface.guard.clean import Cleaned, cleaned
from efface.guard.decision import DOOR_LIMITS, Guard
from efface.guard.law import Basis
from efface.guard.places import Place
from efface.guard.receipt import receipt
from efface.guard.schema import Schema, schema, schemas
from efface.guard.settings import Settings
from efface.guard.workers import Workers

__all__ = [
    "DOOR_LIMITS",
    "Answer",
    "Basis",
    "Cleaned",
    "Decision",
    "Door",
    "Guard",
    "Place",
    "Schema",
    "Settings",
    "Workers",
    "cleaned",
    "receipt",
    "schema",
    "schemas",
]
