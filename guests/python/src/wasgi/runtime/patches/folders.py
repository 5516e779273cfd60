"""The folder for temporary files: a component has one if its manifest says so."""

from typing import Any


def patch(module: Any) -> None:
    """Say in the error of `tempfile` how a component gets its folder."""
    find = module._get_default_tempdir

    def _get_default_tempdir(*arguments: Any) -> Any:
        try:
            return find(*arguments)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                error.errno,
                "there is no folder for temporary files: "
                'give the application one in its manifest, with tmp = "64MiB"',
            ) from None

    module._get_default_tempdir = _get_default_tempdir
