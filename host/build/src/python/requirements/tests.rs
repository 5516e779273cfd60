//! Requirements in the forms that projects have them in.

use std::fs;

use super::*;

struct Scene(tempfile::TempDir);

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn read(&self, notes: &mut Vec<String>) -> Result<Requirements, BuildError> {
        let metadata = metadata::read(&self.path())?;
        read(&self.path(), None, &metadata, notes)
    }

    fn lines(&self) -> Vec<String> {
        let found = self.read(&mut Vec::new()).unwrap();
        found.lines.into_iter().map(|line| line.text).collect()
    }
}

#[test]
fn files_are_flattened() {
    let scene = Scene::new(&[
        (
            "requirements.txt",
            "# all\nflask>=3 # web\n-r more/base.txt\n--pre\n\nx \\\n  ==1\n",
        ),
        ("more/base.txt", "jinja2\n-c pins.txt\n"),
        ("more/pins.txt", "jinja2<4\n"),
    ]);
    let pins = scene.path().join("more/pins.txt");
    let pins = format!("-c {}", pins.display());
    assert_eq!(
        scene.lines(),
        ["flask>=3", "jinja2", &pins, "--pre", "x   ==1"]
    );
    let found = scene.read(&mut Vec::new()).unwrap();
    let packages: Vec<_> = found.lines.iter().filter_map(Line::package).collect();
    assert_eq!(packages, ["flask", "jinja2", "x"]);
    assert_eq!(found.lines[4].number, Some(6));
}

#[test]
fn the_digest_follows_what_is_referred_to() {
    let scene = Scene::new(&[
        ("requirements.txt", "./lib\n-c pins.txt\n"),
        ("lib/setup.py", "1"),
        ("pins.txt", "a<1"),
    ]);
    let digest = || scene.read(&mut Vec::new()).unwrap().digest().unwrap().hex();
    let first = digest();
    assert_eq!(digest(), first);
    fs::write(scene.path().join("lib/setup.py"), "2").unwrap();
    let second = digest();
    assert_ne!(second, first);
    fs::write(scene.path().join("pins.txt"), "a<2").unwrap();
    assert_ne!(digest(), second);
}

#[test]
fn the_project_itself_is_not_installed_but_what_it_needs() {
    let scene = Scene::new(&[
        ("requirements.txt", "-e .\nbottle\n"),
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\ndependencies = [\"flask\"]",
        ),
    ]);
    assert_eq!(scene.lines(), ["flask", "bottle"]);
}

#[test]
fn a_lock_that_is_not_read_is_told() {
    let scene = Scene::new(&[
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\ndependencies = [\"flask\"]",
        ),
        ("uv.lock", ""),
    ]);
    let mut notes = Vec::new();
    assert_eq!(scene.read(&mut notes).unwrap().lines.len(), 1);
    assert!(notes[0].contains("uv export"), "{notes:?}");
}

#[test]
fn other_forms_are_errors_with_a_way_out() {
    let check = |files: &[(&str, &str)], way_out: &str| {
        let error = Scene::new(files).read(&mut Vec::new()).unwrap_err();
        assert!(error.way_out().unwrap().contains(way_out), "{error}");
        assert!(error.place().is_some());
    };
    let poetry = "[tool.poetry.dependencies]\npython = \"^3.12\"\nflask = \"^3\"";
    check(&[("pyproject.toml", poetry)], "poetry export");
    check(
        &[(
            "pyproject.toml",
            "[project]\nname='x'\ndynamic=['dependencies']",
        )],
        "pip freeze",
    );
    check(&[("Pipfile", "")], "pipenv requirements");
    check(
        &[("requirements.txt", "-r https://example.com/r.txt")],
        "download it",
    );
}

#[test]
fn files_in_a_circle_end() {
    let scene = Scene::new(&[("requirements.txt", "-r requirements.txt\n")]);
    let error = scene.read(&mut Vec::new()).unwrap_err();
    assert!(error.message().contains("in each other"), "{error}");
}

#[test]
fn a_missing_file_has_the_line_that_names_it() {
    let scene = Scene::new(&[("requirements.txt", "flask\n-r nothing.txt\n")]);
    let error = scene.read(&mut Vec::new()).unwrap_err();
    assert!(
        error.message().contains("nothing.txt: no such file"),
        "{error}"
    );
    assert_eq!(error.place().unwrap().line, Some(2));
}

#[test]
fn names_are_spelt_as_indexes_do() {
    assert_eq!(normal("Flask_SQLAlchemy"), "flask-sqlalchemy");
    assert_eq!(normal("zope.interface"), "zope-interface");
}
