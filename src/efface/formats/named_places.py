"""Read from a configuration which databases, devices, buckets and folders it names: never a name or password.

Of an address scheme, host, port and the name of the database or bucket are kept; what stands before an `@`, what
follows a `?`, and what is put in when the software starts (`${DB_HOST}`) is not. An address that cannot be told apart
from its password without doubt is left out.

Sources: RFC 3986, 3.2 (authority); PostgreSQL, "Connection URIs" and "Keyword/Value Connection Strings"; JDBC
addresses of PostgreSQL, MySQL, SQL Server and Oracle (thin); SQLAlchemy, "Database URLs"; RFC 2326, 3.2 (rtsp); the
Compose specification, "volumes" (short and long form); virtual-hosted addresses of S3, OSS, COS and OBS; pyzk,
`ZK(host)`.

Not promised: settings that are put together while a program runs, or that stand in a file of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["KINDS", "Named", "named_places"]

KINDS: Final = ("database", "device", "bucket", "folder")
_MOST = 32  # places that one file names
_MOST_BYTES = 1 << 20
_SHORTEST_LINE, _LONGEST_LINE = 6, 4_096
_LONGEST = 80

_SCHEMES = {
    **dict.fromkeys(("postgresql", "postgres"), "postgresql"),
    **dict.fromkeys(("mysql", "mariadb"), "mysql"),
    **{name: name for name in ("mssql", "oracle", "mongodb", "redis", "clickhouse")},
}
_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433, "oracle": 1521, "mongodb": 27017, "redis": 6379}
_ENDS = r"(?=[\s\"'`,;<>)\]}?#&]|$)"
_NO_AT = (
    r"(?![^\s\"'`]*@)"  # what reads like host and port may be the beginning of a login with odd characters
)
_HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,39}\])"
_PORT = r"(?::(?P<port>\d{1,5}))?"
_LOGIN = r"(?:[^\s/@?#\"'`]{0,200}@)?"
_URL = re.compile(
    rf"\b(?:jdbc:)?(?P<scheme>{'|'.join(_SCHEMES)})(?:\+\w{{1,20}})?://{_LOGIN}{_HOST}{_PORT}"
    rf"(?:/(?P<name>[\w.-]{{1,64}}))?/?{_ENDS}{_NO_AT}"
)
_SQLSERVER = re.compile(
    rf"\bjdbc:sqlserver://{_HOST}{_PORT}(?:;[^\s\"']{{0,200}}?\bdatabaseName=(?P<name>[\w.-]{{1,64}}))?",
    re.IGNORECASE,
)
_ORACLE = re.compile(
    rf"\bjdbc:oracle:thin:@(?://)?{_HOST}{_PORT}[:/](?P<name>[\w.-]{{1,64}}){_ENDS}", re.IGNORECASE
)
_KEYWORDS = re.compile(r"\bhost=(?P<host>[A-Za-z0-9._-]{1,64})\s(?P<rest>[^\"'\n]{0,200})")
_KEYWORD_NAME = re.compile(r"\bdbname=([\w.-]{1,64})")
_KEYWORD_PORT = re.compile(r"\bport=(\d{1,5})")
_SQLITE = re.compile(r"\bsqlite(?:\+\w{1,20})?:///(?P<path>/?[^\s\"'`?#;,<>${}@]{1,80})" + _NO_AT)
_SETTING = re.compile(
    r"\b(?P<system>postgres(?:ql)?|pg|mysql|mariadb|db|database)[._-]?(?P<key>host(?:name)?|server|name|db|database|port)"
    r"[\"']?\s*[:=]\s*[\"']?(?P<value>[A-Za-z0-9][\w.-]{0,63})[\"']?[ \t]*(?:,[ \t]*)?$",
    re.IGNORECASE,
)
_RTSP = re.compile(rf"\brtsps?://{_LOGIN}{_HOST}{_PORT}(?=[\s\"'`,;<>)\]}}/?#]|$){_NO_AT}", re.IGNORECASE)
_INTERFACE = re.compile(
    rf"\bhttps?://{_LOGIN}{_HOST}{_PORT}/(?:ISAPI|LAPI|onvif|cgi-bin|VIID)\b", re.IGNORECASE
)
_ZK = re.compile(
    r"\bZK\(\s*[\"'](?P<host>[A-Za-z0-9._-]{1,64})[\"'](?:\s*,\s*(?:port\s*=\s*)?(?P<port>\d{1,5}))?"
)
_BUCKET_URL = re.compile(
    rf"\b(?P<scheme>s3|oss|cos|obs|gs)://(?P<name>[a-z0-9][a-z0-9._-]{{2,62}})(?:/|{_ENDS})"
)
_BUCKET_HOST = re.compile(
    r"\bhttps?://(?P<name>[a-z0-9][a-z0-9.-]{1,62})\.(?P<host>s3[.-][a-z0-9.-]{0,30}amazonaws\.com|oss-[a-z0-9-]{2,30}"
    r"\.aliyuncs\.com|cos\.[a-z0-9-]{2,30}\.myqcloud\.com|obs\.[a-z0-9-]{2,30}\.myhuaweicloud\.com)\b"
)
_VOLUME = re.compile(r"^\s*-\s*[\"']?(?P<path>\.{0,2}/(?!/)[^:\"'\s${}@]{0,80}):/")
_SOURCE = re.compile(r"^\s*source:\s*[\"']?(?P<path>\.{0,2}/(?!/)[^:\"'\s${}@]{0,80})[\"']?\s*$")
_FOLDER = re.compile(
    r"\b(?:face|faces|gallery|galleries|photo|photos|picture|pictures|image|images|person|persons|known_faces|upload|uploads"
    r"|db|data|dataset|storage|store|media|features?|embeddings?)[._-]?(?:path|dir|directory|folder|root|location)"
    r"[\"']?\s*[:=]\s*[\"']?(?P<path>\.{0,2}/(?!/)[^\"'\s:;,${}<>@]{1,80})(?=[\"'\s;,]|$)",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\s*(?:#(?!include|import)|//|\*|/\*|--\s|<!--|;|rem\s)", re.IGNORECASE)


class Named(NamedTuple):
    """A place that a configuration names: `kind` is one of `KINDS`, `value` how it is written in reports."""

    kind: str
    value: str


def named_places(data: bytes) -> tuple[Named, ...]:
    """Return the places that a text names, each once, at most 32, in the order in which they stand.

    Args:
        data: The file; of a longer one the first mebibyte counts. Comments do not.
    """
    found: dict[Named, None] = {}
    settings: dict[str, list[str]] = {}
    for line in data[:_MOST_BYTES].decode("utf-8", "replace").splitlines():
        if not _SHORTEST_LINE <= len(line) <= _LONGEST_LINE or _COMMENT.match(line):
            continue
        for reader in _READERS:
            for named in reader(line):
                if len(named.value) <= _LONGEST:
                    found.setdefault(named)
        if match := _SETTING.search(line):
            settings.setdefault(_KEYS[match["key"].lower()], []).append(f"{match['system']}={match['value']}")
        if len(found) >= _MOST:
            break
    for named in _of_settings(settings):
        found.setdefault(named)
    return tuple(found)[:_MOST]


def _place(match: re.Match[str], scheme: str) -> Named:
    return _database(scheme, match["host"], match["port"] or "", match["name"] or "")


def _database(scheme: str, host: str, port: str, name: str) -> Named:
    port = port or str(_PORTS.get(scheme, ""))
    return Named("database", f"{scheme}://{host.lower()}{f':{port}' if port else ''}/{name}".rstrip("/"))


def _urls(line: str) -> Iterator[Named]:
    for match in _URL.finditer(line):
        yield _place(match, _SCHEMES[match["scheme"]])
    for match in _ORACLE.finditer(line):
        yield _place(match, "oracle")
    for match in _SQLSERVER.finditer(line):
        yield _place(match, "mssql")
    for match in _SQLITE.finditer(line):
        yield Named("database", f"sqlite:///{match['path']}")


def _keywords(line: str) -> Iterator[Named]:
    for match in _KEYWORDS.finditer(line):
        name, port = _KEYWORD_NAME.search(match["rest"]), _KEYWORD_PORT.search(match["rest"])
        if name:
            yield _database("postgresql", match["host"], port[1] if port else "", name[1])


def _devices(line: str) -> Iterator[Named]:
    for pattern in (_RTSP, _INTERFACE, _ZK):
        for match in pattern.finditer(line):
            yield Named("device", match["host"].lower().strip("[]"))


def _buckets(line: str) -> Iterator[Named]:
    for match in _BUCKET_URL.finditer(line):
        yield Named("bucket", f"{match['scheme']}://{match['name']}")
    for match in _BUCKET_HOST.finditer(line):
        yield Named("bucket", f"{match['host'].partition('.')[0].partition('-')[0]}://{match['name']}")


def _folders(line: str) -> Iterator[Named]:
    for pattern in (_VOLUME, _SOURCE, _FOLDER):
        for match in pattern.finditer(line):
            if path := match["path"].rstrip("/"):
                yield Named("folder", path)


def _of_settings(settings: dict[str, list[str]]) -> Iterator[Named]:
    """Yield the database that is named in several settings, where each is there once: else nobody can tell which."""
    hosts, names, ports = (list(dict.fromkeys(settings.get(key, ()))) for key in ("host", "name", "port"))
    if len(hosts) == 1 and len(names) == 1 and len(ports) <= 1:
        system, _, host = hosts[0].partition("=")
        scheme = {"pg": "postgresql", **_SCHEMES}.get(system.lower(), "database")
        port = ports[0].partition("=")[2] if ports else ""
        yield _database(scheme, host, port if port.isdigit() else "", names[0].partition("=")[2])


_KEYS = {
    **dict.fromkeys(("host", "hostname", "server"), "host"),
    **dict.fromkeys(("name", "db", "database"), "name"),
    "port": "port",
}
_READERS: tuple[Callable[[str], Iterator[Named]], ...] = (_urls, _keywords, _devices, _buckets, _folders)
