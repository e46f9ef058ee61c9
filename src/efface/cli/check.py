"""`efface check`: verify a certificate offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.options import Language, Quiet, language_of

__all__ = ["check"]


def check(
    certificate: Path,
    *,
    trust: Annotated[
        tuple[Path, ...],
        Parameter(name="--trust", help="Public key that is trusted; may be given several times."),
    ],
    lang: Language = None,
    quiet: Quiet = False,
) -> int:
    """Check a certificate offline, in numbered steps: exit code 0 when it holds, 4 when it does not.

    Parameters
    ----------
    certificate
        Certificate file.
    """
    from efface.cli.output import show
    from efface.errors import UsageError
    from efface.evidence import keys
    from efface.evidence.check import check as check_certificate
    from efface.report import terminal
    from efface.runs.exit_code import ExitCode

    try:
        data = certificate.read_bytes()
    except OSError as error:
        raise UsageError(f"{certificate}: {error.strerror}") from None
    report = check_certificate(data, [keys.load_public(path) for path in trust])
    if not quiet:
        show(terminal.check_steps(report.steps, language_of(lang)))
        if report.ok and report.certificate is not None:
            show(terminal.certificate_summary(report.certificate, language_of(lang)))
    return ExitCode.CLEAN if report.ok else ExitCode.FAILED
