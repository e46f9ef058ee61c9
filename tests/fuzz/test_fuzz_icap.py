"""Whatever bytes come and however they are cut, an ICAP reader gives the same events, or a refusal."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats.icap import Body, EndOfPreview, IcapReader
from efface.testing.doors import reqmod

SETTINGS = settings(max_examples=300, derandomize=True, deadline=None)
EDITS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=6)
SEEDS = (
    reqmod(b"a=1&b=2") + reqmod(b"0123456789" * 9, preview=40) + b"32\r\n" + b"x" * 50 + b"\r\n0\r\n\r\n",
    b"OPTIONS icap://h/reqmod ICAP/1.0\r\nHost: h\r\n\r\n" + reqmod(b""),
)


def outcome(data: bytes, cuts: list[int]) -> tuple[bytes, str]:
    """Return the body and how reading ended, with a sender that always goes on."""
    reader, body = IcapReader(), b""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    try:
        for start, end in pairwise(edges):
            reader.feed(data[start:end])
            waits = True
            while waits:
                waits = False
                for event in reader.events():
                    if isinstance(event, Body):
                        body += event.data
                    elif isinstance(event, EndOfPreview) and not event.is_all:
                        waits = True
                if waits:
                    reader.go_on()
    except FormatError as error:
        return body, str(error)
    return body, ""


@SETTINGS
@given(st.sampled_from(SEEDS), EDITS, st.lists(st.integers(0, 1 << 16), max_size=8))
def test_a_message_reads_the_same_however_it_is_cut(
    seed: bytes, edits: list[tuple[int, int]], cuts: list[int]
) -> None:
    """The network's packets do not decide what a message says."""
    data = bytearray(seed)
    for at, value in edits:
        data[at % len(data)] = value
    whole, cut = outcome(bytes(data), []), outcome(bytes(data), cuts)
    assert whole[1] == cut[1]
    assert len(whole[0]) <= len(data)
    assert cut[0] == whole[0]


@SETTINGS
@given(st.binary(max_size=400))
def test_any_bytes_give_events_or_a_refusal(data: bytes) -> None:
    """No other exception leaves the reader."""
    outcome(data, [])
