"""Commands that a person runs."""

from __future__ import annotations

import pytest

from efface.model import Characteristic, Clue, Finding, Form, Locator
from efface.report.commands import commands_of


def found(path: str, *clues: tuple[str, str]) -> Finding:
    made = tuple(Clue(name, value) for name, value in clues)
    return Finding(
        "x@1", Form.SYSTEM, Characteristic.FACE, Locator.of_file(path), 0.9, level=None, clues=made
    )


@pytest.mark.parametrize(
    ("step", "finding", "expected"),
    [
        ("package", found("/a/METADATA", ("signature", "pip/x"), ("package", "deepface")), "python -m pip uninstall deepface"),
        ("package", found("/a/package.json", ("signature", "npm/x"), ("package", "@vladmandic/human")), "npm uninstall @vladmandic/human"),
        ("package", found("/var/lib/dpkg/status", ("signature", "apt/x"), ("package", "digikam")), "apt-get purge digikam"),
        ("package", found("/lib/apk/db/installed", ("signature", "apt/x"), ("package", "dlib")), "apk del dlib"),
        ("service", found("/etc/systemd/system/compreface.service", ("signature", "service/x")), "systemctl disable --now compreface.service"),
        ("image", found("/srv/my site/docker-compose.yml", ("signature", "image/x")), "docker compose --file '/srv/my site/docker-compose.yml' down --rmi all --volumes"),
        ("image", found("/srv/k8s/face.yaml", ("signature", "image/x")), "kubectl delete --filename /srv/k8s/face.yaml"),
    ],
)  # fmt: skip
def test_what_is_named_plainly_has_its_command(step: str, finding: Finding, expected: str) -> None:
    """The managers' own commands; each once."""
    assert commands_of(step, [finding, finding]) == (expected,)


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        ("package", found("/a", ("signature", "pip/x"))),
        ("package", found("/a", ("signature", "maven/x"), ("package", "com.arcsoft:face"))),
        ("package", found("/a", ("signature", "pip/x"), ("package", "x; reboot"))),
        ("package", found("/a", ("signature", "pip/x"), ("package", "--index-url=http://evil"))),
        ("service", found("/etc/systemd/system/x;reboot.service", ("signature", "service/x"))),
        ("service", found("/var/log/face.log", ("signature", "log/x"))),
        ("image", found("/srv/app.py", ("signature", "code/x"))),
        ("image", found("/srv/Dockerfile", ("signature", "image/x"))),
        ("cloud", found("/a", ("signature", "pip/x"), ("package", "deepface"))),
    ],
)
def test_what_is_not_named_plainly_has_none(step: str, finding: Finding) -> None:
    """No name that a file made up comes behind a command."""
    assert commands_of(step, [finding]) == ()


def test_a_system_all_over_a_disk_has_a_few() -> None:
    """A list for people is short."""
    many = [found(f"/etc/systemd/system/x{n}.service", ("signature", "service/x")) for n in range(50)]
    assert len(commands_of("service", many)) == 12
