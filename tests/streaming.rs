use std::io::{ErrorKind, Write as _};
use std::thread;
use std::time::Duration;

use crate::support::{Chunk, Connection, Isolation, Response, Setup, get};

const MIB: usize = 1024 * 1024;

// The whole would take a quarter of an hour: what is read here came while the guest went on.
both!(sends_each_chunk_when_it_is_made, |host| {
    let mut connection = host.connect();
    connection.send(get("/ticks?count=100000&ms=10"));
    assert_eq!(connection.head().status, 200);
    let mut text = Vec::new();
    while text.len() < 30 {
        text.extend(connection.data());
    }
    assert!(
        text.starts_with(b"tick "),
        "{}",
        String::from_utf8_lossy(&text)
    );
});

both!(sends_all_ticks, |host| {
    let response = host.get("/ticks?count=3&ms=1");
    assert_eq!(response.text().lines().count(), 3, "{}", response.text());
    assert!(response.is_complete);
});

both!(answers_while_the_request_is_still_coming, |host| {
    let mut connection = host.connect();
    connection.send(
        "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
    );
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"one");
    for word in ["two", "six", "ten"] {
        connection.send(format!("3\r\n{word}\r\n"));
        assert_eq!(connection.data(), word.as_bytes());
    }
    connection.send("0\r\n\r\n");
    assert_eq!(connection.chunk(), Chunk::End(Vec::new()));
});

both!(
    echoes_100_mebibytes_both_ways_at_once,
    |isolation: Isolation| {
        const TOTAL: usize = 100 * MIB;
        let limits = "[app.limits]\nrequest-body = '1GiB'\ncpu = '60s'\nmemory = '16MiB'";
        let host = Setup::new(isolation).app("echo", limits).start();
        let mut connection = host.connect();
        let mut writer = connection.stream().try_clone().unwrap();
        let sender = thread::spawn(move || {
            let head =
                format!("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: {TOTAL}\r\n\r\n");
            writer.write_all(head.as_bytes()).unwrap();
            let block = block();
            (0..TOTAL / block.len()).for_each(|_| writer.write_all(&block).unwrap());
        });
        assert_eq!(connection.head().status, 200);
        let expected = block();
        let mut position = 0;
        while let Chunk::Data(bytes) = connection.chunk() {
            for piece in bytes.chunks(expected.len()) {
                let offset = position % expected.len();
                let first = piece.len().min(expected.len() - offset);
                assert!(
                    piece[..first] == expected[offset..][..first],
                    "other bytes at {position}"
                );
                assert!(
                    piece[first..] == expected[..piece.len() - first],
                    "other bytes at {position}"
                );
                position += piece.len();
            }
        }
        assert_eq!(position, TOTAL);
        sender.join().unwrap();
    }
);

/// A mebibyte that does not repeat at the sizes in which bytes are moved.
fn block() -> Vec<u8> {
    (0..=250).cycle().take(MIB).collect()
}

both!(streams_many_bytes_down, |host| {
    let response = host.get("/stream?chunks=1024&size=65536");
    assert_eq!(
        (response.body.len(), response.is_complete),
        (64 * MIB, true)
    );
    assert!(response.body.iter().all(|&b| b == b'x'));
});

both!(sends_many_bytes_at_once, |host| {
    let response = host.get("/big?mib=5");
    assert_eq!((response.body.len(), response.is_complete), (5 * MIB, true));
});

both!(
    a_client_that_does_not_read_stops_the_guest,
    |isolation: Isolation| {
        let host = Setup::new(isolation)
            .app("stream", "")
            .app("hello", "")
            .start();
        let mut connection = host.connect();
        connection.send(get("/stream?chunks=1000000&size=65536"));
        assert_eq!(connection.head().status, 200);
        connection.data();
        // Meanwhile the guest could make gigabytes.
        for _ in 0..500 {
            assert_eq!(host.get("/hello").status, 200);
        }
        drop(connection);
        let line = host.stdout().wait_for(&["GET /stream", " 200 "]);
        let (_, rest) = line.split_once(" 200 ").unwrap();
        let sent: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
        assert!(sent < 64 * MIB, "{line}");
    }
);

