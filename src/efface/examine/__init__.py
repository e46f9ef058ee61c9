"""Open one artefact as deep as it goes and show every part of it to the detectors.

The same eyes serve a scan, the re-scan after a removal, and the guard at the door.
"""

from efface.examine.examiner import Examiner, configuration
from efface.examine.look import DATA, SYSTEMS, Look, look_named

__all__ = ["DATA", "SYSTEMS", "Examiner", "Look", "configuration", "look_named"]
