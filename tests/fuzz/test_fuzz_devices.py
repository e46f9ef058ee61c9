"""A device is not trusted: whatever it answers, a dialogue tells facts, says what it does not know, or is refused."""

from __future__ import annotations

import json
import struct
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.device_http import Answer, RefusedError
from efface.errors import FormatError
from efface.formats import http_digest, onvif
from efface.formats.device_facts import DeviceFacts
from efface.formats.onvif import Token
from efface.formats.zk_packets import Packet, Sizes, key_of
from efface.model import Characteristic
from efface.sources.device_dialogues import DIALOGUES, zk

SETTINGS = settings(max_examples=50, derandomize=True, deadline=None)
WORDS = st.sampled_from(
    (
        *(
            "FDLib",
            "FDID",
            "faceLibType",
            "FDRecordDataInfo",
            "recordDataNumber",
            "UserInfoCount",
            "bindFaceUserNumber",
        ),
        *(
            "bindFingerprintUserNumber",
            "Response",
            "Data",
            "LibList",
            "ID",
            "FaceNum",
            "SystemTimeObject",
            "blackFD",
        ),
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)
ENVELOPE = (
    '<s:Envelope xmlns:s="x"><s:Body><Service><Namespace>{namespace}</Namespace><XAddr>http://h/onvif/a</XAddr></Service>'
    '<Configurations token="{word}"/><RuleDescription Name="tt:FaceRecognition"/><Rule Type="{word}"/>'
    "<SupportedIdentifierType>pt:Face</SupportedIdentifierType><UTCDateTime><Date><Year>{word}</Year></Date></UTCDateTime>"
    "</s:Body></s:Envelope>"
)
XML = st.builds(
    lambda namespace, word, cut: ENVELOPE.format(namespace=namespace, word=word)[: cut or None],
    st.sampled_from([onvif.ANALYTICS, onvif.MEDIA, onvif.MEDIA2, onvif.CREDENTIAL, "x"]),
    st.text(max_size=8).map(lambda text: "".join(each for each in text if each.isalnum())),
    st.integers(0, 600),
)
CGI = st.lists(
    st.builds(
        lambda number, name, value: f"GroupList[{number}].{name}={value}",
        *(st.integers(0, 3), st.sampled_from(["groupID", "groupSize", "x"]), st.text(max_size=6)),
    ),
    max_size=6,
).map("\r\n".join)
TEXTS = (
    JSON.map(json.dumps)
    | XML
    | CGI
    | st.text(max_size=200)
    | st.just("<DeviceInfo><model>DS-2</model></DeviceInfo>")
)
ANSWERS = st.lists(
    st.builds(Answer, st.sampled_from([200, 200, 200, 401, 404, 500]), TEXTS, st.just([])), max_size=12
)


class Hostile:
    """A device that answers whatever comes next, and nothing more at the end."""

    has_tls, pin = True, "0" * 64

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = iter(answers)
        self.asked = 0

    def get(self, target: str, *, is_anonymous: bool = False) -> Answer:
        assert target.startswith("/")
        del is_anonymous
        return self._next()

    def operation(
        self, path: str, namespace: str, name: str, argument: str = "", token: Token | None = None
    ) -> Answer:
        assert path.startswith("/")
        assert onvif.envelope(namespace, name, argument, token)
        return self._next()

    def token(self, created: str) -> Token:
        return Token("user", "password", bytes(16), created)

    def refused(self) -> RefusedError:
        return RefusedError("refused")

    def _next(self) -> Answer:
        self.asked += 1
        return next(self._answers, Answer(404, "", []))


@SETTINGS
@given(protocol=st.sampled_from(sorted(DIALOGUES)), answers=ANSWERS)
def test_any_answers_give_facts_a_sentence_or_a_refusal(protocol: str, answers: list[Answer]) -> None:
    """Of known characteristics, with counts that are none below zero, in plain and short words."""
    device = Hostile(answers)
    with suppress(FormatError, RefusedError):
        for told in DIALOGUES[protocol](device):  # type: ignore[arg-type]
            if isinstance(told, str):
                assert told.isascii()
                continue
            assert DeviceFacts.decode(told.encode()) == told
            assert len(told.model) <= 64
            assert all(Characteristic(kind) for kind in told.kinds)
            for gallery in told.galleries:
                assert gallery.persons is None or gallery.persons >= 0
                assert len(gallery.name) <= 200
    assert device.asked <= 200


@SETTINGS
@given(text=st.text(max_size=400) | XML)
def test_any_text_is_an_answer_of_onvif_or_refused(text: str) -> None:
    """Entities, half an element, no XML at all."""
    for read in (onvif.services, onvif.clock, onvif.is_refusal, lambda answer: onvif.named(answer, "/x")):
        with suppress(FormatError):
            read(text)


@SETTINGS
@given(data=st.binary(max_size=120), numbers=st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=25))
def test_any_bytes_are_a_packet_of_a_terminal_or_refused(data: bytes, numbers: list[int]) -> None:
    """Counts are never below zero, and a length is one that an answer can have."""
    with suppress(FormatError):
        assert 8 <= Packet.length(data[:8]) <= 4096
    with suppress(FormatError):
        packet = Packet.decode(data)
        assert Packet.decode(packet.encode()[8:]) == packet
    with suppress(FormatError):
        sizes = Sizes.decode(struct.pack(f"<{len(numbers)}i", *numbers) + data)
        assert min(sizes.users, sizes.fingers, sizes.faces or 0) >= 0

        class Terminal:
            def sizes(self) -> Sizes:
                return sizes

        for told in zk(Terminal()):  # type: ignore[arg-type]
            assert isinstance(told, str) or DeviceFacts.decode(told.encode()) == told


@SETTINGS
@given(
    headers=st.lists(
        st.text(st.characters(max_codepoint=255), max_size=60).map(lambda text: f'Digest nonce="n", {text}')
        | st.text(st.characters(max_codepoint=255), max_size=60),
        max_size=3,
    ),
    password=st.text(max_size=8),
    session=st.integers(0, 65_535),
)
def test_any_challenge_is_answered_on_one_line_or_not_at_all(
    headers: list[str], password: str, session: int
) -> None:
    """A header cannot be split, and the password stands in none."""
    challenge = http_digest.strongest(headers)
    if challenge is not None:
        said = http_digest.answer(challenge, "user", f"geheim-{password}", "GET", "/x", "0123")
        assert not set(said) & set("\r\n\0")
        assert "geheim" not in said
    assert len(key_of(session * 7, session)) == 4


@SETTINGS
@given(data=st.binary(max_size=200) | JSON.map(lambda tree: json.dumps(tree).encode()))
def test_any_bytes_are_a_record_of_a_device_or_refused(data: bytes) -> None:
    """What a detector reads was written by the dialogues, and nothing else passes."""
    with suppress(FormatError):
        DeviceFacts.decode(data)
