use std::time::{Duration, Instant};

use super::behaviours::{served, start};
use super::c::{Project, build};
use crate::support::site::as_text;
use crate::support::{Chunk, Host, Isolation, get, post, root};

behaves!("go");

#[test]
fn a_panic_answers_500_and_leaves_its_stack_in_the_log() {
    let host = served("go", Isolation::Reuse);
    let response = host.get("/panic");
    assert_eq!(
        (response.status, response.text()),
        (500, "500 Internal Server Error\n")
    );
    assert_eq!(response.field("x-lost"), None);
    host.stderr().wait_for(&["panic serving /panic"]);
    host.stderr().wait_for(&["main.panics"]);
    let mut connection = host.connect();
    connection.send(get("/panic-mid-body"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"first\n");
    assert_eq!(connection.chunk(), Chunk::Broken);
    host.stderr().wait_for(&["guest-failed", "told to panic"]);
}

#[test]
fn goroutines_and_timers_run_while_a_request_is_answered() {
    let host = served("go", Isolation::Reuse);
    for _ in 0..3 {
        assert_eq!(host.get("/goroutines").text(), "line 0\nline 1\nline 2\n");
    }
}

#[test]
fn a_body_is_answered_while_it_comes() {
    let host = served("go", Isolation::Fresh);
    let mut connection = host.connect();
    connection.send("POST /duplex HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    connection.send("3\r\none\r\n");
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"got one\n");
    connection.send("3\r\ntwo\r\n");
    assert_eq!(connection.data(), b"got two\n");
    connection.send("0\r\n\r\n");
    assert_eq!(connection.chunk(), Chunk::End(Vec::new()));
}

#[test]
fn a_handler_ends_when_its_body_is_not_wanted() {
    let host = start("go", Isolation::Reuse);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        // Its body is dropped unread. The host may end the instance too: then the next one has
        // seen nothing.
        let response = host.send("HEAD /close HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        assert_eq!(response.status, 200);
        if host.get("/closed").text() == "true" {
            return;
        }
        assert!(Instant::now() < end, "no handler was told");
    }
}

#[test]
fn responses_are_those_of_net_http() {
    let host = served("go", Isolation::Reuse);
    let response = host.get("/no-content");
    assert_eq!((response.status, response.text()), (204, ""));
    assert_eq!(response.field("x-ignored"), None);
    assert_eq!(host.get("/declared").text(), "body");
    let trailers = host.send("GET /late-trailer HTTP/1.1\r\nhost: a\r\nte: trailers\r\n\r\n");
    assert_eq!(trailers.trailers, [("x-late".to_owned(), b"1".to_vec())]);
    assert_eq!(host.get("/items/a%2Fb").text(), "a/b");
    // The type is found by the content, and the mux cleans paths.
    let hello = host.get("/hello");
    assert_eq!(
        hello.field("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(host.get("//hello").field("location"), Some("/hello"));
    assert_eq!(
        host.send("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n").status,
        400
    );
    assert_eq!(host.get("/%zz").status, 400);
    let mut connection = host.connect();
    connection.send("HEAD /hello HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(connection.head().field("content-length"), Some("14"));
}

#[test]
fn the_example_is_built_once() {
    let output = tempfile::TempDir::new().unwrap();
    let file = output.path().join("hello.wasm");
    let source = root().join("examples/go-hello");
    let first = build(&source, &file);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(
        first.stderr.contains("a handler in Go 1."),
        "{}",
        first.stderr
    );
    let begin = Instant::now();
    let again = build(&source, &file);
    assert!(again.stderr.contains("is up to date"), "{}", again.stderr);
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    let host = Host::serve(&[as_text(&file)]);
    assert_eq!(host.get("/").text(), "Hello, world!\n");
    assert_eq!(host.get("/hello/Go").text(), "Hello, Go!\n");
}

const MODULE: &str = "module app\n\ngo 1.24\n";

const CGI: &str = "\
package main

import (
	\"fmt\"
	\"io\"
	\"net/http\"
	\"net/http/cgi\"
)

func main() {
	cgi.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set(\"X-Path\", r.URL.Path)
		fmt.Fprintf(w, \"%s %d\", r.Method, len(body))
	}))
}
";

#[test]
fn a_program_of_cgi_is_served_as_it_is() {
    let project = Project::of(&[("go.mod", MODULE), ("cmd/app/main.go", CGI)]);
    let end = project.build(&project.path(""), "app.wasm");
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.stderr.contains("a CGI program in Go"), "{}", end.stderr);
    let host = Host::serve(&[as_text(&project.path("app.wasm"))]);
    let response = host.send(post("/a/b", &"x".repeat(100_000)));
    assert_eq!((response.status, response.text()), (200, "POST 100000"));
    assert_eq!(response.field("x-path"), Some("/a/b"));
}

/// An app that imports the SDK by its name alone, with more imports and some code.
fn app(imports: &str, code: &str) -> String {
    format!(
        "package main\n\nimport (\n\t\"net/http\"\n{imports}\n\t\"wasgi\"\n)\n\n\
         func main() {{\n{code}\n\twasgi.Handle(http.NotFoundHandler())\n}}\n"
    )
}

#[test]
fn what_is_wrong_is_told_with_the_way_out() {
    let without_handler = "package main\n\nimport (\n\t\"net/http\"\n)\n\nfunc main() {\n\t\
                           http.ListenAndServe(\":80\", nil)\n}\n";
    let library = "package app\n";
    for (module, source, parts) in [
        (
            MODULE,
            &*app("", "\tx := 1"),
            &["main.go:10: ", "not used: x"][..],
        ),
        (MODULE, &app("", "\tfoo()"), &["main.go:10: undefined: foo"]),
        (MODULE, "package main\n\nfunc main( {}\n", &["main.go:3: "]),
        (
            MODULE,
            &app("\t_ \"example.org/nothing\"\n", ""),
            &["main.go:5: no required module provides", "go get"],
        ),
        (
            MODULE,
            &app("\t_ \"nothing\"\n", ""),
            &[
                "main.go:5: package nothing is not in std",
                "correct the import",
            ],
        ),
        (
            MODULE,
            &app("\t\"syscall\"\n", "\tsyscall.Socketpair(0, 0, 0)"),
            &[
                "main.go:11: undefined: syscall.Socketpair",
                "WASI does not have",
            ],
        ),
        (
            "module app\n\ngo 1.99\n",
            &app("", ""),
            &["go.mod requires go >= 1.99", "install that release"],
        ),
        (
            "module app\n\ngarbage\n",
            &app("", ""),
            &["unknown directive: garbage"],
        ),
        (
            MODULE,
            without_handler,
            &["has no handler", "wasgi.Handle(handler)"],
        ),
        (MODULE, library, &["expected a program in ."]),
    ] {
        let project = Project::of(&[("go.mod", module), ("main.go", source)]);
        let end = project.build(&project.path(""), "app.wasm");
        assert_eq!(end.code, Some(1), "{source}{}", end.stderr);
        for part in parts {
            assert!(end.stderr.contains(part), "{part} is not in {}", end.stderr);
        }
    }
    let project = Project::of(&[("go.mod", MODULE)]);
    let end = project.build(&project.path(""), "app.wasm");
    assert!(
        end.stderr.contains("no file that ends with .go"),
        "{}",
        end.stderr
    );
}

#[test]
fn a_package_for_other_systems_alone_is_told() {
    let unix = "//go:build linux\n\npackage other\n";
    let source = app("\t_ \"app/other\"\n", "");
    let files = [
        ("go.mod", MODULE),
        ("main.go", &source),
        ("other/other.go", unix),
    ];
    let project = Project::of(&files);
    let end = project.build(&project.path(""), "app.wasm");
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    for part in ["error: app/other: build constraints", "GOOS=wasip1"] {
        assert!(end.stderr.contains(part), "{}", end.stderr);
    }
}

#[test]
fn a_program_without_a_handler_says_so_in_the_log() {
    let source = "package main\n\nimport _ \"wasgi\"\n\nfunc main() {}\n";
    let project = Project::of(&[("go.mod", MODULE), ("main.go", source)]);
    let end = project.build(&project.path(""), "app.wasm");
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    let host = Host::serve(&[as_text(&project.path("app.wasm"))]);
    assert_eq!(host.get("/").status, 502);
    host.stderr()
        .wait_for(&["guest-failed", "call wasgi.Handle"]);
}
