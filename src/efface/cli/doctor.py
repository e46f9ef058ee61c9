"""`efface doctor`: what this installation can and cannot do, and why."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["EXTRAS", "doctor"]

EXTRAS = {
    "databases": (
        "PostgreSQL, MySQL, MariaDB and what SQLAlchemy has a driver for",
        ("sqlalchemy", "pg8000", "pymysql", "adbc_driver_postgresql", "pyarrow"),
    ),
    "files": ("Parquet, Arrow, ORC, Avro, HDF5, BSON", ("pyarrow", "fastavro", "h5py", "bson")),
    "pictures": ("HEIC, DICOM", ("pi_heif", "pydicom")),
    "video": ("recordings", ("av",)),
    "objects": ("s3://, gs://, az://", ("obstore",)),
    "git": ("the history of git repositories", ("dulwich",)),
    "cluster": ("scan --engine dask://", ("distributed",)),
    "kafka": ("guard kafka", ("confluent_kafka",)),
    "pdf": ("judge --opinion FILE.pdf", ("typst",)),
    "quarantine": ("efface remove --quarantine", ("pyrage",)),
    "qr": ("a QR code on the page of efface check --html", ("segno",)),
    "inspect": ("efface inspect", ("yara_x",)),
    "server": ("guard serve", ("fastapi", "uvicorn")),
}
"""The extras of the package: what each is for, and the modules that show that it is installed."""


def doctor() -> int:
    """Say what this installation can and cannot do, and why.

    Networks are checked against their pinned digests, rule packs are loaded with all their examples, and
    every plug-in is loaded. Exit code 0 when everything is well, 4 when something is not.
    """
    from efface import __version__
    from efface.runs.exit_code import ExitCode

    print(
        f"efface {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    well = True
    for name, check in _checks():
        try:
            said = check()
        except Exception as error:  # noqa: BLE001 - the doctor reports whatever is broken
            well = False
            said = f"NOT WELL: {type(error).__name__}: {error}"
        print(f"  {name:<18} {said}")
    return ExitCode.CLEAN if well else ExitCode.FAILED


def _checks() -> Iterator[tuple[str, Callable[[], str]]]:
    from efface import registry

    yield "face networks", _networks
    yield "recognisers", _recognisers
    yield "archives", _archives
    yield "JPEG blocks", _jpeg_blocks
    yield "rule packs", _packs
    yield "signatures", _signatures
    yield "inspection", _inspection
    for kind in ("source", "container", "detector", "system", "action"):
        yield (
            f"{kind}s",
            lambda kind=kind: ", ".join(  # type: ignore[misc]
                f"{name}@{registry.load(kind, name).version}" for name in registry.names(kind)
            ),
        )
    for extra, (does, modules) in EXTRAS.items():
        yield extra, lambda extra=extra, does=does, modules=modules: _extra(extra, does, modules)  # type: ignore[misc]


def _networks() -> str:
    from efface.engines import network
    from efface.engines.face_finder import FaceFinder
    from efface.model import Mode

    FaceFinder(Mode.STANDARD)
    return ", ".join(f"{name} {digest[:19]}..." for name, digest in sorted(network.digests().items()))


def _recognisers() -> str:
    from efface.engines.face_recogniser import available, families

    names = ", ".join(families())
    return names if available() else f"{names} (dlib's network: python tools/collect.py recognisers)"


def _archives() -> str:
    from efface.engines.libarchive_runtime import load

    number = int(load().ffi.version_number())
    return f"libarchive {number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"


def _jpeg_blocks() -> str:
    from efface.engines.jpeg_blocks import runtime

    return runtime()


def _signatures() -> str:
    from efface.detectors.signatures import signatures

    kinds = {signature.kind for signature in signatures().values()}
    return f"{len(signatures())} of {len(kinds)} kinds"


def _inspection() -> str:
    """Say beforehand what an inspection of this machine could not read."""
    from efface.sources.machine import unreadable

    closed = unreadable()
    return f"this user cannot read {', '.join(closed)}" if closed else "this user can read the usual places"


def _packs() -> str:
    from efface.rules.pack import builtin_packs

    return ", ".join(f"{pack.reference.id} ({len(pack.norms)} rules)" for pack in builtin_packs())


def _extra(extra: str, does: str, modules: tuple[str, ...]) -> str:
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        return f"{does}: not installed ({', '.join(missing)}); install efface[{extra}]"
    return f"{does}: available"
