"""The page that shows a developer what went wrong.

Owns its form. All that it shows may be of anybody's making, and is escaped; it loads nothing and
runs nothing.
"""

import os
import traceback
from html import escape

from wasgi.failure import Violation, location
from wasgi.runtime.load import LoadError

TRACEBACK_CHARACTERS_MAX = 256 * 1024
"""Characters of a traceback that are shown; what is in the middle of a longer one is left out."""

_STYLE = (
    "body{font:16px/1.5 sans-serif;margin:2em auto;max-width:60em;padding:0 1em;color:#222}"
    "h1{font-size:1.3em;overflow-wrap:anywhere}pre{background:#f4f4f4;padding:1em;overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}pre{background:#262626}}"
)


def page_of_failure(failure: LoadError) -> str:
    """Show why an application cannot be served."""
    place = None
    if failure.file is not None:
        place = failure.file if failure.line is None else f"{failure.file}, line {failure.line}"
    return _page(failure.message, place, failure.hint, failure.traceback)


def page_of_error(error: BaseException, told: str) -> str:
    """Show what an application raised when it answered; `told` is what the host would be told."""
    if isinstance(error, Violation):
        return _page(told, None, None, None)
    found = location(error.__traceback__)
    place = f"{found[0]}, line {found[1]}" if found else None
    sentence = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _page(sentence, place, None, "".join(traceback.format_exception(error)))


def _page(sentence: str, place: str | None, hint: str | None, trace: str | None) -> str:
    parts = [f"<h1>{escape(sentence)}</h1>"]
    if place:
        parts.append(f"<p>{escape(_shown(place))}</p>")
    if hint:
        parts.append(f"<p><b>Hint:</b> {escape(hint)}</p>")
    if trace:
        parts.append(f"<pre>{escape(_shown(_cut(trace)))}</pre>")
    parts.append("<p>It is shown because the app is served from its source.</p>")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(sentence[:100])}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _cut(text: str) -> str:
    # Limit: TRACEBACK_CHARACTERS_MAX.
    if len(text) <= TRACEBACK_CHARACTERS_MAX:
        return text
    half = TRACEBACK_CHARACTERS_MAX // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def _shown(text: str) -> str:
    """Name files as the developer knows them."""
    source = os.environ.get("WASGI_SOURCE")
    return text.replace("/app/", f"{source.rstrip('/')}/") if source else text
