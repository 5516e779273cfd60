use super::*;

fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    folder
}

#[test]
fn the_program_is_found() {
    let found = |files: &[&str]| {
        let folder = folder(files);
        detect(folder.path(), Settings::default()).map(|app| app.package)
    };
    assert_eq!(found(&["go.mod", "main.go"]).unwrap(), ".");
    let in_cmd = ["go.mod", "cmd/server/main.go", "cmd/README.md"];
    assert_eq!(found(&in_cmd).unwrap(), "./cmd/server");
    let error = found(&["go.mod", "main_test.go"]).unwrap_err();
    assert!(error.message().contains("no file that ends"), "{error}");
    let error = found(&["go.mod", "cmd/a/a.go", "cmd/b/b.go"]).unwrap_err();
    assert!(error.message().contains("./cmd/a, ./cmd/b"), "{error}");
    assert!(found(&["main.go"]).is_err());
}

#[test]
fn a_program_is_told_by_what_it_imports() {
    let of = |packages: &str| Kind::of(packages, ".");
    let handler = "wasgi:imports net/http\nwasgi:imports wasgi\nwasgi:package main\n";
    assert_eq!(of(handler).unwrap(), Kind::Handler);
    let cgi = "wasgi:imports net/http\nwasgi:imports net/http/cgi\nwasgi:package main\n";
    assert_eq!(of(cgi).unwrap(), Kind::Program);
    assert_eq!(of("wasgi:package main\n").unwrap(), Kind::Program);
    let server = of("wasgi:imports net/http\nwasgi:package main\n").unwrap_err();
    assert!(server.way_out().unwrap().contains("wasgi.Handle"));
    let library = of("wasgi:package hello\n").unwrap_err();
    assert!(library.message().contains("package hello"), "{library}");
}
