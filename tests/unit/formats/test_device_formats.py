"""What devices say, as bytes: ONVIF, ZKTeco's packets, and the record of it."""

from __future__ import annotations

import struct

import pytest

from efface.errors import FormatError
from efface.formats import onvif, zk_packets
from efface.formats.device_facts import DeviceFacts, Gallery, count, word
from efface.formats.zk_packets import Packet, Sizes


def test_a_record_comes_back_as_it_was() -> None:
    """What is written of a device is what is read."""
    facts = DeviceFacts("isapi", "Hikvision device", kinds=("face",), galleries=(Gallery("1", "face", None),))
    assert DeviceFacts.decode(facts.encode()) == facts


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"galleries": [], "kinds": [], "asked": [], "x": 1}'])
def test_another_record_is_refused(data: bytes) -> None:
    """What is not such a record is a fault, never a device without facts."""
    with pytest.raises(FormatError):
        DeviceFacts.decode(data)


def test_a_device_is_trusted_with_short_plain_words_only() -> None:
    """Marks, lines and endless names of a device do not come through."""
    assert word("DS-K1T671\x1b[2J\n<b>" + "x" * 500) == "DS-K1T6712Jb" + "x" * 52
    assert [count(each) for each in ("12", 0, "-1", "1e9", True, None, "9" * 12)] == [
        12,
        0,
        None,
        None,
        None,
        None,
        None,
    ]


def test_only_operations_that_read_can_be_put_into_an_envelope() -> None:
    """There is no way to make another request of ONVIF."""
    assert all(name.startswith("Get") for _, name in onvif.OPERATIONS)
    for name in ("SetSystemFactoryDefault", "DeleteRules", "GetUsers"):
        with pytest.raises(KeyError):
            onvif.envelope(onvif.ANALYTICS, name)


def test_a_token_of_a_device_stays_text() -> None:
    """What a device names cannot add an element to the next request."""
    made = onvif.envelope(onvif.ANALYTICS, "GetRules", "</q:x><q:DeleteRules/>")
    assert b"<q:DeleteRules/>" not in made


def test_of_a_service_only_its_path_is_kept() -> None:
    """A device may name another host; it is never asked."""
    said = "<a><Service><Namespace>n</Namespace><XAddr>http://192.0.2.9:81/onvif/x</XAddr></Service></a>"
    assert onvif.services(said) == {"n": "/onvif/x"}


def test_entities_are_refused() -> None:
    """An answer that declares entities is not read."""
    with pytest.raises(FormatError):
        onvif.services('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')


def test_a_packet_is_the_known_one() -> None:
    """The packet that opens a session is the one in public captures."""
    assert Packet(zk_packets.CONNECT).encode().hex() == "5050827d08000000e80317fc00000000"


def test_an_odd_packet_gets_its_sum() -> None:
    """The sum of an odd number of bytes is made with a zero at the end."""
    packet = Packet(zk_packets.AUTH, 7, 1, b"abc").encode()[8:]
    total = sum(struct.unpack("<6H", packet[:2] + b"\0\0" + packet[4:] + b"\0"))
    assert (total & 0xFFFF) + (total >> 16) + struct.unpack("<H", packet[2:4])[0] == 0xFFFF


@pytest.mark.parametrize(
    "frame",
    [b"", b"HTTP/1.1", struct.pack("<HHI", 0x5050, 0x7D82, 1 << 30), struct.pack("<HHI", 0x5050, 0x7D82, 3)],
)
def test_another_protocol_or_an_endless_packet_is_refused(frame: bytes) -> None:
    """A length is a promise that nobody has to believe."""
    with pytest.raises(FormatError):
        Packet.length(frame)


def test_counts_that_a_firmware_does_not_give_are_unknown() -> None:
    """Without the numbers of faces nothing is said of faces, least of all zero."""
    assert Sizes.decode(struct.pack("<20i", *range(20))).faces is None
    with pytest.raises(FormatError):
        Sizes.decode(b"\0" * 79)
    with pytest.raises(FormatError):
        Sizes.decode(struct.pack("<20i", *([-1] * 20)))


def test_only_counts_are_asked_of_a_terminal() -> None:
    """What reads users or templates, and what clears, is not among the commands."""
    assert frozenset({1000, 1001, 1102, 50}) == zk_packets.ALLOWED
