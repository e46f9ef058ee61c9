"""Codings that hardly any program writes come off; sentences give nothing that matters."""

from __future__ import annotations

import base64
import binascii
import json

import pytest

from efface.formats.rare_codes import decodings

DATA = bytes(range(256)) * 2

CODED = {
    "base32": base64.b32encode(DATA).decode(),
    "base32 without padding, lower case": base64.b32encode(DATA).decode().rstrip("=").lower(),
    "base32hex": base64.b32hexencode(DATA).decode(),
    "ASCII85": base64.a85encode(DATA).decode(),
    "ASCII85 in its marks": "<~" + base64.a85encode(DATA).decode() + "~>",
    "base85": base64.b85encode(DATA).decode(),
    "hex between blanks": DATA.hex(" "),
    "hex behind 0x": ", ".join(f"0x{byte:02x}" for byte in DATA),
    "decimal bytes": json.dumps(list(DATA)),
    "signed bytes": " ".join(str(byte - 256 if byte > 127 else byte) for byte in DATA),
    "quoted-printable": binascii.b2a_qp(DATA, quotetabs=True, istext=False).decode(),
    "character references": "".join(f"&#{byte};" for byte in DATA),
    "hexadecimal references": "".join(f"&#x{byte:x};" for byte in DATA),
    "octal escapes": "".join(f"\\{byte:03o}" for byte in DATA),
    "characters of the same number": DATA.decode("latin-1"),
}


@pytest.mark.parametrize("text", CODED.values(), ids=CODED.keys())
def test_a_coding_comes_off(text: str) -> None:
    """What was put in comes out."""
    assert DATA in [found for _, found in decodings(text)]


def test_backwards_and_spaced_base64_come_out_as_base64() -> None:
    """They are texts still, for whoever takes base64 off."""
    plain = base64.b64encode(DATA).decode()
    spaced = " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))
    assert plain in [found for _, found in decodings(plain[::-1])]
    assert plain in [found for _, found in decodings(spaced)]


def test_a_run_inside_a_sentence_is_given() -> None:
    """Words around it do not hide it."""
    plain = base64.b64encode(DATA).decode()
    assert any(found == plain for _, found in decodings(f"见附件{plain}。"))


@pytest.mark.parametrize("text", ["", "短", "违法采集员工指纹用于考勤，" * 20, "a" * 63])
def test_sentences_and_short_texts_give_nothing(text: str) -> None:
    """Nothing is made up where nothing is coded."""
    assert list(decodings(text)) == []
