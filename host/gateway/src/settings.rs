//! What an operator decides about one app: its name, isolation, limits and capabilities.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits::Limits;

/// The settings of one app. Whatever they do not grant, the guest does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSettings {
    /// The app's name in logs and errors.
    pub name: String,
    /// How long an instance lives.
    pub isolation: Isolation,
    /// What the app may use.
    pub limits: Limits,
    /// The app's part of the CPU when several apps want more than there is, in relation to the
    /// weights of the others: from 1 to [`WEIGHT_MAX`].
    pub weight: u32,
    /// The guest's environment variables. Nothing of the host's environment is inherited.
    pub env: Vec<(String, String)>,
    /// The guest's command-line arguments, the program's name not among them.
    pub args: Vec<String>,
    /// The folders that the guest can open.
    pub dirs: Vec<Dir>,
    /// Bytes of a private folder at `/tmp`, which each instance then has. None: it has none.
    pub tmp: Option<u64>,
    /// Whether the host derives keys for the guest (`wasgi:crypto/kdf`): work that the guest could
    /// do by itself, and pays for with its CPU time.
    pub crypto: bool,
    /// How the app writes its responses, if it is a command.
    pub cgi: CgiForm,
}

/// The weight of an app that asks for no other: that of Linux's control groups, as the range is.
pub const WEIGHT_DEFAULT: u32 = 100;

/// The greatest weight.
pub const WEIGHT_MAX: u32 = 10_000;

impl AppSettings {
    /// An app with every default: a fresh instance for each request, and no capability.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            isolation: Isolation::Request,
            limits: Limits::DEFAULT,
            weight: WEIGHT_DEFAULT,
            env: Vec::new(),
            args: Vec::new(),
            dirs: Vec::new(),
            tmp: None,
            crypto: true,
            cgi: CgiForm::Parsed,
        }
    }
}

/// How a command writes its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CgiForm {
    /// As fields, some of which the host reads itself (RFC 3875, section 6).
    Parsed,
    /// As HTTP, status line included: a "non-parsed header" script (RFC 3875, section 5).
    Nph,
}

/// How long an instance lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// For one request. Nothing survives it.
    Request,
    /// For several requests. Memory and state survive between them.
    Reuse(Reuse),
}

/// When a reused instance ends. A trap, an error, a limit or a client that leaves also ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// Requests that one instance answers.
    pub requests: u32,
    /// Time that an instance waits for its next request.
    pub idle: Duration,
    /// Bytes of memory that an instance may hold and still be kept for another request.
    pub memory: u64,
    /// Requests that one instance serves at the same time, if its contract allows for several:
    /// `wasi:http` 0.3 does.
    pub concurrency: usize,
    /// Time that a request waits for an instance that is busy before one is made for it. For
    /// instances that take longer to make than most requests take.
    pub patience: Duration,
}

impl Reuse {
    /// The bounds of an app that asks for nothing else.
    pub const DEFAULT: Self = Self {
        // Often enough that instantiation costs nothing, seldom enough that a slow leak ends.
        requests: 10_000,
        idle: Duration::from_secs(60),
        memory: 64 * 1024 * 1024,
        // A trap or a limit of one ends all of them, so they are not many.
        concurrency: 16,
        // An instance is made in less time than a wait takes.
        patience: Duration::ZERO,
    };
}

/// A folder of the host that a guest can open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dir {
    /// The folder's path on the host.
    pub host: PathBuf,
    /// The absolute path under which the guest sees it.
    pub guest: String,
    /// What the guest may do in it.
    pub access: Access,
}

/// What a guest may do in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read files and list folders.
    ReadOnly,
    /// Also create, change and remove them.
    ReadWrite,
}
