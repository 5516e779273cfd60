//! Apache with CGI: each request starts a Python of its own.
//!
//! Its older module, not the daemon: that one does not wait for scripts, and what they cost would
//! be in no count.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// Where Debian's package `apache2-bin` puts the program and its modules.
const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";

/// Whom scripts run as.
const USER: &str = "nobody";
const GROUP: &str = "nogroup";

/// Whether it is installed, and may run the Python of these tools. If not, says why.
pub(super) fn can_run(tools: &Path) -> bool {
    if !Path::new(PROGRAM).is_file() {
        eprintln!("Apache is left out: there is no {PROGRAM} (Debian's package apache2-bin)");
        return false;
    }
    let python = tools.join("python");
    let may = may_run(&python);
    if !may {
        let python = python.display();
        eprintln!("Apache is left out: its scripts run as {USER}, who cannot run {python}");
    }
    may
}

/// Whether Apache's scripts, which run as another user if this is root, can start `python`.
fn may_run(python: &Path) -> bool {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", GROUP, "--clear-groups", "--"]);
        command.arg(python);
        command
    } else {
        Command::new(python)
    };
    let status = command.args(["-c", ""]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// An application of `source` as a CGI script, and the Python that runs it.
pub(super) struct Script<'a> {
    pub(super) source: &'a Path,
    pub(super) tools: &'a Path,
    /// The application, as gunicorn names it.
    pub(super) module: &'a str,
    /// A folder that other users may read: Apache does not run scripts as root.
    pub(super) folder: PathBuf,
}

impl Script<'_> {
    /// The command that serves the script at `/`.
    pub(super) fn serve(&self, address: SocketAddr) -> Result<Command> {
        fs::create_dir_all(&self.folder)?;
        let script = self.folder.join("app.cgi");
        fs::write(&script, self.program()?)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let configuration = self.folder.join("httpd.conf");
        fs::write(&configuration, self.configuration(&script, address))?;
        let mut command = Command::new(PROGRAM);
        command.arg("-DFOREGROUND").arg("-f").arg(configuration);
        Ok(command)
    }

    fn program(&self) -> Result<String> {
        let (module, app) = self
            .module
            .split_once(':')
            .context("a module has an application")?;
        Ok(format!(
            "#!{}\nimport sys\nsys.path.insert(0, {:?})\nfrom wsgiref.handlers import CGIHandler\n\
             from {module} import {app}\nCGIHandler().run({app})\n",
            self.tools.join("python").display(),
            self.source.display().to_string(),
        ))
    }

    fn configuration(&self, script: &Path, address: SocketAddr) -> String {
        let folder = self.folder.display();
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
}
