"""A guest book: what visitors see and send."""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import book
import wasgi
from flask import (
    Flask,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    send_from_directory,
    session,
    url_for,
)
from werkzeug.utils import secure_filename

PHOTOS = Path("/photos")
"""The folder that the manifest grants."""

PIECE = 64 * 1024
"""Bytes of a photo that are held at one time."""

app = Flask(__name__)
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
app.config["MAX_CONTENT_LENGTH"] = 1 << 30

# Templates are compiled here, once for the component, and not in each of its instances.
for template in app.jinja_env.list_templates():
    app.jinja_env.get_template(template)


@wasgi.on_instance
def configure() -> None:
    """Take from the environment what must not be frozen into the component.

    Without a key of the manifest's, no session outlives its instance.
    """
    app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex()


@app.get("/")
def index() -> str:
    """Show the latest entries and the form."""
    return render_template("index.html", entries=book.latest(), name=session.get("name", ""))


@app.get("/sign")
def form() -> str:
    """Show the form alone."""
    return render_template("form.html", name=session.get("name", ""))


@app.post("/sign")
def sign() -> Response:
    """Add an entry, remember who wrote it, and go back to the page."""
    name = request.form.get("name", "").strip()
    message = request.form.get("message", "").strip()
    if not name or not message or len(name) > 80 or len(message) > 2000:
        abort(400, "A name of at most 80 and a message of at most 2000 characters are needed.")
    photo = None
    if file := request.files.get("photo"):
        photo = file_name(file.filename or "")
        file.save(PHOTOS / photo)
    book.add(name, message, photo)
    session["name"] = name
    flash(f"Thank you, {name}!")
    return redirect(url_for("index"), 303)


@app.put("/photos/<name>")
def put_photo(name: str) -> tuple[dict[str, object], int]:
    """Stream a photo of any size into the folder."""
    name = file_name(name)
    digest = hashlib.sha256()
    size = 0
    with (PHOTOS / name).open("wb") as file:
        while piece := request.stream.read(PIECE):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    return {"name": name, "bytes": size, "sha256": digest.hexdigest()}, 201


@app.get("/photos/<name>")
def photo(name: str) -> Response:
    """Send a photo, or the range of it that is asked for."""
    return send_from_directory(PHOTOS, name)


@app.get("/entries.txt")
def entries() -> Response:
    """Stream all entries, a line each."""
    lines = (f"{entry.name}: {entry.message}\n" for entry in book.everything())
    return Response(lines, mimetype="text/plain")


@app.get("/live")
def live() -> Response:
    """Send the number of entries every second, as server-sent events."""

    def events() -> Iterator[str]:
        while True:
            yield f"event: entries\ndata: {book.count()}\n\n"
            time.sleep(1)

    return Response(events(), mimetype="text/event-stream")


@app.errorhandler(400)
@app.errorhandler(404)
@app.errorhandler(500)
def failed(error: Exception) -> tuple[str, int]:
    """Say in the pages' own words what went wrong."""
    code = getattr(error, "code", None) or 500
    return render_template("error.html", error=error), code


def file_name(name: str) -> str:
    """A name that leads nowhere but into the folder."""
    name = secure_filename(name)
    if not name:
        abort(400, "The file needs a name of letters and digits.")
    return name
