"""Collect the locked networks before a wheel, an editable install or a source distribution is built.

So `pip install .` in a clean checkout gives an installation that needs no download at run time. A source
distribution carries the networks; building from it downloads nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CollectNetworks(BuildHookInterface[Any]):
    """Run `tools/collect.py networks` as a step of the build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Collect the networks into the tree that is being built."""
        root = Path(self.root)
        sys.path.insert(0, str(root / "tools"))
        try:
            from collect import collect  # noqa: PLC0415 (found only now that tools/ is on the path)
        finally:
            sys.path.pop(0)
        collect("networks", root)
