"""The guard over HTTP: requests in, decisions out."""

from efface.server.app import application
from efface.server.middleware import GuardMiddleware
from efface.server.opening import DoorOptions

__all__ = ["DoorOptions", "GuardMiddleware", "application"]
