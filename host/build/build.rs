//! Tells cargo which folders are embedded: it sees the files that a macro reads, but not new ones.

fn main() {
    for folder in [
        "../../wit",
        "../../guests/c",
        "../../guests/go",
        "../../guests/python/src",
        "../../guests/python/wit",
        "../../guests/js/src",
        "../../guests/js/wit",
        "../../guests/zig",
    ] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
