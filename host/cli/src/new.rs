//! `wasgi new`: a project that builds and serves, made from a template.
//!
//! Owns what is asked and told. What stands in a project is the templates' (`host/cli/templates`).

use std::path::Path;

use self::templates::Template;
use crate::args::NewArgs;
use crate::failure::{Failure, cannot};

mod ask;
mod folder;
mod name;
mod sdk;
mod templates;

/// Makes a project. What is returned is for standard output.
pub(crate) fn run(args: &NewArgs) -> Result<String, Failure> {
    if args.list {
        return Ok(templates::list());
    }
    let template = match &args.template {
        Some(name) => templates::find(name)?,
        None if ask::is_possible() => ask::template()?,
        None => return Err(missing("a template and a folder")),
    };
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None if ask::is_possible() => ask::name()?.into(),
        None => return Err(missing("a folder for the project")),
    };
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(&folder)?,
    };
    name::check(&name).map_err(|wrong| {
        Failure::usage(wrong).hint(format!(
            "`wasgi new {} {} --name {}`",
            template.name,
            folder.display(),
            name::nearest(&name)
        ))
    })?;
    folder::write(&folder, &template.files(&name))?;
    Ok(told(template, &folder, &name))
}

fn missing(what: &str) -> Failure {
    let failure =
        Failure::usage(format!("expected {what}, got none")).hint("`wasgi new TEMPLATE FOLDER`");
    templates::shown_with(failure)
}

/// What a folder is called, also if it is `.`.
fn name_of(folder: &Path) -> Result<String, Failure> {
    let whole = match folder.file_name() {
        Some(_) => folder.to_owned(),
        None => folder
            .canonicalize()
            .map_err(|error| cannot(&format!("read {}", folder.display()), &error))?,
    };
    let name = whole.file_name().unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}

/// What was made, and what to do first: as the project's own `README.md` says it.
fn told(template: &Template, folder: &Path, name: &str) -> String {
    let mut told = format!("made {name} from the template {}\n\n", template.name);
    if folder != Path::new(".") {
        told += &format!("cd {}\n", folder.display());
    }
    for command in template.first_commands(name) {
        told += &command;
        told.push('\n');
    }
    told + "\nREADME.md there says how to test and to deploy it\n"
}
