"""Look for many texts and expressions in bytes at once, with YARA-X."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from efface.errors import LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Patterns", "Wanted", "is_available"]

_SECONDS = 60
_MATCHES = 200  # places of one text in one file that are named


class Wanted(NamedTuple):
    """What is looked for under one name.

    Attributes:
        texts: Literal texts, or `/expressions/`, with `i` behind the last slash for any case.
        all_of: Whether all must be there, rather than one.
        wide: Whether texts of two bytes a character count as well.
        any_case: Whether literal texts count in any case.
    """

    texts: Sequence[str]
    all_of: bool = False
    wide: bool = False
    any_case: bool = False


def is_available() -> bool:
    """Return whether this installation can look for patterns."""
    from importlib.util import find_spec  # noqa: PLC0415 - asked by the doctor and at the command's start

    return find_spec("yara_x") is not None


class Patterns:
    """Compiled patterns: made once, used on many files.

    Args:
        wanted: Names, of any characters, and what is looked for under each.

    Raises:
        UnsupportedError: YARA-X is not installed.
        ValueError: A pattern is none.
    """

    def __init__(self, wanted: Mapping[str, Wanted]) -> None:
        try:
            import yara_x  # noqa: PLC0415 - an extra, loaded where it is used
        except ImportError:
            raise UnsupportedError("patterns in content need YARA-X: install efface[inspect]") from None
        self._names = tuple(wanted)
        compiler = yara_x.Compiler()
        try:
            for number, each in enumerate(wanted.values()):
                compiler.add_source(_rule(number, each))
        except yara_x.CompileError as error:
            message = f"{self._names[number]}: {error}"
            raise ValueError(message) from None
        self._timeout = yara_x.TimeoutError
        self._rules = compiler.build()  # the scanner does not keep it alive by itself
        self._scanner = yara_x.Scanner(self._rules)
        self._scanner.set_timeout(_SECONDS)
        self._scanner.max_matches_per_pattern(_MATCHES)

    def scan(self, data: bytes) -> dict[str, tuple[int, ...]]:
        """Return the names whose patterns stand in bytes, with the offsets where, at most 200 for one text.

        Raises:
            LimitExceededError: It took longer than a minute.
        """
        try:
            results = self._scanner.scan(data)
        except self._timeout:
            raise LimitExceededError(f"patterns: more than {_SECONDS} s") from None
        return {
            self._names[int(rule.identifier[1:])]: tuple(
                sorted({match.offset for pattern in rule.patterns for match in pattern.matches})
            )
            for rule in results.matching_rules
        }


def _rule(number: int, wanted: Wanted) -> str:
    lines = "\n".join(f"$t{place} = {_pattern(text, wanted)}" for place, text in enumerate(wanted.texts))
    return f"rule r{number} {{ strings:\n{lines}\ncondition: {'all' if wanted.all_of else 'any'} of them }}"


def _pattern(text: str, wanted: Wanted) -> str:
    modifiers = ["ascii", "wide"] if wanted.wide else []
    body, flag = text.rsplit("/", 1) if text.startswith("/") and len(text) > 2 else ("", "")
    if body and flag in ("", "i"):
        return " ".join([f"{body}/{flag}", *modifiers])
    if wanted.any_case:
        modifiers.append("nocase")
    quoted = "".join(_quoted(byte) for byte in text.encode())
    return " ".join([f'"{quoted}"', *modifiers])


def _quoted(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and char.isprintable() and char not in '"\\' else f"\\x{byte:02x}"
