import json

settings = json.loads("{")


def app(environ, start_response):
    return []
