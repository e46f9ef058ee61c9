"""Devices on a network, at addresses that a user listed and is authorised for; read-only.

`device://HOST`, `device://HOST:PORT`, `device+http://`, `device+https://` and `device+zk://` are the targets. Which
places are authorised, and with which name and password, is kept by `authorise`, in memory.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from efface.engines.device_http import DeviceHttp, NoLoginError, RefusedError
from efface.engines.device_zk import PORT as ZK_PORT
from efface.engines.device_zk import DeviceZk
from efface.errors import AccessError, EffaceError, FormatError, LimitExceededError, UsageError
from efface.formats.device_facts import DeviceFacts
from efface.model import (
    Beat,
    Collection,
    Gap,
    GapReason,
    Limits,
    Locator,
    Part,
    Surroundings,
    Unit,
    printable,
)
from efface.sources import credentials
from efface.sources.device_dialogues import DIALOGUES, zk
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.sources.device_dialogues import Told

__all__ = ["Device", "address_of", "authorise", "is_device", "reached"]

_SCHEMES = {"device": "", "device+http": "http", "device+https": "https", "device+zk": "zk"}
_HTTPS, _HTTP = 443, 80
_PORTS = {"http": _HTTP, "https": _HTTPS, "zk": ZK_PORT}
_TO_DO = "Name devices with --device, and who allowed it with --authorisation."


def is_device(target: str) -> bool:
    """Return whether a target names a device."""
    return target.partition("://")[0] in _SCHEMES and "://" in target


def address_of(target: str) -> tuple[str, str, int | None]:
    """Return scheme ("", "http", "https" or "zk"), host and port of a target.

    Raises:
        UsageError: It carries a name or password, a path, a range, or no host.
    """
    scheme, _, rest = target.partition("://")
    parts = urlsplit(f"//{rest}")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if "@" in rest:
        raise UsageError("an address with a name or password is refused", to_do="Give --user and a variable.")
    if not host or parts.path.strip("/") or parts.query or set(rest) & set(",*? \t"):
        raise UsageError(
            f"{printable(rest)}: is not the address of one device",
            to_do="Name each device by itself: HOST, HOST:PORT, http://HOST, https://HOST or zk://HOST.",
        )
    return _SCHEMES[scheme], host, port


def authorise(target: str, user: str, password: str) -> None:
    """Keep that a device may be asked, and with what; nothing of it is written anywhere."""
    address_of(target)
    credentials.keep(target, {"authorised": "yes", "user": user, "password": password})


class Device:
    """One unit for each device; what it says comes as a part for each protocol that it speaks.

    Nothing is asked of a device that nobody authorised. A log-in is tried once. Each time a device is asked anew, as
    nothing shows beforehand whether it changed.

    Not promised: devices behind another one (channels of a recorder); what a protocol does not give without the list
    of the people enrolled.
    """

    name = "device"
    version = 1

    def claims(self, target: str) -> bool:
        """Return whether the target names a device."""
        return is_device(target)

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the device; nothing is sent.

        Raises:
            UsageError: The address cannot be understood, or nobody recorded who authorised it.
        """
        address_of(target)
        _secrets_of(target)
        yield Unit(_place(target).uri, 0, secrets.token_hex(16), self.name)

    def open(self, unit: Unit, limits: Limits) -> Collection:
        """Open a device; it is asked when its parts are."""
        del limits
        place = Locator.parse(unit.uri)
        target = f"{place.scheme}://{place.path[0]}"
        try:
            known = _secrets_of(target)
        except UsageError as error:
            raise AccessError(str(error)) from None
        return Collection(place, lambda: _parts(target, place, known))

    def stamp(self, unit: Unit) -> str:
        """Return what never comes again: a device may have changed since."""
        del unit
        return secrets.token_hex(16)


def _place(target: str) -> Locator:
    scheme, _, rest = target.partition("://")
    return Locator(scheme, (rest.strip("/"),))


