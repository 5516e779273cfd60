//! The socket's file: how it is made and found, and who may use it.
//!
//! The address of a Unix socket has room for 107 bytes of path, and a state folder may lie deeper:
//! the folder is opened, and the socket named below its descriptor.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// The socket's name in the state folder.
const NAME: &str = "admin.sock";

/// Its name before it listens.
const NEW: &str = ".new-admin.sock";

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 64;

/// Makes the socket, in place of one that is there.
///
/// It gets its name when it listens, so whoever finds it can connect.
pub(super) fn bind(folder: &Path) -> io::Result<UnixListener> {
    let folder = File::open(folder)?;
    let (new, place) = (below(&folder, NEW), below(&folder, NAME));
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let socket = UnixSocket::new_stream()?;
    // The file is made with the mode that the socket has: at no moment can others connect to it.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    socket.bind(&new)?;
    let listener = socket.listen(BACKLOG)?;
    fs::rename(new, place)?;
    Ok(listener)
}

/// Connects to the host that has this state folder.
pub async fn connect(folder: &Path) -> io::Result<UnixStream> {
    let folder = File::open(folder)?;
    UnixStream::connect(below(&folder, NAME)).await
}

/// Whether a user may use the interface: the host's own, and root, who could take it anyway.
pub(super) fn is_allowed(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

/// The path of a file in a folder for as long as the folder is open, whatever its length is.
fn below(folder: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

    use tempfile::TempDir;

    use super::*;

    /// Expect that who connects is the one whom the listener accepts.
    async fn is_reached(listener: &UnixListener, folder: &Path) {
        let client = connect(folder).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let user = client.peer_cred().unwrap().uid();
        assert!(is_allowed(user));
        assert_eq!(server.peer_cred().unwrap().uid(), user);
    }

    #[tokio::test]
    async fn a_socket_is_its_owners_alone() {
        let folder = TempDir::new().unwrap();
        let listener = bind(folder.path()).unwrap();
        let file = fs::metadata(folder.path().join(NAME)).unwrap();
        assert!(file.file_type().is_socket());
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        is_reached(&listener, folder.path()).await;
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_path_may_be_long() {
        let top = TempDir::new().unwrap();
        let folder = top.path().join("long-".repeat(40)).join("deep-".repeat(40));
        fs::create_dir_all(&folder).unwrap();
        let listener = bind(&folder).unwrap();
        is_reached(&listener, &folder).await;
    }

    #[tokio::test]
    async fn what_a_host_left_is_replaced() {
        let folder = TempDir::new().unwrap();
        let before = bind(folder.path()).unwrap();
        let listener = bind(folder.path()).unwrap();
        is_reached(&listener, folder.path()).await;
        drop((before, listener));
        let error = connect(folder.path()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        fs::write(folder.path().join(NEW), "left by a crash").unwrap();
        is_reached(&bind(folder.path()).unwrap(), folder.path()).await;
        assert!(!folder.path().join(NEW).exists());
    }

    #[test]
    fn other_users_are_refused() {
        let own = rustix::process::geteuid().as_raw();
        assert!(is_allowed(0) && is_allowed(own));
        assert!(!is_allowed(own + 1) && !is_allowed(u32::MAX));
    }
}
