//! Tells cargo which folders are embedded: it sees the files that a macro reads, but not new ones.

fn main() {
    for folder in [
        "templates",
        "../../guests/go",
        "../../guests/rust/src",
        "../../wit",
        "../../examples/fastapi-items/wheels",
    ] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
