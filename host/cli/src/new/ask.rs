//! What `wasgi new` asks on a terminal.
//!
//! Owns the questions, not what may be answered.

use std::io::{self, IsTerminal as _};

use dialoguer::{Input, Select};

use super::name;
use super::templates::{self, Template};
use crate::failure::Failure;

/// Whether somebody is there to answer. Questions go to standard error.
pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a template.
pub(super) fn template() -> Result<&'static Template, Failure> {
    let chosen = Select::new()
        .with_prompt("Template")
        .items(templates::rows())
        .default(0)
        .interact_opt();
    match chosen {
        Ok(Some(index)) => Ok(&templates::ALL[index]),
        Ok(None) => Err(Failure::run_time("no template was chosen")),
        Err(error) => Err(unanswered(&error)),
    }
}

/// Asks for the name of the app, which is that of its folder.
pub(super) fn name() -> Result<String, Failure> {
    let answer = Input::<String>::new()
        .with_prompt("Name")
        .validate_with(|name: &String| name::check(name))
        .interact_text();
    answer.map_err(|error| unanswered(&error))
}

fn unanswered(error: &dialoguer::Error) -> Failure {
    Failure::run_time(format!("cannot ask: {error}"))
}
