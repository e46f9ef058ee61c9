"""`efface guard serve`, `icap` and `ledger`: doors that stay open, and what they have put on record."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from efface.cli.options import CaseFile, SchemaName, read_case
from efface.cli.packs import PackFolders, law_of
from efface.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.guard import Settings
    from efface.server.opening import DoorOptions
    from efface.server.running import Listening

__all__ = ["DoorFlags", "door_of", "icap", "ledger", "serve", "server_extra"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class DoorFlags:
    """What every door is told."""

    case: CaseFile = None
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default the day of each.")] = (
        None
    )
    packs: PackFolders = None
    schema: SchemaName = None
    jobs: Annotated[int, Parameter(help="Processes that decide; 0 is one for each core.")] = 0
    deadline: Annotated[float, Parameter(help="Seconds for one payload; after them it is refused.")] = 30.0
    ledger: Annotated[Path | None, Parameter(help="Folder of the ledger: every decision, no content.")] = None
    key: Annotated[Path | None, Parameter(help="Key that signs the ledger's heads; see keys new.")] = None
    passphrase_env: Annotated[
        str | None, Parameter(help="Environment variable that holds the key's passphrase.")
    ] = None
    quarantine: Annotated[Path | None, Parameter(help="Folder that keeps what a person has to look at.")] = (
        None
    )
    tls_cert: Annotated[Path | None, Parameter(help="Certificate of the door (PEM): TLS only.")] = None
    tls_key: Annotated[Path | None, Parameter(help="Key of the certificate (PEM).")] = None
    client_ca: Annotated[Path | None, Parameter(help="Clients must show a certificate of these (PEM).")] = (
        None
    )
    tokens: Annotated[
        Path | None, Parameter(help="File of bearer tokens, one a line, for /check and /metrics.")
    ] = None
    rate: Annotated[float | None, Parameter(help="Requests a second that one address may send.")] = None
    connections: Annotated[int, Parameter(help="Most connections at once.")] = 2_000
    status: Annotated[
        str | None, Parameter(help="HOST:PORT for /healthz, /readyz and /metrics, apart from the door.")
    ] = None


def serve(
    *,
    flags: DoorFlags | None = None,
    upstream: Annotated[
        str | None, Parameter(help="Service behind: what may pass goes on to it, all else is refused.")
    ] = None,
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on.")] = 8765,
) -> int:
    """Answer over HTTP: decide on what is posted to /check, or stand before a service; needs the extra `server`."""
    given = flags or DoorFlags()
    with server_extra():
        from efface.server.app import application
        from efface.server.middleware import GuardMiddleware
        from efface.server.proxy import Proxy
        from efface.server.running import run_http
    options, listening = door_of(given, host, port)
    if upstream is None:
        run_http(
            options,
            listening,
            lambda keeper: application(keeper=keeper, tokens=listening.tokens, rate=listening.rate),
        )
    else:
        proxy = Proxy(upstream)
        run_http(
            options,
            listening,
            lambda keeper: GuardMiddleware(proxy, keeper=keeper, way="proxy", rate=listening.rate),
        )
    return 0


def icap(
    *,
    flags: DoorFlags | None = None,
    listen: Annotated[str, Parameter(help="HOST:PORT to listen on.")] = "127.0.0.1:1344",
    preview: Annotated[
        int | None,
        Parameter(help="Bytes of a body that proxies show first; by default they send it at once."),
    ] = None,
) -> int:
    """Answer proxies over ICAP: icap://HOST:PORT/reqmod and /respmod; needs the extra `server`."""
    given = flags or DoorFlags()
    with server_extra():
        from efface.server.icap import IcapLimits
        from efface.server.running import run_icap
    options, listening = door_of(given, *_address(listen))
    run_icap(options, listening, IcapLimits(connections=given.connections, preview=preview))
    return 0


def ledger(
    folder: Annotated[Path, Parameter(help="Folder of a door's ledger.")],
    *,
    trust: Annotated[
        list[Path] | None,
        Parameter(
            negative="", help="Public key of which every head must be signed; may be given several times."
        ),
    ] = None,
) -> int:
    """Check a door's ledger, line by line: exit code 0 when it holds, 4 when it does not."""
    from efface.evidence.decisions import verify_decisions
    from efface.evidence.keys import load_public

    found = verify_decisions(folder, [load_public(path) for path in trust or ()])
    doors = ", ".join(f"{count} {door}" for door, count in sorted(found.by_door.items())) or "none"
    print(f"{found.files} files, {found.decisions} decisions: {doors}")
    print(f"root of the last file: {found.root}")
    print(
        f"{found.signed} heads with a trusted signature"
        if trust
        else "signatures were not checked: no --trust"
    )
    return 0


@contextmanager
def server_extra() -> Iterator[None]:
    """Say in words that the extra is missing."""
    try:
        yield
    except ImportError as error:
        raise UsageError(f"{error.name} is not installed", to_do="Install efface[server].") from None


def door_of(given: DoorFlags, host: str, port: int) -> tuple[DoorOptions, Listening]:
    """Return what a door is made of and where it listens; refuses flags that do not go together."""
    from efface.evidence.keys import load_private, passphrase_from_environment
    from efface.server.access import Rate, read_tokens
    from efface.server.opening import DoorOptions
    from efface.server.running import Listening, Tls

    if given.key is not None and given.ledger is None:
        raise UsageError("--key signs the heads of a ledger; name one with --ledger")
    if (given.tls_cert is None) != (given.tls_key is None):
        raise UsageError("--tls-cert and --tls-key go together")
    if given.client_ca is not None and given.tls_cert is None:
        raise UsageError("--client-ca needs --tls-cert and --tls-key")
    if given.rate is not None and given.rate <= 0:
        raise UsageError("--rate: expected more than 0")
    reread = _settings_of(given)
    secret = None if given.passphrase_env is None else passphrase_from_environment(given.passphrase_env)
    options = DoorOptions(
        reread(),
        given.jobs,
        given.deadline,
        given.ledger,
        None if given.key is None else load_private(given.key, secret),
        given.quarantine,
    )
    listening = Listening(
        host,
        port,
        None
        if given.tls_cert is None or given.tls_key is None
        else Tls(given.tls_cert, given.tls_key, given.client_ca),
        None if given.status is None else _address(given.status),
        None if given.tokens is None else read_tokens(given.tokens),
        None if given.rate is None else Rate(given.rate),
        given.connections,
        reread,
    )
    _log_to_standard_error()
    return options, listening


def _settings_of(given: DoorFlags) -> Callable[[], Settings]:
    from efface.guard import Settings

    return lambda: Settings(
        read_case(given.case), given.as_of, law_of(given.packs), schema=given.schema or ""
    )


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"{text[:100]!r}: expected HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _log_to_standard_error() -> None:
    """Write a line of JSON for each event; none of them holds content."""
    log = logging.getLogger("efface.door")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
