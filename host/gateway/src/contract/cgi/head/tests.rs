//! What a script may write as a head, what it means, and how little the cuts between its writes
//! matter.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LIMIT: u64 = 1024;

/// What a parser made of a whole output: an answer with the start of the body, or why not.
type Outcome = Result<(Answer, Vec<u8>), HeadError>;

/// Pushes the pieces of an output until there is an outcome. What follows it is the body's.
fn parse_pieces<'a>(
    form: CgiForm,
    limit: u64,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut parser = HeadParser::new(limit, form);
    let mut pieces = pieces.into_iter();
    while let Some(piece) = pieces.next() {
        if let Some((answer, start)) = parser.push(Bytes::copy_from_slice(piece))? {
            let rest: Vec<&[u8]> = pieces.collect();
            return Ok((answer, [&start[..], &rest.concat()].concat()));
        }
    }
    Err(parser.finish())
}

fn parse(output: impl AsRef<[u8]>) -> Outcome {
    parse_pieces(CgiForm::Parsed, LIMIT, [output.as_ref()])
}

fn parse_nph(output: impl AsRef<[u8]>) -> Outcome {
    parse_pieces(CgiForm::Nph, LIMIT, [output.as_ref()])
}

fn fields(fields: &[(&str, &str)]) -> Vec<Field> {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.as_bytes().to_vec());
    fields.iter().map(owned).collect()
}

fn document(status: u16, listed: &[(&str, &str)], body: &str) -> Outcome {
    let fields = fields(listed);
    Ok((Answer::Document { status, fields }, body.into()))
}

fn local(path: &str, body: &str) -> Outcome {
    Ok((Answer::LocalRedirect(path.to_owned()), body.into()))
}

#[test]
fn lines_end_with_or_without_a_carriage_return() {
    for output in [
        "Content-Type: text/plain\nX-A: b\n\nhi\r\n\r\n",
        "Content-Type: text/plain\r\nX-A: b\r\n\r\nhi\r\n\r\n",
        "Content-Type: text/plain\r\nX-A: b\n\r\nhi\r\n\r\n",
        "Content-Type: text/plain\nX-A: b\r\n\nhi\r\n\r\n",
    ] {
        let listed = [("content-type", "text/plain"), ("x-a", "b")];
        assert_eq!(
            parse(output),
            document(200, &listed, "hi\r\n\r\n"),
            "{output:?}"
        );
    }
}

#[test]
fn repeated_fields_empty_bodies_and_bytes_beyond_ascii_are_kept() {
    let output = b"content-type:a/b\nSet-Cookie: a=1\nset-cookie:\tb=\xff\t2 \n\n";
    let (answer, body) = parse(output).unwrap();
    let mut expected = fields(&[("content-type", "a/b"), ("set-cookie", "a=1")]);
    expected.push(("set-cookie".to_owned(), b"b=\xff\t2".to_vec()));
    assert_eq!(
        answer,
        Answer::Document {
            status: 200,
            fields: expected
        }
    );
    assert!(body.is_empty());
}

#[test]
fn the_status_is_the_scripts_own_if_it_has_one() {
    let html = ("content-type", "text/html");
    let away = ("location", "https://a.example/b");
    for (output, status, listed) in [
        (
            "Status: 404 Not Found\nContent-Type: text/html\n\n",
            404,
            &[html][..],
        ),
        ("Content-Type: text/html\nSTATUS:599\n\n", 599, &[html]),
        ("Status: 204\n\n", 204, &[]),
        ("Status: 200 \n\n", 200, &[]),
        ("Location: https://a.example/b\n\n", 302, &[away]),
        (
            "Location: https://a.example/b\nContent-Type: text/html\n\n",
            302,
            &[away, html],
        ),
        (
            "Location: https://a.example/b\nStatus: 301 Moved\n\n",
            301,
            &[away],
        ),
        (
            "Status: 201 Created\nLocation: https://a.example/b\n\n",
            201,
            &[away],
        ),
    ] {
        assert_eq!(parse(output), document(status, listed, ""), "{output:?}");
    }
}

#[test]
fn a_location_alone_with_a_path_is_local() {
    assert_eq!(parse("Location: /b?c=d\n\n"), local("/b?c=d", ""));
    assert_eq!(parse("location:/\r\n\r\nignored"), local("/", "ignored"));
    assert_eq!(
        parse("Location: /b\nX-CGI-A: c\nX-Empty:\n\n"),
        local("/b", "")
    );
}

