"""Judge what a device said of itself: a system that recognises, and its galleries of enrolled people.

Source: what each protocol says, as `sources/device_dialogues.py` cites it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.detectors.signatures import Tells
from efface.formats.device_facts import DeviceFacts
from efface.model import Characteristic, Clue, Finding, Form, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Artefact, Limits, Locator, Mode, Payload, Surroundings

__all__ = ["SystemDevice"]

_CONFIDENCE = 0.95  # a device's own word: a judgement, not a measured rate
_SCHEME = "device"


class SystemDevice:
    """A device at an address: one system for each characteristic that it recognises, one finding for each gallery.

    A device that does not say that it recognises anybody is of an unknown characteristic: a question for a person.

    Not promised: that a device tells the truth, or all of it.
    """

    name = "system-device"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return True: what a device said is known by its place."""
        del media_type
        return True

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding]:
        """Yield the systems and galleries of one device, as one protocol tells of them.

        Raises:
            FormatError: It is no record of what a device said.
        """
        del surroundings, mode, limits
        if artefact.locator.scheme.partition("+")[0] != _SCHEME:
            return
        facts = DeviceFacts.decode(payload.read())
        for kind in facts.kinds or (Characteristic.UNKNOWN.value,):
            yield self._system(artefact.locator, facts, Characteristic(kind))
        for gallery in facts.galleries:
            if gallery.persons:
                yield Finding(
                    *(
                        f"{self.name}@{self.version}",
                        Form.REFERENCE_DATABASE,
                        Characteristic(gallery.characteristic),
                    ),
                    artefact.locator.at(f"/{gallery.name}"),
                    _CONFIDENCE,
                    references=gallery.persons,
                    level=Level.ENROLLED,
                    clues=(Clue("system", facts.system), Clue("protocol", facts.protocol)),
                )

    def _system(self, place: Locator, facts: DeviceFacts, kind: Characteristic) -> Finding:
        galleries = [each for each in facts.galleries if each.characteristic == kind.value]
        counts = [each.persons for each in galleries if each.persons is not None]
        if kind is Characteristic.UNKNOWN:
            tells = Tells.DEVICE
        else:
            tells = Tells.ENROLMENT if any(counts) else Tells.RECOGNITION
        clues = [Clue("system", facts.system), Clue("tells", tells, _CONFIDENCE if tells.recognises else 0.0)]
        clues += [
            Clue(name, value) for name, value in (("vendor", facts.vendor), ("model", facts.model)) if value
        ]
        clues.append(Clue("signature", f"device/{facts.protocol}"))
        clues.append(Clue("switched_on", {True: "yes", False: "no", None: "unknown"}[facts.enabled]))
        clues.append(Clue("galleries", str(len(galleries))))
        known = bool(counts) and len(counts) == len(galleries)
        clues.append(Clue("persons", str(sum(counts)) if known else "unknown"))
        clues += [Clue("asked", each) for each in facts.asked]
        clues.append(Clue("channel", facts.channel))
        if facts.pin:
            clues.append(Clue("certificate_sha256", facts.pin))
        if facts.is_public:
            clues.append(Clue("held", "a view library of public security: not judged as a private gallery"))
        system = f"system={facts.system}" + ("" if kind is Characteristic.FACE else f"&kind={kind.value}")
        return Finding(
            *(f"{self.name}@{self.version}", Form.SYSTEM, kind, place.at(system), _CONFIDENCE),
            level=None,
            clues=tuple(clues),
        )
