//! `[app.outbound]`: whom an app's guests may send requests to, and how much.

use std::str::FromStr;

use toml::Spanned;
use wasgi_server::{GrantError, OutboundLimits, OutboundSettings, SocketGrant};

use super::table::Table;

/// Reads the table.
pub(super) fn read(table: &mut Table<'_>) -> OutboundSettings {
    if !table.has("allow") {
        let message = "the key `allow` is missing";
        table.faults.absent(Some(&table.span), message);
    }
    let default = OutboundLimits::DEFAULT;
    let is_socket = |text: &Spanned<String>| SocketGrant::is_meant(text.get_ref());
    let (sockets, requests): (Vec<_>, Vec<_>) =
        texts(table, "allow").into_iter().partition(is_socket);
    let private = texts(table, "private");
    OutboundSettings {
        allow: grants(table, &requests),
        sockets: grants(table, &sockets),
        private: grants(table, &private),
        limits: OutboundLimits {
            connect: table.time("connect", 1).unwrap_or(default.connect),
            response: table.time("response", 1).unwrap_or(default.response),
            idle: table.time("idle", 1).unwrap_or(default.idle),
            request_body: table
                .size("request-body", 0)
                .unwrap_or(default.request_body),
            response_body: table
                .size("response-body", 0)
                .unwrap_or(default.response_body),
            concurrency: table.number("concurrency", 1..=10_000, default.concurrency),
        },
    }
}

fn texts(table: &mut Table<'_>, key: &'static str) -> Vec<Spanned<String>> {
    let texts = table.texts(key).map(Spanned::into_inner);
    texts.unwrap_or_default()
}

fn grants<T: FromStr<Err = GrantError>>(table: &Table<'_>, texts: &[Spanned<String>]) -> Vec<T> {
    let read = texts.iter().filter_map(|text| table.parse(text));
    read.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::manifest::tests::read_text;

    fn read(table: &str) -> Result<Option<OutboundSettings>, String> {
        let text = format!("[[app]]\ncomponent = \"a.wasm\"\n[app.outbound]\n{table}");
        read_text(&text).map(|mut manifest| manifest.apps.remove(0).outbound)
    }

    #[test]
    fn every_key_is_read() {
        let table = r#"
            allow = ["https://*.example.com", "tcp://db.example:5432", "http://127.0.0.1:9000"]
            private = ["10.1.0.0/16"]
            connect = "1s"
            response = "2s"
            idle = "3s"
            request-body = "4KiB"
            response-body = "5KiB"
            concurrency = 6
        "#;
        let expected = OutboundSettings {
            allow: vec![
                "https://*.example.com".parse().unwrap(),
                "http://127.0.0.1:9000".parse().unwrap(),
            ],
            sockets: vec!["tcp://db.example:5432".parse().unwrap()],
            private: vec!["10.1.0.0/16".parse().unwrap()],
            limits: OutboundLimits {
                connect: Duration::from_secs(1),
                response: Duration::from_secs(2),
                idle: Duration::from_secs(3),
                request_body: 4 << 10,
                response_body: 5 << 10,
                concurrency: 6,
            },
        };
        assert_eq!(read(table).unwrap(), Some(expected));
    }

    #[test]
    fn only_the_hosts_must_be_said() {
        let expected = OutboundSettings {
            allow: Vec::new(),
            sockets: Vec::new(),
            private: Vec::new(),
            limits: OutboundLimits::DEFAULT,
        };
        assert_eq!(read("allow = []").unwrap(), Some(expected));
    }

    #[test]
    fn a_bad_table_is_refused() {
        for (table, expected) in [
            ("private = []", "the key `allow` is missing"),
            (
                "alow = []",
                "4:1: unknown key `alow`\n    4 | alow = []\n      | ^^^^\n\
                 hint: did you mean `allow`?",
            ),
            (
                "allow = [\"https://a.example\", \"b.example\"]",
                "4:31: expected SCHEME://HOST or SCHEME://HOST:PORT",
            ),
            (
                "allow = [\"http://a.example\", \"tcp://a.example\"]",
                "4:30: expected tcp://HOST:PORT",
            ),
            (
                "allow = []\nprivate = [\"10.1.2.3/16\"]",
                "5:12: expected a network's first address, got \"10.1.2.3/16\": \
                 write \"10.1.0.0/16\"",
            ),
            (
                "allow = []\nconnect = \"0s\"",
                "5:11: expected a duration of 1ms at least",
            ),
            (
                "allow = []\nconcurrency = 0",
                "5:15: expected a whole number from 1 to",
            ),
        ] {
            let message = read(table).unwrap_err();
            assert!(message.contains(expected), "{table:?} gives {message}");
        }
    }
}
