"""The guard answers for one payload at the door: allow, refuse or quarantine. It fails closed."""

from efface.guard.decision import Decision, Door, Guard

__all__ = ["Decision", "Door", "Guard"]
