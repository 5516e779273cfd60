use std::fs;

use sha2::{Digest as _, Sha256};

use super::example::Example;
use super::visitor::{Visitor, value_of};
use crate::support::{Isolation, get, post};

both!(
    a_visitor_signs_and_is_known_again,
    |isolation: Isolation| {
        let example = Example::built("flask-guestbook").mounted("/mount");
        let host = example.serve(isolation);
        let mut visitor = Visitor::new(&host);
        let page = visitor.get("/mount/");
        assert!(
            page.text().contains("Nobody has signed yet."),
            "{}",
            page.text()
        );
        assert!(
            page.text().contains("action=\"/mount/sign\""),
            "{}",
            page.text()
        );
        assert!(
            page.text().contains("href=\"/mount/static/style.css\""),
            "{}",
            page.text()
        );
        let form = [("name", "Грета & Co"), ("message", "<b>Grüße</b>")];
        let signed = visitor.post("/mount/sign", &form);
        assert_eq!(
            (signed.status, signed.field("location")),
            (303, Some("/mount/"))
        );
        let cookie = signed.field("set-cookie").unwrap();
        assert!(
            cookie.contains("HttpOnly; Path=/; SameSite=Lax"),
            "{cookie}"
        );
        let page = visitor.get("/mount/");
        assert!(
            page.text().contains("Thank you, Грета &amp; Co!"),
            "{}",
            page.text()
        );
        assert!(
            page.text().contains("&lt;b&gt;Grüße&lt;/b&gt;"),
            "{}",
            page.text()
        );
        // What was flashed is taken out of the session, which goes on.
        let page = visitor.get("/mount/");
        assert!(!page.text().contains("Thank you"), "{}", page.text());
        assert_eq!(
            value_of(&page.text().replace(" maxlength=\"80\"", ""), "name"),
            "Грета &amp; Co"
        );
        // A session that somebody else signed is none.
        let forged = visitor.cookie("session").unwrap().replacen('e', "f", 1);
        visitor.keep("session", &forged);
        let page = visitor.get("/mount/");
        assert_eq!(
            value_of(&page.text().replace(" maxlength=\"80\"", ""), "name"),
            ""
        );
        let lines = host.get("/mount/entries.txt");
        assert_eq!(lines.text(), "Грета & Co: <b>Grüße</b>\n");
    }
);

both!(files_have_tags_and_ranges, |isolation: Isolation| {
    let example = Example::built("flask-guestbook");
    let host = example.serve(isolation);
    let whole = host.get("/static/style.css");
    assert_eq!(whole.field("content-type"), Some("text/css; charset=utf-8"));
    let source = fs::read(example.path("app/static/style.css")).unwrap();
    assert_eq!(whole.body, source);
    let with =
        |field: &str| format!("GET /static/style.css HTTP/1.1\r\nhost: test\r\n{field}\r\n\r\n");
    let tag = whole.field("etag").unwrap();
    let known = host.send(with(&format!("if-none-match: {tag}")));
    assert_eq!((known.status, known.body.len()), (304, 0));
    let other = host.send(with("if-none-match: \"other\""));
    assert_eq!((other.status, other.body.len()), (200, source.len()));
    let part = host.send(with("range: bytes=10-19"));
    let range = format!("bytes 10-19/{}", source.len());
    assert_eq!(
        (part.status, part.field("content-range")),
        (206, Some(&*range))
    );
    assert_eq!(part.body, source[10..20]);
    assert_eq!(host.send(with("range: bytes=9000-")).status, 416);
    let mut connection = host.connect();
    connection.send("HEAD /static/style.css HTTP/1.1\r\nhost: test\r\n\r\n");
    let length = source.len().to_string();
    assert_eq!(connection.head().field("content-length"), Some(&*length));
});

both!(what_goes_wrong_is_a_page, |isolation: Isolation| {
    let example = Example::built("flask-guestbook");
    let host = example.serve(isolation);
    let missing = host.get("/%E2%82%AC");
    assert_eq!(missing.status, 404);
    assert!(
        missing.text().contains("<h1>Not Found</h1>"),
        "{}",
        missing.text()
    );
    let empty = Visitor::new(&host).post("/sign", &[("name", "Ada")]);
    assert_eq!(empty.status, 400);
    assert!(
        empty.text().contains("A name of at most 80"),
        "{}",
        empty.text()
    );
    assert_eq!(host.send(post("/entries.txt", "")).status, 405);
});

both!(a_form_with_a_photo_is_kept, |isolation: Isolation| {
    let example = Example::built("flask-guestbook");
    let host = example.serve(isolation);
    // Large enough for a temporary file.
    let photo = "0123456789abcdef".repeat(64 * 1024);
    let part = |name: &str, content: &str| {
        format!("--b\r\ncontent-disposition: form-data; name={name}\r\n\r\n{content}\r\n")
    };
    let form = [
        part("name", "Ada"),
        part("message", "Hello"),
        part("photo; filename=\"../../a b.png\"", &photo),
        "--b--\r\n".to_owned(),
    ];
    let kind = "multipart/form-data; boundary=b";
    let signed = Visitor::new(&host).send("POST", "/sign", kind, &form.concat());
    assert_eq!(signed.status, 303, "{signed:?}");
    let kept = fs::read(example.path("data/photos/a_b.png")).unwrap();
    assert!(kept == photo.as_bytes(), "{} bytes", kept.len());
    assert!(host.get("/").text().contains("src=\"/photos/a_b.png\""));
});

both!(
    a_hundred_megabytes_pass_in_bounded_memory,
    |isolation: Isolation| {
        const PIECE: usize = 1 << 20;
        const PIECES: usize = 100;
        let example = Example::built("flask-guestbook");
        let host = example.serve(isolation);
        host.send(post("/photos/small", "").replacen("POST", "PUT", 1));
        let before = host.peak_memory();
        let mut digest = Sha256::new();
        let mut connection = host.connect();
        let length = PIECES * PIECE;
        connection.send(format!(
            "PUT /photos/large HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n"
        ));
        for number in 0..PIECES {
            let piece = vec![u8::try_from(number).unwrap(); PIECE];
            digest.update(&piece);
            connection.send(piece);
        }
        let answer: serde_json::Value = serde_json::from_str(connection.response().text()).unwrap();
        assert_eq!(answer["bytes"], length);
        let digest: String = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(answer["sha256"], digest);
        // And back, from the middle and as a whole.
        let range = format!("bytes={}-{}", 50 * PIECE - 2, 50 * PIECE + 1);
        let part = host.send(format!(
            "GET /photos/large HTTP/1.1\r\nhost: test\r\nrange: {range}\r\n\r\n"
        ));
        assert_eq!((part.status, part.body), (206, vec![49, 49, 50, 50]));
        assert_eq!(host.get("/photos/large").body.len(), length);
        let growth = host.peak_memory() - before;
        assert!(growth < 48 << 20, "{growth} bytes");
    }
);

both!(an_event_comes_before_the_next, |isolation: Isolation| {
    let example = Example::built("flask-guestbook");
    let host = example.serve(isolation);
    let mut connection = host.connect();
    connection.send(get("/live"));
    assert_eq!(
        connection.head().field("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(connection.data(), b"event: entries\ndata: 0\n\n");
    // The stream has not ended: what others do meanwhile shows in it.
    Visitor::new(&host).post("/sign", &[("name", "Ada"), ("message", "Hello")]);
    while connection.data() != b"event: entries\ndata: 1\n\n" {}
    drop(connection);
    host.stdout().wait_for(&["/live"]);
});
