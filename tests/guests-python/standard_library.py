"""A WSGI application that uses a part of the standard library a path, and answers with JSON."""

import hashlib
import json
import os

import wasgi

hooked = []


@wasgi.on_instance
def configure():
    hooked[:] = [os.environ.get("GREETING", "none")]


def key():
    """Keys from passwords, as RFC 6070 and RFC 7914 have them."""
    return {
        "pbkdf2": hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 2).hex(),
        "pbkdf2-length": hashlib.pbkdf2_hmac("sha256", b"passwd", b"salt", 1, 64).hex(),
        "pbkdf2-other": hashlib.pbkdf2_hmac("sha3_256", b"password", b"salt", 10, 16).hex(),
        "scrypt": hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1).hex(),
        "werkzeug": len(
            hashlib.scrypt(b"p", salt=b"s", n=1 << 15, r=8, p=1, maxmem=132 << 18, dklen=64)
        ),
    }


def key_errors():
    """What the functions refuse."""
    tried = {
        "iterations": lambda: hashlib.pbkdf2_hmac("sha256", b"p", b"s", 0),
        "hash": lambda: hashlib.pbkdf2_hmac("nothing", b"p", b"s", 1),
        "length": lambda: hashlib.pbkdf2_hmac("sha256", b"p", b"s", 1, 0),
        "text": lambda: hashlib.pbkdf2_hmac("sha256", "p", b"s", 1),
        "n": lambda: hashlib.scrypt(b"", salt=b"", n=3, r=1, p=1),
        "memory": lambda: hashlib.scrypt(b"", salt=b"", n=1 << 20, r=8, p=1),
    }
    found = {}
    for name, function in tried.items():
        try:
            found[name] = function().hex()
        except Exception as error:
            found[name] = type(error).__name__
    return found


def zone():
    """The time of a city, by the data of the package tzdata."""
    import datetime
    import zoneinfo

    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    return str(datetime.datetime(2026, 7, 1, 12, tzinfo=berlin).utcoffset())


def late():
    """Import what nothing has imported before."""
    import email.mime.multipart
    import importlib.metadata
    import importlib.resources
    import pkgutil
    import xml.dom.minidom

    found = importlib.resources.files("tzdata") / "zones"
    return {
        "minidom": xml.dom.minidom.parseString("<a/>").documentElement.tagName,
        "mime": email.mime.multipart.MIMEMultipart().get_content_type(),
        "resource": len(found.read_text()) > 1000,
        "version": importlib.metadata.version("tzdata") > "2020",
        "modules": "wsgi_faults" in [module.name for module in pkgutil.iter_modules(["/app"])],
    }


def files():
    """Read the application's own files, in the ways that there are."""
    import glob
    import pathlib

    here = os.path.dirname(__file__)
    found = {
        "folder": here,
        "current": os.getcwd(),
        "open": len(open(__file__).read()) > 100,
        "relative": os.path.exists("wsgi_faults.py"),
        "listed": "handlers.py" in os.listdir(here),
        "scanned": "handlers.py" in [entry.name for entry in os.scandir(here) if entry.is_file()],
        "walked": next(root for root, _, _ in os.walk(here)),
        "globbed": glob.glob(here + "/hand*.py"),
        "path": pathlib.Path(__file__).read_text().startswith('"""'),
        "globbed-path": [str(path) for path in pathlib.Path(here).glob("hand*")],
        "resolved": str(pathlib.Path("handlers.py").resolve()),
        "missing": os.path.exists(here + "/nothing"),
    }
    for name, function in {
        "write": lambda: open(__file__, "w"),
        "absent": lambda: open(here + "/nothing"),
        "folder-open": lambda: open(here),
    }.items():
        try:
            found[name] = repr(function())
        except OSError as error:
            found[name] = type(error).__name__
    return found


def chance():
    """Numbers that must differ between instances."""
    import random
    import secrets
    import tempfile
    import uuid

    return [
        random.random(),
        secrets.token_hex(8),
        str(uuid.uuid4()),
        str(uuid.uuid1()),
        next(tempfile._get_candidate_names()),
    ]


def threads():
    """A pool runs what it is given; a thread of its own says why not."""
    import concurrent.futures
    import threading

    with concurrent.futures.ThreadPoolExecutor() as pool:
        mapped = list(pool.map(str.upper, "abc"))
        failed = type(pool.submit(int, "x").exception()).__name__
    try:
        threading.Thread(target=print).start()
    except RuntimeError as error:
        return [mapped, failed, str(error)]
    return [mapped, failed]


def tls():
    """The module ssl imports, and fails when it is used."""
    import ssl

    context = ssl.create_default_context()
    try:
        context.wrap_socket(None)
    except OSError as error:
        return [type(error).__name__, str(error)]
    return []


def environment():
    """What the hook has found, and what is there now."""
    return [hooked, os.environ.get("GREETING", "none"), os.environ.get("BAKED", "none")]


def never():
    """Import what is not there, where nothing expects it."""
    import not_installed

    return not_installed.__name__


def coroutines():
    """asyncio in an application that is not asynchronous itself."""
    import asyncio

    return asyncio.run(asyncio.sleep(0.01, "slept"))


ROUTES = {
    f"/{function.__name__.replace('_', '-')}": function
    for function in (
        key,
        key_errors,
        zone,
        late,
        files,
        chance,
        threads,
        tls,
        environment,
        coroutines,
    )
}


def app(environ, start_response):
    """Answer with what the function at the path returns."""
    function = ROUTES.get(environ["PATH_INFO"])
    body = json.dumps(function() if function else sorted(ROUTES)).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]
