"""Run by Alembic: the steps go through the connection, and in the transaction, of whoever upgrades the store."""

from alembic import context

from smartapp.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
