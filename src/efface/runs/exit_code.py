"""The exit codes that scripts and CI jobs rely on; alone, as the command line needs them before anything else."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """Exit codes of every command; a promise."""

    CLEAN = 0
    """Nothing found, everything looked at; or the command did what was asked."""
    VIOLATIONS = 1
    """Violations under the case; without one, findings at or above `--fail-on`; something came back; a refusal."""
    USAGE = 2
    """The command was asked for something that it cannot do as asked."""
    GAPS = 3
    """Nothing found, but something could not be looked at or decided; the guard quarantines."""
    FAILED = 4
    """A removal failed, or a ledger, signature or certificate does not hold."""
    INTERNAL = 70
    """A fault of efface itself (EX_SOFTWARE of sysexits)."""
    INTERRUPTED = 130
    """Stopped by the user; what was done is kept and goes on with the same run file."""
