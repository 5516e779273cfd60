"""The application for Django's registry."""

from django.apps import AppConfig


class PollsConfig(AppConfig):
    """Questions, their choices, and votes."""

    name = "polls"
