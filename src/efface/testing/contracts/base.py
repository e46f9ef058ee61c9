"""What the contracts of all rooms share: valid and hostile inputs, and ways to look at results."""

from __future__ import annotations

import base64
import os
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.errors import EffaceError
from efface.formats import sniff
from efface.model import Column, Finding, Gap, Limits, Locator, Part, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "LIMITS",
    "MAX_CLUE",
    "Contract",
    "Sample",
    "content_of",
    "contents_of",
    "hostile",
    "last_name",
    "quietly",
    "refuses",
    "said_by",
    "snapshot",
    "stands_in",
]

LIMITS = Limits(artefact_bytes=64 << 20, unpacked_bytes=64 << 20, cells=1_000)
MAX_CLUE = 200
"""Characters of a clue; more than that is content, not a reason."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TELLING = 12  # characters; a shorter run of text may stand in an input by chance


@dataclass(frozen=True, slots=True)
class Sample:
    """A valid input.

    Attributes:
        name: Path of the file it stands for; its folders are its surroundings.
        data: Its bytes.
    """

    name: str
    data: bytes

    @property
    def media_type(self) -> str:
        """Return the media type by content."""
        return sniff.media_type(self.data[: sniff.HEAD_BYTES], self.surroundings.names[0])

    @property
    def surroundings(self) -> Surroundings:
        """Return the names of the file and its folders, from the inside out."""
        return Surroundings(tuple(reversed(self.name.split("/"))))

    @property
    def locator(self) -> Locator:
        """Return the place that the sample stands for."""
        return Locator.of_file(f"/contract/{self.name}")


def hostile(sample: Sample, *, count: int = 8, seed: int = 0) -> Iterator[Sample]:
    """Yield inputs that nobody sane would write: cut off, bits turned, noise, and noise after a good start."""
    numbers = random.Random(f"{seed}{sample.name}{len(sample.data)}")
    data = sample.data
    yield Sample(sample.name, b"")
    for _ in range(count):
        yield Sample(sample.name, data[: numbers.randrange(len(data) + 1)])
        turned = bytearray(data)
        for _ in range(numbers.randint(1, 8)):
            turned[numbers.randrange(len(turned))] ^= 1 << numbers.randrange(8)
        yield Sample(sample.name, bytes(turned))
        yield Sample(sample.name, numbers.randbytes(numbers.randrange(4096)))
        cut = numbers.randrange(min(64, len(data)) + 1)
        yield Sample(sample.name, data[:cut] + numbers.randbytes(512))


class Contract:
    """What holds for a plug-in of any kind."""

    protocol: Any

    def plugin(self) -> Any:  # noqa: ANN401 - of its kind's own type
        """Return a new object of the plug-in."""
        raise NotImplementedError

    def samples(self) -> Sequence[Sample]:
        """Return valid inputs; the plug-in has something to do with each."""
        raise NotImplementedError

    def test_it_says_what_it_is(self) -> None:
        """A plug-in has a name of small words with hyphens, and a version that counts from 1."""
        plugin = self.plugin()
        assert isinstance(plugin, self.protocol)
        assert _NAME.fullmatch(plugin.name)
        assert isinstance(plugin.version, int)
        assert plugin.version >= 1

    def test_it_can_be_made_twice(self) -> None:
        """A worker makes its own object of a plug-in; both say the same of themselves."""
        one, other = self.plugin(), self.plugin()
        assert (one.name, one.version) == (other.name, other.version)


def quietly(run: Callable[[], list[Any]]) -> list[Any]:
    """Return what is yielded; an error raised on purpose counts as nothing, any other one fails the test."""
    said = ""
    try:
        return run()
    except EffaceError as error:
        said = str(error)
    assert len(said) <= 2 * MAX_CLUE
    return []


def refuses(run: Callable[[], object]) -> bool:
    """Return whether an error is raised on purpose."""
    try:
        run()
    except EffaceError:
        return True
    return False


def said_by(result: Finding | Gap) -> list[str]:
    """Return every text of a result that a person may read."""
    if isinstance(result, Gap):
        return [result.detail]
    return [text for clue in result.clues for text in (clue.name, clue.value)]


def stands_in(said: str, data: bytes) -> bool:
    """Return whether a telling run of what is said is content, in one of the forms that content takes."""
    texts = [data.decode("latin-1"), data.hex()]
    texts += [base64.b64encode(data[start:]).decode() for start in range(3)]
    runs = [said[at : at + _TELLING] for at in range(len(said) - _TELLING + 1)]
    return any(run in text for run in runs for text in texts)


def content_of(inner: Part | Column | Gap) -> tuple[str, object]:
    """Return the place of what is inside, and all that it holds."""
    if isinstance(inner, Gap):
        return inner.locator.uri, inner.reason
    if isinstance(inner, Column):
        blocks = inner.blocks() if inner.blocks else ()
        return inner.locator.uri, [*inner.cells(), *(bytes(block.data) for block in blocks)]
    return inner.locator.uri, inner.payload.read()


def contents_of(parts: list[Part | Column | Gap]) -> list[tuple[str, object]]:
    """Return places and contents of parts; cells are readable only while the container stands open."""
    return [(inner.locator.uri, "" if isinstance(inner, Column) else content_of(inner)) for inner in parts]


def last_name(uri: str) -> str:
    """Return the innermost name of a place."""
    return os.path.basename(Locator.parse(uri).path[-1])


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return times and contents of everything under a folder."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }
