use super::*;

/// A folder with this `Cargo.toml` and these empty files.
fn found(manifest: &str, files: &[&str]) -> Result<(String, Program), BuildError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(MARK), manifest).unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    assert!(is_project(folder.path()));
    let (name, app) = detect(folder.path(), Settings::default())?;
    Ok((name, app.program))
}

#[test]
fn the_app_is_the_library_else_the_only_program() {
    let library = |name: &str| Program::Library(name.to_owned());
    let binary = |name: &str| Program::Binary(name.to_owned());
    for (manifest, files, expected) in [
        (
            "[lib]\ncrate-type = ['cdylib']",
            &[][..],
            library("my_shop"),
        ),
        (
            "[lib]\nname = 'x'\ncrate-type = ['cdylib', 'rlib']",
            &[],
            library("x"),
        ),
        ("", &["src/main.rs"], binary("my-shop")),
        ("[[bin]]\nname = 'cgi'\npath = 'cgi.rs'", &[], binary("cgi")),
        (
            "default-run = 'b'\n[[bin]]\nname = 'a'\n[[bin]]\nname = 'b'",
            &[],
            binary("b"),
        ),
    ] {
        let manifest = format!("[package]\nname = 'my-shop'\n{manifest}");
        let (name, program) = found(&manifest, files).unwrap();
        assert_eq!(
            (name.as_str(), program),
            ("my-shop", expected),
            "{manifest}"
        );
    }
}

#[test]
fn what_has_no_app_is_refused_with_a_way_out() {
    for (manifest, expected, hint) in [
        (
            "[workspace]\nmembers = []",
            "got a workspace",
            "name the folder",
        ),
        (
            "[package]\nname = 'a'",
            "which program is the app",
            "cdylib",
        ),
        ("[package\n", "Cargo.toml:1: expected the manifest", ""),
    ] {
        let error = found(manifest, &[]).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(
            error.way_out().unwrap_or_default().contains(hint),
            "{error}"
        );
    }
}
