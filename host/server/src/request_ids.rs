//! The names of requests.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use wasgi_gateway::RequestId;

/// Makes the names of requests: a counter, scrambled so that one name does not tell the next.
pub(crate) struct RequestIds {
    start: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        // The standard library's hashers are keyed at random.
        let start = RandomState::new().build_hasher().finish();
        Self {
            start,
            count: AtomicU64::new(0),
        }
    }

    pub(crate) fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        RequestId::from_number(scramble(self.start.wrapping_add(count)))
    }
}

/// Maps each number to another one that looks random, no two to the same: SplitMix64's finalizer.
fn scramble(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn request_ids_are_distinct() {
        let ids = RequestIds::new();
        let names: HashSet<_> = (0..1000).map(|_| ids.next()).collect();
        assert_eq!(names.len(), 1000);
    }
}
