"""The files that a component carries, and the functions that find them."""

import io
import os
import tempfile
import unittest
from pathlib import Path

from wasgi.runtime.files import Files
from wasgi.runtime.importer import Extension, Finder
from wasgi.runtime.tree import FILE_BYTES_MAX, Root, Tree

CONTENT = {
    "app.py": b"import pkg\n",
    "pkg/__init__.py": b"VALUE = 1\n",
    "pkg/mod.py": b"VALUE = 2\n",
    "part/only.py": b"VALUE = 3\n",
    "pkg/fast.cpython-314-wasm32-wasi.so": b"\0asm\1",
    "pkg/other.cpython-314-x86_64-linux-gnu.so": b"\x7fELF",
    "pkg/wrong.abi3.so": b"\x7fELF",
    "templates/a.html": b"<p>\xc3\xa9</p>\r\n",
    "data.db": b"database",
    "kept.db": b"database",
    ".env": b"SECRET=1",
    ".git/config": b"x",
    "__pycache__/app.pyc": b"x",
}


class TreeTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, content in CONTENT.items():
            path = Path(folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with open(Path(folder.name, "big.bin"), "wb") as file:
            file.truncate(FILE_BYTES_MAX + 1)
        self.tree = Tree()
        root = Root(folder.name, "/app", True, True, include=("kept.*",))
        self.tree.add(root)
        self.root = root
        self.files = Files(self.tree, "/app")

    def test_keeps_what_an_application_may_read(self) -> None:
        self.assertEqual(
            sorted(self.tree.data),
            [
                "/app/app.py",
                "/app/kept.db",
                "/app/part/only.py",
                "/app/pkg/__init__.py",
                "/app/pkg/mod.py",
                "/app/templates/a.html",
            ],
        )

    def test_tells_what_it_leaves_out_but_not_what_is_hidden(self) -> None:
        left_out = {entry["file"] for entry in self.tree.left_out}
        of_a_machine = {
            "/app/pkg/other.cpython-314-x86_64-linux-gnu.so",
            "/app/pkg/wrong.abi3.so",
        }
        self.assertEqual(left_out, {"/app/data.db", "/app/big.bin", *of_a_machine})

    def test_finds_modules_packages_and_namespaces(self) -> None:
        finder = Finder(self.tree, "/app")
        spec = finder.find_spec("pkg")
        assert spec is not None and spec.loader is not None
        self.assertEqual(spec.submodule_search_locations, ["/app/pkg"])
        code = spec.loader.get_code("pkg")  # type: ignore[attr-defined]
        self.assertEqual(code.co_filename, "/app/pkg/__init__.py")
        part = finder.find_spec("part")
        assert part is not None
        self.assertIsNone(part.loader)
        self.assertIsNone(finder.find_spec("nothing"))
        self.assertEqual(dict(finder.iter_modules()), {"app": False, "pkg": True})

    def test_finds_extension_modules_under_the_names_of_their_libraries(self) -> None:
        finder = Finder(self.tree, "/app/pkg")
        spec = finder.find_spec("pkg.fast")
        assert spec is not None and isinstance(spec.loader, Extension)
        library = "pkg/fast.cpython-314-wasm32-wasi.so"
        self.assertEqual(spec.origin, f"/app/{library}")
        self.assertEqual(self.tree.libraries, {"/app/pkg/fast": f"{self.root.real}/{library}"})
        self.assertIsNone(finder.find_spec("pkg.wrong"))
        self.assertEqual(dict(finder.iter_modules()), {"fast": False, "mod": False})

    def test_keeps_byte_code_when_the_folders_are_gone(self) -> None:
        counts = self.tree.seal([self.root])
        self.assertEqual(counts["app"]["modules"], 4)
        code = self.tree.code("/app/pkg/mod.py")
        assert code is not None
        values: dict[str, object] = {}
        exec(code, values)
        self.assertEqual(values["VALUE"], 2)

    def test_opens_files_as_text_and_as_bytes(self) -> None:
        self.assertEqual(self.files.open("/app/templates/a.html").read(), "<p>é</p>\n")
        self.assertEqual(self.files.open("templates/a.html", "rb").read(4), b"<p>\xc3")
        self.assertEqual(self.files.open("/app/pkg/../app.py").read(), "import pkg\n")
        with self.assertRaises(io.UnsupportedOperation):
            self.files.open("/app/app.py", "rb").write(b"x")

    def test_refuses_to_write_and_says_so(self) -> None:
        for mode in ("w", "a", "r+", "x"):
            with self.assertRaisesRegex(OSError, "Read-only"):
                self.files.open("/app/app.py", mode)
        with self.assertRaises(IsADirectoryError):
            self.files.open("/app/pkg")
        with self.assertRaises(FileNotFoundError):
            self.files.open("/app/nothing")

    def test_looks_at_files_and_folders(self) -> None:
        self.assertEqual(self.files.stat("/app/app.py").st_size, 11)
        self.assertEqual(self.files.listdir("pkg"), ["__init__.py", "mod.py"])
        self.assertEqual(self.files.listdir(b"pkg"), [b"__init__.py", b"mod.py"])
        with self.files.scandir("/app/templates") as entries:
            entry = next(entries)
        self.assertEqual((entry.path, entry.is_file()), ("/app/templates/a.html", True))
        self.assertFalse(self.files.access("/app/app.py", os.W_OK))
        with self.assertRaises(NotADirectoryError):
            self.files.listdir("/app/app.py")

    def test_leaves_all_other_paths_to_the_host(self) -> None:
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("x")
            file.flush()
            with self.files.open(file.name) as opened:
                self.assertEqual(opened.read(), "x")
            self.assertEqual(self.files.stat(file.name).st_size, 1)
