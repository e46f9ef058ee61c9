"""Rule packs that somebody else wrote: the option that names them, and reading their folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from efface.errors import RulePackError, UsageError
from efface.model import printable

if TYPE_CHECKING:
    from efface.rules.pack import Pack

__all__ = ["PackFolders", "law_of", "texts_of"]

PackFolders = Annotated[
    list[Path] | None,
    Parameter(
        name="--packs",
        negative="",
        help="Folder with a further rule pack; may be given several times.",
    ),
]

_MAX_FILE_BYTES = 1_000_000


def law_of(folders: list[Path] | None) -> tuple[Pack, ...]:
    """Return the packs that ship with efface and those of some folders.

    Raises:
        RulePackError: A pack is not valid, or has a name that is taken; all faults of all folders are listed.
        UsageError: A folder cannot be read.
    """
    from efface.rules.pack import check_pack, join_packs, load_pack

    faults, own = [], []
    for folder in folders or ():
        texts = texts_of(folder)
        found = check_pack(texts)
        faults += [f"{printable(str(folder))}: {fault}" for fault in found]
        if not found:
            own.append(load_pack(texts))
    if faults:
        raise RulePackError("rule packs that are not valid:", tuple(faults))
    return join_packs(own)


def texts_of(folder: Path) -> dict[str, str]:
    """Return the texts of a pack's folder by name of file.

    Raises:
        UsageError: It is no folder, or holds anything but files of UTF-8 text.
    """
    shown = printable(str(folder))
    try:
        files = sorted(folder.iterdir())
    except OSError:
        raise UsageError(f"{shown}: is not a folder with a rule pack") from None
    texts = {}
    for file in files:
        name = printable(str(file))
        try:
            if not file.is_file() or file.stat().st_size > _MAX_FILE_BYTES:
                raise UsageError(f"{name}: a rule pack holds only files of up to {_MAX_FILE_BYTES} bytes")
            texts[file.name] = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{name}: cannot be read as UTF-8 text") from None
    return texts
