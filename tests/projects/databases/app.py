"""Runs a function of `checks` for each request: `/pep249/rows?database=lite`.

What follows `?` are its arguments. It answers "ok", or 500 with the traceback.
"""

import os
import traceback
import warnings
from urllib.parse import parse_qsl

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django

django.setup()

# They import models, which can be defined from now on.
from checks import drivers, pep249, with_django, with_sqlalchemy  # noqa: E402

GROUPS = {
    "pep249": pep249,
    "django": with_django,
    "sqlalchemy": with_sqlalchemy,
    "drivers": drivers,
}


def app(environ, start_response):
    """Run what the path names."""
    try:
        if environ["PATH_INFO"] == "/":
            # The warm-up of a build, when there is no database yet.
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok"]
        _, group, name = environ["PATH_INFO"].split("/")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            getattr(GROUPS[group], name)(**dict(parse_qsl(environ["QUERY_STRING"])))
        status, told = "200 OK", "ok"
    except Exception:
        status, told = "500 Internal Server Error", traceback.format_exc()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [told.encode()]
