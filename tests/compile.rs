use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wasgi_gateway::{
    Binary, CompileLimits, Compiler, DebugInfo, Gateway, GatewayOptions, LoadError,
};

use crate::support::{Host, guests};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wasgi");

const PATIENCE: Duration = Duration::from_secs(60);

fn gateway(program: &Path, cache: Option<PathBuf>, limits: CompileLimits) -> Gateway {
    let compiler = Compiler::Process {
        program: program.to_owned(),
        args: vec!["compile".to_owned()],
        limits,
    };
    Gateway::new(&GatewayOptions {
        cache,
        compiler,
        debug_info: DebugInfo::Ignored,
        instances: 1,
    })
    .unwrap()
}

fn number(mut number: usize, to: &mut Vec<u8>) {
    while number > 127 {
        to.push(u8::try_from(number % 128).unwrap() | 128);
        number /= 128;
    }
    to.push(u8::try_from(number).unwrap());
}

fn section(id: u8, content: &[u8], to: &mut Vec<u8>) {
    to.push(id);
    number(content.len(), to);
    to.extend(content);
}

/// A command of this one function, with more sections.
fn command(body: &[u8], more: &[u8]) -> Vec<u8> {
    let mut code = vec![1];
    number(body.len(), &mut code);
    code.extend(body);
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(1, &[1, 0x60, 0, 0], &mut module);
    section(3, &[1, 0], &mut module);
    section(7, b"\x01\x06_start\0\0", &mut module);
    section(10, &code, &mut module);
    module.extend(more);
    module
}

/// A command that is made to harm compilers: each of its local variables may differ in each of its
/// nested loops, and a compiler has to note that.
fn explosion(locals: usize, loops: usize) -> Binary {
    let mut body = vec![1];
    number(locals, &mut body);
    body.push(0x7f);
    body.extend([0x03, 0x40].repeat(loops));
    for local in 0..locals {
        body.push(0x20);
        number(local, &mut body);
        body.extend([0x41, 1, 0x6a, 0x21]);
        number(local, &mut body);
    }
    body.extend([0x20, 0, 0x0d, 0, 0x0b].repeat(loops));
    body.push(0x0b);

    let module = command(&body, &[]);
    Binary::new(Path::new("explosion.wasm"), module.into()).unwrap()
}

/// An explosion that takes hours.
fn endless() -> Binary {
    explosion(10_000, 1_000)
}

#[test]
fn every_form_of_file_is_compiled_by_a_process_once() {
    let folder = TempDir::new().unwrap();
    let cache = folder.path().join("cache");
    let limits = CompileLimits::of_this_machine();
    for guest in [
        "hello",
        "http02-hello",
        "http03-hello",
        "cgi-hello",
        "cgi1-hello",
    ] {
        let binary = Binary::read(&guests::path(guest)).unwrap();
        let load = |program: &str, cache| {
            let gateway = gateway(Path::new(program), cache, limits);
            gateway.load(&binary).map(drop)
        };
        load(PROGRAM, None).unwrap();
        load("/none", Some(cache.clone())).unwrap_err();
        load(PROGRAM, Some(cache.clone())).unwrap();
        // What is in the cache needs no process.
        load("/none", Some(cache.clone())).unwrap();
    }
}

fn refused(binary: &Binary, limits: CompileLimits, what: &str, key: &str) {
    let began = Instant::now();
    let error = gateway(Path::new(PROGRAM), None, limits).load(binary);
    let error: LoadError = error.map(drop).unwrap_err();
    let (message, hint) = (error.to_string(), error.hint().unwrap());
    assert!(
        message.starts_with("cannot compile explosion.wasm: "),
        "{message}"
    );
    assert!(message.contains(what), "{message}");
    assert!(
        hint.contains(key) && hint.contains("[server.compile]"),
        "{hint}"
    );
    assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
}

#[test]
fn a_file_that_takes_too_long_is_refused() {
    let limits = CompileLimits {
        wall: Duration::from_secs(1),
        ..CompileLimits::of_this_machine()
    };
    refused(&endless(), limits, "more than 1s", "`wall`");
}

#[test]
fn a_file_that_takes_too_much_cpu_time_is_refused() {
    let limits = CompileLimits {
        cpu: Duration::from_secs(1),
        ..CompileLimits::of_this_machine()
    };
    refused(&endless(), limits, "1 s of CPU time", "`cpu`");
}

#[test]
fn a_file_that_takes_too_much_memory_is_refused() {
    let limits = CompileLimits {
        memory: 256 * 1024 * 1024,
        ..CompileLimits::of_this_machine()
    };
    refused(
        &explosion(50_000, 10_000),
        limits,
        "256 MiB of memory",
        "`memory`",
    );
}

/// Wait for something to be there.
fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::yield_now();
    }
}

/// The process that was started by this name.
fn process(name: &Path) -> Option<PathBuf> {
    let name = name.to_str().unwrap().as_bytes();
    let folders = fs::read_dir("/proc").unwrap();
    folders
        .filter_map(|folder| Some(folder.ok()?.path()))
        .find(|folder| {
            let line = fs::read(folder.join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).next() == Some(name)
        })
}

