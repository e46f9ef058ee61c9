"""The time stamp of a certificate: asked for, checked when it comes, and kept in a file beside it.

A stamp is over the whole file of a certificate, signatures and all, so that it also says that these had signed by
then. A countersigned certificate is another file and is stamped anew. Nothing is sent anywhere: a request is a file
that somebody takes to an authority, and so is the answer. Both have the form of RFC 3161, so that other tools can
check the same two files.

Not handled here: whether the certificate holds (`check`); who is an authority that a court accepts.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from efface.engines import time_stamps
from efface.errors import EvidenceError
from efface.evidence import envelope
from efface.model.stamp import StampOutcome, StampReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from efface.model.stamp import Stamp

__all__ = ["SUFFIX", "attachable", "look", "request"]

SUFFIX = ".tsr"
"""What a certificate's name gets to be that of its stamp."""


def request(certificate: bytes, policy: str | None = None) -> bytes:
    """Return a request for a stamp of a certificate.

    Args:
        certificate: The file, as it is.
        policy: Object identifier of the authority's policy that is asked for, or None for any.

    Raises:
        EvidenceError: The file is no certificate.
        ValueError: The policy is no object identifier.
    """
    envelope.parse(certificate)
    return time_stamps.request(_digest(certificate), policy)


def attachable(certificate: bytes, asked: bytes, response: bytes, trusted: Sequence[Certificate]) -> Stamp:
    """Return what a response says, where it answers this request for this certificate.

    Args:
        certificate: The file.
        asked: The request, as it was made.
        response: What the authority sent.
        trusted: Certificates that are trusted to stamp, or to vouch for those who do.

    Raises:
        EvidenceError: It is none, for another file, or does not hold.
    """
    envelope.parse(certificate)
    question, digest = time_stamps.read_request(asked), _digest(certificate)
    if question.digest != digest:
        raise EvidenceError("the request is for another certificate")
    return time_stamps.verified(response, digest, trusted, question)


def look(certificate: bytes, response: bytes | None, trusted: Sequence[Certificate]) -> StampReport:
    """Return what the stamp of a certificate shows.

    Args:
        certificate: The file.
        response: What lies beside it as its stamp, or None.
        trusted: Certificates that are trusted to stamp; with none of them a stamp is there and not verified.
    """
    if response is None:
        return StampReport(StampOutcome.ABSENT)
    if not trusted:
        return StampReport(StampOutcome.UNVERIFIED)
    try:
        stamp = time_stamps.verified(response, _digest(certificate), trusted)
    except EvidenceError as error:
        return StampReport(StampOutcome.FAILS, reason=str(error))
    return StampReport(StampOutcome.HOLDS, stamp)


def _digest(certificate: bytes) -> bytes:
    return hashlib.sha256(certificate).digest()