#[test]
fn any_other_head_is_the_clients() {
    for location in [
        "//a.example/b",
        "b/c",
        "?b",
        "/b#c",
        "/b c",
        "/\u{e9}",
        "http://a.example",
    ] {
        let expected = document(302, &[("location", location)], "");
        assert_eq!(parse(format!("Location: {location}\n\n")), expected);
    }
    for (name, value) in [("content-type", "text/html"), ("set-cookie", "a=1")] {
        let expected = document(302, &[("location", "/b"), (name, value)], "");
        assert_eq!(
            parse(format!("Location: /b\n{name}: {value}\n\n")),
            expected
        );
    }
    let expected = document(200, &[("content-type", "/b")], "");
    assert_eq!(parse("Content-Type: /b\n\n"), expected);
    let expected = document(307, &[("location", "/b")], "");
    assert_eq!(parse("Status: 307\nLocation: /b\n\n"), expected);
}

#[test]
fn extensions_and_fields_without_a_value_count_as_not_sent() {
    let output = "X-CGI-Cache: no\nX-A: \nContent-Type:\nContent-Type: a/b\nStatus:\n\n";
    assert_eq!(parse(output), document(200, &[("content-type", "a/b")], ""));
    for output in [
        "\n",
        "\r\nbody",
        "X-A: b\n\n",
        "Content-Type: \n\n",
        "X-CGI-Status: 200\n\n",
    ] {
        assert_eq!(parse(output), Err(HeadError::NoCgiField), "{output:?}");
    }
}

#[test]
fn refuses_lines_that_are_no_fields() {
    let quoted = |text: &str| format!("{text:?}");
    for (line, expected) in [
        ("Hello", HeadError::NoField(quoted("Hello"))),
        (
            "HTTP/1.1 200 OK",
            HeadError::NoField(quoted("HTTP/1.1 200 OK")),
        ),
        (
            " Content-Type: a/b",
            HeadError::Folded(quoted(" Content-Type: a/b")),
        ),
        ("\tb", HeadError::Folded(quoted("\tb"))),
        ("  ", HeadError::Folded(quoted("  "))),
        (": b", HeadError::Name(quoted(""))),
        ("X-A : b", HeadError::Name(quoted("X-A "))),
        ("X A: b", HeadError::Name(quoted("X A"))),
        ("X-\u{e9}: b", HeadError::Name(quoted("X-\u{e9}"))),
        ("<p>a: b", HeadError::Name(quoted("<p>a"))),
        ("\r", HeadError::NoField(quoted("\r"))),
        (
            "Status: 200\nStatus: 200",
            HeadError::Duplicate(HeaderName::from_static("status")),
        ),
        (
            "Location: a\nlocation: a",
            HeadError::Duplicate(header::LOCATION),
        ),
        (
            "Content-Type: a\nX-A: b\nContent-type: c",
            HeadError::Duplicate(header::CONTENT_TYPE),
        ),
    ] {
        assert_eq!(parse(format!("{line}\r\n\r\n")), Err(expected), "{line:?}");
    }
}

#[test]
fn refuses_control_characters_in_values() {
    for byte in (0..0x20)
        .chain([0x7f])
        .filter(|byte| !b"\t\n".contains(byte))
    {
        for output in [
            [b"X-A: b", &[byte][..], b"c\n\n"].concat(),
            [b"X-A: b", &[byte][..], b"\r\n\r\n"].concat(),
            [b"X-A:", &[byte][..], b"c\n\n"].concat(),
        ] {
            let error = parse(&output).unwrap_err();
            assert!(
                matches!(&error, HeadError::Value(_, name) if name == "x-a"),
                "{output:?}"
            );
        }
    }
}

#[test]
fn refuses_statuses_that_no_response_has() {
    for status in [
        "OK", "20", "2000", "200OK", "+20", "-20", "099", "100", "199 a", "600", "2 0", "\u{e9}2",
    ] {
        let expected = HeadError::Status(format!("{status:?}"));
        assert_eq!(parse(format!("Status: {status}\n\n")), Err(expected));
        let line = format!("HTTP/1.1 {status}");
        let expected = HeadError::StatusLine(format!("{line:?}"));
        assert_eq!(parse_nph(format!("{line}\n\n")), Err(expected));
    }
}

#[test]
fn an_nph_script_writes_a_status_line_and_any_fields() {
    for (output, status, listed) in [
        ("HTTP/1.0 200 OK\r\n\r\nbody", 200, &[][..]),
        ("HTTP/1.1 404\n\nbody", 404, &[]),
        (
            "HTTP/1.1 302 \nLocation: /a\n\nbody",
            302,
            &[("location", "/a")],
        ),
        (
            "HTTP/1.1 200 OK\nStatus: 404\nX-CGI-A: b\nX-Empty:\n\nbody",
            200,
            &[("status", "404"), ("x-cgi-a", "b"), ("x-empty", "")],
        ),
    ] {
        assert_eq!(
            parse_nph(output),
            document(status, listed, "body"),
            "{output:?}"
        );
    }
    for line in [
        "",
        "Content-Type: a/b",
        "HTTP/2 200",
        "HTTP/1. 200",
        "HTTP/1.1  200",
        " HTTP/1.1 200",
    ] {
        let expected = HeadError::StatusLine(format!("{line:?}"));
        assert_eq!(parse_nph(format!("{line}\n\n")), Err(expected));
    }
    let folded = HeadError::Folded("\" a: b\"".to_owned());
    assert_eq!(parse_nph("HTTP/1.1 200 OK\n a: b\n\n"), Err(folded));
}

