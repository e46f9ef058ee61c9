"""`efface countersign`: stand by a certificate that somebody else issued."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.check import Revoked, Trusted
from efface.cli.keys import PassphraseVariable

__all__ = ["countersign"]


def countersign(  # noqa: PLR0913 - one parameter for each option
    certificate: Path,
    *,
    output: Annotated[
        str,
        Parameter(
            name=["--output", "-o"],
            allow_leading_hyphen=True,
            help="Countersigned file; - is standard output.",
        ),
    ],
    key: Annotated[Path, Parameter(name="--key", help="Private key of who countersigns.")],
    trust: Trusted,
    revoked: Revoked = None,
    passphrase_env: PassphraseVariable = None,
) -> int:
    """Add a signature to a certificate, after checking it: exit code 4, and no file, when it does not hold.

    Nothing in the statement changes, and no run file is needed. Those who signed before must all be trusted.

    Parameters
    ----------
    certificate
        Certificate file.
    """
    from efface.cli.check import read_revoked
    from efface.cli.options import read_certificate, write_bytes
    from efface.evidence import keys
    from efface.evidence.certificate import countersign as sign

    data, trusted = read_certificate(certificate), [keys.load_public(path) for path in trust]
    passphrase = keys.passphrase_from_environment(passphrase_env) if passphrase_env else None
    signer = keys.load_private(key, passphrase)
    write_bytes(output, sign(data, signer, trusted, read_revoked(revoked)))
    return 0
