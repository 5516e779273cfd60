"""One build: import the application, warm it up, and leave it ready to be frozen.

Owns the order of the steps and the settings. Must report whatever happens.
"""

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wasgi.runtime import environment, files, importer, imports, load, patches, snapshot, tree, warm
from wasgi.runtime.app import Exports, server_of
from wasgi.runtime.load import LoadError, raised
from wasgi.runtime.report import Report
from wasgi.runtime.stdio import Output
from wasgi.runtime.tree import Root, Tree


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
    """Variables while the application is imported; later too, unless the host grants others."""
    include: tuple[str, ...] = ()
    """Patterns of files of the source that are kept although they would be left out."""

    @classmethod
    def read(cls) -> "Settings":
        """Read the generated module."""
        import wasgi_app

        given = {name.lower(): value for name, value in vars(wasgi_app).items() if name.isupper()}
        return cls(**given)


def roots(include: tuple[str, ...]) -> list[Root]:
    """The folders of a build, in the order of `sys.path`."""
    return [
        Root("/2", "/app", keeps_sources=True, keeps_data=True, include=include),
        Root("/0", "/0"),
        Root("/world", "/world"),
        Root("/bundled", "/bundled"),
        Root("/python", "/python", excluded=tree.NOT_OF_PYTHON),
        Root("/3", "/site", keeps_data=True, packs_data=True, excluded=frozenset(("bin",))),
    ]


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
        failure.traceback = "".join(traceback.format_exception(error))
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
    carried = Tree()
    folders = roots(settings.include)
    for folder in folders:
        carried.add(folder)
    sys.path[:] = [folder.path for folder in folders]
    importer.install(carried)
    files.install(carried, "/app")
    patches.install()
    reads = environment.Recorder(settings.env)
    report.seconds["read"], begun = _since(begun)

    application = load.load(settings.module)
    report.interface = load.interface_of(application, settings.interface)
    server = server_of(application, report.interface, settings.module)
    report.seconds["import"], begun = _since(begun)

    report.warm = warm.warm(server, settings.warm)
    report.seconds["warm"], begun = _since(begun)

    report.captured = carried.seal(folders)
    report.left_out = carried.left_out
    report.missing = imports.missing(carried)
    report.seconds["capture"], begun = _since(begun)

    if settings.warm:
        snapshot.prepare(lambda: warm.warm(server, settings.warm))
    report.environment = reads.stop()
    patches.release()
    report.seconds["prepare"], begun = _since(begun)
    return Exports(server, settings.env)


def _since(begun: float) -> tuple[float, float]:
    now = time.perf_counter()
    return round(now - begun, 3), now
