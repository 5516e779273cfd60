use std::fs;
use std::path::{Path, PathBuf};

use wit_parser::{
    Docs, Function, Interface, Resolve, SourceMap, Stability, Type, TypeDef, TypeDefKind, TypeId,
};

use crate::support::root;

/// What a WIT item lacks, collected over all items.
struct Walk<'a> {
    wit: &'a Resolve,
    items: usize,
    faults: Vec<String>,
}

impl Walk<'_> {
    fn has_docs(&mut self, item: &str, docs: &Docs) {
        self.items += 1;
        if docs
            .contents
            .as_deref()
            .is_none_or(|text| text.trim().is_empty())
        {
            self.faults.push(format!("{item} has no docs"));
        }
    }

    fn has_version(&mut self, item: &str, stability: &Stability) {
        if !matches!(stability, Stability::Stable { .. }) {
            self.faults.push(format!("{item} has no @since"));
        }
    }

    fn interface(&mut self, interface: &Interface) {
        let name = interface.name.as_deref().unwrap();
        self.has_docs(name, &interface.docs);
        self.has_version(name, &interface.stability);
        for id in interface.types.values() {
            self.type_def(name, *id);
        }
        for function in interface.functions.values() {
            self.function(name, function);
        }
    }

    fn function(&mut self, interface: &str, function: &Function) {
        self.has_docs(&format!("{interface}.{}", function.name), &function.docs);
    }

    fn type_def(&mut self, interface: &str, id: TypeId) {
        let def = &self.wit.types[id];
        let name = format!("{interface}.{}", def.name.as_deref().unwrap());
        if is_used_from_elsewhere(self.wit, def) {
            return;
        }
        self.has_docs(&name, &def.docs);
        self.has_version(&name, &def.stability);
        let parts: Vec<(&String, &Docs)> = match &def.kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|f| (&f.name, &f.docs)).collect()
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().map(|c| (&c.name, &c.docs)).collect()
            }
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|c| (&c.name, &c.docs)).collect(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|f| (&f.name, &f.docs)).collect(),
            _ => Vec::new(),
        };
        for (part, docs) in parts {
            self.has_docs(&format!("{name}.{part}"), docs);
        }
    }
}

/// Whether this is a name that `use` brought in: it is documented where it comes from.
fn is_used_from_elsewhere(wit: &Resolve, def: &TypeDef) -> bool {
    match def.kind {
        TypeDefKind::Type(Type::Id(id)) => wit.types[id].owner != def.owner,
        _ => false,
    }
}

#[test]
fn every_item_is_documented_and_versioned() {
    let walked: Vec<_> = folders().iter().map(|folder| walk(folder)).collect();
    let names: Vec<_> = walked.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"wasgi:gateway@0.1.0"), "{names:?}");
    for (name, items) in &walked {
        assert!(*items > 10, "only {items} items of {name} were walked");
    }
}

/// Walks the package of a folder, and returns its name and its number of items.
fn walk(folder: &Path) -> (String, usize) {
    let mut sources = SourceMap::new();
    for (path, text) in files(folder) {
        sources.push_str(path.to_str().unwrap(), text);
    }
    let mut wit = Resolve::default();
    let package = wit
        .push_group(sources.parse().map_err(|(_, error)| error).unwrap())
        .unwrap();
    let package = &wit.packages[package];
    let mut walk = Walk {
        wit: &wit,
        items: 0,
        faults: Vec::new(),
    };
    for id in package.interfaces.values() {
        walk.interface(&wit.interfaces[*id]);
    }
    for (name, id) in &package.worlds {
        walk.has_docs(name, &wit.worlds[*id].docs);
        walk.has_version(name, &wit.worlds[*id].stability);
    }
    assert!(walk.faults.is_empty(), "{:#?}", walk.faults);
    (package.name.to_string(), walk.items)
}

#[test]
fn lines_are_short_and_comments_are_docs() {
    let files: Vec<_> = folders().iter().flat_map(|folder| files(folder)).collect();
    assert!(files.len() >= 3);
    for (path, text) in files {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(
                line.chars().count() <= 80,
                "{place} is longer than 80 columns"
            );
            let comment = line.find("//").map_or("", |start| &line[start..]);
            assert!(
                comment.is_empty() || comment.starts_with("///"),
                "{place}: not `///`"
            );
        }
    }
}

/// The folders with a package each: the contract's, and those of what a guest may import besides.
fn folders() -> Vec<PathBuf> {
    let wit = root().join("wit");
    let inner = paths(&wit).into_iter().filter(|path| path.is_dir());
    let inner: Vec<_> = inner.collect();
    [vec![wit], inner].concat()
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The files of a folder's package and their texts.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let paths = paths(folder).into_iter();
    let wit = paths.filter(|path| path.extension().is_some_and(|extension| extension == "wit"));
    wit.map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}
