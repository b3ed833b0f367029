"""What the server keeps: launches with their tokens, answers and files, who may do what, jobs, and the audit trail.

SQLAlchemy and Alembic are used here and nowhere else. SQLite in one file for one practice; only `database` and the copy
before an upgrade in `versions` are SQLite's own. What is secret is sealed (`vault`); `open_store` puts it all together.
"""

from smartapp.store.audit import AuditEvent, Deed, Trail
from smartapp.store.data_keys import DataKeys
from smartapp.store.database import Database
from smartapp.store.documents import Document, Documents, Upload
from smartapp.store.drafts import Draft, Drafts, StaleDraft
from smartapp.store.errors import StoreError
from smartapp.store.jobs import Job, Jobs, JobState, Progress, Task
from smartapp.store.judged import DocumentRefused
from smartapp.store.launches import Launches
from smartapp.store.opened import Store, open_store
from smartapp.store.people import Assignment, People
from smartapp.store.records import Author, Context, Filing, Grant, Launch, Pending, Person, Phase
from smartapp.store.vault import Vault, VaultError

__all__ = [
    "Assignment",
    "AuditEvent",
    "Author",
    "Context",
    "DataKeys",
    "Database",
    "Deed",
    "Document",
    "DocumentRefused",
    "Documents",
    "Draft",
    "Drafts",
    "Filing",
    "Grant",
    "Job",
    "JobState",
    "Jobs",
    "Launch",
    "Launches",
    "Pending",
    "People",
    "Person",
    "Phase",
    "Progress",
    "StaleDraft",
    "Store",
    "StoreError",
    "Task",
    "Trail",
    "Upload",
    "Vault",
    "VaultError",
    "open_store",
]
