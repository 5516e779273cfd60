use std::io::{ErrorKind, Write as _};
use std::thread;
use std::time::Duration;

use crate::support::{Chunk, Connection, Response, get, post};

const MIB: usize = 1024 * 1024;

/// A mebibyte that does not repeat at the sizes in which bytes are moved.
fn block() -> Vec<u8> {
    (0..=250).cycle().take(MIB).collect()
}

/// Send a large body while the answer comes, as a client that does not look for one does.
fn upload(connection: &mut Connection, target: &str, size: usize) -> Response {
    let mut writer = connection.stream().try_clone().unwrap();
    let head = format!("POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {size}\r\n\r\n");
    let sender = thread::spawn(move || {
        let sent = writer.write_all(head.as_bytes());
        // The host may close when it has answered.
        drop(sent.and_then(|()| writer.write_all(&vec![b'x'; size])));
    });
    let response = connection.response();
    sender.join().unwrap();
    response
}

parity!(streams_chunks, |case| {
    let response = case.get("/stream");
    assert_eq!(
        (response.body.len(), response.is_complete),
        (10 * 1024, true)
    );
});

parity!(ends_a_stream_of_nothing, |case| {
    for query in ["chunks=0", "chunks=3&size=0"] {
        let response = case.get(&format!("/stream?{query}"));
        assert_eq!((response.status, response.text()), (200, ""));
        assert!(response.is_complete);
    }
});

parity!(streams_many_bytes_down, |case| {
    let response = case.get("/stream?chunks=512&size=65536");
    assert_eq!(
        (response.body.len(), response.is_complete),
        (32 * MIB, true)
    );
    assert!(response.body.iter().all(|&b| b == b'x'));
});

parity!(sends_many_bytes_at_once, |case| {
    let response = case.get("/big?mib=5");
    assert_eq!((response.body.len(), response.is_complete), (5 * MIB, true));
});

// The whole would take a quarter of an hour: what is read here came while the guest went on.
parity!(sends_each_chunk_when_it_is_made, |case| {
    let mut connection = case.host().connect();
    connection.send(get(&case.target("/ticks?count=100000&ms=10")));
    assert_eq!(connection.head().status, 200);
    let mut text = Vec::new();
    while text.len() < 30 {
        text.extend(connection.data());
    }
    assert!(
        text.starts_with(b"tick 0\ntick 1\n"),
        "{}",
        String::from_utf8_lossy(&text)
    );
});

parity!(sends_all_ticks, |case| {
    let response = case.get("/ticks?count=3&ms=1");
    assert_eq!(response.text(), "tick 0\ntick 1\ntick 2\n");
    assert!(response.is_complete);
});

parity!(echoes_a_body_of_known_length, |case| {
    for body in ["", "x", "a little more\n"] {
        let response = case.host().send(post(&case.target("/echo"), body));
        assert_eq!((response.text(), response.is_complete), (body, true));
    }
});

parity!(echoes_a_type, |case| {
    let target = case.target("/echo");
    let response = case.host().send(format!(
        "POST {target} HTTP/1.1\r\nhost: test\r\ncontent-type: text/x-test\r\n\
         content-length: 2\r\n\r\nhi"
    ));
    assert_eq!(response.field("content-type"), Some("text/x-test"));
    assert_eq!(response.text(), "hi");
});

parity!(answers_while_the_request_is_still_coming, |case| {
    let mut connection = case.host().connect();
    let target = case.target("/echo");
    connection.send(format!(
        "POST {target} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n"
    ));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"one");
    for word in ["two", "six", "ten"] {
        connection.send(format!("3\r\n{word}\r\n"));
        assert_eq!(connection.data(), word.as_bytes());
    }
    connection.send("0\r\n\r\n");
    assert_eq!(connection.chunk(), Chunk::End(Vec::new()));
    connection.send(get(&case.target("/hello")));
    assert_eq!(connection.response().text(), "hello\n");
});

