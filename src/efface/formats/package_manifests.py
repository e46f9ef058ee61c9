"""Read which packages a manifest names: what is installed, and what is asked for.

Sources: Core metadata specifications 2.x (METADATA, PKG-INFO); npm, package.json and package-lock.json; Maven POM
4.0.0 and `META-INF/maven/*/pom.properties`; .NET `*.deps.json`, packages.config, NuGet .nuspec and PackageReference;
Go modules reference (go.mod, go.sum; `debug/buildinfo`); Debian Policy 5 (control fields, dpkg status); Alpine
`lib/apk/db/installed`; Composer (composer.lock); Gradle (dependency notation).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["BUILD_INFO", "Package", "is_manifest", "packages"]

BUILD_INFO = b"\xff Go buildinf:"
"""What stands in a program that Go built, before its modules are listed."""


class Package(NamedTuple):
    """A package: the registry it is from, its name there, and its version, or "" where it is not said."""

    registry: str
    name: str
    version: str


_FIELD = re.compile(r"^(Package|Name|P|Version|V):[ \t]*(\S+)", re.MULTILINE)
_REQUIREMENT = re.compile(
    r"^[ \t]*([A-Za-z0-9][\w.-]*)[ \t]*(?:\[[^\]\n]*\])?[ \t]*(?:[=~!<>]=?[ \t]*([\w.]+))?", re.MULTILINE
)
_TOML_PACKAGE = re.compile(r'^name = "([^"\n]+)"\nversion = "([^"\n]*)"', re.MULTILINE)
_YARN = re.compile(r'^"?((?:@[\w.-]+/)?[\w.-]+)@[^:\n]+:\n\s+version:? "?([\w.+-]+)', re.MULTILINE)
_PNPM = re.compile(r"^[ \t]+'?/?((?:@[\w.-]+/)?[\w.-]+)[@/](\d[\w.+-]*)[^:\n]*:", re.MULTILINE)
_POM = re.compile(
    r"<groupId>\s*([\w.${}-]+)\s*</groupId>\s*<artifactId>\s*([\w.-]+)\s*</artifactId>(?:\s*<version>\s*([^<\s]+))?"
)
_PROPERTY = re.compile(r"^(groupId|artifactId|version)=(\S+)", re.MULTILINE)
_GRADLE = re.compile(r"""["']([\w.-]+):([\w.-]+):([^"':@]+)""")
_NUGET = re.compile(
    r'<(?:package|PackageReference)\s[^<>]*?(?:id|Include)="([^"]+)"(?:[^<>]*?[vV]ersion="([^"]*)")?'
)
_NUSPEC = re.compile(r"<id>\s*([\w.-]+)\s*</id>\s*<version>\s*([^<\s]+)")
_GO_MODULE = re.compile(
    r"^(?:require[ \t]+|[ \t]*)([\w.-]+\.[\w.-]+/[\w./~-]+)[ \t]+(v[\w.+-]+)", re.MULTILINE
)
_GO_BUILT = re.compile(rb"\n(?:dep|mod)\t([\w./~-]+)\t(v[\w.+-]*)")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def _tree(data: bytes) -> Any:  # noqa: ANN401 - JSON is of any shape
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise FormatError("a package manifest that is not JSON") from None


def _pairs(tree: object, *keys: str) -> Iterator[tuple[str, Any]]:
    for key in keys:
        found = tree.get(key) if isinstance(tree, dict) else None
        if isinstance(found, dict):
            yield from found.items()


def _control(registry: str) -> Callable[[bytes], Iterator[Package]]:
    def read(data: bytes) -> Iterator[Package]:
        name = ""
        for field, value in _FIELD.findall(_text(data)):
            if field in ("Package", "Name", "P"):
                if name:
                    yield Package(registry, name, "")
                name = value
            elif name:
                yield Package(registry, name, value)
                name = ""
        if name:
            yield Package(registry, name, "")

    return read


def _metadata(data: bytes) -> Iterator[Package]:
    head = _text(data).partition("\n\n")[0]
    found = dict(reversed(_FIELD.findall(head)))
    if "Name" in found:
        yield Package("pip", found["Name"], found.get("Version", ""))


def _requirements(data: bytes) -> Iterator[Package]:
    yield from (Package("pip", name, version) for name, version in _REQUIREMENT.findall(_text(data)))


def _locked(data: bytes) -> Iterator[Package]:
    yield from (Package("pip", name, version) for name, version in _TOML_PACKAGE.findall(_text(data)))


def _pipfile(data: bytes) -> Iterator[Package]:
    for name, entry in _pairs(_tree(data), "default", "develop"):
        version = entry.get("version", "") if isinstance(entry, dict) else ""
        yield Package("pip", name, str(version).lstrip("="))


def _package_json(data: bytes) -> Iterator[Package]:
    tree = _tree(data)
    if isinstance(tree, dict) and isinstance(tree.get("name"), str):
        yield Package("npm", tree["name"], str(tree.get("version", "")))
    for name, _ in _pairs(tree, "dependencies", "optionalDependencies", "bundledDependencies"):
        yield Package("npm", name, "")


def _package_lock(data: bytes) -> Iterator[Package]:
    for name, entry in _pairs(_tree(data), "packages", "dependencies"):
        version = entry.get("version", "") if isinstance(entry, dict) else ""
        yield Package("npm", name.rpartition("node_modules/")[2], str(version))


def _by(registry: str, pattern: re.Pattern[str]) -> Callable[[bytes], Iterator[Package]]:
    def read(data: bytes) -> Iterator[Package]:
        yield from (Package(registry, name, version) for name, version in pattern.findall(_text(data)))

    return read


def _maven(pattern: re.Pattern[str]) -> Callable[[bytes], Iterator[Package]]:
    def read(data: bytes) -> Iterator[Package]:
        for group, artifact, version in pattern.findall(_text(data)):
            yield Package("maven", f"{group}:{artifact}", version)

    return read


def _pom_properties(data: bytes) -> Iterator[Package]:
    found = dict(_PROPERTY.findall(_text(data)))
    if "groupId" in found and "artifactId" in found:
        yield Package("maven", f"{found['groupId']}:{found['artifactId']}", found.get("version", ""))


def _deps_json(data: bytes) -> Iterator[Package]:
    for name, _ in _pairs(_tree(data), "libraries"):
        package, _, version = name.partition("/")
        yield Package("nuget", package, version)


def _composer(data: bytes) -> Iterator[Package]:
    tree = _tree(data)
    for key in ("packages", "packages-dev"):
        entries = tree.get(key, []) if isinstance(tree, dict) else []
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                yield Package("composer", entry["name"], str(entry.get("version", "")))
    for name, _ in _pairs(tree, "require"):
        yield Package("composer", name, "")


def _built_by_go(data: bytes) -> Iterator[Package]:
    for name, version in _GO_BUILT.findall(data):
        yield Package("go", name.decode("ascii"), version.decode("ascii"))


_READERS: tuple[tuple[re.Pattern[str], Callable[[bytes], Iterator[Package]]], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"(?:.*/)?[^/]+\.dist-info/metadata|(?:.*/)?[^/]+\.egg-info(?:/pkg-info)?|(?:.*/)?pkg-info", _metadata),
        (r"(?:.*/)?requirements[^/]*\.(?:txt|in)|(?:.*/)?requirements/[^/]+\.txt", _requirements),
        (r"(?:.*/)?(?:poetry|uv|pdm)\.lock", _locked),
        (r"(?:.*/)?pipfile\.lock", _pipfile),
        (r"(?:.*/)?package\.json", _package_json),
        (r"(?:.*/)?(?:package-lock|npm-shrinkwrap|\.package-lock)\.json", _package_lock),
        (r"(?:.*/)?yarn\.lock", _by("npm", _YARN)),
        (r"(?:.*/)?pnpm-lock\.yaml", _by("npm", _PNPM)),
        (r"(?:.*/)?pom\.xml|(?:.*/)?[^/]+\.pom", _maven(_POM)),
        (r"(?:.*/)?pom\.properties", _pom_properties),
        (r"(?:.*/)?[^/]+\.gradle(?:\.kts)?", _maven(_GRADLE)),
        (r"(?:.*/)?[^/]+\.deps\.json", _deps_json),
        (r"(?:.*/)?(?:packages\.config|[^/]+\.(?:cs|vb|fs)proj|directory\.packages\.props)", _by("nuget", _NUGET)),
        (r"(?:.*/)?[^/]+\.nuspec", _by("nuget", _NUSPEC)),
        (r"(?:.*/)?go\.(?:mod|sum)", _by("go", _GO_MODULE)),
        (r"(?:.*/)?dpkg/(?:status|status\.d/[^/]+)|(?:.*/)?debian/control|control|\./control", _control("apt")),
        (r"(?:.*/)?apk/db/installed", _control("apt")),
        (r"(?:.*/)?composer\.(?:json|lock)|(?:.*/)?composer/installed\.json", _composer),
    )
)  # fmt: skip
_LAST_NAMES = re.compile(
    r"metadata|pkg-info|.*\.egg-info|requirements.*|.*\.txt|.*\.lock|.*\.json|pnpm-lock\.yaml|pom\..*|.*\.pom|.*\.gradle"
    r"|.*\.gradle\.kts|packages\.config|.*proj|.*\.props|.*\.nuspec|go\.(?:mod|sum)|status.*|control|installed|.*\.in"
)


def _reader(path: str) -> Callable[[bytes], Iterator[Package]] | None:
    low = path.replace("\\", "/").lower()
    name = low.rpartition("/")[2]
    if not (_LAST_NAMES.fullmatch(name) or "status.d/" in low):
        return None
    return next((reader for pattern, reader in _READERS if pattern.fullmatch(low)), None)


def is_manifest(path: str) -> bool:
    """Return whether a path, with `/` between its names, is that of a manifest."""
    return _reader(path) is not None


def packages(path: str, data: bytes) -> Iterator[Package]:
    """Yield the packages that a manifest names, or that a program built by Go is made of.

    Args:
        path: Names of folders and file, with `/` between them.
        data: The whole content.

    Raises:
        FormatError: It is JSON by its name and not by its content.
    """
    reader = _reader(path)
    if reader is not None:
        yield from reader(data)
    elif BUILD_INFO in data:
        yield from _built_by_go(data)
