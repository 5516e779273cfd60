//! What `/proc` tells of a process (proc(5)).

use std::fs;

use rustix::process::Pid;

/// The most bytes of memory that it has had.
pub(crate) fn peak_memory(process: Pid) -> u64 {
    let status = fs::read_to_string(file(process, "status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// The mappings in its address space.
pub(crate) fn mappings(process: Pid) -> usize {
    let maps = fs::read_to_string(file(process, "maps"));
    maps.unwrap().lines().count()
}

/// What its open descriptors lead to.
pub(crate) fn descriptors(process: Pid) -> Vec<String> {
    let links = fs::read_dir(file(process, "fd")).unwrap();
    let links = links.filter_map(|entry| {
        // One may be closed meanwhile.
        let link = fs::read_link(entry.ok()?.path()).ok()?;
        Some(link.display().to_string())
    });
    links.collect()
}

fn file(process: Pid, name: &str) -> String {
    format!("/proc/{}/{name}", process.as_raw_nonzero())
}
