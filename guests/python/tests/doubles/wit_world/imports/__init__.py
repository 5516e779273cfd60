"""What the host provides."""

from wit_world.imports import kdf as kdf
from wit_world.imports import types as types
