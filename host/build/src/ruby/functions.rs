//! The functions that Ruby's module is given: those of the contract, which call Ruby, and those
//! that Ruby calls in place of JavaScript.
//!
//! Owns their bodies. All that can be said in Ruby is said there (`guests/ruby/wasgi/memory.rb`):
//! these move numbers between the two.

use wasm_encoder::{BlockType, InstructionSink, MemArg, ValType};

use super::driver::{Added, HostImport, INITIALIZE, Import, body};

const I32: ValType = ValType::I32;

/// What a guest imports of the contract, in this order, after what it imports of WASI.
pub(super) const IMPORTS: &[Import] = &[
    Import {
        module: "wasgi:gateway/types@0.1.0",
        name: "[method]input.read",
        params: &[I32, I32, I32],
        results: &[],
    },
    Import {
        module: "wasgi:gateway/types@0.1.0",
        name: "[resource-drop]input",
        params: &[I32],
        results: &[],
    },
    Import {
        module: "[export]wasgi:gateway/app@0.1.0",
        name: "[resource-new]body",
        params: &[I32],
        results: &[I32],
    },
];

/// How many globals the functions have of their own.
pub(super) const GLOBALS: u32 = 6;

/// The indices of what the functions call.
pub(super) struct Known {
    pub(super) initialize: u32,
    pub(super) pack: u32,
    pub(super) realloc: u32,
    pub(super) ruby_init: u32,
    pub(super) eval: u32,
    pub(super) intern: u32,
    pub(super) call: u32,
    pub(super) environ_sizes: u32,
    pub(super) environ: u32,
    /// The first of `IMPORTS`.
    pub(super) imports: u32,
    /// The first function of the driver.
    pub(super) driver: u32,
    /// The first of its globals.
    pub(super) globals: u32,
}

impl Known {
    /// The Ruby object that is called.
    fn guest(&self) -> u32 {
        self.globals
    }

    /// The name of the method by which it is called, as Ruby's number of it.
    fn method(&self) -> u32 {
        self.globals + 1
    }

    /// Where Ruby has laid the result of the call.
    fn result(&self) -> u32 {
        self.globals + 2
    }

    /// A few bytes for the arguments of a call of Ruby.
    fn arguments(&self) -> u32 {
        self.globals + 3
    }

    /// Where the arena begins.
    fn arena(&self) -> u32 {
        self.globals + 4
    }

    /// Where what is free of the arena begins.
    fn free(&self) -> u32 {
        self.globals + 5
    }
}

/// Limit: ARENA. What the host lays into the memory for one call: the environ, or a piece of the
/// body. What is larger is laid beside it, and stays there.
const ARENA: i32 = 1 << 20;

/// All functions: first one for each function that the module wants of JavaScript.
pub(super) fn all(known: &Known, boot: &str, host: &[HostImport]) -> Vec<Added> {
    let mut added: Vec<_> = host.iter().map(|import| instead(known, import)).collect();
    let call = known.driver + u32::try_from(added.len()).expect("these are some twenty");
    added.push(Added {
        export: None,
        params: vec![I32, I32],
        results: vec![I32],
        locals: 1,
        body: body(|code| call_ruby(known, code)),
    });
    for (which, (name, has_result)) in (0..).zip(EXPORTS) {
        added.push(Added {
            export: Some(name),
            params: vec![I32],
            results: if has_result { vec![I32] } else { Vec::new() },
            locals: 0,
            body: body(|code| {
                code.i32_const(which).local_get(0).call(call);
                // Ruby has copied what it was given.
                code.global_get(known.arena()).global_set(known.free());
                if !has_result {
                    code.drop();
                }
            }),
        });
    }
    added.push(Added {
        export: Some("cabi_realloc"),
        params: vec![I32; 4],
        results: vec![I32],
        locals: 1,
        body: body(|code| allocate(known, code)),
    });
    added.push(Added {
        export: Some(INITIALIZE),
        params: Vec::new(),
        results: Vec::new(),
        locals: 2,
        body: body(|code| initialize(known, boot, code)),
    });
    added
}

