"""Engines: one heavy runtime each (picture codecs, inference, archives) behind a small typed call.

An engine names its version or the digest of its network, keeps within limits, and raises only the errors of
`efface.errors`. It knows nothing of findings or law. Runtimes are imported when they are first used.
"""
