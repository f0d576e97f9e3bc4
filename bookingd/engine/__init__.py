"""The embedded PostgreSQL: so that bookingd runs where nothing but Python is installed.

Its one rule: the server lives and dies with the process that started it, touches no permission outside
its own directory, and lets in nobody but the user who runs bookingd (and root).
"""

from bookingd.engine.cluster import DAEMON, DATABASE, OWNER, SUPERUSER
from bookingd.engine.errors import EngineError
from bookingd.engine.server import Engine, running_dsn

__all__ = ["DAEMON", "DATABASE", "OWNER", "SUPERUSER", "Engine", "EngineError", "running_dsn"]
