"""Counts words, with a package that is imported by the first request of an instance."""


def app(environ, start_response):
    if environ["PATH_INFO"] == "/warm":
        start_response("200 OK", [])
        return []
    import early

    return early.app(environ, start_response)
