"""Tell whether bytes inside a document are a file of a kind that may show a person.

Streams of documents hold much that begins like something by chance; only kinds with long signatures count.
"""

from __future__ import annotations

from efface.formats import sniff

__all__ = ["is_worth_opening"]

_FAMILIES = ("image/", "video/", "audio/")
_KINDS = frozenset(
    {
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/x-ole-storage",
        "application/x-7z-compressed",
        "application/vnd.rar",
        "application/vnd.sqlite3",
        "application/rtf",
        "application/vnd.efface.biometric-record",
        "message/rfc822",
    }
)


def is_worth_opening(head: bytes) -> bool:
    """Return whether bytes that begin so are a picture, a recording, a document or an archive."""
    kind = sniff.media_type(head)
    return kind.startswith(_FAMILIES) or kind in _KINDS
