//! What is told of a build while it goes on.

/// Whoever watches a build. `()` is one that does not.
pub trait Progress {
    /// A step begins, such as `installing 3 requirements`. The one before is over.
    fn step(&mut self, what: &str);

    /// A tool wrote a line.
    fn output(&mut self, line: &str);
}

impl Progress for () {
    fn step(&mut self, _what: &str) {}

    fn output(&mut self, _line: &str) {}
}
