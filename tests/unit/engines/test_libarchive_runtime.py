"""The library that reads and writes archives."""

from __future__ import annotations

import os
import subprocess
import sys

from efface.engines.libarchive_runtime import load


def test_the_carried_library_is_the_one_that_is_loaded():
    """Libarchive comes from a wheel and not from the system, so that every machine opens the same kinds."""
    assert "archi.libs" in load().ffi.libarchive_path or "LIBARCHIVE" in os.environ


def test_loading_leaves_the_environment_as_it_was():
    """A variable that only the import needs is not handed on to other programs."""
    script = (
        "import os; from efface.engines.libarchive_runtime import load; "
        "load(); assert 'LIBARCHIVE' not in os.environ; assert load() is load()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "LIBARCHIVE"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_a_library_that_the_user_names_is_not_replaced_in_silence():
    """A LIBARCHIVE variable that leads nowhere is an error of this project, not a crash."""
    script = (
        "from efface.engines.libarchive_runtime import load\n"
        "from efface.errors import UnsupportedError\n"
        "try:\n    load()\nexcept UnsupportedError:\n    raise SystemExit(7)\n"
    )
    environment = {**os.environ, "LIBARCHIVE": "/nonexistent/libarchive.so"}
    assert subprocess.run([sys.executable, "-c", script], env=environment).returncode == 7
