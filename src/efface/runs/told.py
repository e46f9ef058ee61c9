"""Words that the ledger holds only as pseudonyms: names of persons and systems, notes, authorisations.

They stay in the run file, which is its owner's. Each is read back only where it is what the ledger's pseudonym stands
for, so that a name which somebody changed later is not taken for the one that was recorded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from efface.errors import UsageError

if TYPE_CHECKING:
    from efface.evidence.pseudonym import Domain
    from efface.runs.store import Store

__all__ = ["UNKNOWN", "digest_of", "keep_name", "keep_text", "name_of", "plain", "text_of"]

UNKNOWN = "?"
_KEY = "words"


def plain(text: str, option: str, most: int) -> str:
    """Return what a person gave, without blanks around it.

    Raises:
        UsageError: It is longer than `most` characters, or is more than one line.
    """
    stripped = text.strip()
    if len(stripped) > most:
        raise UsageError(f"{option}: expected at most {most} characters, got {len(stripped)}")
    if not stripped.isprintable():
        raise UsageError(f"{option}: expected one line of text")
    return stripped


def keep_name(store: Store, domain: Domain, name: str) -> str:
    """Keep a name in the caller's transaction, and return its pseudonym."""
    return _kept(store, store.pseudonyms.ref(domain, name), name)


def keep_text(store: Store, text: str) -> str:
    """Keep a text in the caller's transaction, and return its keyed digest."""
    return _kept(store, digest_of(store, text), text)


def digest_of(store: Store, text: str) -> str:
    """Return the keyed digest of a text."""
    return store.pseudonyms.content([text.encode()])


def name_of(store: Store, domain: Domain, ref: str) -> str:
    """Return the name behind a pseudonym, or "?"."""
    name = str(_words(store).get(ref, UNKNOWN))
    return name if store.pseudonyms.opens(ref, domain, name) else UNKNOWN


def text_of(store: Store, digest: str) -> str:
    """Return the text behind a keyed digest, or "?"."""
    text = str(_words(store).get(digest, UNKNOWN))
    return text if digest_of(store, text) == digest else UNKNOWN


def _kept(store: Store, key: str, text: str) -> str:
    store.set_meta(_KEY, json.dumps({**_words(store), key: text}, ensure_ascii=False))
    return key


def _words(store: Store) -> dict[str, str]:
    found: dict[str, str] = json.loads(store.meta(_KEY, "{}"))
    return found
