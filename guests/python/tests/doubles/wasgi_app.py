"""The generated module of a build."""

MODULE = "app:app"
