//! A banner in the end of a page, put there as the page goes by.
//!
//! Owns the search for the end of the page's body, over the borders of chunks. It holds back only
//! what may be the start of it: six bytes at most. Nothing here knows of a response.

/// Where the banner goes: before this, in any case.
const MARKER: &[u8] = b"</body>";

/// The chunks with the banner in them: before the first [`MARKER`], or at the end if there is
/// none, where browsers take it for a part of the body too.
pub(crate) fn insert<I, E>(chunks: I, banner: Vec<u8>) -> impl Iterator<Item = Result<Vec<u8>, E>>
where
    I: IntoIterator<Item = Result<Vec<u8>, E>>,
{
    Inserted {
        chunks: chunks.into_iter(),
        banner: Some(banner),
        held: Vec::new(),
    }
}

struct Inserted<I> {
    chunks: I,
    /// The banner, until it has gone out.
    banner: Option<Vec<u8>>,
    /// The end of the last chunk, if the marker may start with it.
    held: Vec<u8>,
}

impl<I, E> Iterator for Inserted<I>
where
    I: Iterator<Item = Result<Vec<u8>, E>>,
{
    type Item = Result<Vec<u8>, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let chunk = match self.chunks.next() {
                Some(Ok(chunk)) => self.pass(chunk),
                Some(Err(error)) => return Some(Err(error)),
                None => return self.end().map(Ok),
            };
            // A chunk that is held as a whole waits for the next one.
            if !chunk.is_empty() {
                return Some(Ok(chunk));
            }
        }
    }
}

impl<I> Inserted<I> {
    /// What can go out of what is held and the next chunk.
    fn pass(&mut self, chunk: Vec<u8>) -> Vec<u8> {
        if self.banner.is_none() {
            return chunk;
        }
        let mut page = std::mem::take(&mut self.held);
        page.extend_from_slice(&chunk);
        match find_marker(&page) {
            Some(at) => {
                let banner = self.banner.take().unwrap_or_default();
                drop(page.splice(at..at, banner));
            }
            None => self.held = page.split_off(page.len() - marker_start(&page)),
        }
        page
    }

    /// What is left when the page has ended, once.
    fn end(&mut self) -> Option<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.held);
        rest.extend(self.banner.take()?);
        (!rest.is_empty()).then_some(rest)
    }
}

fn find_marker(page: &[u8]) -> Option<usize> {
    page.windows(MARKER.len())
        .position(|window| window.eq_ignore_ascii_case(MARKER))
}

/// How many bytes at the end of the page may be the start of the marker.
fn marker_start(page: &[u8]) -> usize {
    let lengths = (1..MARKER.len().min(page.len() + 1)).rev();
    let mut starts = lengths.filter(|&length| {
        let end = &page[page.len() - length..];
        end.eq_ignore_ascii_case(&MARKER[..length])
    });
    starts.next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::insert;

    /// The page with a banner in it, sent in chunks of this size.
    fn inserted(page: &str, size: usize) -> Vec<String> {
        let chunks = page
            .as_bytes()
            .chunks(size)
            .map(|c| Ok::<_, ()>(c.to_vec()));
        insert(chunks, b"<p>hi".to_vec())
            .map(|chunk| String::from_utf8(chunk.unwrap()).unwrap())
            .collect()
    }

    #[test]
    fn the_banner_goes_before_the_end_of_the_body_however_it_is_split() {
        let pages = [
            ("<body>x</body></html>", "<body>x<p>hi</body></html>"),
            ("<body>x</BODY>", "<body>x<p>hi</BODY>"),
            ("<</</body></body>", "<</<p>hi</body></body>"),
            ("</b></bo</body>", "</b></bo<p>hi</body>"),
            ("</body>", "<p>hi</body>"),
        ];
        for (page, expected) in pages {
            for size in 1..=page.len() {
                assert_eq!(inserted(page, size).concat(), expected, "by {size}");
            }
        }
    }

    #[test]
    fn a_page_without_an_end_has_the_banner_at_its_end() {
        for page in ["<h1>x", "x</bod", "<", ""] {
            for size in 1..=page.len().max(1) {
                assert_eq!(inserted(page, size).concat(), format!("{page}<p>hi"));
            }
        }
    }

    #[test]
    fn what_cannot_be_the_end_is_not_held_back() {
        assert_eq!(inserted("abcd</xy", 4), ["abcd", "</xy", "<p>hi"]);
        assert_eq!(inserted("abc<bdef", 4), ["abc", "<bdef", "<p>hi"]);
    }

    #[test]
    fn an_error_is_handed_on() {
        let chunks = [Ok(b"x<".to_vec()), Err("broken")];
        let passed: Vec<_> = insert(chunks, b"<p>hi".to_vec()).take(2).collect();
        assert_eq!(passed, [Ok(b"x".to_vec()), Err("broken")]);
    }
}
