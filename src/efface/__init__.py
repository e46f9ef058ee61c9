"""efface: find, judge, remove, prove and keep out biometric data."""

__version__ = "0.1.0"
