"""Handlers without a framework: a class with methods, and a function below it."""

import os

import wasgi

settings = {}


@wasgi.on_instance
def configure():
    settings["greeting"] = os.environ.get("GREETING", "Hello")


class Items(wasgi.Handler):
    """Keeps nothing, answers everything."""

    def get(self, request):
        name = request.query.get("name", "world")
        return f"{settings['greeting']}, {name}! {request.path}\n"

    def post(self, request):
        return wasgi.Response.json({"got": request.json()}, status=201)

    def put(self, request):
        return (chunk.upper() for chunk in request)

    def delete(self, request):
        return 7


app = Items()


def function(request):
    """Answer with bytes."""
    return b"bytes\n"
