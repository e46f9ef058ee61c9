"""The page of a check: complete without a script, in two languages, and silent about what does not hold."""

from __future__ import annotations

import hashlib
import html
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.evidence.certificate import countersign
from efface.evidence.check import check
from efface.evidence.keys import SigningKey
from efface.report.html_check import render
from efface.testing.ledgers import office_story

OWNER, SECOND, THIRD = (
    SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + bytes([n]))) for n in range(3)
)
CERTIFICATE = countersign(office_story().certificate(OWNER), SECOND, [OWNER.public])
DIGEST = hashlib.sha256(CERTIFICATE).hexdigest()
NAMES = {"<owner>.pub": OWNER.key_id, "second.pub": SECOND.key_id, "third.pub": THIRD.key_id}
GOOD = check(CERTIFICATE, [OWNER.public, SECOND.public])
BAD = check(CERTIFICATE, [OWNER.public])


def page(report, lang="en") -> str:
    return render(report.steps, report.certificate, NAMES, DIGEST, lang)


@pytest.mark.parametrize("report", [GOOD, BAD], ids=["holds", "does not hold"])
def test_nothing_runs_and_nothing_is_loaded(report) -> None:
    """No script, no picture, no address: the page works on paper, too."""
    shown = page(report)
    assert "<script" not in shown
    assert "script-src 'none'" in html.unescape(shown)
    assert not re.search(r"""(src|href)=|url\(|https?://(?!efface\.dev)""", shown)


def test_every_step_has_its_number() -> None:
    """Eleven rows in turn, all passed, in both languages."""
    shown = page(GOOD)
    assert re.findall(r"<tr><td>(\d+)</td>", shown) == [str(n) for n in range(1, 12)]
    assert "证书成立" in shown
    assert "the certificate holds" in shown


def test_what_the_certificate_says_stands_below() -> None:
    """Run, root, limits in both languages, who signed and who did not."""
    shown = page(GOOD)
    for expected in (GOOD.certificate.run_id, GOOD.certificate.ledger_root, DIGEST, *NAMES.values()):
        assert expected in shown
    for limit in GOOD.certificate.not_proven:
        assert limit.zh in shown
    assert shown.count(">did not sign<") == 1
    assert "&lt;owner&gt;.pub" in shown


def test_a_certificate_that_does_not_hold_says_nothing() -> None:
    """The step that fails has its reason; no word of the statement is shown."""
    shown = page(BAD)
    assert "do not rely on this certificate" in shown
    assert "is not trusted" in shown
    assert GOOD.certificate.run_id not in shown
    assert GOOD.certificate.ledger_root not in shown
    assert "What was not proven" not in shown


@pytest.mark.parametrize(("lang", "root"), [("zh", "zh-CN"), ("en", "en")])
def test_the_language_that_was_asked_for_is_shown_first(lang, root) -> None:
    """The other one is one click away, without a script."""
    shown = page(GOOD, lang)
    assert f'<html lang="{root}">' in shown
    assert re.search(rf'id="lang-{lang}" checked', shown)
