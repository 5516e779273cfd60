//! A table of the manifest, read key by key.
//!
//! Owns that each key is known, that the required ones are there, and that each value is of its
//! type. Whoever asks for a key makes it known; what nobody asked for is a fault.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::faults::{Faults, Wrong};
use super::values;

/// A table that is being read.
pub(super) struct Table<'t> {
    pub(super) faults: &'t Faults<'t>,
    /// Where it begins.
    pub(super) span: Range<usize>,
    entries: &'t DeTable<'t>,
    /// The keys that were asked for.
    known: Vec<&'static str>,
}

/// Reads a table to its end.
pub(super) fn read<'t, T>(
    faults: &'t Faults<'t>,
    span: Range<usize>,
    entries: &'t DeTable<'t>,
    read: impl FnOnce(&mut Table<'t>) -> T,
) -> T {
    let mut table = Table {
        faults,
        span,
        entries,
        known: Vec::new(),
    };
    let value = read(&mut table);
    for key in entries.keys() {
        if !table.known.contains(&key.get_ref().as_ref()) {
            let wrong = Wrong::unknown("key", key.get_ref(), &table.known);
            faults.wrong(&key.span(), wrong);
        }
    }
    value
}

impl<'t> Table<'t> {
    /// Whether a key stands here, be its value good or bad.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where a key's value stands.
    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        self.entries.get(key).map(Spanned::span)
    }

    /// Whether a key's value is a list without items.
    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        let value = self.entries.get(key).map(Spanned::get_ref);
        matches!(value, Some(DeValue::Array(items)) if items.is_empty())
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.value(key, values::text)
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, key: &'static str) -> Option<Spanned<String>> {
        if !self.has(key) {
            let message = format!("the key `{key}` is missing");
            self.faults.absent(Some(&self.span), message);
        }
        self.text(key)
    }

    /// A text that stands for something else.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, key: &'static str) -> Option<T> {
        let text = self.text(key)?;
        self.parse(&text)
    }

    /// What a text stands for.
    pub(super) fn parse<T: FromStr<Err: Display>>(&self, text: &Spanned<String>) -> Option<T> {
        let parsed = text.get_ref().parse().map_err(|e: T::Err| e.to_string());
        self.faults.check(&text.span(), parsed)
    }

    /// A number of bytes, `least` at least: `"128MiB"`, or a plain integer.
    pub(super) fn size(&mut self, key: &'static str, least: u64) -> Option<u64> {
        self.value(key, |value| values::size(value, least))
            .map(Spanned::into_inner)
    }

    /// A duration, `least` milliseconds at least: `"5s"`.
    pub(super) fn time(&mut self, key: &'static str, least: u64) -> Option<Duration> {
        self.value(key, |value| values::time(value, least))
            .map(Spanned::into_inner)
    }

    /// A whole number.
    pub(super) fn count(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.value(key, |value| values::count(value, range))
            .map(Spanned::into_inner)
    }

    /// A whole number, or the default.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u32>,
        default: usize,
    ) -> usize {
        self.count(key, range).map_or(default, |number| {
            usize::try_from(number).expect("the host's pointers have 32 bits at least")
        })
    }

    /// One of a few whole numbers.
    pub(super) fn one_of(&mut self, key: &'static str, all: &[u16]) -> Option<u16> {
        self.value(key, |value| values::one_of(value, all))
            .map(Spanned::into_inner)
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.value(key, values::flag).map(Spanned::into_inner)
    }

    /// One of a few words.
    pub(super) fn choice<T: ValueEnum>(&mut self, key: &'static str) -> Option<T> {
        self.value(key, values::choice).map(Spanned::into_inner)
    }

    /// A list of texts; those in it that are none are left out.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Spanned<Vec<Spanned<String>>>> {
        let value = self.get(key)?;
        let items = self
            .faults
            .check(&value.span(), values::list(value.get_ref()))?
            .iter()
            .filter_map(|item| self.item(item))
            .collect();
        Some(Spanned::new(value.span(), items))
    }

    /// A text, or a list of texts.
    pub(super) fn text_or_texts(
        &mut self,
        key: &'static str,
    ) -> Option<Spanned<Vec<Spanned<String>>>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Array(_) => self.texts(key),
            _ => Some(Spanned::new(value.span(), vec![self.item(value)?])),
        }
    }

    /// Names with texts.
    pub(super) fn names(&mut self, key: &'static str) -> Vec<(Spanned<String>, Spanned<String>)> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let entries = values::table(value.get_ref());
        let entries = self.faults.check(&value.span(), entries);
        entries
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| {
                let name = Spanned::new(name.span(), name.get_ref().as_ref().to_owned());
                Some((name, self.item(value)?))
            })
            .collect()
    }

    /// A table in this one. One that is absent is read as an empty one.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        with: impl FnOnce(&mut Table<'_>) -> T,
    ) -> T {
        let empty = DeTable::new();
        let found = self.get(key).and_then(|value| {
            let entries = values::table(value.get_ref());
            Some((value.span(), self.faults.check(&value.span(), entries)?))
        });
        let (span, entries) = found.unwrap_or((0..0, &empty));
        read(self.faults, span, entries, with)
    }

    /// The items of a list.
    pub(super) fn items(&mut self, key: &'static str) -> &'t [Spanned<DeValue<'t>>] {
        let Some(value) = self.get(key) else {
            return &[];
        };
        let items = values::list(value.get_ref());
        self.faults.check(&value.span(), items).unwrap_or(&[])
    }

    /// A list of tables.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut with: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let faults = self.faults;
        self.items(key)
            .iter()
            .filter_map(|item| {
                let entries = faults.check(&item.span(), values::table(item.get_ref()))?;
                Some(read(faults, item.span(), entries, &mut with))
            })
            .collect()
    }

    fn item(&self, item: &Spanned<DeValue<'_>>) -> Option<Spanned<String>> {
        let text = self
            .faults
            .check(&item.span(), values::text(item.get_ref()))?;
        Some(Spanned::new(item.span(), text))
    }

    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Option<Spanned<T>> {
        let value = self.get(key)?;
        let read = self.faults.check(&value.span(), read(value.get_ref()))?;
        Some(Spanned::new(value.span(), read))
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.get(key)
    }
}
