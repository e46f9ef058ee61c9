"""`efface check`: verify a certificate offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.options import HtmlFile, Language, Quiet, language_of
from efface.cli.stamp import Authorities, look

__all__ = ["Revoked", "Trusted", "check", "read_revoked"]

Trusted = Annotated[
    tuple[Path, ...],
    Parameter(name="--trust", help="Public key that is trusted; may be given several times."),
]
Revoked = Annotated[
    Path | None,
    Parameter(name="--revoked", help="List of keys that are trusted no longer: a key id a line."),
]


def check(  # noqa: PLR0913 - one parameter for each option
    certificate: Path,
    *,
    trust: Trusted,
    revoked: Revoked = None,
    tsa_cert: Authorities = (),
    html: HtmlFile = None,
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Check a certificate offline, in numbered steps: exit code 0 when it holds, 4 when it does not.

    Every signer must be trusted, and none revoked. Which of the trusted keys signed is said at the end.
    A time stamp that lies beside it (CERTIFICATE.tsr) is verified with --tsa-cert, and must then hold, too.
    With --html, steps and statement are written as a page that needs no script.

    Parameters
    ----------
    certificate
        Certificate file.
    """
    import hashlib

    from efface.cli.options import read_certificate, write_text
    from efface.cli.output import show
    from efface.evidence import keys
    from efface.evidence.check import check as check_certificate
    from efface.model.stamp import StampOutcome
    from efface.report import html_check, terminal
    from efface.report.stamps import stamp_sentences
    from efface.runs.exit_code import ExitCode

    trusted = {path: keys.load_public(path) for path in trust}
    data = read_certificate(certificate)
    report = check_certificate(data, trusted.values(), read_revoked(revoked))
    signers = {str(path): key.key_id for path, key in trusted.items()}
    stamp = look(certificate, data, tsa_cert)
    told = () if stamp is None else tuple(stamp_sentences(stamp, report.certificate))
    if html is not None:
        digest = hashlib.sha256(data).hexdigest()
        page = html_check.render(
            report.steps, report.certificate, signers, digest, language_of(lang), stamp=told
        )
        write_text(html, page)
    if not quiet and html != "-":
        show(terminal.check_steps(report.steps, language_of(lang)))
        if report.ok and report.certificate is not None:
            show(terminal.certificate_summary(report.certificate, language_of(lang)))
            show(terminal.signer_table(report.certificate, signers, language_of(lang)))
        show(*(each.get(language_of(lang)) for each in told))
    is_stamped = stamp is not None and stamp.outcome is StampOutcome.HOLDS
    return ExitCode.CLEAN if report.ok and (is_stamped or not tsa_cert) else ExitCode.FAILED


def read_revoked(path: Path | None) -> frozenset[str]:
    """Return the ids of a list of revoked keys, or none when none is named."""
    from efface.evidence import keys

    return frozenset() if path is None else keys.load_revoked(path)
