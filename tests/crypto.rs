use crate::parity::case::Case;
use crate::support::{Host, Setup, get};

/// One test, for the contracts whose fixtures derive keys, and for both isolations.
macro_rules! derives {
    ($name:ident, |$case:ident| $body:block) => {
        parity!(
            $name,
            [native, http02, http03] because "a core module cannot import `wasgi:crypto`",
            |$case| $body
        );
    };
}

/// Keys of "password" and "salt", of 20 bytes each.
const KEYS: [(&str, &str); 3] = [
    (
        "iterations=4096",
        "4b007901b765489abead49d926f721d065a429c1",
    ),
    (
        "hash=sha256&iterations=4096",
        "c5e478d59288c841aa530db6845c4c8d962893a0",
    ),
    ("n=1024&r=8&p=1", "16dbc8906763c7f048977a68f9d305f7710e068c"),
];

/// A host with the fixture at `/kdf`, this added to its app, and a neighbour.
fn beside_hello(case: &Case, toml: &str) -> Host {
    Setup::new(case.isolation)
        .mount("/kdf", &case.guest("kdf"), toml)
        .app("hello", "")
        .start()
}

derives!(keys_are_derived, |case| {
    for (query, key) in KEYS {
        let response = case.get(&format!("/kdf?{query}"));
        assert_eq!((response.status, response.text()), (200, key), "{query}");
    }
});

derives!(what_is_no_key_is_told, |case| {
    for (query, start) in [
        ("iterations=0", "invalid: expected an iteration at least"),
        ("n=3", "invalid: expected n to be a power of two"),
        (
            "length=9000000",
            "too-costly: expected a key of 8388608 bytes at most",
        ),
        (
            "n=1048576&r=8",
            "too-costly: it would take 1073744896 bytes of memory",
        ),
        ("iterations=4294967295", "too-costly: it would take some"),
    ] {
        let response = case.get(&format!("/kdf?{query}"));
        assert!(response.text().starts_with(start), "{}", response.text());
    }
});

derives!(an_app_can_be_denied_it, |case| {
    let host = case.alone("kdf", "crypto = false");
    for (query, _) in KEYS {
        assert_eq!(
            host.get(&case.target(&format!("/kdf?{query}"))).text(),
            "denied"
        );
    }
});

derives!(it_counts_as_cpu_time, |case| {
    let host = beside_hello(case, "[app.limits]\ncpu = '200ms'\nwall = '60s'");
    let mut computing: Vec<_> = (0..4).map(|_| host.connect()).collect();
    for connection in &mut computing {
        connection.send(get("/kdf?iterations=10000&times=1000000"));
    }
    // The neighbour answers meanwhile.
    for _ in 0..50 {
        assert_eq!(host.get("/hello").text(), "hello\n");
    }
    for connection in &mut computing {
        let response = connection.response();
        assert_eq!(response.status, 504, "{response:?}");
        host.stderr()
            .wait_for(&[response.request_id(), "cpu-limit"]);
    }
    // One key costs little of it.
    assert_eq!(host.get("/kdf?iterations=4096").text(), KEYS[0].1);
});

derives!(one_key_is_cut_off_at_the_cpu_limit, |case| {
    let host = beside_hello(case, "[app.limits]\ncpu = '1s'\nwall = '60s'");
    // The keys before it leave it too little: what is too much for any request is refused instead.
    let target = "/kdf?hash=sha512&iterations=100000&times=500";
    let response = host.send(get(target));
    assert_eq!(response.status, 504, "{response:?}");
    host.stderr()
        .wait_for(&[response.request_id(), "cpu-limit"]);
});

derives!(memory_is_shared_by_the_calls_of_an_app, |case| {
    let host = beside_hello(case, "[app.limits]\nkdf-memory = '1100KiB'");
    let refused = host.get("/kdf?n=2048");
    assert!(
        refused.text().starts_with("too-costly: "),
        "{}",
        refused.text()
    );
    // There is room for one at a time: the others wait.
    let mut computing: Vec<_> = (0..8).map(|_| host.connect()).collect();
    for connection in &mut computing {
        connection.send(get("/kdf?n=1024"));
    }
    for connection in &mut computing {
        assert_eq!(connection.response().text(), KEYS[2].1);
    }
});

derives!(a_client_that_leaves_ends_it, |case| {
    let limits = "cpu = '600s'\nwall = '600s'\nconcurrency = 1\nqueue = 0";
    let host = beside_hello(case, &format!("[app.limits]\n{limits}"));
    let long = get("/kdf?hash=sha512&iterations=200000000");
    drop(host.occupy(long, "/kdf?iterations=1"));
    host.stdout().wait_for(&["iterations=200000000", " 499 "]);
    let response = host.get_when_free("/kdf?iterations=4096");
    assert_eq!((response.status, response.text()), (200, KEYS[0].1));
});