def _secrets_of(target: str) -> dict[str, str]:
    known = credentials.kept(target)
    if known.get("authorised") != "yes":
        raise UsageError("nobody recorded an authorisation for this device", to_do=_TO_DO)
    return known


def _parts(target: str, place: Locator, known: dict[str, str]) -> Iterator[Part | Gap | Beat]:
    """Ask everything first, and give it out then: a process that dies while it asks is not followed by another."""
    found: list[tuple[str, Told | Gap]] = []
    yield Beat()
    scheme, host, port = address_of(target)
    try:
        if scheme == "zk":
            with DeviceZk(host, port or ZK_PORT, known["password"]) as terminal:
                found += [("zk", told) for told in zk(terminal)]
        else:
            device = reached(target, DeviceHttp)
            for protocol in DIALOGUES:
                yield Beat()
                found += [(protocol, told) for told in _dialogue(device, protocol, place)]
    except RefusedError as error:
        found.append(("", Gap(place, "open", GapReason.ENCRYPTED, str(error))))
    except EffaceError as error:
        found.append(("", _gap(place, error)))
    yield from _given(place, found)


def _dialogue(device: DeviceHttp, protocol: str, place: Locator) -> Iterator[Told | Gap]:
    """Yield what one protocol tells; what goes wrong in it is a gap, but a refusal ends everything."""
    try:
        yield from DIALOGUES[protocol](device)
    except RefusedError:
        raise
    except NoLoginError as error:
        yield _gap(place, error)
    except (AccessError, FormatError) as error:
        yield _gap(place.child(protocol), error)


def _given(place: Locator, found: list[tuple[str, Told | Gap]]) -> Iterator[Part | Gap]:
    spoken, gaps = False, dict[Gap, None]()  # what no protocol may ask without a log-in is told once
    for protocol, told in dict.fromkeys(found):
        inner = place.child(protocol) if protocol else place
        if isinstance(told, DeviceFacts):
            spoken = True
            yield Part(inner, BytesPayload(told.encode()), Surroundings((protocol, place.path[0])))
        elif isinstance(told, Gap):
            spoken = True
            gaps[told] = None
        else:
            yield Gap(inner, "detect", GapReason.UNSUPPORTED, told)
    yield from gaps
    if not spoken:
        detail = "something answers at this address, in none of the protocols that are known here"
        yield Gap(place, "open", GapReason.UNSUPPORTED, detail)


_Client = TypeVar("_Client", bound=DeviceHttp)


def reached(target: str, client: type[_Client], pin: str = "") -> _Client:
    """Return a device that answers: with TLS where it offers that, else without where no scheme was asked for.

    Args:
        target: An authorised target of a scheme over HTTP.
        client: What speaks with it.
        pin: SHA-256 of the certificate that it showed before; then nothing plain is tried.

    Raises:
        AccessError: Nothing answers, or another certificate is shown.
        UsageError: Nobody recorded an authorisation for it.
    """
    scheme, host, port = address_of(target)
    known = _secrets_of(target)
    ways = ["https"] if pin else [scheme] if scheme else ["https", "http"]
    for way in ways:
        device = client(
            host, port or _PORTS[way], has_tls=way == "https", user=known["user"], password=known["password"]
        )
        device.pin = pin
        try:
            device.get("/VIID/System/Time", is_anonymous=True)  # no log-in goes out before the way is known
        except AccessError:
            if way == ways[-1]:
                raise
        else:
            return device
    raise AccessError("the device does not answer")


def _gap(place: Locator, error: EffaceError) -> Gap:
    if isinstance(error, LimitExceededError):
        reason = GapReason.OVER_LIMIT
    elif isinstance(error, NoLoginError):
        reason = GapReason.ENCRYPTED
    else:
        reason = GapReason.UNSUPPORTED if isinstance(error, FormatError) else GapReason.UNREADABLE
    return Gap(place, "open", reason, str(error))
