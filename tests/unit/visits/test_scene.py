"""Photos of the scene: covered and looked at again, or refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from efface.errors import RemovalError, ResidueError, UsageError
from efface.model import Characteristic, Finding, Form, Gap, GapReason, Locator
from efface.visits.scene import Look, cover, look

PLACE = Locator("visit", ("added",))
FACE = Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, PLACE.at("xywh=pixel:8,8,16,16"), 0.9)
PRINT = Finding("biometric-record@1", Form.TEMPLATE, Characteristic.FINGERPRINT, PLACE, 0.9)
GAP = Gap(PLACE, "decode", GapReason.UNREADABLE, "broken")


def picture(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.effect_noise((96, 96), 40).convert("RGB").save(out, kind)
    return out.getvalue()


def eyes(*looks: Look):
    """Return eyes that see one thing after another."""
    left = iter(looks)
    return lambda _data: next(left)


def seen(*findings: Finding, gaps: tuple[Gap, ...] = (), media_type: str = "image/png") -> Look:
    return Look(media_type, findings, gaps)


def test_a_face_in_a_photo_is_covered_and_its_copies_go(samples: Path) -> None:
    """What is kept holds no face, and differs from what was given."""
    photo = io.BytesIO()
    Image.open(samples / "portrait.png").convert("RGB").resize((320, 320)).save(photo, "JPEG")
    scene = cover(photo.getvalue())
    assert (scene.faces, scene.suffix) == (1, "jpg")
    assert scene.data != photo.getvalue()
    assert look(scene.data).findings == ()


def test_a_photo_with_a_face_that_stays_is_refused() -> None:
    """A second look that still finds something gives nothing to store."""
    with pytest.raises(ResidueError, match="still finds 1"):
        cover(picture(), eyes(seen(FACE), seen(FACE)))


REFUSED = {
    "not looked at as a whole": (seen(FACE, gaps=(GAP,)),),
    "the result not looked at as a whole": (seen(FACE), seen(gaps=(GAP,))),
    "something that cannot be covered": (seen(FACE, PRINT),),
}


@pytest.mark.parametrize("looks", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_told_or_covered_is_refused(looks: tuple[Look, ...]) -> None:
    """Doubt is a refusal."""
    with pytest.raises(RemovalError, match="nothing was stored"):
        cover(picture(), eyes(*looks))


@pytest.mark.parametrize("media_type", ["image/heic", "application/pdf", "video/mp4", ""])
def test_a_kind_that_cannot_be_redacted_is_refused(media_type: str) -> None:
    """Without faces, too: who adds photos learns it at the first one."""
    with pytest.raises(UsageError, match="no other picture"):
        cover(picture(), eyes(seen(media_type=media_type)))


def test_a_broken_photo_is_refused() -> None:
    """What a decoder cannot read was not looked at."""
    with pytest.raises(RemovalError):
        cover(picture("JPEG")[:900])
