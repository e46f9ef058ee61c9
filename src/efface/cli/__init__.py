"""The command line: arguments in, exit codes out; everything else lives in the rooms below."""

from efface.cli.app import main

__all__ = ["main"]
