"""Every error that efface raises on purpose, and what it tells the user.

EffaceError                 .diagnostics(): what happened, what is untouched, what to do
 UsageError                 the caller's mistake                        exit 2
 AccessError                a place cannot be read                      -> Gap
 FormatError                bytes are not what they claim               -> Gap
   LimitExceededError       too big, deep, slow, many                   -> Gap
   EncryptedError           readable only with a key that nobody gave   -> Gap
   UnsupportedError         a known kind that this installation cannot open -> Gap
 RulePackError              a pack is invalid: refuse to start
 RemovalError               a change failed; the original is intact
   ResidueError             a re-scan still finds something
 EvidenceError              ledger, signature or certificate does not hold
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AccessError",
    "Diagnostics",
    "EffaceError",
    "EncryptedError",
    "EvidenceError",
    "FormatError",
    "LimitExceededError",
    "RemovalError",
    "ResidueError",
    "RulePackError",
    "UnsupportedError",
    "UsageError",
]


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What a person needs to hear when something went wrong.

    Attributes:
        happened: What went wrong, in one sentence, without any content of a finding.
        untouched: What is as it was before.
        to_do: What to do next.
    """

    happened: str
    untouched: str
    to_do: str


class EffaceError(Exception):
    """Base of every error raised on purpose; its text never holds content of what was read."""

    untouched = "Nothing was changed."
    to_do = "Correct the cause and run the command again."

    def __init__(self, message: str, *, untouched: str | None = None, to_do: str | None = None) -> None:
        super().__init__(message)
        if untouched is not None:
            self.untouched = untouched
        if to_do is not None:
            self.to_do = to_do

    def diagnostics(self) -> Diagnostics:
        """Return what happened, what is untouched and what to do."""
        return Diagnostics(str(self), self.untouched, self.to_do)


class UsageError(EffaceError):
    """The caller asked for something that cannot be done as asked."""

    to_do = "See the command's --help."


class AccessError(EffaceError):
    """A place cannot be read: permission, a lost connection, a missing file."""

    to_do = "Check the path and the permissions of the user that runs efface."


class FormatError(EffaceError):
    """Bytes are not what they claim to be."""

    to_do = "Look at the file with the program that made it; efface reports it as not looked at."


class LimitExceededError(FormatError):
    """Something is larger, deeper, slower or more numerous than its limit allows."""

    to_do = "Raise the limit that the message names if the file is trusted."


class EncryptedError(FormatError):
    """Something can only be read with a key or password that nobody gave."""

    to_do = "Open it with its password and scan the result, or remove it whole."


class UnsupportedError(FormatError):
    """The kind is known, but this installation cannot open it."""

    to_do = "Run `efface doctor` to see what this installation can open."


class RulePackError(EffaceError):
    """A rule pack is invalid; every fault found is listed, and nothing starts."""

    to_do = "Correct every fault listed; `efface rules check PACK` shows them all."

    def __init__(self, message: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((message, *(f"  - {fault}" for fault in faults))))
        self.faults = faults


class RemovalError(EffaceError):
    """A change failed; the original is intact."""

    untouched = "The original is as it was before."


class ResidueError(RemovalError):
    """A re-scan of the result still finds what should be gone."""

    to_do = "The result was thrown away. Remove the file whole, or report the case."


class EvidenceError(EffaceError):
    """A ledger, a signature or a certificate does not hold."""

    to_do = "Do not rely on this record; ask its issuer for the original."
