"""Builds wheels of Python packages in Rust for the CPython of the component.

    python3 build.py [--output FOLDER] [SOURCE ...]

A SOURCE is an unpacked source distribution that is made with maturin, or what pip would call a
requirement. Without any, the packages of `requirements.txt` beside this file are built, whose
sources are known by their digests.

An extension module for a component is a library of WebAssembly: position-independent, with the
memory, the table and the functions of CPython and libc as imports. componentize-py links it with
CPython as a dynamic linker would. Rust needs no more for that than the target `wasm32-wasip2`: its
code is position-independent, and so is its standard library.

Owns how such a library is compiled and what a wheel of it is called. Must give the same bytes for
the same source and compiler, wherever it runs.
"""

import argparse
import base64
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

TARGET = "wasm32-wasip2"

TAG = "cp314-cp314-wasi_0_0_0_wasm32"
"""CPython 3.14, its own ABI, and what `sysconfig.get_platform()` says in the component."""

LIBRARY_END = ".cpython-314-wasm32-wasi.so"
"""How the names of extension modules end that componentize-py links."""

PYTHON = """\
implementation=CPython
version=3.14
shared=true
abi3=false
pointer_width=32
build_flags=
suppress_build_script_link_lines=true
"""
"""The CPython of the component, as PyO3 is told of it. Its symbols stay imports."""

COMPILE = ("-Ctarget-feature=-crt-static", "-Clink-self-contained=no")
"""No libc in the library: the component has one, and two would each have a heap."""

LINK = (
    "-Clink-arg=-shared",
    "-Clink-arg=--experimental-pic",
    # What the library itself defines is bound within it, and only its entry is seen from outside:
    # so the linker can leave out what is not used.
    "-Clink-arg=-Bsymbolic",
    "-Clink-arg=--no-export-dynamic",
)


FOREIGN = ("CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_")


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("wheels"), help="folder of the wheels")
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="folder or requirement")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for folder in folders(arguments.sources, Path(scratch)):
            wheel = build(folder, arguments.output, Path(scratch))
            print(f"{wheel} ({wheel.stat().st_size / 1024:.0f} KiB)")


def folders(sources: list[str], scratch: Path) -> list[Path]:
    """The unpacked sources. What is not a folder is asked of pip."""
    found = [Path(source).resolve() for source in sources if Path(source).is_dir()]
    asked = [source for source in sources if not Path(source).is_dir()]
    if not sources:
        asked = ["--require-hashes", "-r", str(Path(__file__).with_name("requirements.txt"))]
    if asked:
        downloads = scratch / "downloads"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        run([*command, "--no-binary=:all:", "--dest", str(downloads), *asked])
        for archive in sorted(downloads.iterdir()):
            with tarfile.open(archive) as tar:
                tar.extractall(downloads, filter="data")
            found.append(downloads / archive.name.removesuffix(".tar.gz"))
    return found


def build(folder: Path, output: Path, scratch: Path) -> Path:
    """Build the wheel of one source."""
    metadata = (folder / "PKG-INFO").read_bytes()
    settings = tomllib.loads((folder / "pyproject.toml").read_text())
    settings = settings.get("tool", {}).get("maturin", {})
    crate = folder / settings.get("manifest-path", "Cargo.toml")
    library = compile_library(crate, scratch)
    [name], [version] = fields(metadata, "Name"), fields(metadata, "Version")
    module = settings.get("module-name", name.replace("-", "_"))
    files = {module.replace(".", "/") + LIBRARY_END: library}
    package = folder / settings.get("python-source", ".") / module.partition(".")[0]
    for file in sorted(package.rglob("*")):
        if file.is_file() and file.suffix in (".py", ".pyi", ".typed"):
            files[file.relative_to(package.parent).as_posix()] = file.read_bytes()
    name = name.replace("-", "_")
    described = f"{name}-{version}.dist-info"
    for file in fields(metadata, "License-File"):
        files[f"{described}/licenses/{file}"] = (folder / file).read_bytes()
    return write_wheel(output, name, version, metadata, files)


def compile_library(crate: Path, scratch: Path) -> bytes:
    """Compile and link a crate. Returns the library."""
    stubs = scratch / "stubs"
    stubs.mkdir(exist_ok=True)
    # The crate `libc` asks for a library of this name. An empty one leaves its symbols imports.
    (stubs / "libc.a").write_bytes(b"!<arch>\n")
    (stubs / "python.txt").write_text(PYTHON)
    target = scratch / "target"
    cargo_home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    # The library has the names of source files, for messages. They must not be of one machine.
    places = ((str(crate.parent), "/source"), (cargo_home, "/cargo"), (str(scratch), "/build"))
    flags = [*COMPILE, *(f"--remap-path-prefix={place}={name}" for place, name in places)]
    # What this machine says to cargo is about other builds.
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment = {
        **own,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_TARGET_WASM32_WASIP2_LINKER": "rust-lld",
        "CARGO_TARGET_DIR": str(target),
        "PYO3_CONFIG_FILE": str(stubs / "python.txt"),
    }
    command = ["cargo", "rustc", "--release", "--locked", "--lib", "--crate-type", "cdylib"]
    command += ["--target", TARGET, "--manifest-path", str(crate)]
    for library in (target / TARGET / "release").glob("*.wasm"):
        library.unlink()
    run([*command, "--", *LINK, f"-Lnative={stubs}"], environment)
    [library] = (target / TARGET / "release").glob("*.wasm")
    return library.read_bytes()


def write_wheel(
    folder: Path, name: str, version: str, metadata: bytes, files: dict[str, bytes]
) -> Path:
    """Write a wheel, in which nothing depends on when or where it is made."""
    described = f"{name}-{version}.dist-info"
    wheel = f"Wheel-Version: 1.0\nGenerator: wasgi\nRoot-Is-Purelib: false\nTag: {TAG}\n"
    files = {**files, f"{described}/METADATA": metadata, f"{described}/WHEEL": wheel.encode()}
    record = "".join(f"{path},sha256={digest(data)},{len(data)}\n" for path, data in files.items())
    files[f"{described}/RECORD"] = f"{record}{described}/RECORD,,\n".encode()
    path = folder / f"{name}-{version}-{TAG}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for place, data in files.items():
            info = zipfile.ZipInfo(place)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return path


def fields(metadata: bytes, name: str) -> list[str]:
    """The values of a field in the head of a package's metadata."""
    head = metadata.decode().partition("\n\n")[0].splitlines()
    return [line.removeprefix(f"{name}: ").strip() for line in head if line.startswith(f"{name}: ")]


def digest(data: bytes) -> str:
    """A digest as wheels have it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a program, and end with it if it fails."""
    ended = subprocess.run(command, env=environment, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"error: `{' '.join(command[:3])}` failed, with what is said above")


if __name__ == "__main__":
    main()
