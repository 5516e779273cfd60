"""The module that componentize-py is given: importing it builds the component.

A build is one command, over four or five folders whose order is their meaning::

    componentize-py … componentize wasgi.runtime.entry \\
        -p RUNTIME -p BUILD -p SOURCE -p SITE [-p CACHE]

RUNTIME is this package. BUILD has the module `wasgi_app`, which says in constants what to build
(`Settings` reads them), and gets `report.json`. SOURCE is the application, SITE its requirements;
the application sees them as `/app` and `/site`. CACHE keeps byte code between builds.

What is in memory when the import ends is what every instance starts with. A build that fails writes
its report, prints the sentence of the error, and exits.

Owns the order of a build. Must leave nothing open.
"""

import sys

from wasgi.runtime.build import build
from wasgi.runtime.load import LoadError

try:
    App = build()
except LoadError as failure:
    print(f"wasgi-error: {failure}", file=sys.__stderr__)
    if failure.hint:
        print(f"wasgi-hint: {failure.hint}", file=sys.__stderr__)
    raise SystemExit(1) from None
