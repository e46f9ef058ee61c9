"""Check the check digits of China's codes for organisations and persons.

A code that fails is a warning and no more: some codes in use were issued with a wrong check digit.

Sources: GB 32100-2015 (unified social credit code), 4 and annex A; GB 11714-1997 (organisation code), the
nine digits from the ninth on; GB 11643-1999 (citizen identity number), 4.
"""

from __future__ import annotations

import re
from datetime import date
from operator import mul

__all__ = ["organisation_fault", "person_fault", "uscc_check", "uscc_fault"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
_VALUES = bytes.maketrans(_ALPHABET.encode(), bytes(range(len(_ALPHABET))))
_USCC_WEIGHTS = tuple(pow(3, at, 31) for at in range(17))
_CHARACTERS = frozenset(_ALPHABET)
_REGISTRARS = frozenset("123456789ANY")
"""Who registers: A the military, N agriculture, Y others; the digits are the departments of 2015."""

_ORGANISATION = re.compile(r"[0-9A-Z]{8}-?[0-9X]")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_PERSON = re.compile(r"[1-9]\d{16}[0-9X]")
_PERSON_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PERSON_CHECKS = "10X98765432"
_OF_ZEROS = sum(_PERSON_WEIGHTS) * ord("0")


def uscc_check(first: str) -> str:
    """Return the check character of the first 17 characters of a unified social credit code.

    Raises:
        ValueError: They are not 17 characters of its alphabet.
    """
    if len(first) != 17 or not _CHARACTERS.issuperset(first):
        raise ValueError("not 17 characters of the alphabet of GB 32100")
    return _uscc_check(first)


def _uscc_check(code: str) -> str:
    """Return the check character that belongs to the first 17 of some characters of the alphabet."""
    return _ALPHABET[-sum(map(mul, code.encode().translate(_VALUES), _USCC_WEIGHTS)) % 31]


def uscc_fault(code: str) -> str | None:
    """Return what is wrong with a unified social credit code, without the code; None where nothing is."""
    if len(code) != 18:
        return "has not 18 characters"
    if not _CHARACTERS.issuperset(code):
        return "has a character that is none of GB 32100's"
    if code[0] not in _REGISTRARS:
        return "names a registering department that is not known"
    return None if _uscc_check(code) == code[17] else "fails its check character"


def organisation_fault(code: str) -> str | None:
    """Return what is wrong with an organisation code of GB 11714, without the code."""
    if not _ORGANISATION.fullmatch(code):
        return "is not eight characters and a check character"
    plain = code.replace("-", "")
    total = sum(int(mark, 36) * weight for mark, weight in zip(plain[:8], _ORGANISATION_WEIGHTS, strict=True))
    check = (11 - total % 11) % 11
    return None if plain[8] == ("X" if check == 10 else str(check)) else "fails its check character"


def person_fault(code: str) -> str | None:
    """Return what is wrong with a citizen identity number of 18 characters, without the number."""
    if not _PERSON.fullmatch(code):
        return "is not 17 digits and a check character"
    digits = str(int(code[:17]))  # those of other scripts are digits, too
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return "holds a day of birth that does not exist"
    total = sum(map(mul, digits.encode(), _PERSON_WEIGHTS)) - _OF_ZEROS
    return None if _PERSON_CHECKS[total % 11] == code[17] else "fails its check character"
