//! Connects to `to`, says `say`, and answers with what it hears until the other side ends, or with
//! the error. `times` sockets are open at once, or one after the other with `apart`. `lookup` asks
//! what a name stands for; `listen` and `send` try what is never granted.

use std::io::{Error, Read, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let text = |name: &str| parameter::<String>(&request, name);
    let done = if let Some(name) = text("lookup") {
        lookup(&name)
    } else if let Some(address) = text("listen") {
        TcpListener::bind(address).map(|_| "listening".to_owned())
    } else if let Some(address) = text("send") {
        send(&address)
    } else {
        let to = text("to").unwrap_or_default();
        let times = parameter(&request, "times").unwrap_or(1);
        connect(
            &to,
            &text("say").unwrap_or_default(),
            times,
            text("apart").is_some(),
        )
    };
    Response::text(done.unwrap_or_else(|error| name(&error)))
}

fn connect(to: &str, say: &str, times: usize, apart: bool) -> Result<String> {
    let mut open = Vec::new();
    let mut heard = String::new();
    for _ in 0..times {
        let mut stream = TcpStream::connect(to)?;
        if apart {
            continue;
        }
        stream.write_all(say.as_bytes())?;
        open.push(stream);
    }
    for mut stream in open {
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_string(&mut heard)?;
    }
    Ok(heard)
}

fn lookup(name: &str) -> Result<String> {
    let found = (name, 0).to_socket_addrs()?;
    let mut found: Vec<_> = found.map(|found| found.ip().to_string()).collect();
    found.sort();
    found.dedup();
    Ok(found.join(" "))
}

fn send(address: &str) -> Result<String> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.send_to(b"data", address)?;
    Ok("sent".to_owned())
}

fn name(error: &Error) -> String {
    format!("error: {:?}", error.kind())
}

wasgi_guest::export!(handle);
