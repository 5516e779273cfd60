//! The load: some connections in a closed loop, each answer checked, each latency noted.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::http::Client;

/// A request that is repeated.
pub(super) struct Load<'a> {
    /// Where to.
    pub(super) address: SocketAddr,
    /// The request's bytes.
    pub(super) request: &'a [u8],
    /// The body of the answer, whose status must be 200.
    pub(super) body: &'a [u8],
    /// Connections that each wait for an answer before they send the next request.
    pub(super) connections: usize,
    /// Time between an answer and the next request.
    pub(super) think: Duration,
}

/// What came of it.
pub(super) struct Outcome {
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
    /// Of each request, shortest first.
    pub(super) latencies: Vec<Duration>,
}

impl Outcome {
    /// The latency that `share` of the requests did not exceed.
    pub(super) fn percentile(&self, share: f64) -> Duration {
        percentile(&self.latencies, share)
    }
}

impl Load<'_> {
    /// Repeats the request for some time. `started` is called when every connection is open and
    /// has had an answer.
    pub(super) fn run<T>(
        &self,
        time: Duration,
        started: impl FnOnce() -> Result<T>,
    ) -> Result<(Outcome, T)> {
        let ready = Barrier::new(self.connections + 1);
        let broken = AtomicBool::new(false);
        thread::scope(|scope| {
            let spawn = |_| scope.spawn(|| self.connection(time, &ready, &broken));
            let connections: Vec<_> = (0..self.connections).map(spawn).collect();
            ready.wait();
            let reading = started();
            let start = Instant::now();
            ready.wait();
            let mut latencies = Vec::new();
            let mut failure = None;
            for connection in connections {
                match connection
                    .join()
                    .map_err(|_| anyhow!("a client panicked"))?
                {
                    Ok(mut some) => latencies.append(&mut some),
                    Err(error) => failure = Some(error),
                }
            }
            let elapsed = start.elapsed();
            latencies.sort_unstable();
            match failure {
                Some(error) => Err(error),
                None => Ok((Outcome { elapsed, latencies }, reading?)),
            }
        })
    }

    fn connection(
        &self,
        time: Duration,
        ready: &Barrier,
        broken: &AtomicBool,
    ) -> Result<Vec<Duration>> {
        let client = Client::connect(self.address).and_then(|mut client| {
            client.expect(self.request, self.body)?;
            Ok(client)
        });
        // Both barriers are passed in any case: the others wait there.
        ready.wait();
        ready.wait();
        let mut client = client.inspect_err(|_| broken.store(true, Ordering::Relaxed))?;
        let mut latencies = Vec::new();
        let end = Instant::now() + time;
        loop {
            let sent = Instant::now();
            if sent >= end || broken.load(Ordering::Relaxed) {
                return Ok(latencies);
            }
            client
                .expect(self.request, self.body)
                .inspect_err(|_| broken.store(true, Ordering::Relaxed))?;
            latencies.push(sent.elapsed());
            if !self.think.is_zero() {
                thread::sleep(self.think);
            }
        }
    }
}

/// The value that `share` of sorted values do not exceed.
pub(super) fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is an index"
    )]
    let index = (sorted.len() as f64 * share) as usize;
    sorted
        .get(index.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
