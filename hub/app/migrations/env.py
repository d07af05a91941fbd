"""Runs the steps over one connection that `hub.app.migrate` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,  # SQLite cannot change most things of a table in place
)
with context.begin_transaction():
    context.run_migrations()
