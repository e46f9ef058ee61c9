"""The law of each room as tests: subclass one of these for a plug-in, say what it reads, and run pytest.

A subclass gives the plug-in (`plugin`) and valid inputs for it; everything else comes with the class. The
built-in plug-ins pass the same tests (`tests/contract`).
"""

from efface.testing.contracts.action import ActionContract
from efface.testing.contracts.base import Sample, hostile
from efface.testing.contracts.container import ContainerContract
from efface.testing.contracts.detector import DetectorContract
from efface.testing.contracts.source import SourceContract

__all__ = ["ActionContract", "ContainerContract", "DetectorContract", "Sample", "SourceContract", "hostile"]
