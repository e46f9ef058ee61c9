"""Requests and answers of ONVIF, as far as they say whether a device recognises people.

Source: ONVIF Core Specification (GetServices, GetSystemDateAndTime, WS-UsernameToken); ONVIF Analytics Service
Specification (GetSupportedRules, GetRules, the rule `tt:FaceRecognition`); ONVIF Credential Service Specification
(`SupportedIdentifierType`, whose values are those of `pt:RecognitionType`); OASIS Web Services Security
UsernameToken Profile 1.0.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from xml.sax.saxutils import escape

from efface.formats.xml_values import values

__all__ = [
    "ANALYTICS",
    "CREDENTIAL",
    "DEVICE_PATH",
    "MEDIA",
    "MEDIA2",
    "OPERATIONS",
    "RECOGNITION",
    "Token",
    "clock",
    "envelope",
    "is_refusal",
    "named",
    "services",
]

DEVICE_PATH = "/onvif/device_service"
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
ANALYTICS = "http://www.onvif.org/ver20/analytics/wsdl"
CREDENTIAL = "http://www.onvif.org/ver10/credential/wsdl"

OPERATIONS = {
    (_DEVICE, "GetServices"): "<q:IncludeCapability>false</q:IncludeCapability>",
    (_DEVICE, "GetSystemDateAndTime"): "",
    (MEDIA, "GetVideoAnalyticsConfigurations"): "",
    (MEDIA2, "GetAnalyticsConfigurations"): "",
    (ANALYTICS, "GetSupportedRules"): "<q:ConfigurationToken>{}</q:ConfigurationToken>",
    (ANALYTICS, "GetRules"): "<q:ConfigurationToken>{}</q:ConfigurationToken>",
    (CREDENTIAL, "GetServiceCapabilities"): "",
}
"""Every operation that is ever asked, with its content. All only read; nothing else can be put into an envelope."""

RECOGNITION = {
    "pt:Face": "face",
    "pt:Fingerprint": "fingerprint",
    "pt:Iris": "iris",
    "pt:Retina": "retina",
    "pt:Vein": "vein",
    "pt:Palm": "palm",
}
"""Values of `pt:RecognitionType` that name a characteristic, in the words of the field."""

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_LONGEST_TOKEN = 128


@dataclass(frozen=True, slots=True)
class Token:
    """What a UsernameToken is made of; the password itself is never in the envelope.

    Attributes:
        user: Name.
        password: Password.
        nonce: 16 random bytes.
        created: Time of the device, as in "2026-01-02T03:04:05Z".
    """

    user: str
    password: str
    nonce: bytes
    created: str

    def header(self) -> str:
        """Return the header of an envelope."""
        # SHA-1 is what the profile says.
        digest = hashlib.sha1(
            self.nonce + self.created.encode() + self.password.encode(), usedforsecurity=False
        )
        return (
            f'<s:Header><w:Security s:mustUnderstand="1" xmlns:w="{_WSSE}" xmlns:u="{_WSU}"><w:UsernameToken>'
            f"<w:Username>{escape(self.user)}</w:Username>"
            f'<w:Password Type="{_PROFILE}">{base64.b64encode(digest.digest()).decode()}</w:Password>'
            f"<w:Nonce>{base64.b64encode(self.nonce).decode()}</w:Nonce><u:Created>{escape(self.created)}</u:Created>"
            "</w:UsernameToken></w:Security></s:Header>"
        )


def envelope(namespace: str, operation: str, argument: str = "", token: Token | None = None) -> bytes:
    """Return a SOAP 1.2 envelope with one operation that reads.

    Raises:
        KeyError: The operation is not one of `OPERATIONS`.
    """
    content = OPERATIONS[(namespace, operation)].format(escape(argument[:_LONGEST_TOKEN]))
    head = token.header() if token else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{_SOAP}" xmlns:q="{namespace}">{head}'
        f"<s:Body><q:{operation}>{content}</q:{operation}></s:Body></s:Envelope>"
    ).encode()


def services(answer: str) -> dict[str, str]:
    """Return the path of each service by its namespace; hosts that the device names are left out.

    Raises:
        FormatError: It is no XML, or declares entities.
    """
    found: dict[str, str] = {}
    namespace = ""
    for path, text in values(answer):
        if path.endswith("/Service/Namespace"):
            namespace = text
        elif path.endswith("/Service/XAddr") and namespace:
            host_on = text.partition("://")[2] or text
            found[namespace] = "/" + host_on.partition("/")[2]
    return found


def named(answer: str, ending: str) -> tuple[str, ...]:
    """Return the values whose path ends so (`/RuleDescription/@Name`), each once, in order.

    Raises:
        FormatError: It is no XML, or declares entities.
    """
    return tuple(dict.fromkeys(text for path, text in values(answer) if path.endswith(ending)))


def clock(answer: str) -> str:
    """Return the device's UTC time for a UsernameToken, or "" where it gives none."""
    parts = {
        path.rpartition("UTCDateTime/")[2]: text for path, text in values(answer) if "UTCDateTime/" in path
    }
    names = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")
    numbers = [parts.get(name, "") for name in names]
    if not all(number.isascii() and number.isdigit() and len(number) < 5 for number in numbers):
        return ""
    year, *rest = (int(number) for number in numbers)
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(year, *rest)


def is_refusal(answer: str) -> bool:
    """Return whether a SOAP fault says that nobody was let in."""
    return any(
        text.rpartition(":")[2] in ("NotAuthorized", "FailedAuthentication") for _, text in values(answer)
    )
