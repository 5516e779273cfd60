"""Counts words, with a package that is imported before the app is frozen."""

from urllib.parse import parse_qs

import tally


def app(environ, start_response):
    text = parse_qs(environ["QUERY_STRING"]).get("text")
    try:
        # Without a text it is no text that is counted.
        answer = tally.count(text[0] if text else text)
    except TypeError as error:
        answer = f"TypeError: {error}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer.encode()]
