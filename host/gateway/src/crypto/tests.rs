use std::time::{Duration, Instant};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pbkdf2(hash: Hash, password: &str, salt: &str, iterations: u32, length: u32) -> Key {
    Key {
        algorithm: Algorithm::Pbkdf2(hash, iterations),
        password: password.into(),
        salt: salt.into(),
        length,
    }
}

fn scrypt(password: &str, salt: &str, (n, r, p): (u64, u32, u32), length: u32) -> Key {
    Key {
        algorithm: Algorithm::Scrypt(Cost { n, r, p }),
        password: password.into(),
        salt: salt.into(),
        length,
    }
}

async fn derived(key: Key) -> String {
    let mut pace = Pace::new(key.steps(), HOUR, HOUR);
    hex(&key.derive(&mut pace).await.unwrap())
}

#[tokio::test]
async fn pbkdf2_gives_the_keys_of_rfc_6070() {
    let (long, salt) = (
        "passwordPASSWORDpassword",
        "saltSALTsaltSALTsaltSALTsaltSALTsalt",
    );
    for (password, salt, iterations, key) in [
        (
            "password",
            "salt",
            1,
            "0c60c80f961f0e71f3a9b524af6012062fe037a6",
        ),
        (
            "password",
            "salt",
            2,
            "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957",
        ),
        (
            "password",
            "salt",
            4096,
            "4b007901b765489abead49d926f721d065a429c1",
        ),
        (
            long,
            salt,
            4096,
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
        ),
        (
            "pass\0word",
            "sa\0lt",
            4096,
            "56fa6aa75548099dcc37d7f03425e0c3",
        ),
    ] {
        let length = u32::try_from(key.len() / 2).unwrap();
        let asked = pbkdf2(Hash::Sha1, password, salt, iterations, length);
        assert_eq!(derived(asked).await, key);
    }
}

// Those of SHA-256 are from RFC 7914, section 11; the others are OpenSSL's.
#[tokio::test]
async fn pbkdf2_has_every_hash() {
    let long = "x".repeat(200);
    for (hash, password, salt, iterations, length, start) in [
        (
            Hash::Sha256,
            "passwd",
            "salt",
            1,
            64,
            "55ac046e56e3089fec1691c22544b605",
        ),
        (
            Hash::Sha256,
            "Password",
            "NaCl",
            80_000,
            64,
            "4ddcd8f60b98be21830cee5ef22701f9",
        ),
        (
            Hash::Sha224,
            &long,
            "salt",
            3,
            40,
            "60a8d691d97a30932d7368f6382222ed",
        ),
        (
            Hash::Sha384,
            &long,
            "salt",
            3,
            100,
            "69fd6e5663f09b879a2c3d920db6a24f",
        ),
        (
            Hash::Sha512,
            &long,
            "salt",
            3,
            100,
            "7e06f7557aae6057f38260ec33f67b96",
        ),
    ] {
        let key = derived(pbkdf2(hash, password, salt, iterations, length)).await;
        assert_eq!((&key[..32], key.len()), (start, 2 * length as usize));
    }
    let blocks = derived(pbkdf2(Hash::Sha384, &long, "salt", 3, 100)).await;
    assert!(blocks.ends_with("f197c4fbe058840f1f1bb28c40ad7e18fc3f"));
}

#[tokio::test]
async fn scrypt_gives_the_keys_of_rfc_7914() {
    for (password, salt, cost, key) in [
        (
            "",
            "",
            (16, 1, 1),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
             fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
        ),
        (
            "password",
            "NaCl",
            (1024, 8, 16),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
             2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        ),
        (
            "pleaseletmein",
            "SodiumChloride",
            (16_384, 8, 1),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
             d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
        ),
    ] {
        assert_eq!(derived(scrypt(password, salt, cost, 64)).await, key);
    }
}

#[test]
fn what_is_wrong_or_too_much_is_refused_before_it_begins() {
    let limits = Limits {
        kdf_memory: 1 << 20,
        host_call: 1 << 10,
        ..Limits::DEFAULT
    };
    let check = |key: &Key| match key.check(&limits) {
        Ok(()) => "fine".to_owned(),
        Err(Error::Invalid(message)) => format!("invalid: {message}"),
        Err(Error::TooCostly(message)) => format!("too costly: {message}"),
        Err(Error::Denied) => "denied".to_owned(),
    };
    let hash = Hash::Sha1;
    for (key, start) in [
        (pbkdf2(hash, "", "", 1, 1024), "fine"),
        (
            pbkdf2(hash, "", "", 0, 20),
            "invalid: expected an iteration",
        ),
        (pbkdf2(hash, "", "", 1, 0), "invalid: expected a length"),
        (
            pbkdf2(hash, "", "", 1, 1025),
            "too costly: expected a key of 1024",
        ),
        (
            scrypt("", "", (1 << 12, 2, 1), 1),
            "too costly: it would take 1049344",
        ),
        (scrypt("", "", (1 << 11, 2, 1), 1), "fine"),
        (
            scrypt("", "", (2, 1, 1 << 20), 1),
            "too costly: it would take",
        ),
        (scrypt("", "", (3, 1, 1), 1), "invalid: expected n"),
    ] {
        let result = check(&key);
        assert!(result.starts_with(start), "{result}");
    }
}

#[tokio::test]
async fn what_no_request_has_time_for_is_given_up_at_once() {
    let second = Duration::from_secs(1);
    for (steps, key) in [
        (None, pbkdf2(Hash::Sha256, "", "", u32::MAX, 1024)),
        (None, pbkdf2(Hash::Sha1, "", "", u32::MAX, 20)),
        (Some(u64::MAX), scrypt("", "", (1 << 16, 8, 1), 1)),
    ] {
        let began = Instant::now();
        let mut pace = Pace::new(steps.unwrap_or(key.steps()), second, second);
        let Stopped(estimate) = key.derive(&mut pace).await.unwrap_err();
        assert!(estimate > 2 * second, "{estimate:?}");
        assert!(began.elapsed() < second, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn what_goes_on_for_too_long_is_cut_off() {
    let left = Duration::from_millis(20);
    let key = pbkdf2(Hash::Sha256, "", "", 2_000_000, 32);
    let mut pace = Pace::new(key.steps(), left, HOUR);
    key.derive(&mut pace).await.unwrap_err();
    let used = Duration::from_nanos(pace.used());
    assert!(used > left && used < 10 * left, "{used:?}");
}

#[tokio::test]
async fn a_long_computation_makes_room_for_others() {
    let key = pbkdf2(Hash::Sha256, "", "", 500_000, 32);
    let mut polls = 0;
    let mut pace = Pace::new(key.steps(), HOUR, HOUR);
    let mut computing = std::pin::pin!(key.derive(&mut pace));
    std::future::poll_fn(|cx| {
        polls += 1;
        computing.as_mut().poll(cx)
    })
    .await
    .unwrap();
    assert!(polls >= 5, "{polls} polls");
}
