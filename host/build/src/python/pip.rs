//! pip, for this machine's Python or for the guest's.
//!
//! Owns what pip is told of the guest, so that it takes the releases and the dependencies that an
//! app has there.

use std::path::Path;
use std::process::Command;

use super::interpreter::Interpreter;

/// Whose Python packages are for.
#[derive(Clone, Copy, Debug)]
pub(super) enum For {
    /// This machine's: tools, and what builds packages.
    Machine,
    /// The guest's.
    Guest,
}

/// pip, run in `folder`. Its settings are the user's, but for those of where it installs to.
pub(super) fn command(python: &Interpreter, whose: For, folder: &Path) -> Command {
    let mut command = python.command(match whose {
        For::Machine => PIP,
        For::Guest => PIP_FOR_GUEST,
    });
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    command
        .env("PIP_USER", "0")
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .env("PIP_NO_INPUT", "1")
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .env("PIP_PROGRESS_BAR", "off")
        .current_dir(folder);
    command
}

const ELSEWHERE: [&str; 6] = [
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_PLATFORM",
    "PIP_NO_BINARY",
    "PIP_ONLY_BINARY",
];

const PIP: &str = "\
import sys
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))";

/// pip with the guest's answers to the conditions of dependencies, such as
/// `greenlet; platform_machine == 'x86_64'`. pip's own options for another Python change which
/// releases fit, but not these.
const PIP_FOR_GUEST: &str = "\
import sys
from pip._vendor.packaging import markers
guest = {'implementation_name': 'cpython', 'implementation_version': '3.14.0', 'os_name': 'posix',
    'platform_machine': 'wasm32', 'platform_release': '0.0.0', 'platform_system': 'wasi',
    'platform_version': '0.0.0', 'python_full_version': '3.14.0',
    'platform_python_implementation': 'CPython', 'python_version': '3.14', 'sys_platform': 'wasi'}
markers.default_environment = lambda: dict(guest)
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))";

/// Makes an installation take the wheels for the guest, and those of this list, so that a package
/// with native code can be told by name.
pub(super) fn take_wheels_for_guest(command: &mut Command) {
    command.args([
        "--only-binary=:all:",
        "--python-version=3.14",
        "--implementation=cp",
    ]);
    for abi in ["cp314", "abi3", "none"] {
        command.args(["--abi", abi]);
    }
    for platform in PLATFORMS {
        command.args(["--platform", platform]);
    }
}

const PLATFORMS: [&str; 7] = [
    "wasi_0_0_0_wasm32",
    "any",
    "manylinux_2_34_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "manylinux1_x86_64",
];

/// The requirement for which pip found nothing that fits.
pub(super) fn missing(output: &str) -> Option<String> {
    let found = output
        .lines()
        .find_map(|line| line.split_once("No matching distribution found for "))?;
    // `flask>=9 (from -r requirements.txt (line 1))`
    let requirement = found.1.split(" (from ").next()?;
    Some(requirement.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pip_does_not_find_is_told() {
        let output = "ERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1)\n\
                      ERROR: No matching distribution found for x==9 (from -r r.txt (line 1))\n";
        assert_eq!(missing(output).as_deref(), Some("x==9"));
        assert_eq!(missing("ERROR: other"), None);
    }
}
