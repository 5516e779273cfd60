//! Plans from arguments, manifests and folders.

use super::*;

/// The plan of a start.
fn read(args: &ServeArgs) -> Result<Plan, Failures> {
    let Reading { plan, wrong } = Plan::read(args);
    wrong.into_result().map(|()| plan)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["shop.wasm", "blog.wasm"] {
        std::fs::write(folder.path().join(name), b"").unwrap();
    }
    folder
}

fn write_manifest(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("wasgi.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn arguments_override_the_manifest() {
    let folder = folder();
    let manifest = "[server]\nlisten = [\"127.0.0.1:1\"]\naccess-log = \"json\"\n\
        [[app]]\ncomponent = \"shop.wasm\"\n[app.reuse]\nrequests = 7";
    let config = Some(write_manifest(folder.path(), manifest));
    let plan = read(&ServeArgs {
        config: config.clone(),
        ..ServeArgs::default()
    })
    .unwrap();
    assert_eq!(plan.listen, ["127.0.0.1:1".parse().unwrap()]);
    assert_eq!(plan.server.access_log, AccessLog::Json);
    assert_eq!(plan.apps[0].settings.isolation, Isolation::Request);

    let args = ServeArgs {
        config,
        addr: vec!["127.0.0.1:2".parse().unwrap()],
        access_log: Some(AccessLogChoice::Off),
        isolation: Some(IsolationChoice::Reuse),
        expose_errors: true,
        no_cache: true,
        ..ServeArgs::default()
    };
    let plan = read(&args).unwrap();
    assert_eq!(plan.listen, args.addr);
    assert_eq!(plan.server.access_log, AccessLog::Off);
    assert!(plan.server.expose_errors);
    let reuse = Reuse {
        requests: 7,
        ..Reuse::DEFAULT
    };
    assert_eq!(plan.apps[0].settings.isolation, Isolation::Reuse(reuse));
}

#[test]
fn a_plan_has_defaults() {
    let folder = folder();
    let targets = vec![folder.path().to_owned()];
    let plan = read(&ServeArgs {
        targets,
        ..ServeArgs::default()
    })
    .unwrap();
    assert_eq!(plan.listen, []);
    assert_eq!(plan.server, Config::DEFAULT);
    assert_eq!(plan.instances(), 128);
}

#[test]
fn twins_are_refused() {
    let folder = folder();
    let file = folder.path().join("shop.wasm");
    let args = ServeArgs {
        targets: vec![file.clone(), file.clone()],
        ..ServeArgs::default()
    };
    let message = read(&args).unwrap_err().to_string();
    assert!(message.contains("are both mounted at /shop"), "{message}");

    let manifest = "[[app]]\nname = \"shop\"\ncomponent = \"blog.wasm\"";
    let config = Some(write_manifest(folder.path(), manifest));
    let args = ServeArgs {
        targets: vec![file],
        config,
        ..ServeArgs::default()
    };
    let message = read(&args).unwrap_err().to_string();
    assert!(message.contains("both have the name `shop`"), "{message}");
}

#[test]
fn a_missing_file_is_an_error_at_a_start_and_not_of_the_manifest() {
    let folder = folder();
    let manifest = "[[app]]\ncomponent = \"shop.wasm\"\nmiddleware = [\"gone.wasm\"]\n\
        [[app]]\ncomponent = \"blog.wasm\"\npath = \"/blog\"";
    let manifest = write_manifest(folder.path(), manifest);
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("news.wasm"), b"").unwrap();
    let away = folder.path().join("away.wasm");
    let args = ServeArgs {
        targets: vec![files.path().to_owned(), away],
        config: Some(manifest.clone()),
        ..ServeArgs::default()
    };
    let Reading { plan, wrong } = Plan::read(&args);
    assert!(wrong.is_empty(), "{wrong}");
    let missing: Vec<_> = plan
        .apps
        .iter()
        .map(|app| (&*app.settings.name, app.missing.len()))
        .collect();
    let expected = [("shop", 1), ("blog", 0), ("news", 0), ("away", 1)];
    assert_eq!(missing, expected);

    let mut components: Vec<_> = ["away", "blog", "gone", "shop"]
        .map(|name| folder.path().join(format!("{name}.wasm")))
        .into();
    components.push(files.path().join("news.wasm"));
    components.sort();
    let sources = Sources {
        manifest: Some(manifest),
        folders: vec![files.path().to_owned()],
        components,
        ..Sources::default()
    };
    assert_eq!(plan.sources, sources);

    let missing = plan.apps.iter().flat_map(|app| &app.missing);
    let message: String = missing.map(ToString::to_string).collect();
    for part in [
        "cannot serve",
        "away.wasm: no such file",
        "wasgi.toml:3:15: expected a comp",
    ] {
        assert!(message.contains(part), "no {part} in {message}");
    }
}
