"""The page that a developer sees in place of a response that failed, in dev mode alone.

Owns its looks. Must escape whatever comes from the application or the request.
"""

from html import escape

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } .hint { color: #555; }
pre { background: #f4f4f4; padding: 1rem; overflow-x: auto; font-size: 14px; }
"""


def page(message: str, place: str | None, hint: str | None, traceback: str | None) -> bytes:
    """Make the page: the sentence, where it holds, what to do, and the traceback."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>wasgi: the application failed",
        f"</title><style>{_STYLE}</style><h1>{escape(message)}</h1>",
    ]
    if place:
        parts.append(f"<p><code>{escape(place)}</code></p>")
    if hint:
        parts.append(f"<p class=hint>{escape(hint)}</p>")
    if traceback:
        parts.append(f"<pre>{escape(traceback)}</pre>")
    parts.append("<p class=hint>wasgi shows this page in dev mode only.</p></html>\n")
    return "".join(parts).encode("utf-8", "backslashreplace")
