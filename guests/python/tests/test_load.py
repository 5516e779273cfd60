"""From a name to an application, or to the sentence that says why not."""

import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from wasgi.runtime.load import LoadError, interface_of, load


class LoadTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        sys.path.insert(0, folder.name)
        self.addCleanup(sys.path.remove, folder.name)
        self.count = 0

    def module(self, source: str) -> str:
        self.count += 1
        name = f"fixture_{id(self)}_{self.count}"
        (self.folder / f"{name}.py").write_text(source)
        return name

    def failure(self, source: str, attribute: str = ":app") -> LoadError:
        with self.assertRaises(LoadError) as caught:
            load(self.module(source) + attribute)
        return caught.exception

    def test_finds_an_attribute_a_factory_and_the_usual_names(self) -> None:
        source = "def app(environ, start): return 1\ndef create(): return app\n"
        self.assertEqual(load(self.module(source) + ":app").__name__, "app")
        self.assertEqual(load(self.module(source) + ":create()").__name__, "app")
        self.assertEqual(load(self.module(source)).__name__, "app")

    def test_a_syntax_error_has_its_line(self) -> None:
        failure = self.failure("a = 1\ndef f(:\n")
        self.assertEqual((failure.kind, failure.line), ("syntax", 2))

    def test_a_missing_module_has_the_line_of_its_import(self) -> None:
        failure = self.failure("\nimport not_installed_at_all\n")
        self.assertEqual((failure.kind, failure.line), ("missing-module", 2))
        self.assertIn("requirements", failure.hint or "")

    def test_a_missing_attribute_names_what_there_is(self) -> None:
        failure = self.failure("def main(environ, start): pass\n")
        self.assertEqual(failure.kind, "missing-attribute")
        self.assertIn("main", failure.message)

    def test_what_cannot_be_called_is_told(self) -> None:
        self.assertEqual(self.failure("app = 3\n").kind, "not-callable")
        failure = self.failure("def create(): pass\n", ":create()")
        self.assertEqual(failure.kind, "not-callable")
        self.assertIn("return app", failure.hint or "")

    def test_what_raises_at_import_has_its_line(self) -> None:
        failure = self.failure("import os\nKEY = os.environ['NOT_SET_AT_ALL']\n")
        self.assertEqual(failure.kind, "raised")
        self.assertIn("on_instance", failure.hint or "")

    def test_a_name_that_is_none_is_told(self) -> None:
        with self.assertRaisesRegex(LoadError, r"package\.module:attribute"):
            load("my-app.py")


class InterfaceTest(unittest.TestCase):
    def test_is_told_by_the_arguments(self) -> None:
        def wsgi(environ: Any, start_response: Any) -> Any: ...
        async def asgi(scope: Any, receive: Any, send: Any) -> Any: ...
        def handler(request: Any) -> Any: ...

        class Asgi:
            async def __call__(self, scope: Any, receive: Any, send: Any) -> Any: ...

        class Wsgi:
            def __call__(self, environ: Any, start_response: Any) -> Any: ...

        def wrapped(*args: Any, **options: Any) -> Any: ...

        self.assertEqual(interface_of(wsgi), "wsgi")
        self.assertEqual(interface_of(Wsgi()), "wsgi")
        self.assertEqual(interface_of(wrapped), "wsgi")
        self.assertEqual(interface_of(asgi), "asgi")
        self.assertEqual(interface_of(Asgi()), "asgi")
        self.assertEqual(interface_of(handler), "handler")
        self.assertEqual(interface_of(handler, "wsgi"), "wsgi")

    def test_other_arguments_are_refused(self) -> None:
        with self.assertRaisesRegex(LoadError, "takes 4 arguments"):
            interface_of(lambda a, b, c, d: None)
