use std::fs;
use std::path::PathBuf;

use crate::support::{Host, Isolation, Setup, get, guests, post, root};

/// What a client sees of this app, but for the time.
fn answers(host: &Host) -> Vec<String> {
    let head = "HEAD / HTTP/1.1\r\nhost: test\r\n\r\n".to_owned();
    let requests = [
        get("/"),
        get("/a/b?c=d"),
        post("/", "body"),
        post("/form", ""),
        head,
    ];
    let answer = |request: String| {
        let mut connection = host.connect();
        connection.send(&request);
        let is_head = request.starts_with("HEAD");
        let mut response = if is_head {
            connection.head()
        } else {
            connection.response()
        };
        response.fields.retain(|(name, _)| name != "date");
        format!("{response:?}")
    };
    requests.into_iter().map(answer).collect()
}

#[test]
fn the_prebuilt_hello_behaves_as_its_source() {
    let prebuilt = root().join("examples/hello.wasm");
    assert!(
        prebuilt.is_file(),
        "there is no examples/hello.wasm; run: cargo xtask guests --prebuilt"
    );
    let built = guests::path("hello-example");
    let [prebuilt, built] =
        [prebuilt, built].map(|file: PathBuf| Host::serve(&[file.to_str().unwrap()]));
    assert_eq!(built.get("/").status, 200);
    assert_eq!(answers(&prebuilt), answers(&built));
}

fn guestbook(isolation: Isolation) -> (Host, PathBuf) {
    let dir = "[app.limits]\nrequest-body = '64MiB'\n\
               [[app.dir]]\nhost = './data'\nguest = '/data'\naccess = 'read-write'";
    let setup = Setup::new(isolation);
    let data = setup.folder().join("data");
    fs::create_dir(&data).unwrap();
    (setup.mount("/book", "guestbook-example", dir).start(), data)
}

fn sign(form: &str) -> String {
    let length = form.len();
    format!(
        "POST /book/sign HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{form}"
    )
}

both!(a_visitor_signs_the_guest_book, |isolation: Isolation| {
    let (host, _) = guestbook(isolation);
    assert!(host.get("/book/").text().contains("action=\"/book/sign\""));
    let response = host.send(sign("name=Ada+L.&message=Hello%20%26%20welcome"));
    assert_eq!(
        (response.status, response.field("location")),
        (303, Some("/book/"))
    );
    let cookie = response
        .field("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let request = format!("GET /book/ HTTP/1.1\r\nhost: test\r\ncookie: x=1; {cookie}\r\n\r\n");
    let page = host.send(request);
    assert!(
        page.text().contains("<b>Ada L.</b>: Hello &amp; welcome"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("value=\"Ada L.\""), "{}", page.text());
});

both!(
    what_a_visitor_writes_is_no_markup,
    |isolation: Isolation| {
        let (host, _) = guestbook(isolation);
        let form = "name=%22%3E%3Cscript%3E&message=%3Cscript%3Ealert(1)%3C/script%3E";
        assert_eq!(host.send(sign(form)).status, 303);
        let page = host.get("/book/");
        assert!(!page.text().contains("<script"), "{}", page.text());
        assert!(
            page.text()
                .contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{}",
            page.text()
        );
    }
);

both!(
    a_form_that_says_nothing_is_refused,
    |isolation: Isolation| {
        let (host, _) = guestbook(isolation);
        assert_eq!(host.send(sign("name=Ada")).status, 400);
        assert_eq!(
            host.send(sign(&format!("name={}", "x".repeat(70_000))))
                .status,
            413
        );
        assert_eq!(
            host.send(post("/book/sign", "name=a&message=b")).status,
            415
        );
        assert_eq!(host.get("/book/sign").status, 405);
        assert_eq!(host.get("/book/nothing").status, 404);
    }
);

both!(a_visitor_uploads_a_photo, |isolation: Isolation| {
    let (host, data) = guestbook(isolation);
    let photo = "0123456789abcdef".repeat(512 * 1024);
    let request = post("/book/photo", &photo).replacen("POST", "PUT", 1);
    let response = host.send(request);
    assert_eq!(response.status, 201, "{response:?}");
    assert!(
        response.text().starts_with("8388608 bytes, sha256 "),
        "{}",
        response.text()
    );
    let files: Vec<_> = fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(fs::read(&files[0]).unwrap(), photo.as_bytes());
});

both!(
    the_guest_book_streams_its_entries,
    |isolation: Isolation| {
        let (host, _) = guestbook(isolation);
        for n in 0..5 {
            assert_eq!(
                host.send(sign(&format!("name=visitor&message=number+{n}")))
                    .status,
                303
            );
        }
        let response = host.get("/book/entries.txt");
        assert_eq!(response.field("transfer-encoding"), Some("chunked"));
        let lines: Vec<_> = response.text().lines().collect();
        assert_eq!((lines.len(), lines[4]), (5, "visitor: number 4"));
        let mut connection = host.connect();
        connection.send(get("/book/live"));
        assert_eq!(
            connection.head().field("content-type"),
            Some("text/event-stream")
        );
        for n in 0..2 {
            let event = format!("id: {n}\nevent: entries\ndata: 5\n\n");
            assert_eq!(String::from_utf8(connection.data()).unwrap(), event);
        }
    }
);

both!(
    the_guest_book_says_that_it_has_no_folder,
    |isolation: Isolation| {
        let host = Setup::new(isolation)
            .mount("/book", "guestbook-example", "")
            .start();
        assert_eq!(host.get("/book/").status, 503);
    }
);
