use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::built::component;
use crate::support::host::cache;
use crate::support::site::as_text;
use crate::support::{Host, post, root};

/// A copy of an example, built as its README says, in which nothing of the repository changes.
fn built(example: &str, build: &mut Command) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(example);
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(root().join("examples").join(example)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() && !entry.path().ends_with("app.wasm") {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    // Not with a test's patience: packages are installed, and compiled.
    let ended = build.current_dir(&folder).output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(ended.status.success(), "{}\n{}", said[0], said[1]);
    let module = folder.join("app.wasm");
    // A host that only finds it compiled in the cache starts at once.
    let cache = cache();
    drop(Host::serve(&[as_text(&module), "--cache", as_text(&cache)]));
    module
}

fn serve(module: &Path) -> Host {
    Host::serve(&[as_text(module), "--cache", as_text(&cache())])
}

fn echoes(host: &Host) {
    let body = "x".repeat(300_000);
    assert_eq!(host.send(post("/", &body)).text(), body);
}

#[test]
fn assemblyscript_is_served() {
    let mut build = Command::new("sh");
    build.args(["-c", "npm ci && npm run build"]);
    let host = serve(&built("cgi-assemblyscript", &mut build));
    assert_eq!(host.get("/").text(), "Hello from AssemblyScript\n");
    let nothing = host.get("/nothing");
    assert_eq!((nothing.status, nothing.text()), (404, "nothing here\n"));
    echoes(&host);
}

#[test]
fn lua_is_served_with_its_errors_and_coroutines() {
    let mut build = Command::new("./build.sh");
    build.env("ZIG", zig());
    let host = serve(&built("cgi-lua", &mut build));
    assert_eq!(host.get("/").text(), "Hello from Lua 5.4\n");
    assert_eq!(host.get("/words").text(), "one, two, three\n");
    let failed = host.get("/fail");
    assert_eq!((failed.status, failed.text()), (500, "it failed\n"));
    host.stderr().wait_for(&["app.lua", "told to fail"]);
    assert_eq!(host.get("/nothing").status, 404);
    echoes(&host);
}

/// The Zig that `wasgi build` installs.
fn zig() -> PathBuf {
    static ZIG: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let project = root().join("examples/zig-hello");
        component("zig-hello", &[as_text(&project)]);
        let tools = fs::read_dir(cache().join("build/tool")).unwrap();
        let mut zigs = tools.map(|tool| tool.unwrap().path().join("lib/ziglang/zig"));
        zigs.find(|zig| zig.is_file())
            // One on the path, which is as new, was not installed.
            .unwrap_or_else(|| PathBuf::from("zig"))
    };
    ZIG.get_or_init(find).clone()
}
