"""A value of a database that is a document in itself is opened as a file is."""

from __future__ import annotations

import base64

import pytest

from efface.examine import Examiner
from efface.model import Collection, Column, Gap, GapReason, Limits, Locator, Mode, Surroundings
from efface.testing.compound import compound

SECRET = base64.encodebytes(compound({"EncryptionInfo": bytes(9), "EncryptedPackage": bytes(900)})).decode()

VALUES = {
    "XML": f"<?xml version='1.0'?><answer><file>{SECRET}</file></answer>",
    "XML as bytes": f"<answer><file>{SECRET}</file></answer>".encode(),
    "a drawing": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="data:image/png;base64,{SECRET}"/></svg>',
    "a page": f'<html><img src="data:application/msword;base64,{SECRET}"></html>',
    "mail": f"From: a\nSubject: b\nMIME-Version: 1.0\nContent-Type: application/msword\nContent-Transfer-Encoding: base64\n\n{SECRET}",
}


@pytest.mark.parametrize("case", VALUES)
def test_what_a_document_in_a_value_holds_is_looked_at(case: str) -> None:
    """An encrypted file in a document in a field is a gap of the field, as it would be in a file."""
    place = Locator("file", ("/d/a.sqlite",), "/log/answer")
    column = Column(place, Surroundings(("answer", "log")), lambda: iter([VALUES[case]]), 1)
    results = Examiner(Mode.STANDARD, Limits()).examine(Collection(place.container, lambda: iter([column])))
    found = [result for result in results if isinstance(result, Gap)]
    assert [(gap.locator, gap.reason) for gap in found] == [(place, GapReason.ENCRYPTED)]
