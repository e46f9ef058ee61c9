"""Decide whether an artefact holds one form of one characteristic, with clues and a calibrated confidence.

Each detector is one module; what several of them need to know stands in its own: the words of the field in
`vocabulary`, the level of a finding in `level`.

Not handled here: opening anything else than the artefact at hand, the law, changing data.
"""