parity!(echoes_more_than_its_memory_both_ways_at_once, |case| {
    const TOTAL: usize = 32 * MIB;
    let limits = "[app.limits]\nrequest-body = '1GiB'\ncpu = '60s'\nmemory = '8MiB'";
    let host = case.alone("echo", limits);
    let mut connection = host.connect();
    let mut writer = connection.stream().try_clone().unwrap();
    let target = case.target("/echo");
    let sender = thread::spawn(move || {
        let head =
            format!("POST {target} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
        writer.write_all(head.as_bytes()).unwrap();
        for _ in 0..TOTAL / MIB {
            writer.write_all(format!("{MIB:x}\r\n").as_bytes()).unwrap();
            writer.write_all(&block()).unwrap();
            writer.write_all(b"\r\n").unwrap();
        }
        writer.write_all(b"0\r\n\r\n").unwrap();
    });
    let response = connection.response();
    sender.join().unwrap();
    assert_eq!((response.status, response.is_complete), (200, true));
    assert_eq!(response.body.len(), TOTAL);
    let expected = block();
    let is_same = response.body.chunks(MIB).all(|bytes| bytes == expected);
    assert!(is_same, "other bytes came back");
});

parity!(a_client_that_does_not_read_stops_the_guest, |case| {
    let host = case.alone("stream", "[app.limits]\ncpu = '60s'");
    let mut connection = host.connect();
    connection.send(get(&case.target("/stream?chunks=1000000&size=65536")));
    assert_eq!(connection.head().status, 200);
    connection.data();
    // Meanwhile the guest could make gigabytes.
    for _ in 0..200 {
        let response = host.get(&case.target("/stream?chunks=1&size=1"));
        assert_eq!(response.text(), "x");
    }
    drop(connection);
    let line = host.stdout().wait_for(&["chunks=1000000", " 200 "]);
    let (_, rest) = line.split_once(" 200 ").unwrap();
    let sent: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
    assert!(sent < 64 * MIB, "{line}");
});

parity!(a_guest_that_does_not_read_stops_the_client, |case| {
    const TOTAL: usize = 256 * MIB;
    let host = case.alone("sleep", "[app.limits]\nrequest-body = '1GiB'");
    let mut connection = host.connect();
    let target = case.target("/sleep");
    connection.send(format!(
        "POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {TOTAL}\r\n\r\n"
    ));
    let wait = Some(Duration::from_millis(500));
    connection.stream().set_write_timeout(wait).unwrap();
    let block = block();
    let end = (0..TOTAL / MIB).find_map(|_| connection.try_send(&block).err());
    let error = end.expect("the host takes all of it");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
});

parity!(
    a_large_body_that_is_not_read_does_not_cost_the_answer,
    |case| {
        for _ in 0..3 {
            let target = case.target("/ignore-input");
            let response = upload(&mut case.host().connect(), &target, 15 * MIB);
            assert_eq!((response.status, response.text()), (200, "ignored\n"));
        }
    }
);

parity!(a_body_that_is_too_large_does_not_cost_the_answer, |case| {
    for _ in 0..3 {
        let response = upload(
            &mut case.host().connect(),
            &case.target("/collect"),
            20 * MIB,
        );
        assert_eq!(response.status, 413);
    }
});

parity!(reads_a_large_body, |case| {
    let response = upload(
        &mut case.host().connect(),
        &case.target("/collect"),
        16 * MIB,
    );
    assert_eq!((response.status, response.text()), (200, "16777216"));
});

parity!(an_input_ends_with_its_body, |case| {
    let mut connection = case.host().connect();
    let (echo, collect) = (case.target("/echo"), case.target("/collect"));
    let requests = [
        post(&collect, "first"),
        post(&echo, "second"),
        get(&collect),
    ];
    connection.send(requests.concat());
    for expected in ["5", "second", "0"] {
        assert_eq!(connection.response().text(), expected);
    }
});

parity!(
    sends_trailers_to_a_client_that_takes_them,
    [native, http02, http03] because "a CGI response has no trailer fields",
    |case| {
        let target = case.target("/trailers");
        let request = format!("GET {target} HTTP/1.1\r\nhost: test\r\nte: trailers\r\n\r\n");
        let host = case.alone("trailers", "");
        let response = host.send(request);
        assert_eq!((response.text(), response.is_complete), ("body\n", true));
        assert_eq!(response.trailers, [("x-checksum".to_owned(), b"abc".to_vec())]);
        host.stdout().wait_for(&[&target, " 200 5 "]);
        let log = host.stderr().text();
        assert!(!log.contains("client-gone"), "{log}");
    }
);

parity!(
    keeps_trailers_from_a_client_that_does_not,
    [native, http02, http03] because "a CGI response has no trailer fields",
    |case| {
        let response = case.get("/trailers");
        assert_eq!((response.text(), response.is_complete), ("body\n", true));
        assert_eq!(response.trailers, []);
    }
);

parity!(
    hands_trailers_of_the_request_on,
    [native, http02, http03] because "a CGI program is told of no trailer fields",
    |case| {
        let target = case.target("/echo");
        let response = case.host().send(format!(
            "POST {target} HTTP/1.1\r\nhost: test\r\nte: trailers\r\ntrailer: x-sum\r\n\
             transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n"
        ));
        assert_eq!(response.text(), "hello");
        assert_eq!(response.trailers, [("x-sum".to_owned(), b"42".to_vec())]);
    }
);

parity!(
    goes_on_when_the_response_has_ended,
    [http02, http03] because "elsewhere the response ends with the guest's work for it",
    |case| {
        let host = case.alone("after", "");
        let response = host.get(&case.target("/after?ms=200"));
        assert_eq!((response.text(), response.is_complete), ("answered\n", true));
        let app = case.guest("after");
        host.stderr().wait_for(&[&app, "worked on after the response"]);
        // The next request is not held up by it.
        assert_eq!(host.get(&case.target("/after?ms=1")).text(), "answered\n");
    }
);
