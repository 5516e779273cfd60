//! A middleware that computes for `before` milliseconds, calls what it wraps, and computes for
//! `after` milliseconds; without either it computes for ever.

use std::hint::black_box;
use std::time::{Duration, Instant};

use fixture_guests::{parameter, spin};
use wasgi_guest::{Next, Request, Response, Result};

fn handle(request: Request, next: Next) -> Result<Response> {
    let (before, after) = (parameter(&request, "before"), parameter(&request, "after"));
    if before.is_none() && after.is_none() {
        spin()
    }
    compute(before.unwrap_or(0));
    let response = next.call(request)?;
    compute(after.unwrap_or(0));
    Ok(response)
}

fn compute(ms: u64) {
    let end = Instant::now() + Duration::from_millis(ms);
    while Instant::now() < end {
        (0..10_000).for_each(|i| _ = black_box(i));
    }
}

wasgi_guest::middleware!(handle);
