//! A server under measurement: its processes, what they cost, and how it is asked.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::http::{self, Client};

/// Time for a server to import its application, or to compile it.
const START_WAIT: Duration = Duration::from_secs(240);

/// Time for the next piece of a stream.
const STREAM_WAIT: Duration = Duration::from_secs(60);

/// What the first and the last piece of a stream contain.
const FIRST: &[u8] = b"first";
const LAST: &[u8] = b"last";

/// A server, and all processes that it started.
pub(super) struct Contender {
    pub(super) name: &'static str,
    address: SocketAddr,
    /// Whether it closes the connection after each response.
    closes: bool,
    child: Child,
}

impl Contender {
    /// Starts a server at an address of its own. `closes`: see there.
    pub(super) fn start(
        name: &'static str,
        closes: bool,
        command: impl FnOnce(SocketAddr) -> Result<Command>,
    ) -> Result<Self> {
        // Whoever asks for a free port gets another one for a while.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = command(address)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env_remove("RUST_BACKTRACE")
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        Ok(Self {
            name,
            address,
            closes,
            child,
        })
    }

    /// Asks for `path` on this many connections at once. Returns the bytes that it holds when each
    /// has had its first piece and none its last.
    pub(super) fn stream(&self, path: &str, connections: usize) -> Result<u64> {
        let request = http::request(self.address, "GET", path, "Connection: close\r\n");
        let mut open = Vec::new();
        for _ in 0..connections {
            let mut connection = TcpStream::connect(self.address)?;
            connection.set_read_timeout(Some(STREAM_WAIT))?;
            connection.write_all(&request)?;
            open.push((connection, Vec::new()));
        }
        for (connection, text) in &mut open {
            while !contains(text, FIRST) {
                let mut piece = [0; 1024];
                let size = connection.read(&mut piece)?;
                ensure!(size > 0, "a stream ended before it began");
                text.extend_from_slice(&piece[..size]);
            }
        }
        let memory = self.memory()?;
        for (mut connection, mut text) in open {
            ensure!(!contains(&text, LAST), "a stream came at once");
            connection.read_to_end(&mut text)?;
            ensure!(contains(&text, LAST), "a stream was cut off");
        }
        Ok(memory)
    }

    /// Waits until the application answers.
    pub(super) fn wait(&mut self, path: &str) -> Result<()> {
        let deadline = Instant::now() + START_WAIT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended at once: {status}");
            }
            if TcpStream::connect(self.address).is_ok() && self.ask(path, Duration::ZERO).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("it does not answer within {START_WAIT:?}")
    }

    /// Sends requests one after the other for so long, and returns the time that each took.
    pub(super) fn ask(&self, path: &str, time: Duration) -> Result<Vec<Duration>> {
        let request = http::request(self.address, "GET", path, "");
        let mut client = Client::connect(self.address)?;
        let mut times = Vec::new();
        let end = Instant::now() + time;
        loop {
            let sent = Instant::now();
            if self.closes && !times.is_empty() {
                client = Client::connect(self.address)?;
            }
            client.send(&request)?;
            let mut bytes = 0;
            let status = client.receive(|piece| bytes += piece.len())?;
            ensure!(
                status == 200 && bytes > 0,
                "{} answered {status}",
                self.name
            );
            times.push(sent.elapsed());
            if Instant::now() >= end {
                return Ok(times);
            }
        }
    }

    /// CPU time of its processes, and of those that have ended and were waited for.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let mut sum = Duration::ZERO;
        for process in self.processes()? {
            sum += ran(process)? + waited(process)?;
        }
        Ok(sum)
    }

    /// Bytes of memory that its processes hold: a page that several mappings share counts once, as
    /// Linux's proportional set size does it.
    pub(super) fn memory(&self) -> Result<u64> {
        let mut sum = 0;
        for process in self.processes()? {
            // One that has ended holds none.
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
            let text = text.unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            sum += kib.unwrap_or_default() * 1024;
        }
        ensure!(sum > 0, "smaps_rollup tells nothing of {}", self.name);
        Ok(sum)
    }

    /// Its process and those below it.
    fn processes(&self) -> Result<Vec<u32>> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc")? {
            let Some(id) = entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let parent = stat
                .rsplit_once(") ")
                .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
            if let Some(parent) = parent {
                children.entry(parent).or_default().push(id);
            }
        }
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(&process) = found.get(next) {
            found.extend(children.remove(&process).unwrap_or_default());
            next += 1;
        }
        Ok(found)
    }
}

/// CPU time of a process' threads; none of one that has ended.
fn ran(process: u32) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Ok(sum);
    };
    for thread in threads.flatten() {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        let Some(field) = text.split(' ').next().filter(|field| !field.is_empty()) else {
            continue;
        };
        sum += Duration::from_nanos(field.parse().context("schedstat is odd")?);
    }
    Ok(sum)
}

/// CPU time of the children that a process has waited for, in whole ticks of the clock; none of
/// one that has ended.
fn waited(process: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(") ") else {
        return Ok(Duration::ZERO);
    };
    let ticks = fields
        .split(' ')
        .skip(13)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()?;
    Ok(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second())?)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

impl Drop for Contender {
    fn drop(&mut self) {
        // Parents first: the others would start a child anew that ends before them.
        for process in self.processes().unwrap_or_default() {
            let process = i32::try_from(process)
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            if let Some(process) = process {
                let _gone = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        }
        let _reaped = self.child.wait();
    }
}
