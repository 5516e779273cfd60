//! How long a user waits for `listening on`, with the compiled code in the cache.

use anyhow::Result;

use super::Bench;
use super::report::{Report, median};

/// Starts the server over and over.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let start = || bench.wasgi_guest("wasgi", "hello-example", &["--access-log=off"]);
    let kibibytes = std::fs::metadata(bench.guest("hello-example"))?.len() / 1024;
    // The first start may compile; the later ones must not.
    let first = start()?.start.as_secs_f64() * 1e3;
    report.raw("start", "first", 1, "ms", first);
    let mut times = Vec::new();
    for number in (1..).take(bench.scale.starts) {
        let milliseconds = start()?.start.as_secs_f64() * 1e3;
        report.raw("start", "cached", number, "ms", milliseconds);
        times.push(milliseconds);
    }
    report.table(
        &format!("Start to `listening on`, a component of {kibibytes} KiB"),
        &["start", "ms", "goal"],
        vec![
            vec![
                "first, compiling".to_owned(),
                format!("{first:.0}"),
                String::new(),
            ],
            vec![
                "cached (median)".to_owned(),
                format!("{:.1}", median(&times)),
                "≤ 50".to_owned(),
            ],
        ],
    );
    Ok(())
}
