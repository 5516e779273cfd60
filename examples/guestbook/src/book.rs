//! The folder `/data`: one file of entries, a line each, and the photos.
//!
//! Requests run side by side in instances that share nothing but this folder. So an entry is
//! appended with one write, which cannot mix with another, and a photo appears under its name when
//! it is complete. Nothing here knows of HTTP.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

const FOLDER: &str = "/data";
const ENTRIES: &str = "/data/entries.tsv";

/// The page shows the entries in this much of the file's end.
const LATEST_BYTES_MAX: u64 = 64 * 1024;

const NAME_CHARS_MAX: usize = 80;
const MESSAGE_CHARS_MAX: usize = 2000;

/// What a visitor wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) message: String,
}

impl Entry {
    /// The entry in a form, if it has a name and a message.
    pub(crate) fn from_form(form: &[u8]) -> Option<Self> {
        let field = |wanted: &str, chars_max: usize| {
            let (_, value) = form_urlencoded::parse(form).find(|(name, _)| name == wanted)?;
            let text = value.split_whitespace().collect::<Vec<_>>().join(" ");
            let text: String = text
                .chars()
                .filter(|c| !c.is_control())
                .take(chars_max)
                .collect();
            (!text.is_empty()).then_some(text)
        };
        Some(Self {
            name: field("name", NAME_CHARS_MAX)?,
            message: field("message", MESSAGE_CHARS_MAX)?,
        })
    }

    /// Neither part has a tab or a line break in it: `from_form` turns them into spaces.
    fn to_line(&self) -> String {
        format!("{}\t{}\n", self.name, self.message)
    }

    fn from_line(line: &str) -> Self {
        let (name, message) = line.split_once('\t').unwrap_or(("", line));
        Self {
            name: name.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// Whether the host granted the folder.
pub(crate) fn is_granted() -> bool {
    Path::new(FOLDER).is_dir()
}

/// Add an entry.
pub(crate) fn append(entry: &Entry) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(ENTRIES)?;
    file.write_all(entry.to_line().as_bytes())
}

/// All entries, the oldest first, each read when it is asked for.
pub(crate) fn read_entries() -> io::Result<Box<dyn Iterator<Item = io::Result<Entry>>>> {
    Ok(match open_entries()? {
        Some(file) => Box::new(
            BufReader::new(file)
                .lines()
                .map(|line| Ok(Entry::from_line(&line?))),
        ),
        None => Box::new(std::iter::empty()),
    })
}

/// The last entries, the newest first.
pub(crate) fn latest_entries() -> io::Result<Vec<Entry>> {
    let Some(mut file) = open_entries()? else {
        return Ok(Vec::new());
    };
    let start = file.metadata()?.len().saturating_sub(LATEST_BYTES_MAX);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.take(LATEST_BYTES_MAX).read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    // Unless the file was read from its start, the first line is the rest of one.
    let lines = end.lines().skip(usize::from(start > 0));
    let mut entries: Vec<_> = lines.map(Entry::from_line).collect();
    entries.reverse();
    Ok(entries)
}

fn open_entries() -> io::Result<Option<File>> {
    match File::open(ENTRIES) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A photo on its way into the folder. Dropped unfinished, it leaves nothing behind.
pub(crate) struct Upload {
    file: File,
    part: String,
    photo: String,
    bytes: u64,
}

impl Upload {
    /// `id` is unique among the requests, and fit for a file's name.
    pub(crate) fn create(id: &str) -> io::Result<Self> {
        let part = format!("{FOLDER}/{id}.part");
        Ok(Self {
            file: OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&part)?,
            part,
            photo: format!("{FOLDER}/{id}.photo"),
            bytes: 0,
        })
    }

    pub(crate) fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.bytes += chunk.len() as u64;
        self.file.write_all(chunk)
    }

    /// Give the photo its name, and say how many bytes it has.
    pub(crate) fn finish(self) -> io::Result<u64> {
        fs::rename(&self.part, &self.photo)?;
        Ok(self.bytes)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // After `finish` the part is gone, and there is nobody to tell of anything else.
        drop(fs::remove_file(&self.part));
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn an_entry_survives_its_line() {
        let entry = Entry::from_form(b"name=Ada+L.&message=Hello%0D%0A%09there%00%21").unwrap();
        assert_eq!(
            (entry.name.as_str(), entry.message.as_str()),
            ("Ada L.", "Hello there!")
        );
        assert_eq!(Entry::from_line(entry.to_line().trim_end()), entry);
    }

    #[test]
    fn an_entry_needs_both_parts() {
        assert_eq!(Entry::from_form(b"name=Ada"), None);
        assert_eq!(Entry::from_form(b"name=Ada&message=+%09"), None);
    }

    #[test]
    fn a_long_message_is_cut() {
        let form = format!("name=x&message={}", "é".repeat(3000));
        assert_eq!(
            Entry::from_form(form.as_bytes())
                .unwrap()
                .message
                .chars()
                .count(),
            2000
        );
    }
}
