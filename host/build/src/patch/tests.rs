use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, FunctionSection, ImportSection,
    ModuleSection, NestedComponentSection, TypeSection, ValType,
};

use super::*;

const FRONT: Front<'_> = Front {
    export: "pop",
    calls: &["free"],
    body: |function, calls| {
        let mut body = Function::new([]);
        body.instructions()
            .local_get(0)
            .call(calls[0])
            .local_get(0)
            .call(function)
            .end();
        body
    },
    tool: "tool",
};

/// A module: one function is imported, the others are these exports, of one type each.
fn module(exports: &[&str]) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32], [ValType::I64]);
    types.ty().function([ValType::I32], []);
    let mut imports = ImportSection::new();
    imports.import("env", "function", EntityType::Function(0));
    let mut functions = FunctionSection::new();
    let mut entries = ExportSection::new();
    let mut code = CodeSection::new();
    for (name, index) in exports.iter().zip(1..) {
        functions.function(if *name == "pop" { 1 } else { 2 });
        entries.export(name, ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions);
    module.section(&entries).section(&code);
    module
}

fn component(modules: &[Module]) -> Component {
    let mut component = Component::new();
    for module in modules {
        component.section(&ModuleSection(module));
    }
    component
}

fn is_valid(binary: &[u8]) -> bool {
    wasmparser::validate(binary).is_ok()
}

/// The functions that a module exports.
fn exports(module: &[u8]) -> Vec<(String, u32)> {
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload.unwrap() {
            let entries = section.into_iter().map(Result::unwrap);
            exports.extend(entries.map(|entry| (entry.name.to_owned(), entry.index)));
        }
    }
    exports
}

#[test]
fn a_function_is_put_behind_another() {
    let other = module(&["other"]);
    let made = component(&[module(&["free", "pop", "last"]), other.clone()]).finish();
    let made = put_in_front(&made, &FRONT).unwrap();
    let modules = sections(&made).unwrap();
    let expected = [("free", 1), ("pop", 4), ("last", 3)];
    let expected = expected.map(|(name, index)| (name.to_owned(), index));
    assert_eq!(exports(modules[0].data), expected);
    assert!(is_valid(modules[0].data));
    assert_eq!(modules[1].data, other.finish());
}

#[test]
fn a_component_within_another_is_looked_into() {
    let inner = component(&[module(&["pop", "free"])]);
    let mut outer = component(&[module(&["other"])]);
    outer.section(&NestedComponentSection(&inner));
    let outer = outer.finish();
    let made = put_in_front(&outer, &FRONT).unwrap();
    assert!(is_valid(&made));
    assert!(made.len() > outer.len());
}

#[test]
fn a_runtime_that_is_not_known_is_refused() {
    for (modules, came) in [
        (&[][..], 0),
        (&[module(&["other"])], 0),
        (&[module(&["pop"])], 0),
        (&[module(&["pop", "free"]), module(&["free", "pop"])], 2),
    ] {
        let error = put_in_front(&component(modules).finish(), &FRONT).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(&format!("came {came}: ")), "{error}");
        assert!(error.contains("tool"), "{error}");
    }
}

#[test]
fn a_damaged_component_is_an_error() {
    let mut damaged = component(&[module(&["pop", "free"])]).finish();
    damaged.truncate(damaged.len() - 2);
    assert!(put_in_front(&damaged, &FRONT).is_err());
}
