"""Backends of Django's for the databases that the host holds.

    DATABASES = {"default": {"ENGINE": "wasgi.sql.django", "NAME": "default"}}

`NAME` is the name in the manifest. `ENGINE` is `wasgi.sql.django` or `wasgi.sql.django.sqlite` for
SQLite, and `wasgi.sql.django.postgresql` for PostgreSQL: settings are read when the component is
built, and the manifest only when it runs.

Both are Django's own backends, with another driver beneath them.
"""
