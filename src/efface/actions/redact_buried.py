"""Change files that lie in bytes of another kind where they are, without moving anything around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.actions.rewrite_archive import Outcome, by_part, each_once, erase
from efface.engines.buried import buried, name_of
from efface.errors import FormatError, RemovalError
from efface.formats import sniff
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Action, Finding, Limits

__all__ = ["RedactBuried"]

_TYPES = frozenset(
    {
        sniff.OCTETS, "application/x-pickle", "application/x-npy", "application/x-bplist", "image/x-icns",
        "application/postscript",
    }
)  # fmt: skip


class RedactBuried:
    """A file inside a pickle, a cache or bytes of no known kind loses its findings by the action for its kind.

    The result is written in its place and filled up with zeros to the same length, so that lengths and offsets
    around it hold; a file of which nothing is to stay becomes zeros. One that would become longer is refused.
    Programs are left alone, since they check themselves.

    Not promised: checksums and signatures over the bytes around it no longer hold.
    """

    name = "redact-buried"
    version = 1
    method = Method.REDACT

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether the finding lies in a file that lies in such bytes."""
        return media_type in _TYPES and len(finding.locator.path) > 1

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the bytes with the files in them changed.

        Raises:
            RemovalError: There is no such file, it cannot be changed, or it would become longer.
        """
        return self.rewritten(data, findings, limits).data

    def rewritten(self, data: bytes, findings: Sequence[Finding], limits: Limits, depth: int = 0) -> Outcome:
        """Return what `remove` returns, with the actions that were used."""
        groups = by_part(findings)
        result = bytearray(data)
        used: list[Action] = []
        try:
            spans = buried(data)
        except FormatError as error:
            raise RemovalError(f"the bytes cannot be searched for files: {error}") from None
        for number, (start, stop) in enumerate(spans, start=1):
            due = groups.pop(name_of(number, data[start:stop]), None)
            if due is None:
                continue
            outcome = erase(data[start:stop], due[0].locator.path[0], due, limits, depth=depth + 1)
            used += outcome.actions
            new = outcome.data or b""
            if len(new) > stop - start:
                raise RemovalError("a file in it would become longer, and nothing around it can be moved")
            result[start:stop] = new.ljust(stop - start, b"\0")
        if groups:
            raise RemovalError("there is no such file in it as was found: it has changed")
        return Outcome(bytes(result), each_once([*used, self]))
