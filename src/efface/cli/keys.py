"""`efface keys`: signing keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

__all__ = ["app"]

app = App(
    name="keys",
    help="Signing keys: Ed25519, the private half for its owner only.",
    help_epilogue="Examples:\n\n  efface keys new inspector.pem\n\n  efface keys show inspector.pub",
)

PassphraseVariable = Annotated[
    str | None, Parameter(name="--passphrase-env", help="Environment variable that holds the passphrase.")
]


@app.command(
    help_epilogue="Examples:\n\n  efface keys new inspector.pem\n\n"
    "  efface keys new inspector.pem --passphrase-env EFFACE_KEY"
)
def new(path: Path, *, passphrase_env: PassphraseVariable = None) -> int:
    """Make a key pair: PATH for the private half, .pub for the public one; nothing is overwritten."""
    from efface.errors import UsageError
    from efface.evidence import keys

    public = path.with_suffix(".pub")
    if public.exists():  # before the private half is written, which would be of no use alone
        raise UsageError(f"{public} exists and is not overwritten")
    key = keys.SigningKey.new()
    passphrase = keys.passphrase_from_environment(passphrase_env) if passphrase_env else None
    keys.save_private(key, path, passphrase)
    keys.save_public(key.public, public)
    print(f"private: {path}\npublic:  {public}\nkey id:  {key.key_id}")
    return 0


@app.command(help_epilogue="Examples:\n\n  efface keys show inspector.pub\n\n  efface keys show other.pub")
def show(path: Path) -> int:
    """Show the id of a public key, which a certificate names."""
    from efface.evidence import keys

    print(keys.load_public(path).key_id)
    return 0
