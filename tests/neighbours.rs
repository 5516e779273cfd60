use std::thread;

use crate::support::{Host, Isolation, Setup, get, host};

both!(
    a_looping_app_does_not_stop_another,
    |isolation: Isolation| {
        let host = Setup::new(isolation)
            .app("loop", "[app.limits]\ncpu = '60s'\nwall = '60s'")
            .app("hello", "")
            .start();
        let loops: Vec<_> = (0..8)
            .map(|_| {
                let mut connection = host.connect();
                connection.send(get("/loop?in=body"));
                assert_eq!(connection.head().status, 200);
                assert_eq!(connection.data(), b"first\n");
                connection
            })
            .collect();
        for _ in 0..50 {
            assert_eq!(host.get("/hello").text(), "hello\n");
        }
        drop(loops);
    }
);

both!(an_overloaded_app_is_alone_in_it, |isolation: Isolation| {
    let host = Setup::new(isolation)
        .app(
            "sleep",
            "[app.limits]\nconcurrency = 2\nqueue = 2\nqueue-wait = '60s'",
        )
        .app("hello", "")
        .start();
    let mut waiting: Vec<_> = (0..12).map(|_| host.connect()).collect();
    for connection in &mut waiting {
        connection.send(get("/sleep?ms=3000"));
        // Meanwhile and after, the neighbour answers.
        assert_eq!(host.get("/hello").text(), "hello\n");
    }
    for _ in 0..50 {
        assert_eq!(host.get("/hello").text(), "hello\n");
    }
    let responses = waiting.iter_mut().map(|connection| connection.response());
    let statuses: Vec<_> = responses.map(|response| response.status).collect();
    let refused = statuses.iter().filter(|status| **status == 503).count();
    let answered = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((answered, refused), (4, 8), "{statuses:?}");
    // It has recovered.
    assert_eq!(host.get("/sleep?ms=1").text(), "woke\n");
});

/// Send the requests of one client, and expect each answer.
fn mixed_requests(host: &Host) {
    let cases = [
        ("/hello", 200, "hello\n"),
        ("/trap", 502, ""),
        ("/stream?chunks=2&size=2", 200, "xxxx"),
        ("/fail", 502, ""),
        ("/trap-mid-body", 200, "first\n"),
        ("/ticks?count=0", 200, ""),
        ("/bad-head?case=newline", 502, ""),
        ("/sleep?ms=2", 200, "woke\n"),
        ("/status?code=418", 418, "status\n"),
        ("/recurse", 502, ""),
        ("/loop?ms=2", 200, "done\n"),
        ("/init-panic", 502, ""),
    ];
    let mut connection = host.connect();
    for (target, status, text) in cases.into_iter().cycle().take(26) {
        connection.send(get(target));
        let response = connection.response();
        assert_eq!(response.status, status, "{target}");
        assert!(
            status == 502 || response.text() == text,
            "{target}: {}",
            response.text()
        );
        if !response.is_complete {
            assert!(connection.is_closed());
            connection = host.connect();
        }
    }
}

both!(
    traps_of_one_app_do_not_disturb_others,
    |isolation: Isolation| {
        let host = host::shared(isolation);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| mixed_requests(host));
            }
        });
    }
);

both!(many_clients_are_answered, |isolation: Isolation| {
    let host = host::shared(isolation);
    let mut connections: Vec<_> = (0..200).map(|_| host.connect()).collect();
    connections
        .iter_mut()
        .for_each(|connection| connection.send(get("/hello")));
    for connection in &mut connections {
        assert_eq!(connection.response().text(), "hello\n");
    }
});
