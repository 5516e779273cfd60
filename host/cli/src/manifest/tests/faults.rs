//! Manifests with several faults, and files that are none.

use super::{read_bytes, read_text};
use crate::manifest::{SourceApp, read_build};

/// The places and the messages, without excerpts and hints.
fn faults(text: &str) -> Vec<String> {
    let message = read_text(text).unwrap_err();
    let lines = message.lines();
    lines
        .filter_map(|line| line.strip_prefix("error: wasgi.toml:"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn all_faults_are_shown_by_their_lines() {
    let text = "[[app]]\ncomponent = \"a.wasm\"\nweight = \"heavy\"\nisolatoin = \"reuse\"\n\
        [app.limits]\nmemory = \"lots\"\ncpu = 5\n[[app]]\ncomponent = \"gone.wasm\"\n\
        path = \"b\"\n[server]\nlisten = [\"nowhere\", 5]\n";
    let found = faults(text);
    let expected = [
        "3:10: expected a whole number, got the text",
        "4:1: unknown key `isolatoin`",
        "6:10: expected a size such as",
        "7:7: expected a duration such as",
        "9:13: expected a component, but there is no file",
        "10:8: expected a path such as",
        "12:11: expected HOST:PORT",
        "12:22: expected a string, got the integer `5`",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (fault, expected) in found.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault} is not {expected}");
    }
}

#[test]
fn a_wrong_key_is_not_called_missing() {
    for (text, expected) in [
        (
            "component = 5",
            "2:13: expected a string, got the integer `5`",
        ),
        ("component = \"a.wasm\"\nname = 5", "3:8: expected a string"),
        (
            "component = \"a.wasm\"\n[app.outbound]\nallow = 5",
            "4:9: expected a list, got the integer `5`",
        ),
    ] {
        let found = faults(&format!("[[app]]\n{text}"));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with(expected), "{found:#?}");
    }
}

#[test]
fn what_is_no_toml_does_not_hide_the_rest() {
    for (text, expected) in [
        (
            "[server]\nlisten = [\n\"1.1.1.1:1\"\n\"b\"\n]\n[[app]]\nzzz = 1\n",
            &["4:1: missing comma", "7:1: unknown key `zzz`"][..],
        ),
        (
            "[server]\nlisten = [\n\"1.1.1.1:1\",\ndrain = 5\n[[app]]\nzzz = 1\n",
            &[
                "2:10: the list is not closed",
                "4:9: expected a duration",
                "6:1: unknown",
            ],
        ),
        (
            "[[app]]\nargs = [\"a\"\n[server]\nyyy = 1\n",
            &["2:8: the list is not closed", "4:1: unknown key `yyy`"],
        ),
        (
            "a = [1 2\nb = 1\n",
            &["1:5: the list is not closed", "2:1: unknown key `b`"],
        ),
        (
            "[[app]]\nname = \nzzz = 1\ncomponent: 5\nwight = 2\n",
            &[
                "2:8: ",
                "3:1: unknown",
                "4:10: ",
                "5:1: unknown key `wight`",
            ],
        ),
        (
            "[[app]\ncomponent = \"a.wasm\"\nzzz = 1\n[server]\nyyy = 1\n",
            &["1:7: unclosed array table", "5:1: unknown key `yyy`"],
        ),
        ("[[app]]\nname = \"\"\"abc\n", &["3:1: invalid multi-line"]),
        (
            "a = 1\na = 2\n",
            &["1:1: unknown key", "2:1: duplicate key"],
        ),
    ] {
        let found = faults(text);
        assert_eq!(found.len(), expected.len(), "{text:?} gives {found:#?}");
        for (fault, expected) in found.iter().zip(expected) {
            assert!(fault.starts_with(expected), "{fault} is not {expected}");
        }
    }
}

#[test]
fn more_faults_than_anyone_reads_are_counted() {
    let text: String = (0..250).map(|key| format!("key{key} = 1\n")).collect();
    let message = read_text(&text).unwrap_err();
    assert_eq!(message.matches("error: ").count(), 100);
    assert!(message.ends_with("\nand 151 more"), "{message}");
}

#[test]
fn a_file_that_is_no_manifest_is_refused() {
    let deep =
        |open: &str, close: &str| format!("a = {}{}", open.repeat(100_000), close.repeat(100_000));
    let long = format!("a = \"{}\"", "x".repeat(900_000));
    for (bytes, expected) in [
        (&b""[..], "wasgi.toml: expected an [[app]] at least"),
        (
            b"\xff\xfe\0\0",
            "cannot read wasgi.toml: it is not UTF-8 text",
        ),
        (b"\0\x01\x02\x1b[31m", "wasgi.toml:1:"),
        (
            &vec![b'a'; 10_000_000],
            "it has more than the 1MiB that a manifest may have",
        ),
        (deep("[", "]").as_bytes(), "cannot recurse further"),
        (deep("{a=", "}").as_bytes(), "cannot recurse further"),
        ("a.".repeat(500_000).as_bytes(), "a key has too many parts"),
        (long.as_bytes(), "1:1: unknown key `a`"),
    ] {
        let message = read_bytes(bytes).unwrap_err();
        assert!(message.contains(expected), "{message}");
        assert!(message.len() < 100_000, "{} bytes", message.len());
        assert!(!message.contains('\x1b'), "{message}");
    }
}

#[test]
fn many_apps_are_read() {
    let app = |i| format!("[[app]]\nname = \"{i}\"\ncomponent = \"a.wasm\"\npath = \"/{i}\"\n");
    let text: String = (0..10_000).map(app).collect();
    assert_eq!(read_text(&text).unwrap().apps.len(), 10_000);
}

#[test]
fn a_bad_build_is_refused() {
    for (text, expected) in [
        ("modul = \"app:app\"", "2:1: unknown key `modul`"),
        ("modul = \"app:app\"", "hint: did you mean `module`?"),
        ("warm = \"/\"", "2:8: expected a list, got the string"),
        (
            "warm = [\"/\", \"items\"]",
            "2:14: expected a path such as \"/items?page=2\", got \"items\"",
        ),
        (
            "env = { A = 1 }",
            "2:13: expected a string, got the integer",
        ),
        ("output = true", "2:10: expected a string, got the boolean"),
    ] {
        let text = format!("[build]\n{text}\n[[app]]\ncomponent = \"a.wasm\"");
        let message = read_text(&text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gives {message}");
    }
}

#[test]
fn a_manifest_that_is_built_by_needs_no_apps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wasgi.toml");
    std::fs::write(&path, "[build]\nmodule = \"app:app\"\n").unwrap();
    let (built, apps) = read_build(&path).unwrap();
    assert_eq!(built.settings.module.as_deref(), Some("app:app"));
    assert!(apps.is_empty());

    let text = "[[app]]\nmodule = \"a:app\"\nsource = \"a\"\ncomponent = \"a.wasm\"\n\
        [[app]]\ncomponent = \"b.wasm\"\nname = \"b\"\npath = \"/b\"\n";
    std::fs::write(&path, text).unwrap();
    let (_, apps) = read_build(&path).unwrap();
    let expected = SourceApp {
        module: Some("a:app".to_owned()),
        source: "a".to_owned(),
        component: Some("a.wasm".into()),
    };
    assert_eq!(apps, [expected]);

    std::fs::write(&path, "[build]\nmodul = \"app:app\"\n[serer]\n").unwrap();
    let wrong = read_build(&path).unwrap_err().to_string();
    assert!(
        wrong.contains("`modul`") && wrong.contains("`serer`"),
        "{wrong}"
    );
}
