use std::fmt::Write as _;

use super::example::Example;
use crate::support::{Chunk, Isolation, get};

both!(
    an_event_is_there_before_the_next_is_made,
    |isolation: Isolation| {
        let example = Example::built("starlette-stream");
        let host = example.serve(isolation);
        let mut connection = host.connect();
        // The second one comes in an hour.
        connection.send(get("/events?every=3600"));
        let head = connection.head();
        assert_eq!(
            head.field("content-type"),
            Some("text/event-stream; charset=utf-8")
        );
        let event = String::from_utf8(connection.data()).unwrap();
        assert!(
            event.starts_with("id: 1\nevent: tick\ndata: {\"time\": \""),
            "{event}"
        );
        let mut connection = host.connect();
        connection
            .send("GET /events?every=0.01 HTTP/1.1\r\nhost: test\r\nlast-event-id: 7\r\n\r\n");
        connection.head();
        for number in 8..12 {
            let event = String::from_utf8(connection.data()).unwrap();
            assert!(event.starts_with(&format!("id: {number}\n")), "{event}");
        }
    }
);

both!(
    what_is_sent_comes_back_while_more_is_sent,
    |isolation: Isolation| {
        let example = Example::built("starlette-stream");
        let host = example.serve(isolation);
        let mut connection = host.connect();
        connection.send(
        "POST /upper HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n6\r\nfirst\n\r\n",
    );
        assert_eq!(connection.head().status, 200);
        assert_eq!(connection.data(), b"FIRST\n");
        connection.send("7\r\nsecond\n\r\n");
        assert_eq!(connection.data(), b"SECOND\n");
        connection.send("0\r\n\r\n");
        assert_eq!(connection.chunk(), Chunk::End(Vec::new()));
    }
);

both!(rows_are_made_as_they_are_read, |isolation: Isolation| {
    let example = Example::built("starlette-stream");
    let host = example.serve(isolation);
    assert_eq!(host.get("/health").text(), "ready");
    let before = host.peak_memory();
    let rows = host.get("/numbers?count=200000");
    assert!(rows.is_complete);
    let mut expected = String::new();
    for number in 0..200_000 {
        writeln!(expected, "{number}").unwrap();
    }
    assert!(rows.text() == expected, "{} bytes", rows.body.len());
    // So many that nobody could hold them; the client takes the first and leaves.
    let mut connection = host.connect();
    connection.send(get("/numbers?count=1000000000000"));
    connection.head();
    assert!(connection.data().starts_with(b"0\n1\n2\n"));
    let growth = host.peak_memory() - before;
    assert!(growth < 64 << 20, "{growth} bytes");
});

both!(
    a_client_that_leaves_ends_its_stream,
    |isolation: Isolation| {
        let limits = "[app.limits]\nconcurrency = 1\nqueue = 0";
        let example = Example::built("starlette-stream").with("[app.limits]", limits);
        let host = example.serve(isolation);
        let mut connection = host.connect();
        connection.send(get("/events?every=3600"));
        connection.head();
        connection.data();
        assert_eq!(host.get("/health").status, 503);
        drop(connection);
        assert_eq!(host.get_when_free("/health").text(), "ready");
        host.stdout().wait_for(&["/events?every=3600"]);
    }
);
