//! Tables of an app and of a redirect that are wrong.

use super::read_text;

/// What follows `[[app]]` and its component, and what it is told.
const BAD_APPS: &[(&str, &str)] = &[
    (
        "path = \"shop\"",
        "3:8: expected a path such as \"/shop\" or \"/items/{id}\", got \"shop\": it must start",
    ),
    ("path = \"/a/../b\"", "3:8: expected a path"),
    ("name = \"\"", "3:8: expected a name"),
    ("hots = \"shop.example\"", "3:1: unknown key `hots`"),
    ("host = \"a b\"", "3:8: expected a host such as"),
    (
        "host = [\"a.example\", 5]",
        "3:22: expected a string, got the integer `5`",
    ),
    ("host = []", "3:8: expected a host at least, got none"),
    ("path = []", "3:8: expected a path at least, got none"),
    (
        "path = [\"/a\", \"/b\", \"/a/\"]",
        "3:21: the app `a` is mounted at /a already",
    ),
    (
        "health = \"healthz\"",
        "3:10: expected a path such as \"/healthz\"",
    ),
    (
        "health = \"/a b\"",
        "3:10: expected a path such as \"/healthz\"",
    ),
    (
        "weight = 0",
        "3:10: expected a whole number from 1 to 10000, got 0",
    ),
    (
        "middleware = \"b.wasm\"",
        "3:14: expected a list, got the string",
    ),
    (
        "middleware = [5]",
        "3:15: expected the name of a component or a table, got the integer `5`",
    ),
    (
        "middleware = [\"no.wasm\"]",
        "3:15: expected a component, but there is no file no.wasm",
    ),
    (
        "[[app.middleware]]\nname = \"x\"",
        "3:1: the key `component` is missing",
    ),
    (
        "[[app.middleware]]\ncomponent = \"b.wasm\"\nhost = \"x\"",
        "5:1: unknown key `host`",
    ),
    (
        "middleware = [\"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\",\
         \"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\",\
         \"b.wasm\",\"b.wasm\",\"b.wasm\",\"b.wasm\"]",
        "expected 16 middlewares in front of an app at most, got 17",
    ),
    (
        "[[redirect]]\nto = \"/b\"",
        "3:1: the key `from` is missing",
    ),
    (
        "[[redirect]]\nfrom = \"/b\"\nto = \"/c\"\nstatus = 300",
        "6:10: expected one of 301, 302, 303, 307, 308, got 300",
    ),
    (
        "[[redirect]]\nfrom = \"/\"\nto = \"/c\"",
        "4:8: the app `a` is mounted at / already",
    ),
    (
        "[[redirect]]\nfrom = \"/b\"\nto = \"/c\"\n[[redirect]]\nfrom = \"/b\"\nto = \"/d\"",
        "7:8: the redirect on line 4 is from /b already",
    ),
    ("[[redirect]]\nfrom = \"/b\"\nto = \"c\"", "5:6: expected "),
    ("[server]\ndefault = \"aa\"", "4:11: unknown app `aa`"),
    ("[server]\nload = \"lazily\"", "hint: did you mean `lazy`?"),
    (
        "[server]\napp-idle = \"1ms\"",
        "4:12: expected a duration of 1000ms at least",
    ),
    (
        "[server]\nreleases = 1001",
        "expected a whole number from 1 to 1000",
    ),
    (
        "[server.compile]\nprocesses = 65",
        "expected a whole number from 1 to 64",
    ),
    (
        "[server.compile]\nmemory = \"1MiB\"",
        "expected a size of 64MiB at least",
    ),
    ("isolation = \"resue\"", "3:13: unknown value `resue`"),
    ("isolation = \"resue\"", "hint: did you mean `reuse`?"),
    ("args = [1]", "3:9: expected a string, got the integer `1`"),
    ("args = [\"a\\u0000\"]", "3:9: expected a text without NUL"),
    (
        "env = { \"A=B\" = \"c\" }",
        "3:9: expected the name of a variable",
    ),
    (
        "env = { \"\" = \"c\" }",
        "3:9: expected the name of a variable",
    ),
    (
        "env = { A = 1 }",
        "3:13: expected a string, got the integer `1`",
    ),
    (
        "[app.limits]\nmemory = 0",
        "4:10: expected a size of 1B at least, got 0B",
    ),
    ("[app.limits]\nmemory = -1", "4:10: expected a size such as"),
    (
        "[app.limits]\nmemory = \"1MB\"",
        "4:10: expected a size such as",
    ),
    (
        "[app.limits]\nconcurrency = 0",
        "4:15: expected a whole number from 1 to",
    ),
    (
        "[app.limits]\nresponse-fields = 40000",
        "expected a whole number from 1 to 10000",
    ),
    (
        "[app.reuse]\nrequests = 0",
        "4:12: expected a whole number from 1 to",
    ),
    ("[[app.dir]]\nhost = \"data\"", "the key `guest` is missing"),
    (
        "[[app.dir]]\nhost = \"data\"\nguest = \"data\"",
        "5:9: expected an absolute path",
    ),
    (
        "[[app.dir]]\nhost = \"data\"\nguest = \"/a/../b\"",
        "5:9: expected an absolute path",
    ),
    (
        "[[app.dir]]\nhost = \"nope\"\nguest = \"/a\"",
        "4:8: expected a folder, but there is none",
    ),
    (
        "dir = [{ host = \"data\", guest = \"/a\" }, { host = \"data\", guest = \"/a/\" }]",
        "the guest already has a folder at \"/a/\"",
    ),
    (
        "[[app]]\ncomponent = \"b.wasm\"",
        "4:13: the app `a` is mounted at / already\n    4 | component = \"b.wasm\"\n",
    ),
    (
        "[[app]]\ncomponent = \"b.wasm\"\npath = \"/b\"\nname = \"a\"",
        "6:8: an app has the name `a` already",
    ),
];

#[test]
fn a_bad_app_is_refused() {
    for (text, expected) in BAD_APPS {
        let text = format!("[[app]]\ncomponent = \"a.wasm\"\n{text}");
        let message = read_text(&text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gives {message}");
    }
    for (text, expected) in [
        ("[[app]]\nname = \"a\"", "the key `component` is missing"),
        (
            "[[app]]\ncomponent = \"c.wasm\"",
            "wasgi.toml:2:13: expected a component, but there is",
        ),
    ] {
        let message = read_text(text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gives {message}");
    }
}
