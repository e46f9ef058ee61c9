"""The names of what a ledger may hold."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Kind"]


class Kind(StrEnum):
    """The kinds of entry, in the order in which a run leaves them.

    run_opened        a run began: which, with which version, over how many targets
    rehearsal_opened  all that follows was done to copies: such a ledger is never certified
    scan_finished     what was looked at, with what, what was found and what was not looked at
    judged            which packs said what, on which day
    removal_approved  a plan that one person signed is about to be carried out by another
    removal_planned   how many removals are about to be tried
    removal_intent    one target is about to be changed: which findings, how, its content before
    removal_cleaned   values were emptied in a database: what was done so that nobody can recover them, what not
    removal_sealed    its original was encrypted for a holder of a key, and kept until a day
    removal_ready     its replacement is made, and a re-scan of the replacement finds nothing
    removal_done      the replacement is in place
    removal_derived   of what was removed: how many derived copies are gone, how many are left
    removal_failed    it could not be done; the original is intact
    removal_held      a rule or a hold forbids it
    reidentified      recognisers were tried on what is left of removed faces: how well they still do, and chance
    gallery_asked     a device is about to be told to forget the people it knows: how many it counts, by which requests
    gallery_counted   that device was counted again
    step_confirmed    a person says that a step of taking a system away is done; no software looked
    rescan            all targets were looked at again: how many removed findings are still there
    certified         a certificate was issued over the ledger up to a size and root
    """

    RUN_OPENED = "run_opened"
    REHEARSAL_OPENED = "rehearsal_opened"
    SCAN_FINISHED = "scan_finished"
    JUDGED = "judged"
    REMOVAL_APPROVED = "removal_approved"
    REMOVAL_PLANNED = "removal_planned"
    REMOVAL_INTENT = "removal_intent"
    REMOVAL_CLEANED = "removal_cleaned"
    REMOVAL_SEALED = "removal_sealed"
    REMOVAL_READY = "removal_ready"
    REMOVAL_DONE = "removal_done"
    REMOVAL_DERIVED = "removal_derived"
    REMOVAL_FAILED = "removal_failed"
    REMOVAL_HELD = "removal_held"
    REIDENTIFIED = "reidentified"
    GALLERY_ASKED = "gallery_asked"
    GALLERY_COUNTED = "gallery_counted"
    STEP_CONFIRMED = "step_confirmed"
    RESCAN = "rescan"
    CERTIFIED = "certified"
