"""Manifests say which packages are there."""

from __future__ import annotations

import pytest

from efface.errors import FormatError
from efface.formats.package_manifests import Package, is_manifest, packages

MANIFESTS = {
    "installed by pip": ("a/b-1.dist-info/METADATA", b"Name: B_c\nVersion: 1.2\n\nName: not-this\n", [("pip", "B_c", "1.2")]),
    "asked of pip": ("requirements-dev.txt", b"# x\nb[extra]>=2.0 ; python_version > '3'\nc\n", [("pip", "b", "2.0"), ("pip", "c", "")]),
    "locked by uv": ("uv.lock", b'[[package]]\nname = "b"\nversion = "1"\n', [("pip", "b", "1")]),
    "locked by pipenv": ("Pipfile.lock", b'{"default": {"b": {"version": "==1"}}}', [("pip", "b", "1")]),
    "installed by npm": ("node_modules/b/package.json", b'{"name": "b", "version": "1", "dependencies": {"c": "^2"}}', [("npm", "b", "1"), ("npm", "c", "")]),
    "locked by npm": ("package-lock.json", b'{"packages": {"": {}, "node_modules/@a/b": {"version": "1"}}}', [("npm", "", ""), ("npm", "@a/b", "1")]),
    "locked by yarn": ("yarn.lock", b'"@a/b@^1.0":\n  version "1.0.2"\n', [("npm", "@a/b", "1.0.2")]),
    "a POM": ("pom.xml", b"<groupId>g</groupId>\n<artifactId>a</artifactId>\n<version>1</version>", [("maven", "g:a", "1")]),
    "in a jar": ("META-INF/maven/g/a/pom.properties", b"artifactId=a\ngroupId=g\nversion=1\n", [("maven", "g:a", "1")]),
    "Gradle": ("build.gradle.kts", b'implementation("g:a:1")\n', [("maven", "g:a", "1")]),
    ".NET, deployed": ("App.deps.json", b'{"libraries": {"B/1.0": {}}}', [("nuget", "B", "1.0")]),
    ".NET, a project": ("a.csproj", b'<PackageReference Include="B" Version="1" />', [("nuget", "B", "1")]),
    ".NET, older": ("packages.config", b'<package id="B" version="1" targetFramework="net48" />', [("nuget", "B", "1")]),
    "NuGet's own": ("b.nuspec", b"<id>B</id>\n<version>1</version>", [("nuget", "B", "1")]),
    "Go": ("go.mod", b"module x.y/z\n\nrequire (\n\tg.h/a/b v1.2.3\n)\n", [("go", "g.h/a/b", "v1.2.3")]),
    "dpkg": ("var/lib/dpkg/status", b"Package: b\nStatus: x\nVersion: 1\n\nPackage: c\nVersion: 2\n", [("apt", "b", "1"), ("apt", "c", "2")]),
    "Alpine": ("lib/apk/db/installed", b"P:b\nV:1\n\nP:c\nV:2\n", [("apt", "b", "1"), ("apt", "c", "2")]),
    "Composer": ("composer.lock", b'{"packages": [{"name": "a/b", "version": "v1"}]}', [("composer", "a/b", "v1")]),
    "built by Go": ("usr/bin/gate", b"\xff Go buildinf:\0\ndep\tg.h/a/b\tv1.2.3\th1:x\n", [("go", "g.h/a/b", "v1.2.3")]),
}  # fmt: skip


@pytest.mark.parametrize(("path", "data", "wanted"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_names_its_packages(path: str, data: bytes, wanted: list[tuple[str, str, str]]) -> None:
    """Registry, name and version stand there for each kind of manifest."""
    assert list(packages(path, data)) == [Package(*each) for each in wanted]


@pytest.mark.parametrize(
    "path", ["package.json", "package-lock.json", "App.deps.json", "Pipfile.lock", "composer.lock"]
)
def test_json_that_is_none_is_refused(path: str) -> None:
    """A manifest that is damaged is an error, not an empty list."""
    with pytest.raises(FormatError):
        list(packages(path, b"{"))


@pytest.mark.parametrize(
    "data", [b"[]", b"null", b'"x"', b'{"packages": 1, "dependencies": [], "libraries": null}']
)
@pytest.mark.parametrize("path", ["package.json", "package-lock.json", "App.deps.json", "composer.lock"])
def test_json_of_another_shape_names_nothing(path: str, data: bytes) -> None:
    """What is JSON and no manifest has no packages, and is no error."""
    assert list(packages(path, data)) == []


@pytest.mark.parametrize(
    "path", ["METADATA.py", "readme.txt", "a/metadata", "src/package.jsonc", "status", "x/control"]
)
def test_other_files_are_no_manifests(path: str) -> None:
    """Names that are only close are not read."""
    assert not is_manifest(path)


def test_backslashes_part_names_as_well() -> None:
    """A path of Windows is read like any other."""
    assert is_manifest("venv\\Lib\\site-packages\\b-1.dist-info\\METADATA")
