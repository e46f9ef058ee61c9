"""`efface certify`: sign what was done and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.keys import PassphraseVariable

__all__ = ["certify"]


def certify(
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
) -> int:
    """Sign what was done and checked in a run, and what was not proven.

    Parameters
    ----------
    run
        Run file.
    """
    from efface.cli.options import write_bytes
    from efface.evidence import keys
    from efface.runs.certifying import certify as issue
    from efface.runs.store import Store

    passphrase = keys.passphrase_from_environment(passphrase_env) if passphrase_env else None
    signer = keys.load_private(key, passphrase)
    with Store(str(run), create=False) as store:
        issue(store, signer, lambda data: write_bytes(output, data))
    return 0
