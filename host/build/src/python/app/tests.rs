//! Projects as they are found in the wild.

use super::*;

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn found(files: &[(&str, &str)]) -> String {
    let folder = project(files);
    find(folder.path()).unwrap().module
}

const APP: &str = "from flask import Flask\napp = Flask(__name__)\n";

#[test]
fn an_app_is_found_where_it_usually_is() {
    assert_eq!(found(&[("app.py", APP)]), "app:app");
    assert_eq!(found(&[("main.py", "app = FastAPI()")]), "main:app");
    assert_eq!(
        found(&[("wsgi.py", "application = f()")]),
        "wsgi:application"
    );
    assert_eq!(
        found(&[("app.py", "def create_app():\n  pass")]),
        "app:create_app()"
    );
    assert_eq!(
        found(&[("app/__init__.py", ""), ("app/main.py", APP)]),
        "app.main:app"
    );
    assert_eq!(
        found(&[("flaskr/__init__.py", "def create_app(): ...")]),
        "flaskr:create_app()"
    );
    assert_eq!(found(&[("app/__init__.py", APP)]), "app:app");
}

#[test]
fn an_entry_wins_and_an_import_gives_way() {
    let entry = ("wsgi.py", "from app import app as application");
    assert_eq!(found(&[("app.py", APP), entry]), "wsgi:application");
    let runner = ("main.py", "from app import app\nif 1:\n  app.run()");
    assert_eq!(found(&[("app.py", APP), runner]), "app:app");
    let tests = [("tests/__init__.py", APP), ("shop/__init__.py", APP)];
    assert_eq!(found(&tests), "shop:app");
}

#[test]
fn a_source_folder_is_looked_into() {
    let folder = project(&[
        ("src/shop/__init__.py", ""),
        ("src/shop/wsgi.py", "app = 1"),
    ]);
    let found = find(folder.path()).unwrap();
    assert_eq!(found.module, "shop.wsgi:app");
    assert_eq!(found.source, folder.path().join("src"));
}

#[test]
fn django_tells_its_app() {
    let manage = "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site1.settings.dev\")";
    let project = [("manage.py", manage), ("site1/wsgi.py", "application = 1")];
    assert_eq!(found(&project), "site1.wsgi:application");
    let project = [("manage.py", manage), ("site1/asgi.py", "application = 1")];
    assert_eq!(found(&project), "site1.asgi:application");
}

#[test]
fn flask_tells_its_app() {
    let project = [
        (".flaskenv", "FLASK_APP=hello.py\n"),
        ("hello.py", APP),
        ("app.py", APP),
    ];
    assert_eq!(found(&project), "hello");
    let project = [
        (".flaskenv", "export FLASK_APP='hello:create_app()'"),
        ("hello.py", APP),
    ];
    assert_eq!(found(&project), "hello:create_app()");
}

#[test]
fn several_apps_are_listed() {
    let folder = project(&[("app.py", APP), ("main.py", APP)]);
    let error = find(folder.path()).unwrap_err();
    assert!(error.message().contains("`app:app`, `main:app`"), "{error}");
    assert!(error.way_out().unwrap().contains("--module"));
}

#[test]
fn an_error_says_where_was_looked() {
    let folder = project(&[("app.py", "x = 1"), ("shop/__init__.py", "")]);
    let error = find(folder.path()).unwrap_err();
    for part in ["app.py", "wsgi.py", "shop/main.py", "`create_app()`"] {
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn a_name_is_checked() {
    let folder = project(&[("app.py", APP), ("src/shop/__init__.py", "")]);
    let take = |text: &str| named(folder.path(), text, true).map(|found| found.module);
    assert_eq!(take("app:app").unwrap(), "app:app");
    assert_eq!(take("app.py").unwrap(), "app");
    assert_eq!(take("shop:create_app()").unwrap(), "shop:create_app()");
    for bad in [
        "",
        ":",
        "app:",
        "a b",
        "app:app(1)",
        "app:a:b",
        "../app",
        "app;x:app",
    ] {
        assert!(take(bad).unwrap_err().is_usage(), "{bad}");
    }
    let error = take("shop.api:app").unwrap_err();
    assert!(
        error
            .message()
            .contains("expected shop/api.py or shop/api/__init__.py"),
        "{error}"
    );
    assert!(named(folder.path(), "other:app", false).is_ok());
}
