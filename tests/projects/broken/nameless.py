def application_of(environ, start_response):
    return []
