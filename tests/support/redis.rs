//! Redis for the tests: a server in memory, with a password.

use std::net::TcpListener;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::output::Output;
use super::services::{self, Programs};

/// Its password.
pub(crate) const PASSWORD: &str = "battery staple";

/// A server. It is ended when this is dropped.
pub(crate) struct Redis {
    child: Child,
    /// Ends it with this process, however that ends.
    guard: Child,
    port: u16,
    _folder: TempDir,
}

impl Redis {
    /// Starts one, and waits until it answers.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = Programs::redis().command("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no"]);
        command.args(["--requirepass", PASSWORD]).arg("--dir");
        command.arg(folder.path()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let guard = services::guard(&child, folder.path());
        let said = Output::collect(child.stdout.take().unwrap());
        said.wait_for(&["Ready to accept connections"]);
        Self {
            child,
            guard,
            port,
            _folder: folder,
        }
    }

    /// The port at which it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.guard.kill());
        drop(self.child.kill());
        self.guard.wait().unwrap();
        self.child.wait().unwrap();
    }
}
