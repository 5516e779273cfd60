use std::path::PathBuf;

use super::*;
use crate::js::{Engine, Package};

const BROKEN: &str = "\
▲ [WARNING] Duplicate key \"a\" in object literal [duplicate-object-key]

    src/app.ts:4:17:
      4 │ const x = { a: 1, a: 2 };
        ╵                  ^

✘ [ERROR] Unexpected \";\"

    src/app.ts:3:16:
      3 │ let a: number = ;
        ╵                 ^

✘ [ERROR] Could not resolve \"left-pad\"

    src/app.ts:1:7:
";

#[test]
fn the_first_error_is_told_with_its_place() {
    let error = of_bundler(Path::new("/app"), BROKEN);
    assert_eq!(error.to_string(), "/app/src/app.ts:3:17: Unexpected \";\"");
    assert_eq!(error.tool_output(), BROKEN);
    assert_eq!(error.way_out(), None);
}

#[test]
fn warnings_are_told_with_their_places() {
    let expected = "src/app.ts:4: Duplicate key \"a\" in object literal [duplicate-object-key]";
    assert_eq!(warnings(BROKEN), [expected]);
}

#[test]
fn what_is_not_there_has_a_way_out() {
    let hint = |name: &str| way_out(&format!("Could not resolve \"{name}\"")).unwrap();
    assert_eq!(hint("left-pad"), "run `npm install left-pad`");
    assert_eq!(hint("@hono/zod/x"), "run `npm install @hono/zod`");
    assert!(hint("node:fs").contains("Node.js"));
    assert!(hint("fs/promises").contains("Node.js"));
    assert!(hint("./a").contains("a file that is there"));
    assert_eq!(way_out("Unexpected \";\""), None);
}

#[test]
fn what_the_bundler_does_not_explain_is_shown() {
    let error = of_bundler(Path::new("/app"), "panic: out of memory");
    assert_eq!(error.message(), "esbuild failed");
    assert_eq!(error.tool_output(), "panic: out of memory");
}

fn app() -> App {
    App {
        entry: PathBuf::from("/app/src/app.ts"),
        folder: PathBuf::from("/app"),
        package: Package::default(),
        engine: Engine::QuickJs,
        warm: Vec::new(),
    }
}

#[test]
fn an_app_that_fails_when_it_is_loaded_says_where() {
    let output = "\
Error: : Failed to evaluate user JavaScript module: Failed to finish JavaScript module evaluation: Error: not a function
    at f (/x/bundle.js:2:9)
    at <anonymous> (/x/bundle.js:3)
";
    let sources = Sources::of(&["src/app.ts"], ";AAAA,IAAI");
    let error = of_engine(&app(), &sources, output);
    assert_eq!(
        error.to_string(),
        "/app/src/app.ts:1:5: the app fails when it is loaded: not a function"
    );
    assert!(
        error.tool_output().contains("at f (src/app.ts:1:5)"),
        "{}",
        error.tool_output()
    );
}

#[test]
fn starlingmonkey_says_the_place_first() {
    let output = "\
Failed to initialize component (wizer (/x/wizer)):
Exception while evaluating top-level script
bundle.js:2:9 TypeError: can't access property \"y\", x is null
Stack:
  f@bundle.js:2:9
";
    let sources = Sources::of(&["src/app.ts"], ";AAAA,IAAI");
    let error = of_engine(&app(), &sources, output);
    assert_eq!(
        error.to_string(),
        "/app/src/app.ts:1:5: the app fails when it is loaded: \
         TypeError: can't access property \"y\", x is null"
    );
    let shown = error.tool_output();
    assert!(shown.contains("f@src/app.ts:1:5"), "{shown}");
}

#[test]
fn a_module_without_an_app_is_told_what_one_is() {
    let output = "Error: : Failed to evaluate user JavaScript module: Failed to finish JavaScript \
                  module evaluation: Error: wasgi: expected the module to `export default app`, but it has nothing\n";
    let error = of_engine(&app(), &Sources::default(), output);
    assert_eq!(
        error.message(),
        "expected the app to `export default app`, but it has nothing"
    );
    assert!(error.way_out().unwrap().contains("export default app"));
}
