//! Records and components that somebody changed, and records that nobody could read.

use serde_json::Value;

use super::*;

#[test]
fn a_damaged_record_is_named_and_kept() {
    let (_folder, state) = open();
    let mut record = Record::default();
    let blob = activate(&state, &mut record, b"first");
    state.write("shop", &record).unwrap();
    state.write("other", &Record::default()).unwrap();
    let path = state.record_path("shop");
    let whole = fs::read_to_string(&path).unwrap();
    let missing = Digest::of(b"missing").to_string();
    let digest = blob.digest().to_string();
    for (damaged, reason) in [
        (String::new(), "EOF while parsing"),
        (whole[..whole.len() / 2].to_owned(), "EOF while parsing"),
        ("\u{0}".repeat(whole.len()), "expected value"),
        ("[]".to_owned(), "invalid length 0"),
        (
            whole.replace("\"version\": 1", "\"version\": 2"),
            "its format is version 2, expected 1",
        ),
        (
            whole.replace("\"shop\"", "\"other\""),
            "it is the record of app \"other\"",
        ),
        (
            whole.replace("2026-11", "2026-13"),
            "month was not in range",
        ),
        (whole.replacen(&digest, &missing, 1), "it names"),
        (
            whole.replacen(&digest, "12", 1),
            "expected 64 hexadecimal digits, found \"12\"",
        ),
        (
            format!("{{\"version\": 1, \"record\": {}", "[".repeat(100_000)),
            "EOF while parsing",
        ),
    ] {
        fs::write(&path, &damaged).unwrap();
        let error = state.read("shop").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(path.to_str().unwrap()) && text.contains(reason),
            "{text}"
        );
        assert_eq!(state.apps().unwrap(), ["other", "shop"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);

        state.write("shop", &record).unwrap();
        let kept = fs::read_to_string(path.with_extension("json.damaged")).unwrap();
        assert_eq!(kept, damaged);
        assert_eq!(state.read("shop").unwrap().as_ref(), Some(&record));
    }
    // A whole record is not kept when it is replaced.
    fs::remove_file(path.with_extension("json.damaged")).unwrap();
    state.write("shop", &record).unwrap();
    assert_eq!(names(&state.apps), ["other.json", "shop.json"]);
}

#[test]
fn of_many_writes_at_once_the_first_keeps_the_damaged_record() {
    let (_folder, state) = open();
    let path = state.record_path("shop");
    for round in 0..50 {
        let damaged = format!("damaged {round}");
        fs::write(&path, &damaged).unwrap();
        thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| state.write("shop", &Record::default()).unwrap());
            }
        });
        let kept = fs::read_to_string(path.with_extension("json.damaged")).unwrap();
        assert_eq!(kept, damaged);
        assert_eq!(state.read("shop").unwrap(), Some(Record::default()));
    }
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let (_folder, state) = open();
    let mut record = Record::default();
    let first = activate(&state, &mut record, b"first");
    record.add(
        Digest::of(b"second"),
        Origin::File {
            path: "é".to_owned(),
        },
        6,
        NOW,
    );
    let second = Digest::of(b"second").release_id();
    record.split(&second, 99, Sticky::Client).unwrap();
    state.write("shop", &record).unwrap();
    let path = state.record_path("shop");
    let mut stored = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    add_unknown(&mut stored);
    fs::write(&path, stored.to_string()).unwrap();
    drop(first);
    assert_eq!(state.read("shop").unwrap(), Some(record));
}

/// Adds a field to every object, but where the one field is the name of a case.
fn add_unknown(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_unknown),
        Value::Object(fields) => {
            fields.values_mut().for_each(add_unknown);
            if !fields.contains_key("deploy") && !fields.contains_key("file") {
                fields.insert("unknown".to_owned(), Value::from(vec![1]));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_record_that_could_not_be_read_again_is_not_written() {
    let (_folder, state) = open();
    state.write("shop", &Record::default()).unwrap();
    let active = Some(Digest::of(b"missing"));
    let error = state
        .write(
            "shop",
            &Record {
                active,
                ..Record::default()
            },
        )
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("which is not among its releases"),
        "{error}"
    );

    let mut record = Record::default();
    let path = "a".repeat(usize::try_from(RECORD_BYTES_MAX).unwrap());
    record.add(Digest::of(b"long"), Origin::File { path }, 4, NOW);
    let error = state.write("shop", &record).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected at most 16777216 bytes"),
        "{error}"
    );
    assert_eq!(state.read("shop").unwrap(), Some(Record::default()));

    let huge = File::create(state.record_path("huge")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let error = state.read("huge").unwrap_err();
    assert!(
        error.to_string().contains("more than 16777216 bytes"),
        "{error}"
    );
}

#[test]
fn a_component_that_was_changed_is_refused_and_mended_by_the_next_deploy() {
    let (_folder, state) = open();
    let blob = state.put(b"component").unwrap();
    for damaged in [Some(&b"componenT"[..]), Some(b"comp"), Some(b""), None] {
        fs::remove_file(blob.path()).unwrap();
        if let Some(damaged) = damaged {
            fs::write(blob.path(), damaged).unwrap();
        }
        let error = state.open_blob(blob.digest()).unwrap_err().to_string();
        let id = blob.digest().release_id().to_string();
        assert!(
            error.contains(&id) && error.contains("deploy it again"),
            "{error}"
        );
        let again = state.put(b"component").unwrap();
        assert_eq!(state.open_blob(again.digest()).unwrap(), again.path());
    }
    assert_eq!(
        names(&state.blobs_folder()),
        [format!("{}.wasm", blob.digest())]
    );
}
