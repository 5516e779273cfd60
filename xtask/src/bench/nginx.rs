//! nginx before a FastCGI program: processes that stay, and answer one request after the other.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command::status;

/// Where Debian's package `nginx` puts the program, and what a FastCGI program is told.
const PROGRAM: &str = "/usr/sbin/nginx";
const PARAMETERS: &str = "/etc/nginx/fastcgi_params";

/// Both are one tree of processes, whose costs are counted together.
const START: &str = r#""$1" "$2" & exec "$3" -e stderr -c "$4""#;

/// Compiles the FastCGI program in C, if it and nginx can be run here. If not, says why.
pub(super) fn compile(source: &Path, program: &Path) -> Result<bool> {
    if !Path::new(PROGRAM).is_file() {
        eprintln!("nginx is left out: there is no {PROGRAM} (Debian's package nginx)");
        return Ok(false);
    }
    let mut compiler = Command::new("cc");
    compiler.arg("-O2").arg(source).arg("-o").arg(program);
    let compiled = status(compiler.arg("-lfcgi"))?.success();
    if !compiled {
        eprintln!("nginx is left out: FastCGI does not compile (Debian's package libfcgi-dev)");
    }
    Ok(compiled)
}

/// The command that serves a FastCGI program at `/`. What they keep goes to `folder`, whose name
/// must be short enough for a socket in it.
pub(super) fn serve(program: &Path, folder: &Path, address: SocketAddr) -> Result<Command> {
    let socket = folder.join("socket");
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration(&socket, folder, address))?;
    let mut command = Command::new("sh");
    command.args(["-c", START, "sh"]).arg(program).arg(socket);
    command.arg(PROGRAM).arg(file);
    Ok(command)
}

/// No connection is closed because it has answered a thousand requests, as both ends of nginx would
/// have it; and no more of them are kept than there are FastCGI processes, each of which has one.
fn configuration(socket: &Path, folder: &Path, address: SocketAddr) -> String {
    let (socket, folder) = (socket.display(), folder.display());
    let temporary = |module| format!("{module}_temp_path {folder}/{module};\n");
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(temporary);
    format!(
        "daemon off;\npid {folder}/pid;\nworker_processes 2;\n{}events {{ }}\n\
         http {{\n{}access_log off;\nkeepalive_requests 1000000000;\n\
         upstream app {{\nserver unix:{socket};\nkeepalive 1;\n\
         keepalive_requests 1000000000;\n}}\n\
         server {{\nlisten {address};\nlocation / {{\ninclude {PARAMETERS};\n\
         fastcgi_pass app;\nfastcgi_keep_conn on;\n}}\n}}\n}}\n",
        user(),
        temporary.concat(),
    )
}

/// Whom nginx' processes run as: whoever owns the socket.
fn user() -> &'static str {
    if rustix::process::geteuid().is_root() {
        "user root;\n"
    } else {
        ""
    }
}