/// The functions of the contract, in the order of the numbers by which Ruby knows them.
const EXPORTS: [(&str, bool); 4] = [
    ("wasgi:gateway/app@0.1.0#handle", true),
    ("wasgi:gateway/app@0.1.0#[method]body.next", true),
    ("wasgi:gateway/app@0.1.0#[method]body.trailers", true),
    ("wasgi:gateway/app@0.1.0#[dtor]body", false),
];

fn at(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        memory_index: 0,
    }
}

/// A function in place of one of JavaScript's host.
fn instead(known: &Known, import: &HostImport) -> Added {
    let name = import.name.split(':').next().unwrap_or_default();
    let body = body(|code| match name {
        // A number for Ruby is the address of what it wants: see `operations`.
        "int-to-js-number" => operations(known, code),
        "js-value-to-integer" => {
            code.local_get(1).i32_const(0).i32_store(at(0));
            code.local_get(1).local_get(0).f64_convert_i32_s();
            code.f64_store(at(8));
        }
        "js-value-to-string" => copy(known, import, code),
        // A handle of a Ruby object is the object.
        "resource_new_rb-abi-value" | "resource_get_rb-abi-value" => {
            code.local_get(0);
        }
        "resource_drop_js-abi-value" => {}
        _ => {
            code.unreachable();
        }
    });
    Added {
        export: None,
        params: import.params.clone(),
        results: import.results.clone(),
        locals: 1,
        body,
    }
}

/// Gives Ruby the bytes that an object names, by their address and length, as a text. It is a copy:
/// Ruby frees it.
fn copy(known: &Known, import: &HostImport, code: &mut InstructionSink<'_>) {
    let (object, text) = (0, 1);
    let bytes = u32::try_from(import.params.len()).expect("it has two");
    code.i32_const(0).i32_const(0).i32_const(1);
    code.local_get(object).i32_load(at(4)).call(known.realloc);
    code.local_tee(bytes);
    code.local_get(object).i32_load(at(0));
    code.local_get(object).i32_load(at(4)).memory_copy(0, 0);
    code.local_get(text).local_get(bytes).i32_store(at(0));
    code.local_get(text).local_get(object).i32_load(at(4));
    code.i32_store(at(4));
}

/// Writes a part of a body.
type Write<'a> = dyn Fn(&mut InstructionSink<'_>) + 'a;