#[test]
fn a_compiling_process_has_given_up_what_it_does_not_need() {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("compiler");
    symlink(PROGRAM, &program).unwrap();
    let limits = CompileLimits {
        cpu: Duration::from_secs(7),
        ..CompileLimits::of_this_machine()
    };
    let gateway = gateway(&program, None, limits);
    thread::scope(|scope| {
        scope.spawn(|| gateway.load(&endless()).map(drop).unwrap_err());
        let process = eventually("a process", || process(&program));
        let read = |file: &str| fs::read_to_string(process.join(file)).unwrap_or_default();
        let limit = |name: &str| {
            let limits = read("limits");
            let line = limits.lines().find_map(|line| line.strip_prefix(name));
            let words = line.unwrap_or_default().split_whitespace();
            words.take(2).collect::<Vec<_>>().join(" ")
        };
        // The last of the limits.
        eventually("limits", || (limit("Max cpu time") == "7 8").then_some(()));
        assert_eq!(limit("Max address space"), "4294967296 4294967296");
        assert_eq!(limit("Max file size"), "0 0");
        assert_eq!(limit("Max core file size"), "0 0");
        assert_eq!(limit("Max open files"), "16 16");
        assert!(read("status").contains("NoNewPrivs:\t1\n"));
        let pid = process.file_name().unwrap().to_str().unwrap();
        let (group, niceness) = standing(&process);
        assert_eq!(group, pid, "it is in the process group of its host");
        let (_, own) = standing(Path::new("/proc/self"));
        assert!(
            niceness == (own + 10).min(19),
            "it is as urgent as its host"
        );
    });
    assert_eq!(process(&program), None, "it is still there");
}

/// The process group and the niceness of a process.
fn standing(process: &Path) -> (String, i32) {
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<_> = fields.split_whitespace().collect();
    (fields[2].to_owned(), fields[16].parse().unwrap())
}

#[test]
fn a_compiling_process_ends_with_its_host() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("explosion.wasm");
    fs::write(&file, endless().bytes()).unwrap();
    let mut host = Command::new(PROGRAM)
        .args(["serve", "--no-cache", "--addr", "127.0.0.1:0"])
        .arg(&file)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let tasks = format!("/proc/{}/task", host.id());
    let child = eventually("a child", || {
        let mut tasks = fs::read_dir(&tasks).unwrap();
        tasks.find_map(|task| {
            let children = fs::read_to_string(task.ok()?.path().join("children")).ok()?;
            children.split_whitespace().next().map(str::to_owned)
        })
    });
    let name = Path::new("/proc").join(child).join("cmdline");
    eventually("the compiler", || {
        (fs::read(&name).unwrap() == b"/proc/self/exe\0compile\0").then_some(())
    });
    host.kill().unwrap();
    host.wait().unwrap();
    // A process that has ended has no command line, until it has no name either.
    eventually("its end", || {
        fs::read(&name).unwrap_or_default().is_empty().then_some(())
    });
}

#[test]
fn the_command_is_hidden_and_wants_an_order() {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("ompile"));
    let mut child = Command::new(PROGRAM)
        .arg("compile")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&[0; 64]).unwrap();
    let end = child.wait_with_output().unwrap();
    let message = String::from_utf8(end.stderr).unwrap();
    assert_eq!(end.status.code(), Some(1), "{message}");
    assert!(end.stdout.is_empty());
    assert!(
        message.contains("order") && message.contains("hint: "),
        "{message}"
    );
}

/// A command that traps, with debug information in which each of many units names the same many
/// ranges of addresses.
fn debug_bomb() -> Vec<u8> {
    const UNITS: usize = 4_000;
    const RANGES: u32 = 10_000;
    let mut more = Vec::new();
    let mut custom = |name: &str, data: &[u8]| {
        let mut content = Vec::new();
        number(name.len(), &mut content);
        content.extend(name.as_bytes());
        content.extend(data);
        section(0, &content, &mut more);
    };
    // A unit, without children, of ranges and a first address.
    let abbreviation = [1, 0x11, 0, 0x55, 0x17, 0x11, 0x01, 0, 0, 0];
    custom(".debug_abbrev", &abbreviation);
    let unit = [&[16, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 1][..], &[0; 8]].concat();
    custom(".debug_info", &unit.repeat(UNITS));
    let ranges = (1..RANGES).flat_map(|at| [at, at + RANGES]).chain([0, 0]);
    let ranges: Vec<u8> = ranges.flat_map(u32::to_le_bytes).collect();
    custom(".debug_ranges", &ranges);
    // No locals, `unreachable`, the end.
    command(&[0, 0, 0x0b], &more)
}

#[test]
fn debug_information_costs_nothing_unless_errors_are_exposed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bomb.wasm");
    fs::write(&file, debug_bomb()).unwrap();
    let host = Host::serve(&[file.to_str().unwrap()]);
    let before = host.peak_memory();
    assert_eq!(host.get("/").status, 502);
    // Used, it takes a gigabyte.
    let more = host.peak_memory() - before;
    assert!(more < 64 * 1024 * 1024, "a trap took {more} bytes");
}
