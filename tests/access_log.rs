use serde_json::Value;

use crate::support::{Host, guests};

const AGENT: &[u8] = b"GET /x?y HTTP/1.1\r\nhost: test\r\nuser-agent: a \"b\" \\ c\xe9\r\n\
                     referer: http://from.example/\r\n\r\n";

fn access_log(form: &str) -> String {
    let hello = guests::path("hello");
    let host = Host::serve(&[hello.to_str().unwrap(), "--access-log", form]);
    assert_eq!(host.send(AGENT).text(), "hello\n");
    host.stop()
}

#[test]
fn the_access_log_has_the_combined_format() {
    let log = access_log("combined");
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.starts_with("127.0.0.1 - - ["), "{log}");
    assert!(
        log.contains("] \"GET /x?y HTTP/1.1\" 200 6 \"http://from.example/\" \""),
        "{log}"
    );
    assert!(
        !log.contains("\"b\"") && log.is_ascii(),
        "a client's quotes and bytes: {log}"
    );
}

#[test]
fn the_access_log_has_a_json_format() {
    let log = access_log("json");
    let line: Value = serde_json::from_str(log.trim_end()).unwrap();
    let text = line.to_string();
    assert!(text.contains("\"GET\"") && text.contains("/x"), "{text}");
    assert_eq!(line["status"], 200, "{text}");
}

#[test]
fn the_access_log_can_be_off() {
    assert_eq!(access_log("off"), "");
}
