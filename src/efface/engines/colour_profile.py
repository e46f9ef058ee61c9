"""Clean colour profiles: keep the tags that ICC has registered, which say how colours look, and drop all others.

A profile may hold private tags with anything in them; programs that show colours pass over them.
Source: ICC.1:2022, 7.2 (header, profile ID), 7.3 (tag table), 9.2 (registered tags).
"""

from __future__ import annotations

from efface.engines.carving import files_in, jpegs_in

__all__ = ["clean_profile"]

_TABLE, _ROW, _MAX_TAGS = 128, 12, 128
_SIGNATURE, _ID = slice(36, 40), slice(84, 100)
_REGISTERED = frozenset(
    b"A2B0 A2B1 A2B2 B2A0 B2A1 B2A2 B2D0 B2D1 B2D2 B2D3 D2B0 D2B1 D2B2 D2B3 bXYZ bTRC bkpt calt targ chad "
    b"chrm cicp clro clrt clot cprt crdi dmnd dmdd devs desc gamt gXYZ gTRC kTRC lumi meas wtpt ncol ncl2 resp "
    b"rig0 rig2 pre0 pre1 pre2 ps2s ps2i psd0 psd1 psd2 psd3 pseq psid rXYZ rTRC scrd scrn tech vued view".split()
)


def clean_profile(profile: bytes) -> bytes | None:
    """Return a profile of the same length without unregistered tags and what no tag names; None for no profile.

    A tag in which a picture file lies goes, too. A profile that has nothing of the kind comes back as it is.
    """
    count = int.from_bytes(profile[_TABLE : _TABLE + 4], "big")
    start = _TABLE + 4
    if profile[_SIGNATURE] != b"acsp" or count > _MAX_TAGS or len(profile) < start + _ROW * count:
        return None
    rows = [profile[at : at + _ROW] for at in range(start, start + _ROW * count, _ROW)]
    kept = [row for row in rows if _is_kept(profile, row)]
    cleaned = bytearray(len(profile))
    cleaned[:_TABLE] = profile[:_TABLE]
    table = len(kept).to_bytes(4, "big") + b"".join(kept)
    cleaned[_TABLE : _TABLE + len(table)] = table
    for row in kept:
        at, stop = _span(row)
        cleaned[at:stop] = profile[at:stop]
    if cleaned == profile:
        return profile
    cleaned[_ID] = bytes(16)  # a digest of what was there
    return bytes(cleaned)


def _span(row: bytes) -> tuple[int, int]:
    at, size = int.from_bytes(row[4:8], "big"), int.from_bytes(row[8:], "big")
    return at, at + size


def _is_kept(profile: bytes, row: bytes) -> bool:
    at, stop = _span(row)
    body = profile[at:stop]
    is_sound = at >= _TABLE + 4 and stop <= len(profile) and row[:4].rstrip() in _REGISTERED
    return is_sound and not files_in(body) and not any(True for _ in jpegs_in(body, []))
