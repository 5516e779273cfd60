use std::fs;

use tempfile::TempDir;

use super::c::build;

behaves!("zig");

#[test]
fn an_error_is_told_with_its_file_and_line() {
    let folder = TempDir::new().unwrap();
    let text = "const wasgi = @import(\"wasgi\");\n\nconst x: u8 = wasgi.nothing;\n\
                comptime {\n    _ = x;\n}\n";
    fs::write(folder.path().join("main.zig"), text).unwrap();
    let end = build(folder.path(), &folder.path().join("app.wasm"));
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    for part in ["main.zig:3: ", "nothing"] {
        assert!(end.stderr.contains(part), "{}", end.stderr);
    }
}
