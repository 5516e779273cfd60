//! How releases follow each other, a row for each course of events.

use time::macros::datetime;

use super::*;

/// The digest of a one-letter release.
fn digest(name: char) -> Digest {
    Digest::of(name.to_string().as_bytes())
}

fn id(name: char) -> ReleaseId {
    digest(name).release_id()
}

/// The letter of a digest.
fn letter(digest: Digest) -> char {
    ('A'..='Z')
        .find(|name| self::digest(*name) == digest)
        .unwrap()
}

fn letters(digests: impl IntoIterator<Item = Digest>) -> String {
    digests.into_iter().map(letter).collect()
}

fn origin() -> Origin {
    let file_name = "app.wasm".to_owned();
    Origin::Deploy { file_name }
}

const NOW: OffsetDateTime = datetime!(2026-11-23 07:00 UTC);

/// What happens to a record, a word a step: `A` activates it, `+A` adds it, `<` rolls back, `<A`
/// rolls back to it, `/A` splits, `|` ends the split, `-3` prunes.
fn after(steps: &str) -> Result<(Record, Vec<Digest>), ReleaseError> {
    let mut record = Record::default();
    let mut dropped = Vec::new();
    for step in steps.split_whitespace() {
        let name = step.chars().last().unwrap();
        match (step.len(), step.chars().next().unwrap()) {
            (1, '<') => drop(record.rollback(None)?),
            (1, '|') => drop(record.end_split()),
            (1, _) => record.activate(digest(name), origin(), 1, NOW),
            (_, '+') => record.add(digest(name), origin(), 1, NOW),
            (_, '<') => drop(record.rollback(Some(&id(name)))?),
            (_, '/') => drop(record.split(&id(name), 10, Sticky::Cookie)?),
            (_, '-') => dropped.extend(record.prune(step[1..].parse().unwrap())),
            _ => panic!("{step}"),
        }
        assert_eq!(record.contradiction(), None, "{steps}");
    }
    Ok((record, dropped))
}

#[test]
fn releases_follow_each_other() {
    // After the steps: the active one, the split's, and each release with what it replaced.
    for (steps, active, split, releases) in [
        ("", "", "", ""),
        ("A", "A", "", "A"),
        ("A A", "A", "", "A"),
        ("A B", "B", "", "A BA"),
        ("A B C", "C", "", "A BA CB"),
        ("A B B", "B", "", "A BA"),
        ("A B A", "A", "", "BA AB"),
        ("A B C A", "A", "", "BA CB AC"),
        // A rollback goes back along what was replaced, and changes none of it.
        ("A B C <", "B", "", "A BA CB"),
        ("A B C < <", "A", "", "A BA CB"),
        ("A B C < < D", "D", "", "A BA CB DA"),
        ("A B C < < D <", "A", "", "A BA CB DA"),
        ("A B C <A", "A", "", "A BA CB"),
        ("A B C <A <C <", "B", "", "A BA CB"),
        ("A B C <C", "C", "", "A BA CB"),
        ("A B A < <", "A", "", "BA AB"),
        // The same component again after a rollback: it replaced what was active then.
        ("A B C < B", "B", "", "A CB BA"),
        ("A B C < C", "C", "", "A BA CB"),
        ("A B C < < C", "C", "", "A BA CA"),
        // A release that was added is there to be split to, and replaces what it stood beside.
        ("+A", "", "", "A"),
        ("A +B", "A", "", "A BA"),
        ("A +A", "A", "", "A"),
        ("A +B /B", "A", "B", "A BA"),
        ("A +B /B |", "A", "", "A BA"),
        ("A +B /B B", "B", "", "A BA"),
        ("A +B /B C", "C", "", "A BA CA"),
        ("A +B /B <B <", "A", "", "A BA"),
        ("A B /A <", "A", "", "A BA"),
        ("A B C /A /B", "C", "B", "A BA CB"),
    ] {
        let (record, _) = after(steps).unwrap_or_else(|error| panic!("{steps}: {error}"));
        let found: Vec<String> = (record.releases.iter())
            .map(|release| {
                letters(
                    [Some(release.digest), release.replaced]
                        .into_iter()
                        .flatten(),
                )
            })
            .collect();
        assert_eq!(letters(record.active), active, "{steps}");
        assert_eq!(letters(record.split.map(|s| s.release)), split, "{steps}");
        assert_eq!(found.join(" "), releases, "{steps}");
    }
}

