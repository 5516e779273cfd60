//! A guest book: what WSGI's tutorials began with, as a component.
//!
//! Owns the routes and the answers. What the folder holds is `book`'s, and how it looks is
//! `page`'s. Whatever a client sends is read up to a limit, or streamed.

#![forbid(unsafe_code)]

mod book;
mod page;

use std::io;
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasgi_guest::{Body, Request, Response, Result};

use crate::book::{Entry, read_entries};

/// A form larger than this is refused with 413.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// How many events `/live` sends before the client must ask again.
const EVENTS_MAX: u32 = 20;

fn handle(request: Request) -> Result<Response> {
    let allow = match request.path() {
        "/" | "" | "/entries.txt" | "/live" => "GET, HEAD",
        "/sign" => "POST",
        "/photo" => "PUT",
        _ => return Ok(Response::text("nothing here\n").status(404)),
    };
    if !allow
        .split(", ")
        .any(|method| method == request.method().as_str())
    {
        return Ok(Response::text("not that way\n")
            .status(405)
            .header("allow", allow));
    }
    if !book::is_granted() {
        let text = "The guest book has no folder yet: grant it one at /data, as wasgi.toml does.\n";
        return Ok(Response::text(text).status(503));
    }
    match request.path() {
        "/sign" => sign(request),
        "/photo" => photo(request),
        "/entries.txt" => entries(),
        "/live" => Ok(live()),
        _ => show(&request),
    }
}

wasgi_guest::export!(handle);

fn show(request: &Request) -> Result<Response> {
    let name = request
        .header("cookie")
        .and_then(remembered_name)
        .unwrap_or_default();
    let latest = book::latest_entries()?;
    Ok(
        Response::html(page::render(request.script_name(), &name, &latest))
            .header("cache-control", "no-store"),
    )
}

fn sign(mut request: Request) -> Result<Response> {
    let is_form = request.header("content-type").is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    if !is_form {
        return Ok(Response::text("send application/x-www-form-urlencoded\n").status(415));
    }
    let form = match request.body().read_all(FORM_BYTES_MAX) {
        Ok(form) => form,
        Err(error) => return Ok(error.into()),
    };
    let Some(entry) = Entry::from_form(&form) else {
        return Ok(Response::text("a name and a message, please\n").status(400));
    };
    book::append(&entry)?;
    Ok(Response::new(303)
        .header("location", format!("{}/", request.script_name()))
        .header("set-cookie", name_cookie(&entry.name)))
}

/// Stream a photo of any size into the folder, one chunk in memory at a time.
fn photo(request: Request) -> Result<Response> {
    let mut upload = book::Upload::create(&request.environ().request_id)?;
    let mut digest = Sha256::new();
    for chunk in request.into_body() {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => return Ok(error.into()),
        };
        digest.update(&chunk);
        upload.write(&chunk)?;
    }
    let bytes = upload.finish()?;
    let digest = digest.finalize();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Response::text(format!("{bytes} bytes, sha256 {digest}\n")).status(201))
}

/// All entries as text, each line read from the file when the client can take it.
fn entries() -> Result<Response> {
    let lines = read_entries()?.map(|entry| entry.map(|e| format!("{}: {}\n", e.name, e.message)));
    Ok(Response::text(Body::chunks(lines)))
}

/// The number of entries, once a second, as server-sent events.
fn live() -> Response {
    let events = (0..EVENTS_MAX).map(|i| -> io::Result<String> {
        if i > 0 {
            pause();
        }
        Ok(format!(
            "id: {i}\nevent: entries\ndata: {}\n\n",
            read_entries()?.count()
        ))
    });
    Response::new(200)
        .header("content-type", "text/event-stream")
        .header("cache-control", "no-store")
        .chunks(events)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a guest's thread serves nobody else"
)]
fn pause() {
    std::thread::sleep(Duration::from_secs(1));
}

/// The cookie that remembers a visitor's name: form encoding fits what a cookie may hold.
fn name_cookie(name: &str) -> String {
    let name = form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
    format!("name={name}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax")
}

fn remembered_name(cookies: &str) -> Option<String> {
    let name = cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix("name="))?;
    let pairs = format!("name={name}");
    form_urlencoded::parse(pairs.as_bytes())
        .next()
        .map(|(_, name)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{name_cookie, remembered_name};

    #[test]
    fn a_cookie_remembers_any_name() {
        for name in ["Ada", "Zoë; Path=/x", "a=b & c", "日本"] {
            let cookie = name_cookie(name);
            let sent_back = cookie.split(';').next().unwrap();
            let cookies = format!("other=1; {sent_back}; more=2");
            assert_eq!(remembered_name(&cookies).as_deref(), Some(name));
        }
    }

    #[test]
    fn no_cookie_remembers_nothing() {
        assert_eq!(remembered_name("other=1"), None);
    }
}
