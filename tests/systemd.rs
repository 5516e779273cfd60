use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use command_fds::{CommandFdExt as _, FdMapping};
use tempfile::TempDir;

use crate::support::guests;
use crate::support::host::{BINARY, Host, cache, run_by};
use crate::support::lineage::Lineage;
use crate::support::output::PATIENCE;

const HELLO: &str = "[[app]]\ncomponent = '@hello'\npath = '/hello'\n";

/// The binary as systemd starts it, with these descriptors from 3 on.
fn activated(descriptors: Vec<OwnedFd>) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "LISTEN_PID=$$ exec \"$@\"", "sh", BINARY])
        .env("LISTEN_FDS", descriptors.len().to_string());
    let mappings = descriptors
        .into_iter()
        .zip(3..)
        .map(|(parent_fd, child_fd)| FdMapping {
            parent_fd,
            child_fd,
        });
    command.fd_mappings(mappings.collect()).unwrap();
    command
}

fn serve_hello(command: &mut Command) -> &mut Command {
    let command = command.arg("serve").arg(guests::path("hello"));
    command.arg("--cache").arg(cache())
}

#[test]
fn its_sockets_are_served_if_no_address_is_named() {
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let addresses = sockets
        .each_ref()
        .map(|socket| socket.local_addr().unwrap());
    let host = Host::serve_by(serve_hello(&mut activated(
        sockets.into_iter().map(OwnedFd::from).collect(),
    )));
    assert_eq!(host.address(), addresses[0]);
    let second = host.stderr().line(1).unwrap();
    assert_eq!(second, format!("listening on http://{}", addresses[1]));
    assert_eq!(host.get("/").text(), "hello\n");
    host.stop();
}

#[test]
fn a_socket_is_taken_for_the_address_that_names_it() {
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let addresses = sockets
        .each_ref()
        .map(|socket| socket.local_addr().unwrap());
    let [closed, kept] = sockets.each_ref().map(|socket| {
        let status = rustix::fs::fstat(socket).unwrap();
        format!("socket:[{}]", status.st_ino)
    });
    let mut command = activated(sockets.into_iter().map(OwnedFd::from).collect());
    serve_hello(&mut command).args(["--addr", &addresses[1].to_string()]);
    let host = Host::serve_by(&mut command);
    assert_eq!(host.address(), addresses[1]);
    assert_eq!(host.get("/").text(), "hello\n");
    let unwanted = addresses[0].to_string();
    host.stderr()
        .wait_for(&["systemd listens on", &unwanted, "nothing here asks for"]);
    let open = host.descriptors();
    assert!(open.contains(&kept) && !open.contains(&closed), "{open:?}");
    host.stop();
}

#[test]
fn what_is_no_listening_socket_is_refused() {
    let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let end = run_by(serve_hello(&mut activated(vec![datagram.into()])));
    assert_eq!(end.code, Some(1));
    let message = "error: cannot use a socket that was handed over: it is not a TCP socket";
    assert!(end.stderr.starts_with(message), "{}", end.stderr);
}

/// What systemd is told next, signs of life left out.
fn told(socket: &UnixDatagram) -> String {
    loop {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).unwrap();
        let text = String::from_utf8(bytes[..length].to_vec()).unwrap();
        if text != "WATCHDOG=1\n" {
            return text;
        }
    }
}

#[test]
fn it_is_told_of_start_upgrade_and_end() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut command = activated(vec![listener.into()]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000");
    let mut lineage = Lineage::start_by(command, HELLO);
    assert_eq!(lineage.host().address(), address);
    let is_ready =
        |lineage: &Lineage| format!("READY=1\nMAINPID={}\n", lineage.pid().as_raw_nonzero());
    assert_eq!(told(&socket), is_ready(&lineage));

    lineage.write_manifest("[[app]]\n");
    lineage.signal(rustix::process::Signal::USR2);
    assert!(told(&socket).starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(told(&socket), is_ready(&lineage), "it goes on");

    lineage.write_manifest(HELLO);
    lineage.upgrade().wait();
    assert!(told(&socket).starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(told(&socket), is_ready(&lineage));
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");
    let mut sign = [0; 16];
    // The one before has ended: these are its successor's.
    let length = socket.recv(&mut sign).unwrap();
    assert_eq!(&sign[..length], b"WATCHDOG=1\n");

    lineage.stop();
    assert_eq!(told(&socket), "STOPPING=1\n");
}
