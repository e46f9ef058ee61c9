"""Turn the bytes of one standardised or vendor record into values, within limits.

A module here reads bytes and nothing else: it opens no file, follows no reference and gives no verdict.
The modules on biometric records all offer `find(data, *, limit)`; `formats.records` asks all of them at once.

Not handled here: pixels (engines), whether a record is a finding (detectors), what the law says (rules).
"""
