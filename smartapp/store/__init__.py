"""What the server keeps between requests: launches with their tokens (encrypted), and the audit trail.

SQLAlchemy is used here and nowhere else. SQLite in one file for one practice; nothing here is SQLite's own
except the settings of its connection.
"""

from smartapp.store.audit import AuditEvent, Deed, Trail
from smartapp.store.database import Database
from smartapp.store.launches import Launches
from smartapp.store.readings import ReadingProgress, Readings, ReadingState
from smartapp.store.records import Context, Grant, Launch, Pending, Person, Phase
from smartapp.store.vault import Vault, VaultError

__all__ = [
    "AuditEvent",
    "Context",
    "Database",
    "Deed",
    "Grant",
    "Launch",
    "Launches",
    "Pending",
    "Person",
    "Phase",
    "ReadingProgress",
    "ReadingState",
    "Readings",
    "Trail",
    "Vault",
    "VaultError",
]
