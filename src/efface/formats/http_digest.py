"""Answer an HTTP Digest challenge.

Source: RFC 7616 (Digest, MD5 and SHA-256, qop "auth"); RFC 2617 for devices that know no qop; RFC 9110, 11.6.1
(the list of challenges).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

__all__ = ["Challenge", "answer", "strongest"]

_SCHEME = re.compile(r"(?:^|,)\s*Digest\s+", re.IGNORECASE)
_PAIR = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"SHA-256": "sha256", "MD5": "md5"}  # the stronger first


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks a client to prove.

    Attributes:
        realm: Who asks.
        nonce: What is to be answered.
        algorithm: "SHA-256" or "MD5".
        opaque: What is to be given back, or "".
        has_qop: Whether "auth" is offered, so that the client's nonce takes part.
    """

    realm: str
    nonce: str
    algorithm: str
    opaque: str
    has_qop: bool


def strongest(headers: list[str]) -> Challenge | None:
    """Return the strongest Digest challenge of some `WWW-Authenticate` headers, or None where there is none known."""
    found: dict[str, Challenge] = {}
    for header in headers:
        for text in _SCHEME.split(header)[1:]:
            pairs = {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(text)}
            algorithm = pairs.get("algorithm", "MD5").upper()
            qop = [word.strip().lower() for word in pairs.get("qop", "").split(",") if word.strip()]
            if algorithm in _HASHES and pairs.get("nonce") and (not qop or "auth" in qop):
                found[algorithm] = Challenge(
                    pairs.get("realm", ""), pairs["nonce"], algorithm, pairs.get("opaque", ""), bool(qop)
                )
    return next((found[algorithm] for algorithm in _HASHES if algorithm in found), None)


def answer(challenge: Challenge, user: str, password: str, method: str, target: str, own_nonce: str) -> str:  # noqa: PLR0913, PLR0917 - the parts of RFC 7616, 3.4.1
    """Return the `Authorization` header for one request.

    Args:
        challenge: What was asked, its bytes as Latin-1, as `http.client` gives headers.
        user: Name, sent as UTF-8.
        password: Password; only a digest of it is in what is returned.
        method: Of the request.
        target: Path and query of the request.
        own_nonce: Random letters and digits.
    """
    # Headers are bytes written as Latin-1: so a realm in any encoding is digested as it came.
    user, password = (text.encode().decode("latin-1") for text in (user, password))

    def digest(text: str) -> str:
        octets = text.encode("latin-1")
        return hashlib.new(_HASHES[challenge.algorithm], octets, usedforsecurity=False).hexdigest()

    secret = digest(f"{user}:{challenge.realm}:{password}")
    request = digest(f"{method}:{target}")
    middle = f"{challenge.nonce}:00000001:{own_nonce}:auth" if challenge.has_qop else challenge.nonce
    parts = {
        "username": _quoted(user),
        "realm": _quoted(challenge.realm),
        "nonce": _quoted(challenge.nonce),
        "uri": _quoted(target),
        "algorithm": challenge.algorithm,
        "response": _quoted(digest(f"{secret}:{middle}:{request}")),
    }
    if challenge.has_qop:
        parts |= {"qop": "auth", "nc": "00000001", "cnonce": _quoted(own_nonce)}
    if challenge.opaque:
        parts["opaque"] = _quoted(challenge.opaque)
    return "Digest " + ", ".join(f"{name}={value}" for name, value in parts.items())


def _quoted(text: str) -> str:
    plain = "".join(each for each in text if each >= " " and each != "\x7f")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
