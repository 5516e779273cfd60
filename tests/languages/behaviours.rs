use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use crate::support::built::component;
use crate::support::host::cache;
use crate::support::site::as_text;
use crate::support::{Chunk, Host, Isolation, get, post, root};

/// Makes a test of each behaviour for the language of a folder, fresh and reused.
macro_rules! behaves {
    ($language:literal) => {
        behaves!($language, but trailers);
        behaves!($language, only sends_trailers, echoes_bodies_with_trailers);
    };
    ($language:literal, but trailers) => {
        behaves!($language, only answers, knows_its_request, sends_fields_as_they_are,
            sets_the_status, draws_other_random_bytes_in_each_instance, sees_what_is_granted,
            writes_to_the_log, fails_with_a_text_for_the_log, traps, reads_bodies_up_to_a_limit,
            streams_what_it_makes, sends_each_chunk_when_it_is_made, breaks_off_a_body_that_fails);
        behaves!($language, alone);
    };
    // What others use of the host's memory is no part of these.
    ($language:literal, alone) => {
        behaves!(@start $language: echoes_100_megabytes_in_bounded_memory,
            answers_1000_requests_without_growth);
    };
    ($language:literal, only $($behaviour:ident),+) => {
        behaves!(@served $language: $($behaviour),+);
    };
    (@$host:ident $language:literal: $($behaviour:ident),+) => {
        $(mod $behaviour {
            use crate::languages::behaviours;
            use crate::support::Isolation;

            #[test]
            fn fresh() {
                let host = behaviours::$host($language, Isolation::Fresh);
                behaviours::$behaviour(&host, Isolation::Fresh);
            }

            #[test]
            fn reuse() {
                let host = behaviours::$host($language, Isolation::Reuse);
                behaviours::$behaviour(&host, Isolation::Reuse);
            }
        })+
    };
}

