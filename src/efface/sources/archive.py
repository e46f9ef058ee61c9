"""Archives and compressed files, opened member by member."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from efface.engines import archive_reading
from efface.engines.passwords import passwords, readable_passwords
from efface.errors import EncryptedError, FormatError, LimitExceededError, UnsupportedError
from efface.model import Gap, GapReason, Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Limits

__all__ = ["TYPES", "Archive", "reason_of"]

TYPES = archive_reading.COMPRESSED | {
    "application/zip",
    "application/x-tar",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/x-iso9660-image",
    "application/vnd.ms-cab-compressed",
    "application/x-cpio",
    "application/x-archive",
    "application/vnd.debian.binary-package",
    "application/x-rpm",
    "application/x-xar",
}


def reason_of(error: FormatError) -> GapReason:
    """Return the word of a gap for why bytes could not be read."""
    if isinstance(error, EncryptedError):
        return GapReason.ENCRYPTED
    if isinstance(error, LimitExceededError):
        return GapReason.OVER_LIMIT
    if isinstance(error, UnsupportedError):
        return GapReason.UNSUPPORTED
    return GapReason.UNREADABLE


class Archive:
    """Members of zip, tar, gz, bz2, xz, zst, 7z, rar, iso, cab, cpio, ar, deb and rpm.

    A member that cannot be read is a gap of its own; the others go on. Nothing is written to disk.

    Not promised: slack between members, members of multi-volume archives.
    """

    name = "archive"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether libarchive is tried on such a media type."""
        return media_type in TYPES

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the members as parts, in their order."""
        single = media_type in archive_reading.COMPRESSED
        with part.payload.open() as stream:
            for member in archive_reading.members(
                stream, part.payload.size_bytes, limits, single=single, passwords=readable_passwords()
            ):
                locator = part.locator.child(member.name)
                if isinstance(member.data, FormatError):
                    detail = str(member.data)
                    if isinstance(member.data, EncryptedError) and passwords():
                        detail = "encrypted, and no password that was given opens it"
                    yield Gap(locator, "unpack", reason_of(member.data), detail)
                    continue
                names = tuple(reversed(member.name.split("/")))
                modified_at = None if member.mtime_s is None else _utc(member.mtime_s)
                surroundings = Surroundings((*names, *part.surroundings.names))
                yield Part(locator, BytesPayload(member.data), surroundings, modified_at)


def _utc(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return None
