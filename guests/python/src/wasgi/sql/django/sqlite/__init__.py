"""Django's backend for SQLite, over the host's."""
