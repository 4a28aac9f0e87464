"""Writes the migrations as a script, which `infrastructure.db.migrate` runs in one transaction."""

from alembic import context

context.configure(
    dialect_name="postgresql",
    literal_binds=True,
    transactional_ddl=False,
    output_buffer=context.config.output_buffer,
)
context.run_migrations()