both!(
    a_guest_that_does_not_read_stops_the_client,
    |isolation: Isolation| {
        const TOTAL: usize = 256 * MIB;
        let limits = "[app.limits]\nrequest-body = '1GiB'";
        let host = Setup::new(isolation).app("sleep", limits).start();
        let mut connection = host.connect();
        connection.send(format!(
            "POST /sleep HTTP/1.1\r\nhost: test\r\ncontent-length: {TOTAL}\r\n\r\n"
        ));
        connection
            .stream()
            .set_write_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let block = block();
        let end = (0..TOTAL / block.len()).find_map(|_| connection.try_send(&block).err());
        assert_eq!(
            end.expect("the host takes all of it").kind(),
            ErrorKind::WouldBlock
        );
    }
);

/// Send a large body while the answer comes, as a client that does not look for one does.
fn upload(connection: &mut Connection, target: &str, size: usize) -> Response {
    let mut writer = connection.stream().try_clone().unwrap();
    let head = format!("POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {size}\r\n\r\n");
    let sender = thread::spawn(move || {
        // The host may close when it has answered.
        drop(
            writer
                .write_all(head.as_bytes())
                .and_then(|()| writer.write_all(&vec![b'x'; size])),
        );
    });
    let response = connection.response();
    sender.join().unwrap();
    response
}

both!(
    a_large_body_that_is_not_read_does_not_cost_the_answer,
    |host| {
        for _ in 0..5 {
            let response = upload(&mut host.connect(), "/ignore-input", 15 * MIB);
            assert_eq!((response.status, response.text()), (200, "ignored\n"));
        }
    }
);

both!(a_body_that_is_too_large_does_not_cost_the_answer, |host| {
    for _ in 0..5 {
        assert_eq!(
            upload(&mut host.connect(), "/collect", 20 * MIB).status,
            413
        );
    }
});

both!(reads_a_large_body, |host| {
    let response = upload(&mut host.connect(), "/collect", 16 * MIB);
    assert_eq!((response.status, response.text()), (200, "16777216"));
});

both!(sends_trailers_to_a_client_that_takes_them, |host| {
    let response = host.send("GET /trailers HTTP/1.1\r\nhost: test\r\nte: trailers\r\n\r\n");
    assert_eq!((response.text(), response.is_complete), ("body\n", true));
    assert_eq!(
        response.trailers,
        [("x-checksum".to_owned(), b"abc".to_vec())]
    );
});

both!(keeps_trailers_from_a_client_that_does_not, |host| {
    let response = host.get("/trailers");
    assert_eq!((response.text(), response.is_complete), ("body\n", true));
    assert_eq!(response.trailers, []);
});

both!(hands_trailers_of_the_request_on, |host| {
    let response = host.send(
        "POST /echo HTTP/1.1\r\nhost: test\r\nte: trailers\r\ntrailer: x-sum\r\n\
         transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n",
    );
    assert_eq!(response.text(), "hello");
    assert_eq!(response.trailers, [("x-sum".to_owned(), b"42".to_vec())]);
});

both!(
    drops_the_body_when_it_is_done_with_it,
    |isolation: Isolation| {
        for request in [
            "GET /close?count=3 HTTP/1.1",
            "HEAD /close?count=3 HTTP/1.1",
        ] {
            let host = Setup::new(isolation).app("close", "").start();
            let mut connection = host.connect();
            connection.send(format!("{request}\r\nhost: test\r\n\r\n"));
            assert_eq!(connection.head().status, 200);
            while request.starts_with("GET") && connection.chunk() != Chunk::End(Vec::new()) {}
            host.stderr().wait_for(&["body closed"]);
        }
    }
);
