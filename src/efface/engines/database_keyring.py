"""The keyring of this system, where one is installed and open."""

from __future__ import annotations

__all__ = ["password_for"]

_SERVICE = "efface"


def password_for(place: str, user: str) -> str | None:
    """Return the password that `keyring set efface USER@PLACE` stored, or None."""
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to load

        return keyring.get_password(_SERVICE, f"{user}@{place}" if user else place)
    except Exception:  # noqa: BLE001 - no keyring, or one that is locked: the next way is tried
        return None
