//! Sources of each kind, copied for real.

use super::*;

struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(scene.copy()).unwrap();
        for (name, content) in files {
            scene.write(name, content);
        }
        scene
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy")
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn mirror(&self, include: &[&str]) -> (String, Vec<String>, Vec<PathBuf>) {
        let include: Vec<_> = include.iter().map(|&text| text.to_owned()).collect();
        let filter = Filter {
            left_out: &[".pyc", ".db"],
            include: patterns(&include).unwrap(),
        };
        let mirror = mirror(&self.source(), &self.copy(), &filter).unwrap();
        let mut found = Vec::new();
        list(&self.copy(), Path::new(""), &mut found);
        found.sort_unstable();
        (mirror.digest.hex(), found, mirror.left_out)
    }
}

fn list(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let name = folder.join(entry.unwrap().file_name());
        if root.join(&name).is_dir() {
            list(root, &name, found);
        } else {
            found.push(name.to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn a_copy_has_the_source_and_nothing_else() {
    let scene = Scene::new(&[
        ("app.py", "1"),
        ("templates/a.html", "2"),
        (".env", "secret"),
        (".git/config", ""),
        ("__pycache__/app.pyc", ""),
        ("env/pyvenv.cfg", ""),
        ("env/lib/x.py", ""),
        ("node_modules/x/index.js", ""),
        ("data/items.db", ""),
    ]);
    let (_, files, left_out) = scene.mirror(&[]);
    assert_eq!(files, ["app.py", "templates/a.html"]);
    assert_eq!(left_out, [Path::new("data/items.db")]);

    let (_, files, _) = scene.mirror(&["data/*", ".env"]);
    assert_eq!(
        files,
        [".env", "app.py", "data/items.db", "templates/a.html"]
    );
}

#[test]
fn what_is_gone_from_the_source_goes_from_the_copy() {
    let scene = Scene::new(&[("app.py", "1"), ("sub/other.py", "2")]);
    scene.mirror(&[]);
    fs::remove_dir_all(scene.source().join("sub")).unwrap();
    let (_, files, _) = scene.mirror(&[]);
    assert_eq!(files, ["app.py"]);
    assert!(!scene.copy().join("sub").exists());
}

#[test]
fn the_digest_follows_names_and_contents() {
    let scene = Scene::new(&[("app.py", "1")]);
    let (first, ..) = scene.mirror(&[]);
    let times = FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH);
    let file = File::options()
        .write(true)
        .open(scene.source().join("app.py"))
        .unwrap();
    file.set_times(times).unwrap();
    assert_eq!(scene.mirror(&[]).0, first);
    scene.write("app.py", "2");
    let (second, ..) = scene.mirror(&[]);
    assert_ne!(second, first);
    fs::rename(scene.source().join("app.py"), scene.source().join("b.py")).unwrap();
    assert_ne!(scene.mirror(&[]).0, second);
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    let scene = Scene::new(&[("app.py", "1"), ("sub/x.py", "2")]);
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, scene.source().join(name)).unwrap();
    };
    link("..", "sub/up");
    link("sub", "other");
    link("nowhere", "broken");
    let (_, files, _) = scene.mirror(&[]);
    assert_eq!(files, ["app.py", "other/x.py", "sub/x.py"]);
}

#[test]
fn a_bad_pattern_is_an_error() {
    let error = patterns(&["data/[".to_owned()]).unwrap_err();
    assert!(error.is_usage(), "{error}");
    assert!(error.message().contains("data/["), "{error}");
}
