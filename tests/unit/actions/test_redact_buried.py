"""Files inside bytes of other kinds are changed where they are."""

from __future__ import annotations

import io
import pickle

import pytest
from PIL import Image

from efface.actions.redact_buried import RedactBuried
from efface.errors import RemovalError
from efface.model import Box, Characteristic, Finding, Form, Limits, Locator

LIMITS = Limits()


def picture(kind: str = "JPEG", seed: int = 1) -> bytes:
    target = io.BytesIO()
    Image.effect_noise((96, 96), 60 + seed).save(target, kind)
    return target.getvalue()


def face(name: str) -> Finding:
    locator = Locator("file", ("a.pkl", name)).at_box(Box(30, 30, 20, 20))
    return Finding("d@1", Form.SAMPLE, Characteristic.FACE, locator, 0.9)


def test_a_picture_in_a_pickle_is_covered_where_it_is():
    """Only the bytes of the picture change, the length stays, and the pickle still loads."""
    value = {"name": "kept words", "photo": picture(), "other": picture("PNG", 2)}
    data = pickle.dumps(value)
    outcome = RedactBuried().rewritten(data, [face("buried-1.jpeg")], LIMITS)
    assert outcome.data is not None
    assert len(outcome.data) == len(data)
    assert [action.name for action in outcome.actions] == ["redact-image", "redact-buried"]
    loaded = pickle.loads(outcome.data)  # noqa: S301 - made here
    assert (loaded["name"], loaded["other"]) == (value["name"], value["other"])
    after = Image.open(io.BytesIO(loaded["photo"])).crop((32, 32, 48, 48))
    assert after.getextrema()[1] <= 16
    assert RedactBuried().remove(outcome.data, [face("buried-1.jpeg")], LIMITS) == outcome.data


def test_a_picture_that_would_grow_is_refused():
    """What does not fit into its place leaves everything as it was."""
    target = io.BytesIO()
    Image.effect_noise((96, 96), 60).convert("RGB").save(target, "WEBP", quality=20)
    with pytest.raises(RemovalError, match="longer"):
        RedactBuried().remove(b"head" + target.getvalue() + b"tail", [face("buried-1.webp")], LIMITS)


@pytest.mark.parametrize("name", ["buried-2.jpeg", "buried-1.png", "else"])
def test_a_file_that_is_not_there_is_refused(name):
    """A name under which nothing lies means that the bytes have changed."""
    with pytest.raises(RemovalError, match="changed"):
        RedactBuried().remove(b"head" + picture() + b"tail", [face(name)], LIMITS)


def test_programs_are_left_alone():
    """Programs check themselves, so none is changed; nor is what has no file in it."""
    assert not RedactBuried().accepts("application/x-elf", face("buried-1.jpeg"))
    whole = Finding("d@1", Form.TEMPLATE, Characteristic.FACE, Locator("file", ("a.pkl",)), 0.9)
    assert not RedactBuried().accepts("application/x-pickle", whole)
