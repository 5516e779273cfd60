"""What a component exports."""

from typing import Protocol

from wit_world.exports import app as app
from wit_world.exports.app import Response
from wit_world.imports import types


class App(Protocol):
    def handle(self, environ: types.Environ, input: types.Input) -> Response: ...
