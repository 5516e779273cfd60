use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use super::other_names;
use super::upstream::Upstream;
use crate::support::host::run;
use crate::support::{Connection, Host, Isolation, Setup, get, guests};

/// A host whose app may connect to these, with more of its `[app.outbound]` table.
fn granted(isolation: Isolation, allow: &[String], more: &str) -> Host {
    let table = format!("[app.outbound]\nallow = {allow:?}\n{more}");
    Setup::new(isolation).app("connect", &table).start()
}

fn told(host: &Host, query: &str) -> String {
    let response = host.get(&format!("/connect?{query}"));
    assert_eq!(response.status, 200, "{query}: {response:?}");
    response.text().to_owned()
}

/// A listener that says back what it hears, to as many as this.
fn echo(connections: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            // One that only connects is gone by now.
            drop(stream.write_all(&heard));
        }
    });
    port
}

both!(a_granted_address_is_reached, |isolation: Isolation| {
    let port = echo(3);
    let host = granted(isolation, &[format!("tcp://127.0.0.1:{port}")], "");
    for word in ["first", "second", "third"] {
        let query = format!("to=127.0.0.1:{port}&say={word}");
        assert_eq!(told(&host, &query), word);
    }
});

both!(a_granted_name_is_reached, |isolation: Isolation| {
    let port = echo(1);
    let host = granted(isolation, &[format!("tcp://localhost:{port}")], "");
    assert!(told(&host, "lookup=localhost").contains("127.0.0.1"));
    assert_eq!(
        told(&host, &format!("to=localhost:{port}&say=word")),
        "word"
    );
});

both!(nothing_else_is_reached, |isolation: Isolation| {
    let (granted_one, other) = (Upstream::start(), Upstream::start());
    let allow = [
        format!("tcp://127.0.0.1:{}", granted_one.port()),
        "http://127.0.0.1".to_owned(),
    ];
    let host = granted(isolation, &allow, "");
    for query in [
        format!("to=127.0.0.1:{}", other.port()),
        format!("to=127.0.0.2:{}", granted_one.port()),
        format!("to=[::1]:{}", granted_one.port()),
        format!("to=localhost:{}", granted_one.port()),
        "to=127.0.0.1:80".to_owned(),
        format!("listen=127.0.0.1:{}", granted_one.port()),
        "listen=127.0.0.1:0".to_owned(),
        "listen=0.0.0.0:0".to_owned(),
        format!("send=127.0.0.1:{}", granted_one.port()),
        "lookup=localhost".to_owned(),
        "lookup=one.one.one.one".to_owned(),
    ] {
        let told = told(&host, &query);
        assert!(told.starts_with("error: "), "{query}: {told}");
    }
    assert!(granted_one.is_unvisited() && other.is_unvisited());
});

both!(
    nothing_is_reached_without_a_grant,
    |isolation: Isolation| {
        let upstream = Upstream::start();
        let requests = granted(isolation, &[upstream.url()], "");
        let nothing = Setup::new(isolation).app("connect", "").start();
        for host in [requests, nothing] {
            for query in [
                format!("to=127.0.0.1:{}", upstream.port()),
                "lookup=localhost".to_owned(),
            ] {
                let told = told(&host, &query);
                assert!(told.starts_with("error: "), "{query}: {told}");
            }
        }
        assert!(upstream.is_unvisited());
    }
);

#[test]
fn a_grant_of_a_socket_is_none_of_requests() {
    let upstream = Upstream::start();
    let table = format!(
        "[app.outbound]\nallow = ['tcp://127.0.0.1:{}']",
        upstream.port()
    );
    let host = Setup::new(Isolation::Fresh).app("fetch", &table).start();
    let target = format!("/fetch?url={}", upstream.url());
    assert_eq!(host.get(&target).text(), "error: HttpRequestDenied\n");
    assert!(upstream.is_unvisited());
}

#[test]
fn a_name_of_a_private_address_needs_its_network() {
    for name in other_names() {
        let upstream = Upstream::start();
        let grant = [format!("tcp://{name}:{}", upstream.port())];
        let query = format!("to={name}:{}", upstream.port());
        let refused = granted(Isolation::Fresh, &grant, "");
        assert!(told(&refused, &query).starts_with("error: "));
        assert!(upstream.is_unvisited());

        let host = granted(Isolation::Fresh, &grant, "private = ['127.0.0.0/8']");
        let connection = begin(&host, &query);
        drop(upstream.accept());
        ends(connection);
    }
}

fn begin(host: &Host, query: &str) -> Connection {
    let mut connection = host.connect();
    connection.send(get(&format!("/connect?{query}")));
    connection
}

fn ends(mut connection: Connection) {
    assert_eq!(connection.response().status, 200);
}

both!(sockets_have_places, |isolation: Isolation| {
    let port = echo(3 + 20);
    let grant = [format!("tcp://127.0.0.1:{port}")];
    let host = granted(isolation, &grant, "concurrency = 3");
    let to = format!("to=127.0.0.1:{port}&say=x");
    assert_eq!(told(&host, &format!("{to}&times=3")), "xxx");
    assert_eq!(told(&host, &format!("{to}&times=20&apart=yes")), "");
    let over = Upstream::start();
    let grant = [format!("tcp://127.0.0.1:{}", over.port())];
    let host = granted(isolation, &grant, "concurrency = 3");
    let told = told(&host, &format!("to=127.0.0.1:{}&times=4", over.port()));
    assert!(told.starts_with("error: "), "{told}");
});

both!(
    a_guest_that_waits_for_a_socket_is_ended,
    |isolation: Isolation| {
        let silent = Upstream::start();
        let port = silent.port();
        let table = format!(
            "[app.limits]\nwall = '300ms'\n\
             [app.outbound]\nconcurrency = 1\nallow = ['tcp://127.0.0.1:{port}']"
        );
        let host = Setup::new(isolation).app("connect", &table).start();
        for _ in 0..3 {
            // Its socket's place goes with it, or the next would have none.
            let mut connection = begin(&host, &format!("to=127.0.0.1:{port}"));
            let accepted = silent.accept();
            assert_eq!(connection.response().status, 504);
            drop(accepted);
        }
    }
);

#[test]
fn what_cannot_be_counted_is_not_granted_any() {
    let setup = Setup::new(Isolation::Fresh);
    let file = setup.folder().join("wasgi.toml");
    let component = guests::path("cgi1-hello");
    let app = format!(
        "[[app]]\ncomponent = '{}'\n[app.outbound]\nallow = ['tcp://127.0.0.1:1']",
        component.display()
    );
    std::fs::write(&file, app).unwrap();
    let end = run(&[
        "serve",
        "--addr",
        "127.0.0.1:0",
        "--config",
        file.to_str().unwrap(),
    ]);
    assert_eq!(end.code, Some(1));
    let expected = "cannot grant `tcp://` to cgi1-hello: it is a core module";
    assert!(end.stderr.contains(expected), "{}", end.stderr);
}
