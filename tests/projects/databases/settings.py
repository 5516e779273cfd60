"""Django's settings: both databases in one project."""

SECRET_KEY = "of tests"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "polls",
]
DATABASES = {
    "default": {"ENGINE": "wasgi.sql.django", "NAME": "lite"},
    "server": {"ENGINE": "wasgi.sql.django.postgresql", "NAME": "server"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
