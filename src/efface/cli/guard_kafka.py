"""`efface guard kafka`: a door in a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.doors import DoorFlags, door_of, server_extra
from efface.errors import UsageError

__all__ = ["kafka"]


def kafka(  # noqa: PLR0913 - each is an option of the command line
    *,
    topic: Annotated[str, Parameter(help="Topic that is read.")],
    clean: Annotated[str, Parameter(help="Topic for what may pass, unchanged.")],
    held: Annotated[str, Parameter(help="Topic for what is held, and for receipts of what is refused.")],
    group: Annotated[str, Parameter(help="Group whose position in the topic it is.")],
    brokers: Annotated[str, Parameter(help="HOST:PORT, several with commas.")] = "127.0.0.1:9092",
    transactions: Annotated[
        str | None,
        Parameter(
            help="Name of the transactions, one for each instance; by default made of group and topic."
        ),
    ] = None,
    properties: Annotated[
        Path | None, Parameter(help="File of further settings of librdkafka, name=value, for its owner only.")
    ] = None,
    flags: DoorFlags | None = None,
) -> int:
    """Filter a stream, each record once: allowed to --clean, held to --held, of refused ones the receipt only.

    Needs the extras `server` and `kafka`. A stream that cannot be decided on or put on record stands still.
    """
    given = flags or DoorFlags()
    if len({topic, clean, held}) < 3:
        raise UsageError("--topic, --clean and --held are three topics")
    if given.tls_cert or given.tokens or given.rate is not None:
        raise UsageError(
            "--tls-cert, --tokens and --rate are of doors that listen", to_do="Use --properties."
        )
    with server_extra():
        from efface.engines.kafka import KafkaPipe
        from efface.server.kafka import Topics
        from efface.server.running import run_stream
    more = {} if properties is None else _settings(properties)
    name = transactions or f"efface-{group}-{topic}"
    options, listening = door_of(given, "127.0.0.1", 0)
    run_stream(options, listening, lambda: KafkaPipe(brokers, topic, group, name, more), Topics(clean, held))
    return 0


def _settings(file: Path) -> dict[str, str]:
    try:
        if file.stat().st_mode & 0o077:
            raise UsageError("others can read the file of --properties", to_do="chmod 600 it.")
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise UsageError(f"--properties cannot be read ({type(error).__name__})") from None
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    if not all(mark and name.strip() for name, mark, _ in pairs):
        raise UsageError("--properties: expected lines of name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}
