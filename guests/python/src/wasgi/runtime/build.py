"""One build: import the application, warm it up, and leave it ready to be frozen.

Owns the order of the steps and the settings. Must report whatever happens.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


from wasgi.runtime import load, snapshot, warm
from wasgi.runtime.app import Exports, server_of
from wasgi.runtime.load import LoadError, raised
from wasgi.runtime.report import Report
from wasgi.runtime.stdio import Output


@dataclass
class Settings:
    """What to build: the constants of the generated module `wasgi_app`."""

    module: str
    """`package.module:attribute`, or `package.module:factory()`."""
    interface: str = "auto"
    """`wsgi`, `asgi`, `handler`, or `auto`: told by looking at the application."""
    warm: tuple[str, ...] = ("/",)
    """Paths that are requested before the memory is frozen."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables while the application is imported, and later unless the host grants another value."""
    include: tuple[str, ...] = ()
    """Patterns of files of the source that are kept although they would be left out."""

    @classmethod
    def read(cls) -> "Settings":
        """Read the generated module."""
        import wasgi_app

        given = {name.lower(): value for name, value in vars(wasgi_app).items() if name.isupper()}
        return cls(**given)


def build() -> Callable[[], Exports]:
    """Build what `wasgi_app` says. Returns what componentize-py calls to get the exports."""
    sys.dont_write_bytecode = True
    output = Output()
    report = Report()
    try:
        exports = _build(report)
    except LoadError as error:
        report.output = output.text()
        report.write(error)
        output.release()
        raise
    except BaseException as error:
        report.output = output.text()
        failure = raised(error, "the build")
        failure.kind = "internal"
        report.write(failure)
        output.release()
        raise failure from error
    report.output = output.text()
    report.write()
    output.release()
    snapshot.finish()
    return lambda: exports


def _build(report: Report) -> Exports:
    settings = Settings.read()
    report.module = settings.module
    begun = time.perf_counter()
    application = load.load(settings.module)
    report.interface = load.interface_of(application, settings.interface)
    report.seconds["import"] = _since(begun)
    server = server_of(application, report.interface, settings.module)
    begun = time.perf_counter()
    report.warm = warm.warm(server, settings.warm)
    report.seconds["warm"] = _since(begun)
    return Exports(server, settings.env)


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 3)