#[test]
fn a_head_that_is_not_complete_is_told_from_none() {
    assert_eq!(parse(""), Err(HeadError::Empty));
    for output in [
        "Hello",
        "Status: 200",
        "Status: 200\n",
        "Status: 200\r\n\r",
        "\r",
    ] {
        let expected = HeadError::Unfinished(output.len() as u64);
        assert_eq!(parse(output), Err(expected), "{output:?}");
    }
    assert_eq!(
        parse_nph("HTTP/1.1 200 OK\n"),
        Err(HeadError::Unfinished(16))
    );
}

#[test]
fn the_limit_counts_every_byte_up_to_the_body() {
    let head = "Status: 200\r\n\r\n";
    let length = head.len() as u64;
    let output = format!("{head}{}", "body".repeat(1000));
    let whole = |limit| parse_pieces(CgiForm::Parsed, limit, [output.as_bytes()]);
    assert!(whole(length).is_ok());
    assert_eq!(whole(length - 1), Err(HeadError::TooLong(length - 1)));
    let endless = vec![b'a'; 2000];
    for size in [1, 7, 2000] {
        let outcome = parse_pieces(CgiForm::Parsed, LIMIT, endless.chunks(size));
        assert_eq!(outcome, Err(HeadError::TooLong(LIMIT)));
    }
}

#[test]
fn messages_repeat_a_bounded_part_without_control_characters() {
    for line in [
        "\u{1b}[2J".repeat(500),
        "\u{1f600}".repeat(500),
        "\u{202e}".repeat(500),
    ] {
        let outcome = parse_pieces(CgiForm::Parsed, 1 << 20, [format!("{line}\n").as_bytes()]);
        let message = outcome.unwrap_err().to_string();
        assert!(message.contains(".."), "{message}");
        assert!(message.chars().count() < 200, "{message}");
        assert!(
            !message.contains(['\u{1b}', '\u{202e}', '\u{fffd}']),
            "{message}"
        );
    }
    let exact = "a".repeat(QUOTE_CHARS_MAX);
    assert_eq!(quote(exact.as_bytes()), format!("\"{exact}\""));
    assert_eq!(
        HeadError::Status(quote(b"\"2\"")).to_string(),
        r#"it wrote the status "\"2\"": expected three digits, 200 to 599, and a space or nothing"#
    );
}

/// Heads as scripts write them, with mistakes.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("Content-Type: text/html".to_owned()),
        Just("Location: /a".to_owned()),
        Just("HTTP/1.1 200 OK".to_owned()),
        "Status: [1-6][0-9]{2}( [a-z]{0,3})?",
        "[a-zA-Z-]{1,6}:[ -~]{0,6}",
        "[ -~]{0,6}",
        any::<String>(),
    ];
    let lines = vec((line, "\r?\n"), 0..6).prop_map(|lines| {
        lines.iter().fold(String::new(), |mut output, (line, end)| {
            write!(output, "{line}{end}").unwrap();
            output
        })
    });
    (lines, "(\r?\n)?", vec(any::<u8>(), 0..20))
        .prop_map(|(lines, blank, body)| [lines.as_bytes(), blank.as_bytes(), &body].concat())
}

proptest! {
    #[test]
    fn cuts_do_not_matter(
        output in prop_oneof![output(), vec(any::<u8>(), 0..80)],
        sizes in vec(1..9_usize, 1..6),
        limit in prop_oneof![Just(LIMIT), 0..60_u64],
        form in prop_oneof![Just(CgiForm::Parsed), Just(CgiForm::Nph)],
    ) {
        let mut rest = &output[..];
        let pieces = sizes.iter().cycle().map_while(|size| {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        });
        let cut = parse_pieces(form, limit, pieces);
        prop_assert_eq!(&cut, &parse_pieces(form, limit, [&output[..]]));

        match cut {
            Ok((_, body)) => {
                prop_assert!(output.ends_with(&body));
                prop_assert!((output.len() - body.len()) as u64 <= limit);
            }
            Err(error) => prop_assert!(error.to_string().contains("expected"), "{}", error),
        }
    }
}
