/// A program with every behaviour, built once.
mod built;
/// JavaScript: the web's functions, the contract, and what is wrong with a source.
mod js;
