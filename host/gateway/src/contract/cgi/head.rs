//! The head of a CGI response, read from what a script writes (RFC 3875, sections 5 and 6).
//!
//! Owns the syntax of a head and what a script means by it. Must not hold more than its limit, and
//! must not judge what may be sent: that is the same for every contract.

use std::mem;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderValue, StatusCode};

use crate::response::Field;
use crate::settings::CgiForm;

/// What a script answered, unchecked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A head for the client, and the script's body after it. A redirect that the client is to
    /// follow is one too: its `location` is among the fields.
    Document {
        /// From 200 to 599.
        status: u16,
        /// Names are lower-case.
        fields: Vec<Field>,
    },
    /// The path and query of the request whose response stands in for this one (section 6.2.2).
    LocalRedirect(String),
}

/// Why what a script wrote is not a head. Its message is about the script: "it wrote ..".
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    /// The script ended before it wrote a byte.
    #[error("it wrote nothing: expected a head, and a blank line after it")]
    Empty,
    /// The script ended within its head, after this many bytes.
    #[error("it wrote {0} bytes and no head: expected fields, and a blank line after them")]
    Unfinished(u64),
    /// The head is over this limit.
    #[error("it wrote a head of more than {0} bytes: expected a blank line by then")]
    TooLong(u64),
    /// A line without a colon.
    #[error("it wrote {0} in its head: expected \"name: value\", and a blank line before the body")]
    NoField(String),
    /// A line that begins with white space.
    #[error("it wrote {0}, which continues a field: expected each field on one line")]
    Folded(String),
    /// A name that is not a token, as one with a space before the colon.
    #[error("it wrote a field named {0}: expected letters, digits and hyphens")]
    Name(String),
    /// A value with a control character.
    #[error("it wrote {0} as the value of {1}: expected no control characters")]
    Value(String, HeaderName),
    /// A status that no response has.
    #[error("it wrote the status {0}: expected three digits, 200 to 599, and a space or nothing")]
    Status(String),
    /// A first line that is no status line.
    #[error("it began with {0}: expected \"HTTP/1.1 \" and a status from 200 to 599")]
    StatusLine(String),
    /// A second one of a field that the host reads.
    #[error("it wrote several fields named {0}: expected one")]
    Duplicate(HeaderName),
    /// None of the fields that make a CGI response.
    #[error("it wrote none of content-type, location and status: expected one of them in its head")]
    NoCgiField,
}

/// Reads a head from pieces of a script's output, each line once it is there.
#[derive(Debug)]
pub(crate) struct HeadParser {
    form: CgiForm,
    limit: u64,
    /// Bytes of the head so far, with those that end its lines.
    bytes: u64,
    /// The start of a line whose end has not come yet.
    line: Vec<u8>,
    /// What the script said its status is, if it has.
    status: Option<u16>,
    fields: Vec<Field>,
}

impl HeadParser {
    /// A parser of a head of at most `limit` bytes.
    pub(crate) fn new(limit: u64, form: CgiForm) -> Self {
        Self {
            form,
            limit,
            bytes: 0,
            line: Vec::new(),
            status: None,
            fields: Vec::new(),
        }
    }

