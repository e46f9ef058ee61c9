"""The guard over HTTP: requests in, decisions out."""

from efface.server.app import application

__all__ = ["application"]
