"""What a device said of itself: the one record that dialogues with devices write and a detector reads.

It holds kinds, counts and names of libraries by number; no person, no picture, no password. A fact that the device
did not give is None, never zero.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from efface.errors import FormatError

__all__ = ["DeviceFacts", "Gallery", "count", "word"]

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Gallery:
    """One library of enrolled people.

    Attributes:
        name: Its identifier on the device, never the name that somebody gave it.
        characteristic: Of the field's word list ("face", "fingerprint").
        persons: How many people or records the device counts in it, or None where it does not say.
    """

    name: str
    characteristic: str
    persons: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What one protocol told of one device.

    Attributes:
        protocol: "onvif", "isapi", "dahua", "lapi", "zk" or "gat1400".
        system: What stands for it in reports.
        vendor: Who makes it, or "".
        model: Its model, as it says itself, or "".
        kinds: Characteristics that it can recognise.
        enabled: Whether recognition is switched on, or None where the protocol does not say.
        galleries: Libraries of enrolled people.
        asked: The requests that the facts come from, in short words.
        channel: "TLS" or "plain".
        pin: SHA-256 of the certificate that it showed, in hex, or "".
        is_public: Whether it belongs to a video image library of public security.
        people: How many people an access terminal keeps when somebody is enrolled there with a characteristic, those
            without one among them, since they go together; 0 where nobody is, None where it does not say.
        counted: The parts of the device that gave all their counts, by the first word of their galleries' names: a
            part that did not answer is not empty.
    """

    protocol: str
    system: str
    vendor: str = ""
    model: str = ""
    kinds: tuple[str, ...] = ()
    enabled: bool | None = None
    galleries: tuple[Gallery, ...] = field(default=())
    asked: tuple[str, ...] = ()
    channel: str = ""
    pin: str = ""
    is_public: bool = False
    people: int | None = None
    counted: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the facts as JSON."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def decode(cls, data: bytes) -> DeviceFacts:
        """Return the facts that `encode` wrote.

        Raises:
            FormatError: It is none.
        """
        try:
            plain = json.loads(data)
            plain["galleries"] = tuple(Gallery(**each) for each in plain["galleries"])
            for name in ("kinds", "asked", "counted"):
                plain[name] = tuple(plain.get(name, ()))
            return cls(**plain)
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError("is no record of what a device said") from error


def word(value: object) -> str:
    """Return a device's own word, short and in plain letters: a device is not trusted with more."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "".join(each for each in text if each.isascii() and (each.isalnum() or each in "-_. /"))[
        :_LONGEST
    ].strip()


def count(value: object) -> int | None:
    """Return a count that a device gave, or None where it is none."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
