"""The world of a component."""
