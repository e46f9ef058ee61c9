"""What removes faces from documents, mail and recordings, under the law of its room as third parties test it."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from efface.actions.redact_pdf import RedactPdf
from efface.actions.redact_video import RedactVideo
from efface.actions.rewrite_mail import RewriteMail
from efface.testing.contracts import ActionContract, Sample
from efface.testing.documents import page_with, pdf, pdf_image
from efface.testing.videos import recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG")
    return target.getvalue()


class _WithPortrait(ActionContract):
    portrait: Image.Image

    @pytest.fixture(autouse=True)
    def _portrait(self, samples: Path) -> None:
        type(self).portrait = Image.open(samples / "portrait.png").convert("RGB")


class TestRedactPdf(_WithPortrait):
    """One face in samples and one in a JPEG."""

    def plugin(self) -> RedactPdf:
        return RedactPdf()

    def samples(self) -> Sequence[Sample]:
        one, other = self.portrait.resize((240, 240)), self.portrait.resize((256, 256))
        images = {
            4: pdf_image(one.tobytes(), one.size),
            5: pdf_image(_jpeg(other), other.size, more="/Filter/DCTDecode"),
        }
        return [Sample("office/a.pdf", pdf(page_with({"I": 4, "J": 5}) | images))]


class TestRewriteMail(_WithPortrait):
    """Two attachments, each with a face."""

    def plugin(self) -> RewriteMail:
        return RewriteMail()

    def samples(self) -> Sequence[Sample]:
        head = b"From: a@example.org\r\nSubject: b\r\nContent-Type: multipart/mixed; boundary=b1\r\n"
        parts = [
            b"\r\n--b1\r\nContent-Type: image/jpeg; name=%d.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n%s"
            % (side, base64.encodebytes(_jpeg(self.portrait.resize((side, side)))))
            for side in (240, 256)
        ]
        return [Sample("office/a.eml", head + b"".join(parts) + b"\r\n--b1--\r\n")]


class TestRedactVideo(_WithPortrait):
    """Two faces beside each other for a second and a half, coded without loss: the one that stays is the same."""

    def plugin(self) -> RedactVideo:
        return RedactVideo()

    def samples(self) -> Sequence[Sample]:
        face = np.asarray(self.portrait.crop((160, 0, 320, 200)).resize((80, 100)))
        frame = np.full((240, 480, 3), 128, np.uint8)
        frame[70:170, 30:110] = frame[70:170, 330:410] = face
        return [Sample("office/a.mkv", recording([frame] * 15, form="matroska", codec="ffv1"))]
