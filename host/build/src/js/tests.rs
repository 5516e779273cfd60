use std::fs;

use super::*;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn found(files: &[(&str, &str)]) -> Result<String, BuildError> {
    let folder = folder(files);
    let (_, app) = detect(folder.path(), Settings::default())?;
    let entry = app.entry.strip_prefix(folder.path()).unwrap();
    Ok(entry.to_str().unwrap().to_owned())
}

#[test]
fn the_app_is_where_the_package_says() {
    let package = r#"{ "main": "lib/web.js", "dependencies": { "hono": "4" } }"#;
    let files = [
        ("package.json", package),
        ("lib/web.js", ""),
        ("src/index.ts", ""),
    ];
    assert_eq!(found(&files).unwrap(), "lib/web.js");
    // What it names may not be built yet.
    let files = [("package.json", package), ("src/index.ts", "")];
    assert_eq!(found(&files).unwrap(), "src/index.ts");
}

#[test]
fn the_app_is_where_frameworks_have_it() {
    let package = ("package.json", "{}");
    assert_eq!(
        found(&[package, ("app.tsx", ""), ("server.js", "")]).unwrap(),
        "app.tsx"
    );
    let error = found(&[package, ("lib.js", "")]).unwrap_err();
    assert!(error.message().contains("src/index, "), "{error}");
    assert!(error.way_out().unwrap().contains("--module"));
}

#[test]
fn a_named_app_must_be_there() {
    let folder = folder(&[("package.json", "{}"), ("api.ts", "")]);
    let named = |module: &str| {
        let settings = Settings {
            module: Some(module.to_owned()),
            ..Settings::default()
        };
        detect(folder.path(), settings)
    };
    assert!(named("api.ts").is_ok());
    assert!(named("web.ts").unwrap_err().is_usage());
}

#[test]
fn a_package_that_is_none_says_where() {
    let error = found(&[("package.json", "{\n  \"name\": 3\n}")]).unwrap_err();
    assert_eq!(error.place().unwrap().line, Some(2));
    assert!(error.message().contains("expected a string"), "{error}");
}

#[test]
fn a_component_is_called_as_its_package() {
    let folder = folder(&[
        ("package.json", r#"{ "name": "@ada/shop" }"#),
        ("app.js", ""),
    ]);
    let (name, _) = detect(folder.path(), Settings::default()).unwrap();
    assert_eq!(name.as_deref(), Some("shop"));
}

#[test]
fn files_of_the_language_are_known_by_their_ends() {
    for module in ["src/index.ts", "app.mjs", "a.tsx"] {
        assert!(is_script(Path::new(module)), "{module}");
    }
    for module in ["app:app", "shop.wsgi:application", "app"] {
        assert!(!is_script(Path::new(module)), "{module}");
    }
}
