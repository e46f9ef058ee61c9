"""A real Squid for tests: a proxy on loopback that asks an ICAP server about everything, and fails closed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["free_port", "squid", "squid_missing"]

_START_S = 30.0
_CONFIGURATION = """\
http_port 127.0.0.1:{port}
icap_enable on
icap_preview_enable on
icap_persistent_connections on
icap_connect_timeout 3 seconds
icap_service_failure_limit -1
icap_service_revival_delay 1
icap_service asked_before reqmod_precache bypass=off icap://127.0.0.1:{icap}/reqmod
icap_service asked_after respmod_precache bypass=off icap://127.0.0.1:{icap}/respmod
adaptation_access asked_before allow all
adaptation_access asked_after allow all
http_access allow all
cache deny all
read_ahead_gap 1 MB
via off
forwarded_for delete
pinger_enable off
shutdown_lifetime 1 seconds
visible_hostname proxy.invalid
pid_filename none
access_log none
cache_log {folder}/cache.log
coredump_dir {folder}
netdb_filename none
"""


def squid_missing() -> str:
    """Return what is missing for a Squid of our own, or ""."""
    return "" if _program() else "no squid (Debian: squid)"


def _program() -> str | None:
    return shutil.which("squid", path=os.environ.get("PATH", "") + ":/usr/sbin")


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def squid(icap_port: int, more: str = "") -> Iterator[int]:
    """Run a Squid until the block ends; yield its port.

    Args:
        icap_port: Of the ICAP server on loopback, which is asked about every request and response.
        more: Further lines of its configuration.
    """
    program = _program()
    assert program is not None
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="efface-squid-") as name:
        folder = Path(name)
        configuration = folder / "squid.conf"
        configuration.write_text(
            _CONFIGURATION.format(port=port, icap=icap_port, folder=folder) + more, "utf-8"
        )
        if os.geteuid() == 0:  # it changes to its own user, who writes its log
            os.chown(folder, pwd.getpwnam("proxy").pw_uid, -1)
        process = subprocess.Popen(
            [program, "-N", "-f", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait(process, port, folder)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log = folder / "cache.log"
    said = log.read_text("utf-8", "replace")[-2_000:] if log.exists() else ""
    message = f"squid did not start: {said}"
    raise RuntimeError(message)