/// What Ruby asks for: at the address is the number of an operation, then its arguments.
fn operations(known: &Known, code: &mut InstructionSink<'_>) {
    let [read, drop, new_body] = [0, 1, 2].map(|index| known.imports + index);
    let numbered: [(i32, &Write<'_>); 6] = [
        (1, &|code| {
            // What came before has been copied.
            code.global_get(known.arena()).global_set(known.free());
            arguments(code, 3).call(read).i32_const(0);
        }),
        (2, &|code| {
            arguments(code, 1).call(drop).i32_const(0);
        }),
        (3, &|code| {
            arguments(code, 1).call(new_body);
        }),
        (4, &|code| {
            arguments(code, 2).call(known.environ_sizes);
        }),
        (5, &|code| {
            arguments(code, 2).call(known.environ);
        }),
        (6, &|code| {
            arguments(code, 1).global_set(known.result()).i32_const(0);
        }),
    ];
    for (number, write) in numbered {
        code.local_get(0).i32_load(at(0)).i32_const(number).i32_eq();
        code.if_(BlockType::Empty);
        write(code);
        code.return_().end();
    }
    // To look at memory: what follows is an address and a length, as a text has them.
    code.local_get(0).i32_const(4).i32_add();
}

fn arguments<'a, 'b>(code: &'a mut InstructionSink<'b>, count: u64) -> &'a mut InstructionSink<'b> {
    for index in 1..=count {
        code.local_get(0).i32_load(at(4 * index));
    }
    code
}

/// Calls Ruby with two numbers.
fn call_ruby(known: &Known, code: &mut InstructionSink<'_>) {
    for (parameter, offset) in [(0, 0), (1, 4)] {
        code.global_get(known.arguments()).local_get(parameter);
        // As Ruby has small numbers.
        code.i32_const(1).i32_shl().i32_const(1).i32_or();
        code.i32_store(at(offset));
    }
    code.global_get(known.guest()).global_get(known.method());
    code.global_get(known.arguments()).i32_const(2);
    code.call(known.call).i32_load(at(4));
    fail_if(code);
    code.global_get(known.result());
}

/// Traps if there is a number other than zero: what Ruby catches itself is no such failure.
fn fail_if(code: &mut InstructionSink<'_>) {
    code.if_(BlockType::Empty).unreachable().end();
}

/// What the host asks for memory: a piece of the arena.
fn allocate(known: &Known, code: &mut InstructionSink<'_>) {
    let (alignment, size, place) = (2, 3, 4);
    code.local_get(0);
    fail_if(code);
    code.global_get(known.free()).local_get(alignment).i32_add();
    code.i32_const(1).i32_sub();
    code.i32_const(0).local_get(alignment).i32_sub().i32_and();
    code.local_tee(place).local_get(size).i32_add();
    code.global_get(known.arena()).i32_const(ARENA).i32_add();
    code.i32_gt_u()
        .local_get(size)
        .i32_const(ARENA)
        .i32_gt_u()
        .i32_or();
    code.if_(BlockType::Empty);
    code.i32_const(0)
        .i32_const(0)
        .local_get(alignment)
        .local_get(size);
    code.call(known.realloc).return_().end();
    code.local_get(place).local_get(size).i32_add();
    code.global_set(known.free()).local_get(place);
}

/// Starts Ruby, evaluates `boot`, and keeps the object that it is to call.
fn initialize(known: &Known, boot: &str, code: &mut InstructionSink<'_>) {
    let (place, list) = (0, 1);
    // In this order: what is packed is found by what then starts.
    code.call(known.pack).call(known.initialize);
    for (size, global) in [(64, known.arguments()), (ARENA, known.arena())] {
        new(known, size, code);
        code.global_set(global);
    }
    code.global_get(known.arena()).global_set(known.free());

    new(
        known,
        i32::try_from(8 * ARGUMENTS.len()).expect("they are few"),
        code,
    );
    code.local_set(list);
    for (index, argument) in (0..).zip(ARGUMENTS) {
        let length = text(known, argument, place, code);
        code.local_get(list)
            .local_get(place)
            .i32_store(at(8 * index));
        code.local_get(list)
            .i32_const(length)
            .i32_store(at(8 * index + 4));
    }
    let count = i32::try_from(ARGUMENTS.len()).expect("they are few");
    code.local_get(list).i32_const(count).call(known.ruby_init);

    let length = text(known, "call", place, code);
    code.local_get(place).i32_const(length).call(known.intern);
    code.global_set(known.method());

    let length = text(known, boot, place, code);
    code.local_get(place).i32_const(length).call(known.eval);
    code.local_tee(place).i32_load(at(4));
    fail_if(code);
    code.local_get(place)
        .i32_load(at(0))
        .global_set(known.guest());
}

/// The arguments that Ruby is started with. What suggests ends of blocks wants threads.
const ARGUMENTS: [&str; 4] = ["ruby", "-EUTF-8", "--disable=syntax_suggest", "-e_=0"];

fn new(known: &Known, size: i32, code: &mut InstructionSink<'_>) {
    code.i32_const(0).i32_const(0).i32_const(8).i32_const(size);
    code.call(known.realloc);
}

/// Lays a text into memory, with a zero after it, and its address into a local. Returns its length.
fn text(known: &Known, text: &str, place: u32, code: &mut InstructionSink<'_>) -> i32 {
    let words = text.len() / 8 + 1;
    let length = |length: usize| i32::try_from(length).expect("the text is short");
    new(known, length(8 * words), code);
    code.local_set(place);
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(8 * words, 0);
    for (offset, word) in (0..).step_by(8).zip(bytes.as_chunks::<8>().0) {
        code.local_get(place).i64_const(i64::from_le_bytes(*word));
        code.i64_store(at(offset));
    }
    length(text.len())
}
