"""What the host provides."""

from wit_world.imports import database as database
from wit_world.imports import kdf as kdf
from wit_world.imports import types as types
from wit_world.imports import values as values
