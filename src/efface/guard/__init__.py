"""The guard answers for one payload at the door: allow, refuse or quarantine. It fails closed."""

from efface.guard.answer import Answer
from efface.guard.decision import Decision, Door, Guard
from efface.guard.settings import Settings
from efface.guard.workers import Workers

__all__ = ["Answer", "Decision", "Door", "Guard", "Settings", "Workers"]
