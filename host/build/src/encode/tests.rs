use wasm_encoder::{
    CodeSection, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, MemorySection, MemoryType, Module as Core, TypeSection, ValType,
};

use super::*;

/// The functions of the native contract, with the arguments that each has in core WebAssembly.
const APP: [(&str, usize); 4] = [
    ("wasgi:gateway/app@0.1.0#handle", 1),
    ("wasgi:gateway/app@0.1.0#[method]body.next", 1),
    ("wasgi:gateway/app@0.1.0#[method]body.trailers", 1),
    ("cabi_realloc", 4),
];

/// A module whose exports all trap. What it imports takes and returns one number.
fn module(exports: &[(&str, usize)], imports: &[(&str, &str)]) -> Vec<u8> {
    let mut types = TypeSection::new();
    for arguments in 0..=4 {
        types
            .ty()
            .function(std::iter::repeat_n(ValType::I32, arguments), [ValType::I32]);
    }
    let (mut imported, mut functions) = (ImportSection::new(), FunctionSection::new());
    let (mut exported, mut code) = (ExportSection::new(), CodeSection::new());
    for (from, name) in imports {
        imported.import(from, name, EntityType::Function(1));
    }
    for (index, (name, arguments)) in (imports.len()..).zip(exports) {
        functions.function(u32::try_from(*arguments).unwrap());
        exported.export(name, ExportKind::Func, u32::try_from(index).unwrap());
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exported.export("memory", ExportKind::Memory, 0);
    let mut core = Core::new();
    core.section(&types).section(&imported).section(&functions);
    core.section(&memories).section(&exported).section(&code);
    core.finish()
}

fn message(core: &[u8]) -> String {
    component(core).unwrap_err().message().to_owned()
}

/// The names of what a component imports and exports.
fn borders(component: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ComponentImportSection(section) => {
                names.extend(section.into_iter().map(|i| i.unwrap().name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) => {
                names.extend(section.into_iter().map(|e| e.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    names
}

#[test]
fn a_module_that_exports_the_contract_becomes_an_app_that_asks_for_no_more() {
    let made = component(&module(&APP, &[])).unwrap();
    let borders = borders(&made);
    assert!(borders.contains(&"wasgi:gateway/types@0.1.0".to_owned()));
    assert!(borders.contains(&"wasgi:gateway/app@0.1.0".to_owned()));
    let is_own = |name: &String| !name.contains(':') || name.starts_with("wasgi:gateway/");
    assert!(borders.iter().all(is_own), "{borders:?}");
    let apps = borders
        .iter()
        .filter(|name| name.starts_with("wasgi:gateway/app@"));
    assert_eq!(apps.count(), 1, "{borders:?}");
}

#[test]
fn what_wasi_a_module_imports_its_component_asks_for() {
    let with_wasi = module(&APP, &[(WASIP1, "fd_close")]);
    let borders = borders(&component(&with_wasi).unwrap());
    assert!(
        borders.iter().any(|name| name.starts_with("wasi:")),
        "{borders:?}"
    );
}

#[test]
fn a_command_is_told_from_an_app() {
    let command = module(&[("_start", 0)], &[]);
    let read = Module::read(&command).unwrap();
    assert_eq!(read.becomes().unwrap(), Becomes::Command);
    let mut typed = command;
    typed.push(0);
    wasm_encoder::Encode::encode(
        &CustomSection {
            name: "component-type:x".into(),
            data: (&[]).into(),
        },
        &mut typed,
    );
    let read = Module::read(&typed).unwrap();
    assert_eq!(read.becomes().unwrap(), Becomes::TypedCommand);
}

#[test]
fn what_cannot_become_a_component_is_told_in_its_own_terms() {
    assert_eq!(
        message(b"<html>"),
        "expected a core module of WebAssembly, but it is not WebAssembly"
    );
    let made = component(&module(&APP, &[])).unwrap();
    assert_eq!(
        message(&made),
        "expected a core module of WebAssembly, but it is a component already"
    );
    assert_eq!(
        message(&module(&[("wasgi:gateway/app@0.7.0#handle", 1)], &[])),
        "expected a module of wasgi:gateway/app@0.1.0, got one of version 0.7.0"
    );
    assert_eq!(
        message(&module(&[("run", 0)], &[])),
        "expected a module that exports the functions of wasgi:gateway/app or `_start`, got one \
         that exports `run`, `memory`"
    );
    assert_eq!(
        message(&module(&APP, &[("env", "fork"), ("env", "system")])),
        "the module uses what nothing defines: `fork`, `system`"
    );
    let http = [("wasi:http/incoming-handler@0.2.10#handle", 2)];
    assert_eq!(
        message(&module(&http, &[])),
        "cannot make a component of a module that exports \
         `wasi:http/incoming-handler@0.2.10#handle` and has no types of it"
    );
}

#[test]
fn many_names_are_shortened() {
    let all = ["a", "b", "c", "d", "e", "f", "g"];
    assert_eq!(names(all.into_iter()), "`a`, `b`, `c`, `d`, `e` and 2 more");
    assert_eq!(names([].into_iter()), "nothing");
}

#[test]
fn both_forms_of_names_have_the_version() {
    assert_eq!(version("wasgi:gateway/app@0.1.0#handle"), Some("0.1.0"));
    assert_eq!(version("cm32p2|wasgi:gateway/app@0.1|handle"), Some("0.1"));
    assert_eq!(version("wasgi:gateway/apparel@0.1.0#handle"), None);
    assert_eq!(version("memory"), None);
}
