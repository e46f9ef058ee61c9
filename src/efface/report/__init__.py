"""Render the values of a run for people and machines, in Chinese and English.

Every renderer takes one `RunView` and returns text; it computes nothing new, reads no file that a run
looked at, and shows names, numbers and places only. What was found is never shown: no pixel, no vector,
no digest of them.

Not handled here: judging, counting what was scanned, writing files, exit codes.
"""
