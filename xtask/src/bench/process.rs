//! A server under measurement: started, asked for its address, read in `/proc`, ended on drop.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Time for a server to compile its guest and listen.
const START_WAIT: Duration = Duration::from_secs(60);

/// A running server.
pub(super) struct Server {
    /// What the results call it.
    pub(super) name: String,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// From the start of the process to the line with its address.
    pub(super) start: Duration,
    child: Child,
}

impl Server {
    /// Starts a server that tells its address on standard error. Its log goes nowhere.
    pub(super) fn start(name: &str, command: &mut Command) -> Result<Self> {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // It makes some of wasmtime's errors cost more than the request that they end.
            .env_remove("RUST_BACKTRACE")
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let stderr = child.stderr.take().context("a piped stream is there")?;
        let (found, address) = mpsc::channel();
        // It reads to the end, so that the server never waits for somebody to read its log.
        thread::spawn(move || {
            let mut before = String::new();
            let mut told = false;
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if told {
                    continue;
                }
                match address_in(&line) {
                    Some(address) => {
                        told = true;
                        let _kept = found.send(Ok((address, Instant::now())));
                    }
                    None => before = before + &line + "\n",
                }
            }
            if !told {
                let _kept = found.send(Err(before));
            }
        });
        let answer = address.recv_timeout(START_WAIT);
        let mut server = Self {
            name: name.to_owned(),
            address: SocketAddr::from(([0; 4], 0)),
            start: Duration::ZERO,
            child,
        };
        match answer.with_context(|| format!("{name} does not listen"))? {
            Ok((address, at)) => (server.address, server.start) = (address, at - started),
            Err(output) => bail!("{name} ended at once: {}", output.trim_end()),
        }
        Ok(server)
    }

    /// CPU time of each of its threads.
    pub(super) fn cpu(&self) -> Result<CpuTime> {
        let mut threads = HashMap::new();
        for entry in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let path = entry?.path().join("schedstat");
            // A thread may end between the listing and the reading.
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
            let nanoseconds = nanoseconds.with_context(|| format!("{} is odd", path.display()))?;
            threads.insert(path, Duration::from_nanos(nanoseconds));
        }
        if threads.is_empty() {
            bail!(
                "{}: no CPU time: this kernel has no schedstat, or the server died",
                self.name
            );
        }
        Ok(CpuTime(threads))
    }

    /// Bytes of memory that it holds.
    pub(super) fn resident(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// Mappings in its address space.
    pub(super) fn mappings(&self) -> Result<usize> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.child.id()))?;
        Ok(maps.lines().count())
    }

    /// Files that it has open.
    pub(super) fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Bytes of memory that it held at most since `forget_peak`.
    pub(super) fn peak(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Makes the memory that it holds now its peak.
    pub(super) fn forget_peak(&self) -> Result<()> {
        let path = format!("/proc/{}/clear_refs", self.child.id());
        fs::write(path, "5").context("cannot reset the peak of memory")
    }

    fn status(&self, key: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(1024 * kibibytes.with_context(|| format!("{}: no {key} in its status", self.name))?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The CPU time that each thread of a process had used at one moment.
pub(super) struct CpuTime(HashMap<std::path::PathBuf, Duration>);

impl CpuTime {
    /// What was used since an earlier reading. What a thread used before it ended between the
    /// two is lost; the servers keep their threads while they are busy.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        let used = |(path, now): (_, &Duration)| {
            now.saturating_sub(earlier.0.get(path).copied().unwrap_or_default())
        };
        self.0.iter().map(used).sum()
    }
}

/// The address in a line such as `listening on http://127.0.0.1:8080/`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.trim().trim_end_matches('/').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_the_lines_of_every_server() {
        let found = Some(SocketAddr::from(([127, 0, 0, 1], 80)));
        assert_eq!(address_in("listening on http://127.0.0.1:80"), found);
        assert_eq!(address_in("Serving HTTP on http://127.0.0.1:80/"), found);
        assert_eq!(address_in("compiling"), None);
    }
}
