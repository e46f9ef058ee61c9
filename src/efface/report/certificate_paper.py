"""Lay out a certificate as a paper to read and to file; the signed file itself goes with it.

The paper is a rendering: what counts is the file in it, which anybody can take out and check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.document import Attached, Document, Pairs, Points, Section, same
from efface.report.plain import moment_text
from efface.report.recognised import recognised_sentences
from efface.report.taken_away import taken_away_sentences
from efface.report.texts import both, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Certificate

__all__ = ["NAME", "certificate_paper"]

NAME = "certificate.json"
"""What the file in the paper is called."""


def certificate_paper(certificate: Certificate, data: bytes, sha256: str, lang: str) -> Document:
    """Return the paper.

    Args:
        certificate: What a verified certificate says.
        data: The certificate's file.
        sha256: Its digest, in hex.
        lang: "zh" or "en", the language that comes first.
    """
    open_ = set(certificate.findings_by) - {"removed"}
    sections = [Section(both("heading.statement"), (Pairs(tuple(_statement(certificate))),))]
    tried = tuple(recognised_sentences(certificate))
    if tried:
        sections.append(Section(both("label.recognised"), (Points(tried),)))
    away = tuple(taken_away_sentences(certificate))
    if away:
        sections.append(Section(both("label.decommissioned"), (Points(away),)))
    sections.append(Section(both("heading.not_proven"), (Points(certificate.not_proven),)))
    return Document(
        title=both("title.certificate"),
        subtitle=both("sentence.paper_certificate"),
        outcome=_findings(certificate),
        kind="undecided" if open_ or certificate.gaps else "nothing",
        head=Pairs(tuple(_head(certificate, sha256))),
        sections=tuple(sections),
        foot=both("sentence.foot_certificate", version=certificate.tool_version),
        made_on=certificate.issued_at.date(),
        lang=lang,
        attached=Attached(NAME, "application/json", data.decode(), both("sentence.certificate_attached")),
    )


def _findings(certificate: Certificate) -> Text:
    counted = sorted(certificate.findings_by.items())
    shown = [(word("finding_status", name), count) for name, count in counted]
    zh = "，".join(f"{name.zh} {count:,}" for name, count in shown) or "0"
    en = ", ".join(f"{name.en} {count:,}" for name, count in shown) or "0"
    return Text(
        both("sentence.certified_findings", counts=zh).zh, both("sentence.certified_findings", counts=en).en
    )


def _head(certificate: Certificate, sha256: str) -> Iterator[tuple[Text, Text]]:
    yield both("label.run_id"), same(certificate.run_id)
    yield both("label.issued"), same(moment_text(certificate.issued_at))
    yield both("label.certificate_digest"), same(sha256)
    yield both("label.signed_by"), same(", ".join(certificate.key_ids))


def _statement(certificate: Certificate) -> Iterator[tuple[Text, Text]]:
    used = [*certificate.detectors, *(f"{name} {digest}" for name, digest in certificate.networks.items())]
    used += [f"{pack.id} {pack.digest}" for pack in certificate.packs]
    yield both("label.tool"), same(f"efface {certificate.tool_version}")
    yield (
        both("label.looked_at"),
        same(f"{certificate.artefacts_scanned:,} / {certificate.artefacts_seen:,}"),
    )
    yield both("label.total_gaps"), same(f"{certificate.gaps:,}")
    yield both("label.changed_targets"), same(f"{certificate.removals:,}")
    yield both("label.used"), same("; ".join(used))
    yield both("label.ledger_root"), same(f"{certificate.ledger_root} ({certificate.ledger_size:,})")
