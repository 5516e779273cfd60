"""Imports what nothing provides."""

import nowhere

app = nowhere.app
