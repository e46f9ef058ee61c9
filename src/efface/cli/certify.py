"""`efface certify`: sign what was done and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from efface.cli.keys import PassphraseVariable
from efface.cli.options import Language, language_of

if TYPE_CHECKING:
    from efface.evidence.keys import SigningKey

__all__ = ["certify"]


def certify(  # noqa: PLR0913 - one parameter for each option
    run: Path,
    *,
    output: Annotated[
        str,
        Parameter(
            name=["--output", "-o"], allow_leading_hyphen=True, help="Certificate file; - is standard output."
        ),
    ],
    key: Annotated[Path, Parameter(name="--key", help="Private key of the signer.")],
    passphrase_env: PassphraseVariable = None,
    pdf: Annotated[
        str | None,
        Parameter(help="Write the certificate as a paper, too: PDF/A-3 with the signed file in it."),
    ] = None,
    lang: Language = None,
) -> int:
    """Sign what was done and checked in a run, and what was not proven.

    With --pdf the same is written in Chinese and English, to read and to file; what counts is the file in it.

    Parameters
    ----------
    run
        Run file.
    """
    from efface.cli.options import write_bytes
    from efface.errors import UsageError
    from efface.evidence import keys
    from efface.runs.certifying import certify as issue
    from efface.runs.store import Store

    if pdf is not None and not pdf.lower().endswith(".pdf"):
        raise UsageError(f"{pdf}: the paper is written to a file that ends in .pdf")
    passphrase = keys.passphrase_from_environment(passphrase_env) if passphrase_env else None
    signer = keys.load_private(key, passphrase)
    first = language_of(lang)

    def write(data: bytes) -> None:
        paper = None if pdf is None else _paper(data, signer, first)
        write_bytes(output, data)
        if pdf is not None and paper is not None:
            write_bytes(pdf, paper)

    with Store(str(run), create=False) as store:
        issue(store, signer, write)
    return 0


def _paper(data: bytes, signer: SigningKey, lang: str) -> bytes:
    """Return the paper of a certificate, made before anything is written."""
    import hashlib

    from efface.errors import EvidenceError
    from efface.evidence.check import check
    from efface.report.certificate_paper import certificate_paper
    from efface.report.document_pdf import render

    certificate = check(data, [signer.public]).certificate
    if certificate is None:
        raise EvidenceError("the certificate does not hold")
    return render(certificate_paper(certificate, data, hashlib.sha256(data).hexdigest(), lang))
