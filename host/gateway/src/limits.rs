//! The limits that hold a guest, and their defaults.
//!
//! Owns the numbers only. Who enforces one says so with a `// Limit:` comment.

use std::time::Duration;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// What one app may use. Every limit is always on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all linear memories and tables of one instance together. Growth beyond them fails
    /// in the guest.
    pub memory: u64,
    /// CPU time of the guest for one request, over all of its calls.
    pub cpu: Duration,
    /// Time from the arrival of a request at its app to the head of the response.
    pub wall: Duration,
    /// Time in which a body must move on: the guest makes its next chunk, the client sends more of
    /// the request.
    pub idle: Duration,
    /// Bytes of a request body. It is streamed and never held as a whole.
    pub request_body: u64,
    /// Bytes of a response head's names and values, and likewise of its trailers.
    pub response_head: u64,
    /// Fields in a response head, and likewise in its trailers.
    pub response_fields: usize,
    /// Requests that the app answers at one time.
    pub concurrency: usize,
    /// Requests that wait for one of those to end.
    pub queue: usize,
    /// Time that a request waits so.
    pub queue_wait: Duration,
    /// Bytes of host memory that one call, from the guest or to it, may make the host allocate. It
    /// bounds what `content.bytes` and one chunk hold.
    pub host_call: u64,
    /// Bytes of host memory that deriving keys may take, over all requests of the app together
    /// (`wasgi:crypto/kdf`, scrypt). A call waits until there is room for it.
    pub kdf_memory: u64,
    /// Bytes of log output per second. More is dropped and counted.
    pub log: u64,
}

impl Limits {
    /// The limits of an app that asks for nothing else.
    pub const DEFAULT: Self = Self {
        // A Python or JavaScript guest needs 30 to 60 MiB; half of them again is room for data.
        memory: 128 * MIB,
        cpu: Duration::from_secs(5),
        wall: Duration::from_secs(30),
        idle: Duration::from_secs(30),
        request_body: 16 * MIB,
        response_head: 64 * KIB,
        response_fields: 100,
        concurrency: 64,
        queue: 256,
        queue_wait: Duration::from_secs(5),
        host_call: 8 * MIB,
        // Two of scrypt at the cost that Werkzeug and Python's documentation take: 32 MiB each.
        kdf_memory: 68 * MIB,
        log: MIB,
    };
}
