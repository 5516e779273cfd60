"""The application, and what each instance of it does before its first request."""

import os

import wasgi
from django.conf import settings
from django.core.management import call_command
from django.core.management.utils import get_random_secret_key
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# What needs the settings can only be imported now. The migrations are read once, for the component.
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.recorder import MigrationRecorder  # noqa: E402

MIGRATIONS = MigrationLoader(None).disk_migrations.keys()


@wasgi.on_instance
def configure() -> None:
    """Take from the environment what must not be frozen into the component.

    Without a key of the manifest's, no session outlives its instance.
    """
    settings.SECRET_KEY = os.environ.get("SECRET_KEY") or get_random_secret_key()


@wasgi.on_instance
def migrate() -> None:
    """Bring the database to the migrations of this component, and make the first administrator."""
    if MigrationRecorder(connection).applied_migrations().keys() >= MIGRATIONS:
        return
    call_command("migrate", interactive=False, verbosity=0)
    users = get_user_model().objects
    if "DJANGO_SUPERUSER_PASSWORD" in os.environ and not users.exists():
        call_command("createsuperuser", interactive=False, verbosity=0)
