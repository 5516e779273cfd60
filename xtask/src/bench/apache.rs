//! Apache with CGI: each request starts a process of its own.
//!
//! Its older module, not the daemon: that one does not wait for scripts, and what they cost would
//! be in no count.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// Where Debian's package `apache2-bin` puts the program and its modules.
const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";

/// Whom scripts run as.
const USER: &str = "nobody";
const GROUP: &str = "nogroup";

/// Whether it is installed, and its scripts may run this command. If not, says why.
pub(super) fn can_run(program: &Path, arguments: &[&str]) -> bool {
    if !Path::new(PROGRAM).is_file() {
        eprintln!("Apache is left out: there is no {PROGRAM} (Debian's package apache2-bin)");
        return false;
    }
    // It does not run scripts as root.
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", GROUP, "--clear-groups", "--"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let may = status.is_ok_and(|status| status.success());
    if !may {
        let program = program.display();
        eprintln!("Apache is left out: its scripts run as {USER}, who cannot run {program}");
    }
    may
}

/// The command that serves a script at `/`. What it keeps goes to the script's folder, which other
/// users must be able to read.
pub(super) fn serve(script: &Path, address: SocketAddr) -> Result<Command> {
    let folder = script.parent().context("a script has a folder")?;
    let file = folder.join("httpd.conf");
    fs::write(&file, configuration(script, folder, address))?;
    let mut command = Command::new(PROGRAM);
    command.arg("-DFOREGROUND").arg("-f").arg(file);
    Ok(command)
}

fn configuration(script: &Path, folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let load = |module| format!("LoadModule {module}_module {MODULES}/mod_{module}.so\n");
    let modules = ["mpm_prefork", "authz_core", "alias", "cgi"].map(load);
    format!(
        "ServerRoot {folder}\nServerName localhost\nListen {address}\n\
             User {USER}\nGroup {GROUP}\n{}\
             PidFile {folder}/pid\nErrorLog {folder}/errors\n\
             ScriptAlias / {}/\n<Directory />\nRequire all granted\n</Directory>\n",
        modules.concat(),
        script.display(),
    )
}
