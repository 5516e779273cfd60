"""Django's backend for PostgreSQL, over the host's client."""