#[test]
fn what_cannot_be_done_says_why() {
    for (steps, expected) in [
        ("<", "the app has no active release"),
        ("+A <", "the app has no active release"),
        ("+A /A", "the app has no active release"),
        ("<A", "there is no release [A]: there are none"),
        (
            "A <",
            "release [A] replaced no other: name the one to roll back to; there are [A] (active)",
        ),
        (
            "A B <C",
            "there is no release [C]: there are [B] (active), [A]",
        ),
        (
            "A B < <",
            "release [A] replaced no other: name the one to roll back to; there are [B], [A] \
             (active)",
        ),
        (
            "A B C -1 < <",
            "release [B] replaced [A], which is no longer kept: name another; there are [C], \
             [B] (active)",
        ),
        ("A /A", "release [A] is the active one"),
        ("A B /C", "there is no release [C]"),
    ] {
        let error = after(steps).unwrap_err().to_string();
        let expected = ('A'..='C').fold(expected.to_owned(), |text, name| {
            text.replace(&format!("[{name}]"), &id(name).to_string())
        });
        assert!(error.starts_with(&expected), "{steps}: {error}");
    }
}

#[test]
fn the_oldest_releases_are_dropped_but_none_that_is_needed() {
    for (steps, dropped, kept) in [
        ("-1", "", ""),
        ("A B C -3", "", "ABC"),
        ("A B C D E -3", "AB", "CDE"),
        ("A B C D E -2", "ABC", "DE"),
        // What the active one replaced stays, even if there is to be one release only.
        ("A B C -1", "A", "BC"),
        ("A B C -0", "A", "BC"),
        ("A B C D E <A -2", "BCD", "AE"),
        ("A B C D E <B -2", "CDE", "AB"),
        ("A B C D E /A -3", "BC", "ADE"),
        ("A B C D E /A -1", "BC", "ADE"),
        ("A B C A -2", "B", "CA"),
        ("A B C -2 D -2 E -2", "ABC", "DE"),
    ] {
        let (record, found) = after(steps).unwrap();
        let left = letters(record.releases.iter().map(|release| release.digest));
        assert_eq!(
            (letters(found).as_str(), left.as_str()),
            (dropped, kept),
            "{steps}"
        );
    }
}

#[test]
fn a_release_is_found_by_the_beginning_of_its_digest() {
    // The digests of five hundred numbers: some begin with the same four digits.
    let digests: Vec<Digest> = (0..500)
        .map(|i: u32| Digest::of(&i.to_be_bytes()))
        .collect();
    let mut record = Record::default();
    for digest in &digests {
        record.activate(*digest, origin(), 4, NOW);
    }
    let mut ambiguous = 0;
    for digest in &digests {
        let beginning: ReleaseId = digest.to_string()[..4].parse().unwrap();
        let alike = digests
            .iter()
            .filter(|other| beginning.begins(other))
            .count();
        match record.find(&beginning) {
            Ok(release) => assert_eq!((release.digest, alike), (*digest, 1)),
            Err(error) => {
                ambiguous += 1;
                assert!(alike > 1, "{error}");
                assert!(error.to_string().contains(&digest.to_string()), "{error}");
            }
        }
        assert_eq!(record.find(&digest.release_id()).unwrap().digest, *digest);
    }
    assert!(ambiguous > 0);

    let error = record.find(&id('Z')).unwrap_err().to_string();
    assert!(error.ends_with("and 480 more"), "{error}");
}

#[test]
fn a_percentage_is_between_1_and_99() {
    let (mut record, _) = after("A B").unwrap();
    for percent in [0, 100, 255] {
        let error = record.split(&id('A'), percent, Sticky::None).unwrap_err();
        assert_eq!(error, ReleaseError::Percent(percent));
        assert_eq!(record.split, None);
    }
    for percent in [1, 99] {
        record.split(&id('A'), percent, Sticky::Client).unwrap();
        let release = digest('A');
        let sticky = Sticky::Client;
        assert_eq!(
            record.end_split(),
            Some(Split {
                release,
                percent,
                sticky
            })
        );
    }
}

#[test]
fn a_release_that_comes_again_is_as_it_came_last() {
    let (mut record, _) = after("A B").unwrap();
    let later = NOW + time::Duration::HOUR;
    let path = "shop.wasm".to_owned();
    record.activate(digest('A'), Origin::File { path }, 7, later);
    let release = record.release(digest('A')).unwrap();
    assert_eq!((release.created, release.bytes), (later, 7));
    assert!(matches!(release.origin, Origin::File { .. }));
}
