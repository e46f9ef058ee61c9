"""Render the check of a certificate as one page without a script: the steps, and the statement where all hold.

The page is a rendering of a check that was made when it was written. It proves nothing by itself: whoever
gets it runs the check again on the certificate, whose SHA-256 it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines import qr
from efface.report.html_page import language_bar, page
from efface.report.html_sections import heading
from efface.report.markup import Html, bilingual, element, fragment, said, table, term
from efface.report.plain import moment_text, short
from efface.report.recognised import recognised_sentences
from efface.report.taken_away import taken_away_sentences
from efface.report.texts import text
from efface.report.wording import detail_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efface.model import Certificate, Text
    from efface.report.view import CheckStep

__all__ = ["render"]

_PASSED = {True: "yes", False: "no", None: "unknown"}


def render(  # noqa: PLR0913 - one for each part of the page
    steps: Sequence[CheckStep],
    certificate: Certificate | None,
    signers: Mapping[str, str],
    sha256: str,
    lang: str,
    *,
    stamp: Sequence[Text] = (),
) -> str:
    """Return the page.

    Args:
        steps: The steps of the check, in order.
        certificate: What the certificate says; None unless every step holds.
        signers: Names of the trusted keys' files to the ids of the keys.
        sha256: Digest of the certificate's file, in hex.
        lang: "zh" or "en", the language shown first.
        stamp: What its time stamp shows; empty where there is nothing to say.
    """
    parts = [_masthead(sha256), _steps(steps, is_ok=certificate is not None)]
    if certificate is not None:
        parts += [_signers(certificate, signers), _statement(certificate), _not_proven(certificate)]
    if stamp:
        told = (element("p", bilingual(each)) for each in stamp)
        parts.insert(2, element("section", heading("stamp"), *told))
    return page(text("title.check", lang), lang, element("main", *parts))


def _masthead(sha256: str) -> Html:
    facts = element(
        "div", element("dt", said("label.certificate_digest")), element("dd", element("code", sha256))
    )
    title = element("h1", said("title.check"))
    subtitle = element("p", said("title.check_subtitle"), class_="subtitle")
    return element("header", language_bar(), title, subtitle, element("dl", facts), _code(sha256))


def _code(sha256: str) -> Html:
    """Return the digest as a QR code, for who compares paper with a file; nothing without the library."""
    rows = qr.modules(f"sha256:{sha256}")
    if rows is None:
        return Html()
    quiet, size = qr.QUIET_MODULES, len(rows) + 2 * qr.QUIET_MODULES
    dark = "".join(
        f"M{x + quiet} {y + quiet}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, module in enumerate(row)
        if module
    )
    return element(
        "svg",
        element("title", f"sha256:{sha256}"),
        element("rect", width=size, height=size, fill="#fff"),
        element("path", d=dark, fill="#000"),
        viewBox=f"0 0 {size} {size}",
        width=4 * size,
        height=4 * size,
        role="img",
    )


def _steps(steps: Sequence[CheckStep], *, is_ok: bool) -> Html:
    rows = (
        (
            f"{step.number}",
            term("check", step.title),
            element("strong", said(f"passed.{_PASSED[step.ok]}")),
            bilingual(detail_text(step.reason)) if step.reason else "",
        )
        for step in steps
    )
    outcome, style = ("check_holds", "h-nothing") if is_ok else ("check_fails", "h-violations")
    return element(
        "section",
        heading("check"),
        element("p", said(f"sentence.{outcome}"), class_=f"headline {style}"),
        table(("number_of_step", "step", "result", "detail"), rows),
    )


def _signers(certificate: Certificate, signers: Mapping[str, str]) -> Html:
    rows = (
        (
            element("bdi", short(name)),
            element("code", key_id),
            said("signer.signed" if key_id in certificate.key_ids else "signer.not_signed"),
        )
        for name, key_id in signers.items()
    )
    return element("section", heading("signers"), table(("key_file", "key_id", "result"), rows))


def _statement(certificate: Certificate) -> Html:
    statuses = (
        element("div", term("finding_status", name), f" {count:,}")
        for name, count in sorted(certificate.findings_by.items())
    )
    root = fragment(element("code", certificate.ledger_root), f" ({certificate.ledger_size:,})")
    used = [*certificate.detectors, *(f"{name} {digest}" for name, digest in certificate.networks.items())]
    used += [f"{pack.id} {pack.digest}" for pack in certificate.packs]
    tried = [element("div", bilingual(each)) for each in recognised_sentences(certificate)]
    away = [element("div", bilingual(each)) for each in taken_away_sentences(certificate)]
    pairs = (
        ("run_id", element("code", certificate.run_id)),
        ("issued", moment_text(certificate.issued_at)),
        ("tool", f"efface {certificate.tool_version}"),
        ("looked_at", f"{certificate.artefacts_scanned:,} / {certificate.artefacts_seen:,}"),
        ("total_gaps", f"{certificate.gaps:,}"),
        ("total_findings", fragment(*statuses) or "0"),
        ("changed_targets", f"{certificate.removals:,}"),
        *([("recognised", fragment(*tried))] if tried else []),
        *([("decommissioned", fragment(*away))] if away else []),
        ("used", fragment(*(element("div", element("code", each)) for each in used))),
        ("ledger_root", root),
    )
    rows = (element("div", element("dt", said(f"label.{key}")), element("dd", value)) for key, value in pairs)
    return element("section", heading("statement"), element("dl", *rows))


def _not_proven(certificate: Certificate) -> Html:
    items = (element("li", bilingual(item)) for item in certificate.not_proven)
    return element("section", heading("not_proven"), element("ul", *items))
