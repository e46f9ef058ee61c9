"""`efface stamp`: have a third party say when a certificate existed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from efface.cli.options import Language, language_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from efface.model.stamp import StampReport

__all__ = ["Authorities", "app", "look"]

_REQUEST = "efface stamp request c.json -o c.tsq"
_ATTACH = "efface stamp attach c.json answer.tsr --request c.tsq --tsa-cert tsa.pem"

app = App(
    name="stamp",
    help="Time stamps (RFC 3161): ask for one, keep the answer beside the certificate; nothing is sent.",
    help_epilogue=f"Examples:\n\n  {_REQUEST}\n\n  {_ATTACH}",
)

Authorities = Annotated[
    tuple[Path, ...],
    Parameter(
        name="--tsa-cert",
        help="Certificates (PEM, DER) that are trusted to stamp or to vouch for who does; may be given several times.",
    ),
]


@app.command(help_epilogue=f"Examples:\n\n  {_REQUEST}\n\n  {_REQUEST} --policy 1.2.3.4")
def request(
    certificate: Path,
    *,
    output: Annotated[
        str,
        Parameter(
            name=["--output", "-o"], allow_leading_hyphen=True, help="Request file; - is standard output."
        ),
    ],
    policy: Annotated[
        str | None, Parameter(help="Policy of the authority to ask for, as an object identifier.")
    ] = None,
) -> int:
    """Write a request for a stamp over a certificate's file, to be taken to an authority; nothing is sent.

    Parameters
    ----------
    certificate
        Certificate file.
    """
    from efface.cli.options import read_certificate, write_bytes
    from efface.errors import UsageError
    from efface.evidence import stamps

    try:
        asked = stamps.request(read_certificate(certificate), policy)
    except ValueError:
        raise UsageError(f"{policy}: expected an object identifier such as 1.2.3.4") from None
    write_bytes(output, asked)
    return 0


@app.command(help_epilogue=f"Examples:\n\n  {_ATTACH}\n\n  {_ATTACH} --lang zh")
def attach(
    certificate: Path,
    response: Path,
    *,
    request: Annotated[Path, Parameter(help="The request that was taken to the authority.")],
    tsa_cert: Authorities,
    lang: Language = None,
) -> int:
    """Check what an authority answered, and keep it beside the certificate, under its name and .tsr.

    Exit code 4, and nothing kept, when it does not hold. A stamp that is there is not replaced.

    Parameters
    ----------
    certificate
        Certificate file.
    response
        What the authority answered.
    """
    from efface.cli.options import read_certificate, write_bytes
    from efface.cli.output import show
    from efface.errors import UsageError
    from efface.evidence import stamps
    from efface.model.stamp import StampOutcome, StampReport
    from efface.report.stamps import stamp_sentences

    place, answer = _beside(certificate), _read(response)
    if place.exists() and not place.samefile(response):
        raise UsageError(f"{place} exists and is not overwritten")
    stamp = stamps.attachable(read_certificate(certificate), _read(request), answer, _trusted(tsa_cert))
    write_bytes(str(place), answer)
    report = StampReport(StampOutcome.HOLDS, stamp)
    show(*(each.get(language_of(lang)) for each in stamp_sentences(report, None)))
    return 0


def look(certificate: Path, data: bytes, tsa_cert: tuple[Path, ...]) -> StampReport | None:
    """Return what the stamp beside a certificate shows; None where there is none and nobody asks for one.

    Raises:
        UsageError: A file cannot be read, or holds no certificate of an authority.
    """
    place = _beside(certificate)
    if not place.exists() and not tsa_cert:
        return None
    from efface.evidence import stamps

    return stamps.look(data, _read(place) if place.exists() else None, _trusted(tsa_cert))


def _beside(certificate: Path) -> Path:
    from efface.evidence.stamps import SUFFIX

    return certificate.with_name(certificate.name + SUFFIX)


def _trusted(paths: tuple[Path, ...]) -> list[Certificate]:
    from efface.engines.time_stamps import load_certificates
    from efface.errors import UsageError

    found = []
    for path in paths:
        try:
            found += load_certificates(_read(path))
        except ValueError:
            raise UsageError(f"{path}: expected certificates in PEM or DER") from None
    return found


def _read(path: Path) -> bytes:
    """Return a small file, or so much of it as shows that it is too large."""
    from efface.engines.time_stamps import MAX_BYTES
    from efface.errors import UsageError

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