    /// Takes the next piece. Once the head is complete, returns it and the start of the body.
    ///
    /// Must not be called again after that, nor after an error.
    pub(crate) fn push(&mut self, mut bytes: Bytes) -> Result<Option<(Answer, Bytes)>, HeadError> {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.hold(&bytes.split_to(end + 1))?;
            if self.end_line()? {
                return Ok(Some((self.answer()?, bytes)));
            }
        }
        self.hold(&bytes)?;
        Ok(None)
    }

    /// The error of a script that ended before its head was complete.
    pub(crate) fn finish(&self) -> HeadError {
        match self.bytes {
            0 => HeadError::Empty,
            bytes => HeadError::Unfinished(bytes),
        }
    }

    /// Adds to the line that is being read.
    fn hold(&mut self, piece: &[u8]) -> Result<(), HeadError> {
        self.bytes += piece.len() as u64;
        // Limit: Limits::response_head
        if self.bytes > self.limit {
            return Err(HeadError::TooLong(self.limit));
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    /// Reads the line that is complete now. Returns whether the head is, too.
    fn end_line(&mut self) -> Result<bool, HeadError> {
        let line = mem::take(&mut self.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.form == CgiForm::Nph && self.status.is_none() {
            let status = status_of_line(line).ok_or_else(|| HeadError::StatusLine(quote(line)))?;
            self.status = Some(status);
        } else if line.is_empty() {
            return Ok(true);
        } else {
            self.field(line)?;
        }
        Ok(false)
    }

    /// Reads a line that holds a field.
    fn field(&mut self, line: &[u8]) -> Result<(), HeadError> {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Err(HeadError::Folded(quote(line)));
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return Err(HeadError::NoField(quote(line)));
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let Ok(name) = HeaderName::from_bytes(name) else {
            return Err(HeadError::Name(quote(name)));
        };
        if HeaderValue::from_bytes(value).is_err() {
            return Err(HeadError::Value(quote(value), name));
        }
        let value = value.trim_ascii();
        match self.form {
            CgiForm::Parsed => self.parsed_field(&name, value),
            CgiForm::Nph => {
                self.fields.push((name.as_str().to_owned(), value.to_vec()));
                Ok(())
            }
        }
    }

    /// Takes a field of a script whose head the host reads.
    fn parsed_field(&mut self, name: &HeaderName, value: &[u8]) -> Result<(), HeadError> {
        // A field without a value counts as not sent, and extensions are for servers that know
        // them (sections 6.3 and 6.3.5). This one knows none.
        if value.is_empty() || name.as_str().starts_with("x-cgi-") {
            return Ok(());
        }
        if name == "status" {
            if self.status.is_some() {
                return Err(HeadError::Duplicate(name.clone()));
            }
            let status = status(value).ok_or_else(|| HeadError::Status(quote(value)))?;
            self.status = Some(status);
            return Ok(());
        }
        if [header::CONTENT_TYPE, header::LOCATION].contains(name) && has(&self.fields, name) {
            return Err(HeadError::Duplicate(name.clone()));
        }
        self.fields.push((name.as_str().to_owned(), value.to_vec()));
        Ok(())
    }

    /// What the whole head means.
    fn answer(&mut self) -> Result<Answer, HeadError> {
        let fields = mem::take(&mut self.fields);
        // A script whose head the host does not read has had to give a status.
        if let Some(status) = self.status {
            return Ok(Answer::Document { status, fields });
        }
        let redirects = has(&fields, &header::LOCATION);
        if !redirects && !has(&fields, &header::CONTENT_TYPE) {
            return Err(HeadError::NoCgiField);
        }
        // Only a location that stands alone is local, as section 6.2.2 has it and lighttpd does.
        // What else a script sends, be it a cookie, is meant for the client, and would be lost
        // with the response that another one stands in for.
        if let [(_, location)] = &fields[..]
            && redirects
            && let Some(path) = local_path(location)
        {
            return Ok(Answer::LocalRedirect(path));
        }
        let status = if redirects {
            StatusCode::FOUND
        } else {
            StatusCode::OK
        };
        Ok(Answer::Document {
            status: status.as_u16(),
            fields,
        })
    }
}

/// Whether a field of this name is there.
fn has(fields: &[Field], name: &HeaderName) -> bool {
    fields.iter().any(|(present, _)| name == present.as_str())
}

/// The path and query that a location names on this server; any other one is the client's to
/// resolve.
///
/// `//host/path` is one of those. To every client it is another host's path, and to serve this
/// server's own in its place would be a surprise. So is one with a fragment, which only a client
/// can use, and one with characters that a URI cannot hold.
fn local_path(location: &[u8]) -> Option<String> {
    let is_local = location.starts_with(b"/")
        && !location.starts_with(b"//")
        && location
            .iter()
            .all(|byte| byte.is_ascii_graphic() && *byte != b'#');
    let path = str::from_utf8(location).ok()?;
    is_local.then(|| path.to_owned())
}

/// The code at the start of a `Status` field or of what a status line has there.
fn status(text: &[u8]) -> Option<u16> {
    let (digits, reason) = text.split_at_checked(3)?;
    let code = StatusCode::from_bytes(digits).ok()?.as_u16();
    let is_apart = reason.is_empty() || reason.starts_with(b" ");
    (is_apart && (200..600).contains(&code)).then_some(code)
}

/// The code of a status line.
fn status_of_line(line: &[u8]) -> Option<u16> {
    match line.strip_prefix(b"HTTP/1.")? {
        [b'0'..=b'9', b' ', text @ ..] => status(text),
        _ => None,
    }
}

/// Characters of a script's output that a message repeats.
const QUOTE_CHARS_MAX: usize = 80;

/// What a script wrote, in quotes, as a message can hold it.
fn quote(bytes: &[u8]) -> String {
    // A character has four bytes at most: here are those that are shown, and one more if there is.
    let shown = &bytes[..bytes.len().min(4 * (QUOTE_CHARS_MAX + 1))];
    let text = String::from_utf8_lossy(shown);
    let mut escaped = text.escape_debug();
    // Limit: QUOTE_CHARS_MAX
    let start: String = escaped.by_ref().take(QUOTE_CHARS_MAX).collect();
    let rest = if escaped.next().is_some() { ".." } else { "" };
    format!("\"{start}{rest}\"")
}

#[cfg(test)]
mod tests;