/// The host of a language's program, shared by its tests.
pub(super) fn served(language: &'static str, isolation: Isolation) -> &'static Host {
    type Hosts = BTreeMap<(&'static str, bool), Arc<OnceLock<Host>>>;
    static HOSTS: Mutex<Hosts> = Mutex::new(BTreeMap::new());
    let key = (language, isolation == Isolation::Reuse);
    let place = HOSTS.lock().unwrap().entry(key).or_default().clone();
    place.get_or_init(|| start(language, isolation).ended_with_the_suite());
    // It is never removed from the table.
    let place: &'static OnceLock<Host> = Box::leak(Box::new(place));
    place.get().unwrap()
}

/// So that each host has a manifest and a state of its own.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A host of a language's program alone.
pub(super) fn start(language: &'static str, isolation: Isolation) -> Host {
    let source = root().join("tests").join(match language {
        "python" => "guests-python/behaviours".to_owned(),
        _ => format!("guests-{language}"),
    });
    let component = component(language, &[as_text(&source)]);
    let isolation = match isolation {
        Isolation::Fresh => "request",
        Isolation::Reuse => "reuse",
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages");
    fs::create_dir_all(&folder).unwrap();
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let own = format!("{language}-{isolation}-{}-{number}", std::process::id());
    let manifest = folder.join(format!("{own}.toml"));
    let mut text = format!(
        "[[app]]\nname = '{language}'\ncomponent = '{}'\npath = '/'\nisolation = '{isolation}'\n",
        component.display()
    );
    writeln!(text, "[app.limits]\nrequest-body = '200MiB'\ncpu = '30s'").unwrap();
    if isolation == "reuse" {
        // An interpreter has more in memory than instances usually keep.
        writeln!(text, "[app.reuse]\nmemory = '256MiB'").unwrap();
    }
    writeln!(text, "[app.env]\nGREETING = 'hello'").unwrap();
    fs::write(&manifest, text).unwrap();
    let state = folder.join(own);
    let cache = cache();
    let state = ["--state", as_text(&state), "--cache", as_text(&cache)];
    Host::serve(&[&["--config", as_text(&manifest)], &state[..]].concat())
}

pub(super) fn answers(host: &Host, _: Isolation) {
    let response = host.get("/hello");
    assert_eq!((response.status, response.text()), (200, "Hello, world!\n"));
    assert_eq!(response.field("content-length"), Some("14"));
    assert_eq!(host.get("/nothing").status, 404);
}

pub(super) fn knows_its_request(host: &Host, _: Isolation) {
    let head = "GET /environ?a=1&b HTTP/1.1\r\nhost: shop.example:81\r\nX-Two: 1\r\nx-two: 2\r\n";
    let response = host.send([head.as_bytes(), b"x-bytes: \xff\xfe\r\n\r\n"].concat());
    for line in [
        "request-method=GET",
        "url-scheme=http",
        "server-name=shop.example",
        "server-port=81",
        "script-name=",
        "path-info=/environ",
        "query-string=some(a=1&b)",
        "server-protocol=HTTP/1.1",
        "tls=none",
        "route-parameters=",
        "header x-two=1\nheader x-two=2",
    ] {
        let line = format!("{line}\n");
        let is_there = response
            .body
            .windows(line.len())
            .any(|part| part == line.as_bytes());
        assert!(is_there, "{line} is not in {:?}", response.body);
    }
    let bytes = b"header x-bytes=\xff\xfe\n";
    assert!(response.body.windows(bytes.len()).any(|part| part == bytes));
    let text = String::from_utf8_lossy(&response.body);
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("request-id="));
    assert!(id.is_some_and(|id| !id.is_empty()), "{text}");
    assert!(text.contains("remote=127.0.0.1:"), "{text}");
    assert!(host.get("/environ").text().contains("query-string=none\n"));
}

pub(super) fn sends_fields_as_they_are(host: &Host, _: Isolation) {
    let response = host.send("GET /cookies HTTP/1.1\r\nhost: a\r\nuser-agent: me\r\n\r\n");
    assert_eq!(response.all("set-cookie"), [b"a=1", b"b=2"]);
    assert_eq!(response.all("x-bytes"), [b"\xff\xfe"]);
    assert_eq!(response.field("x-agent"), Some("me"));
    assert_eq!(host.get("/cookies").field("x-agent"), Some("none"));
}

pub(super) fn sets_the_status(host: &Host, _: Isolation) {
    for status in [201, 404, 599] {
        assert_eq!(host.get(&format!("/status?code={status}")).status, status);
    }
    // One that is none never reaches the client.
    assert_eq!(host.get("/status?code=99").status, 502);
}

pub(super) fn draws_other_random_bytes_in_each_instance(host: &Host, _: Isolation) {
    let mut drawn: Vec<_> = (0..8)
        .map(|_| host.get("/random").text().to_owned())
        .collect();
    assert!(drawn.iter().all(|bytes| bytes.len() == 32), "{drawn:?}");
    drawn.sort();
    drawn.dedup();
    assert_eq!(drawn.len(), 8, "{drawn:?}");
}

pub(super) fn sees_what_is_granted(host: &Host, _: Isolation) {
    assert_eq!(host.get("/env").text(), "hello");
}

pub(super) fn writes_to_the_log(host: &Host, _: Isolation) {
    assert_eq!(host.get("/log").text(), "logged\n");
    let line = host.stderr().wait_for(&["guest", "a line of the guest"]);
    assert!(!line.contains("stdio"), "each line is one: {line}");
    host.stderr().wait_for(&["guest", "a line of stdio"]);
}

pub(super) fn fails_with_a_text_for_the_log(host: &Host, _: Isolation) {
    let response = host.get("/fail");
    assert_eq!(response.status, 502);
    assert!(!response.text().to_lowercase().contains("told"));
    let id = response.request_id();
    // A text of several lines ends with what the host knows of the request.
    let line = host.stderr().wait_for(&["code=\"guest-failed\"", id]);
    let line = line.replace(' ', "").to_lowercase();
    assert!(line.contains("toldtofail"), "{line}");
}

pub(super) fn traps(host: &Host, _: Isolation) {
    let response = host.get("/trap");
    assert_eq!(response.status, 502);
    host.stderr().wait_for(&["ERROR", "guest-trapped"]);
    assert_eq!(host.get("/hello").status, 200);
}

pub(super) fn reads_bodies_up_to_a_limit(host: &Host, _: Isolation) {
    for (target, body, expected) in [
        ("/length", "abc", (200, "3")),
        ("/length", "", (200, "0")),
        ("/length", "a\0b", (200, "3 with a NUL")),
        ("/length?max=4", "abcd", (200, "4")),
    ] {
        let response = host.send(post(target, body));
        assert_eq!(
            (response.status, response.text()),
            expected,
            "{target} {body}"
        );
    }
    assert_eq!(host.send(post("/length?max=4", "abcde")).status, 413);
    let large = host.send(post("/length?max=3000000", &"x".repeat(3_000_000)));
    assert_eq!(large.text(), "3000000");
    assert_eq!(
        host.send(post("/length", &"x".repeat(3_000_000))).status,
        413
    );
}

pub(super) fn streams_what_it_makes(host: &Host, _: Isolation) {
    let response = host.get("/stream");
    assert_eq!(
        (response.body.len(), response.is_complete),
        (10 * 1024, true)
    );
    let nothing = host.get("/stream?chunks=0");
    assert_eq!((nothing.body.len(), nothing.is_complete), (0, true));
    let large = host.get("/stream?chunks=512&size=65536");
    assert_eq!((large.body.len(), large.is_complete), (32 << 20, true));
    assert!(large.body.iter().all(|&byte| byte == b'x'));
}

// The whole would take a quarter of an hour: what is read here came while the guest went on.
pub(super) fn sends_each_chunk_when_it_is_made(host: &Host, _: Isolation) {
    let mut connection = host.connect();
    connection.send(get("/ticks?count=100000&ms=10"));
    assert_eq!(connection.head().status, 200);
    let mut text = Vec::new();
    while text.len() < 30 {
        text.extend(connection.data());
    }
    assert!(text.starts_with(b"tick 0\ntick 1\n"), "{text:?}");
    assert_eq!(host.get("/ticks?count=2&ms=1").text(), "tick 0\ntick 1\n");
}

pub(super) fn sends_trailers(host: &Host, _: Isolation) {
    let response = host.send("GET /trailers HTTP/1.1\r\nhost: a\r\nte: trailers\r\n\r\n");
    assert_eq!((response.text(), response.is_complete), ("body\n", true));
    let trailers = [("x-checksum".to_owned(), b"abc".to_vec())];
    assert_eq!(response.trailers, trailers);
}

pub(super) fn breaks_off_a_body_that_fails(host: &Host, _: Isolation) {
    let mut connection = host.connect();
    connection.send(get("/fail-mid-body"));
    let head = connection.head();
    assert_eq!(head.status, 200);
    assert_eq!(connection.data(), b"first\n");
    assert_eq!(connection.chunk(), Chunk::Broken);
    host.stderr()
        .wait_for(&["code=\"guest-failed\"", "/fail-mid-body"]);
}

pub(super) fn echoes_bodies_with_trailers(host: &Host, _: Isolation) {
    let response = host.send(
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: a/b\r\nte: trailers\r\n\
         trailer: x-checksum\r\ntransfer-encoding: chunked\r\n\r\n\
         3\r\nabc\r\n2\r\nde\r\n0\r\nx-checksum: 42\r\n\r\n",
    );
    assert_eq!(
        (response.text(), response.field("content-type")),
        ("abcde", Some("a/b"))
    );
    let trailers = [("x-checksum".to_owned(), b"42".to_vec())];
    assert_eq!(response.trailers, trailers);
}

pub(super) fn echoes_100_megabytes_in_bounded_memory(host: &Host, _: Isolation) {
    const BLOCKS: usize = 100;
    let block: Vec<u8> = (0..=250).cycle().take(1_000_000).collect();
    // What one request takes is no part of it.
    host.send(post("/echo", "warm"));
    let before = host.peak_memory();
    let mut connection = host.connect();
    let mut writer = connection.stream().try_clone().unwrap();
    let sent = block.clone();
    let sender = thread::spawn(move || {
        let size = BLOCKS * sent.len();
        let head = format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n");
        writer.write_all(head.as_bytes()).unwrap();
        for _ in 0..BLOCKS {
            writer.write_all(&sent).unwrap();
        }
    });
    assert_eq!(connection.head().status, 200);
    let mut received = 0;
    while let Chunk::Data(bytes) = connection.chunk() {
        for byte in bytes {
            assert_eq!(byte, block[received % block.len()], "at {received}");
            received += 1;
        }
    }
    sender.join().unwrap();
    assert_eq!(received, BLOCKS * block.len());
    let growth = host.peak_memory().saturating_sub(before);
    assert!(growth < 64 << 20, "{growth} bytes");
}

pub(super) fn answers_1000_requests_without_growth(host: &Host, isolation: Isolation) {
    let mut connection = host.connect();
    let mut ask = |target: &str| {
        connection.send(get(target));
        connection.response()
    };
    for _ in 0..100 {
        ask("/environ");
    }
    let before = host.peak_memory();
    for _ in 0..500 {
        assert_eq!(ask("/environ?with=a&longer=query").status, 200);
        assert_eq!(ask("/stream?chunks=2&size=100").body.len(), 200);
    }
    let growth = host.peak_memory().saturating_sub(before);
    assert!(growth < 32 << 20, "{growth} bytes");
    let counts: Vec<u32> = (0..3)
        .map(|_| ask("/count").text().parse().unwrap())
        .collect();
    match isolation {
        Isolation::Fresh => assert_eq!(counts, [1, 1, 1]),
        Isolation::Reuse => assert!(counts.iter().any(|count| *count > 1), "{counts:?}"),
    }
}
