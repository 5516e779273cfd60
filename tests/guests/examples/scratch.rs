//! Fills its `/tmp` in one `way` until it is refused, and answers with how much it got and the
//! error. Some ways only do what must be allowed again and again.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, Result, Write};

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags, filesystem_error_code,
};
use wasip2::io::streams::{OutputStream, StreamError};

const PIECE: usize = 4096;

/// More than any test grants.
const OFTEN: usize = 4096;

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let way: String = parameter(&request, "way").unwrap_or_default();
    Response::text(match way.as_str() {
        "write" => file("file").map_or_else(name, |mut file| until(PIECE, |_| grow(&mut file))),
        "descriptor" => raw(|fd, i| fd.write(&[0; PIECE], (i * PIECE) as u64).map(drop)),
        "stream" => raw(|fd, i| written(&fd.write_via_stream((i * PIECE) as u64)?)),
        "append" => raw(|fd, _| written(&fd.append_via_stream()?)),
        "unflushed" => unflushed(),
        "size" => raw(|fd, i| fd.set_size(((i + 1) * PIECE) as u64)),
        "sparse" => raw(|fd, _| fd.write(&[0], 1 << 40).map(drop)),
        "files" => until(1, |i| file(&i.to_string()).map(drop)),
        "folders" => until(1, |i| fs::create_dir(format!("/tmp/{i}"))),
        "deep" => until(1, |i| fs::create_dir(format!("/tmp{}", "/d".repeat(i + 1)))),
        "links" => match file("file") {
            Ok(_) => until(1, |i| fs::hard_link("/tmp/file", format!("/tmp/{i}"))),
            Err(error) => name(error),
        },
        "symlinks" => until(1, |i| symlink("file", &i.to_string())),
        "unlinked" => unlinked(),
        "rename" => again(|| {
            grow_by(&mut file("new")?, 50)?;
            fs::rename("/tmp/new", "/tmp/old")
        }),
        "remove" => again(|| {
            grow_by(&mut file("file")?, 200)?;
            fs::remove_file("/tmp/file")
        }),
        "truncate" => again(|| grow_by(&mut File::create("/tmp/file")?, 100)),
        "move-out" => fs::rename("/tmp/file", "/data/moved").map_or_else(name, |()| "moved".into()),
        "move-in" => fs::rename("/data/file", "/tmp/moved").map_or_else(name, |()| "moved".into()),
        "link-in" => fs::hard_link("/data/file", "/tmp/l").map_or_else(name, |()| "linked".into()),
        "elsewhere" => File::create("/data/file")
            .and_then(|mut file| grow_by(&mut file, 512))
            .map_or_else(name, |()| "written".into()),
        _ => list(),
    })
}

fn file(name: &str) -> Result<File> {
    let path = format!("/tmp/{name}");
    OpenOptions::new().create(true).append(true).open(path)
}

fn grow(file: &mut File) -> Result<()> {
    file.write_all(&[0; PIECE])
}

fn grow_by(file: &mut File, pieces: usize) -> Result<()> {
    (0..pieces).try_for_each(|_| grow(file))
}

/// Do it until it fails.
fn until(unit: usize, mut step: impl FnMut(usize) -> Result<()>) -> String {
    for i in 0..OFTEN {
        if let Err(error) = step(i) {
            return format!("{} {}", i * unit, name(error));
        }
    }
    "never refused".to_owned()
}

/// Do what must not fail.
fn again(step: impl Fn() -> Result<()>) -> String {
    match (0..50).try_for_each(|_| step()) {
        Ok(()) => "again and again".to_owned(),
        Err(error) => name(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped to it")]
fn name(error: Error) -> String {
    format!("{:?}", error.kind())
}

/// The same with a descriptor of WASI.
fn raw(step: impl Fn(&Descriptor, usize) -> std::result::Result<(), ErrorCode>) -> String {
    let fd = open("file");
    for i in 0..OFTEN {
        if let Err(error) = step(&fd, i) {
            return format!("{} {}", i * PIECE, error.name());
        }
    }
    "never refused".to_owned()
}

fn folder() -> Descriptor {
    let folders = get_directories();
    let found = folders.into_iter().find(|(_, name)| name == "/tmp");
    found.expect("/tmp is granted").0
}

fn open(name: &str) -> Descriptor {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let opened = folder().open_at(PathFlags::empty(), name, OpenFlags::CREATE, flags);
    opened.expect("a first file has room")
}

fn symlink(from: &str, to: &str) -> Result<()> {
    let made = folder().symlink_at(from, to);
    made.map_err(|error| match error {
        ErrorCode::Quota => std::io::ErrorKind::QuotaExceeded.into(),
        other => Error::other(other.name()),
    })
}

fn written(stream: &OutputStream) -> std::result::Result<(), ErrorCode> {
    stream.blocking_write_and_flush(&[0; PIECE]).map_err(code)
}

fn code(error: StreamError) -> ErrorCode {
    match error {
        StreamError::LastOperationFailed(error) => {
            filesystem_error_code(&error).unwrap_or(ErrorCode::Io)
        }
        StreamError::Closed => ErrorCode::Pipe,
    }
}

/// Begin many writes, each over a stream of its own, and wait for none.
fn unflushed() -> String {
    let fd = open("file");
    let mut streams = Vec::new();
    for i in 0..OFTEN {
        let stream = fd.append_via_stream().expect("it can be written");
        let ready = stream.check_write().expect("it was not used");
        if let Err(error) = stream.write(&vec![0; PIECE.min(usize::try_from(ready).unwrap_or(0))]) {
            return format!("{} {}", i * PIECE, code(error).name());
        }
        streams.push(stream);
    }
    "never refused".to_owned()
}

/// Files without a name that stay open.
fn unlinked() -> String {
    let mut open = Vec::new();
    until(PIECE * 16, |_| {
        let mut file = file("file")?;
        fs::remove_file("/tmp/file")?;
        grow_by(&mut file, 16)?;
        open.push(file);
        Ok(())
    })
}

/// What is there.
fn list() -> String {
    let entries = fs::read_dir("/tmp").map(Iterator::count);
    entries.map_or_else(name, |entries| entries.to_string())
}

wasgi_guest::export!(handle);
