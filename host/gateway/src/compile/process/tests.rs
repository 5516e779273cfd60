use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::engine::{Class, DebugInfo};

const TARGET: Target = Target {
    class: Class::Synchronous,
    debug_info: DebugInfo::Ignored,
};

/// A compiler that is a line of the shell.
fn shell(line: &str) -> Process {
    let args = vec!["-c".to_owned(), line.to_owned()];
    Process::new("/bin/sh".into(), args, CompileLimits::of_this_machine())
}

fn refusal(process: &Process, file: &[u8]) -> String {
    let result = process.compile(TARGET, Form::Component, file, &[b'0'; 32]);
    result.unwrap_err().why
}

#[test]
fn a_reply_is_taken_if_it_is_of_the_same_build() {
    let good = shell("cat >&2; printf 'wasgi-c1\\001%032dcode' 0");
    let code = good.compile(TARGET, Form::Component, b"", &[b'0'; 32]);
    assert_eq!(code.ok().unwrap(), b"code");
    for other in [
        "cat >&2; printf 'wasgi-c1\\001%032dcode' 1",
        "cat >&2; printf 'wasgi-c0\\001%032dcode' 0",
        "cat >&2; printf 'wasgi-c1\\001'",
        "true",
    ] {
        let why = refusal(&shell(other), b"");
        assert!(why.contains("same build"), "{other}: {why}");
    }
}

#[test]
fn a_process_that_fails_says_how() {
    for (line, what) in [
        (
            "echo first >&2; echo last >&2; exit 3",
            "(exit status 3): last",
        ),
        ("kill -SEGV $$", "(signal 11)"),
        ("kill -XCPU $$", "300 s of CPU time"),
        (
            "echo memory allocation of 8 bytes failed >&2; kill -ABRT $$",
            "4096 MiB",
        ),
        ("printf '\\033[31mred' >&2; exit 1", "\\u{1b}[31mred"),
        ("printf 'wasgi-c1\\0%032dno' 0", "no"),
    ] {
        let why = refusal(&shell(line), b"");
        assert!(why.contains(what), "{line}: {why}");
    }
}

#[test]
fn a_process_that_does_not_read_or_end_is_ended() {
    let mut process = shell("exec sleep 1000");
    process.limits.wall = Duration::from_millis(100);
    let why = refusal(&process, &vec![0; 1024 * 1024]);
    assert_eq!(why, "it took more than 100ms");
    // One that has closed its pipes is waited for no longer.
    let mut process = shell("exec >&- 2>&- <&-; exec sleep 1000");
    process.limits.wall = Duration::from_millis(100);
    assert_eq!(refusal(&process, b""), "it took more than 100ms");
}

#[test]
fn a_process_that_writes_too_much_is_ended() {
    let mut process = shell("exec yes");
    process.artifact_bytes_max = 1_000_000;
    assert!(refusal(&process, b"").contains("1000000 bytes of code"));
    let process = shell("yes | head -c 1000000 >&2; exit 1");
    assert!(refusal(&process, b"").contains("exit status 1): y"));
}

#[test]
fn a_process_is_given_nothing_of_the_host() {
    let line = "echo $(env) in $(pwd) >&2; exit 1";
    let why = refusal(&shell(line), b"");
    assert!(why.contains("RAYON_NUM_THREADS="), "{why}");
    assert!(!why.contains("HOME="), "{why}");
    assert!(why.ends_with("in /"), "{why}");
}

#[test]
fn whoever_finds_no_place_waits_for_one() {
    let places = Places::new(NonZeroUsize::MIN);
    let first = places.take();
    let (told, hears) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _second = places.take();
            told.send(()).unwrap();
        });
        let early = hears.recv_timeout(Duration::from_millis(50));
        assert!(early.is_err(), "it did not wait");
        drop(first);
        hears.recv_timeout(Duration::from_secs(30)).unwrap();
    });
}
