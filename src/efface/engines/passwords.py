"""The passwords that a run may try on encrypted documents and archives.

They come from a file that the environment variable EFFACE_PASSWORDS_FILE names, one a line, in UTF-8. They are
never shown, logged or stored.
"""

from __future__ import annotations

import os
from functools import lru_cache

from efface.errors import AccessError

__all__ = ["VARIABLE", "passwords", "readable_passwords"]

VARIABLE = "EFFACE_PASSWORDS_FILE"
_MAX_BYTES = 1 << 20
_MAX_PASSWORDS = 1_000  # each costs a key derivation for each encrypted thing


def passwords() -> tuple[str, ...]:
    """Return the passwords, in their order; none when the variable is not set.

    Raises:
        AccessError: The file cannot be read, or is no list of passwords.
    """
    path = os.environ.get(VARIABLE, "")
    return _read(path) if path else ()


def readable_passwords() -> tuple[str, ...]:
    """Return the passwords, or none where their file cannot be read.

    For what must be told before anybody knows whether something is encrypted; ask `passwords` when it is.
    """
    try:
        return passwords()
    except AccessError:
        return ()


@lru_cache(maxsize=1)
def _read(path: str) -> tuple[str, ...]:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise AccessError(f"the file that {VARIABLE} names cannot be read: {error.strerror}") from None
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise AccessError(f"the file that {VARIABLE} names is not in UTF-8") from None
    found = tuple(dict.fromkeys(line for line in lines if line))
    if len(data) > _MAX_BYTES or len(found) > _MAX_PASSWORDS:
        raise AccessError(f"the file that {VARIABLE} names holds more than {_MAX_PASSWORDS} passwords")
    return found
