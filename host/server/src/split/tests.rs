//! Shares, stickiness and cookies.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const OLD: &str = "0123456789ab";
const NEW: &str = "ba9876543210";

fn split(sticky: Sticky, percent: u8) -> Splitter {
    Splitter::new(sticky, percent, "shop", "/shop", [OLD, NEW])
}

fn client(n: u32) -> IpAddr {
    Ipv4Addr::from(n).into()
}

fn choose(split: &Splitter, n: u32) -> Side {
    split.choose(client(n), &HeaderMap::new()).side
}

fn cookies(fields: &[&[u8]]) -> HeaderMap {
    let value = |field: &&[u8]| (COOKIE, HeaderValue::from_bytes(field).unwrap());
    let mut map = HeaderMap::new();
    for (name, value) in fields.iter().map(value) {
        map.append(name, value);
    }
    map
}

#[test]
fn each_share_of_evenly_spread_numbers_is_exact() {
    let step = u64::MAX / 10_000;
    for percent in 0..=100 {
        let numbers = (0..10_000).map(|n| n * step + step / 2);
        let new = numbers
            .filter(|&number| side(percent, number) == Side::New)
            .count();
        assert_eq!(new, usize::from(percent) * 100);
    }
    assert_eq!(side(0, 0), Side::Old);
    assert_eq!(side(100, u64::MAX), Side::New);
    assert_eq!(side(255, u64::MAX), Side::New);
}

#[test]
fn draws_and_clients_keep_the_share() {
    for sticky in [Sticky::None, Sticky::Client, Sticky::Cookie] {
        for percent in [0, 1, 10, 50, 99, 100] {
            let split = split(sticky, percent);
            let new = (0..20_000)
                .filter(|&n| choose(&split, n) == Side::New)
                .count();
            // Six standard deviations: it fails once in a thousand million runs.
            let (expected, bound) = (usize::from(percent) * 200, 430);
            assert!(
                new.abs_diff(expected) <= bound,
                "{sticky:?} {percent} %: {new}"
            );
            assert!(!matches!(percent, 0 | 100) || new == expected);
        }
    }
}

#[test]
fn a_client_keeps_its_side_and_moves_only_to_the_new_one() {
    let mut split = split(Sticky::Client, 0);
    let mut before = vec![Side::Old; 1000];
    for percent in 0..=100 {
        split = split.with(Sticky::Client, percent);
        for (n, before) in (0..).zip(&mut before) {
            let side = choose(&split, n);
            assert_eq!(side, choose(&split, n));
            assert!(
                side == Side::New || *before == Side::Old,
                "{n} at {percent} %"
            );
            *before = side;
        }
    }
    assert!(before.iter().all(|&side| side == Side::New));
}

#[test]
fn a_client_is_the_same_in_both_families() {
    let split = split(Sticky::Client, 50);
    for n in 0..100 {
        let mapped: Ipv6Addr = Ipv4Addr::from(n).to_ipv6_mapped();
        let mapped = split.choose(mapped.into(), &HeaderMap::new()).side;
        assert_eq!(mapped, choose(&split, n));
    }
}

#[test]
fn a_browser_gets_a_cookie_once_and_keeps_its_side() {
    let half = split(Sticky::Cookie, 50);
    for n in 0..100 {
        let first = half.choose(client(n), &HeaderMap::new());
        let field = first.cookie.unwrap();
        let field = field.to_str().unwrap();
        let id = if first.side == Side::Old { OLD } else { NEW };
        let expected = format!("wasgi-release-shop={id}; Path=/shop; HttpOnly; SameSite=Lax");
        assert_eq!(field, expected);
        let (pair, _) = field.split_once(';').unwrap();
        for percent in [0, 50, 100] {
            let next = half
                .with(Sticky::Cookie, percent)
                .choose(client(0), &cookies(&[pair.as_bytes()]));
            assert_eq!((next.side, next.cookie), (first.side, None));
        }
    }
}

#[test]
fn only_the_cookie_sticks_to_a_cookie() {
    let fields = cookies(&[b"wasgi-release-shop=0123456789ab"]);
    for sticky in [Sticky::None, Sticky::Client] {
        let choice = split(sticky, 100).choose(client(1), &fields);
        assert_eq!((choice.side, choice.cookie), (Side::New, None));
    }
}

#[test]
fn cookies_are_found_as_browsers_and_others_send_them() {
    let (old, new) = (Some(Side::Old), Some(Side::New));
    let table: [(&[&[u8]], Option<Side>); 24] = [
        (&[], None),
        (&[b""], None),
        (&[b";;; ;=;"], None),
        (&[b"wasgi-release-shop=0123456789ab"], old),
        (&[b"wasgi-release-shop=ba9876543210"], new),
        (&[b"a=b; wasgi-release-shop=ba9876543210; c=d"], new),
        (&[b"a=b;wasgi-release-shop=ba9876543210;c=d"], new),
        (&[b"a=b", b"wasgi-release-shop=ba9876543210"], new),
        (&[b"\t wasgi-release-shop =\t ba9876543210 \t"], new),
        (&[b"wasgi-release-shop=\"ba9876543210\""], new),
        (&[b"wasgi-release-shop=\"ba9876543210"], None),
        (&[b"wasgi-release-shop=ba9876543210\""], None),
        (&[b"wasgi-release-shop=\""], None),
        (&[b"wasgi-release-shop=\"\"ba9876543210\"\""], None),
        (&[b"WASGI-RELEASE-SHOP=ba9876543210"], None),
        (&[b"wasgi-release-shop=BA9876543210"], None),
        (&[b"wasgi-release-shop=ba987654321"], None),
        (&[b"wasgi-release-shop=ba98765432100"], None),
        (&[b"wasgi-release-shop2=ba9876543210"], None),
        (&[b"xwasgi-release-shop=ba9876543210"], None),
        (&[b"wasgi-release-shop; wasgi-release-shop="], None),
        (&[b"wasgi-release-shop==ba9876543210"], None),
        // A release of long ago, with a longer path, does not hide one that is there.
        (
            &[b"wasgi-release-shop=000000000000; wasgi-release-shop=ba9876543210"],
            new,
        ),
        (
            &[b"wasgi-release-shop=0123456789ab; wasgi-release-shop=ba9876543210"],
            old,
        ),
    ];
    let cookie = Cookie::new("shop", "/", [OLD, NEW]).unwrap();
    for (fields, expected) in table {
        assert_eq!(cookie.find(&cookies(fields)), expected, "{fields:?}");
    }
}

#[test]
fn hostile_cookies_change_nothing() {
    let cookie = Cookie::new("shop", "/", [OLD, NEW]).unwrap();
    let garbage: Vec<u8> = (0x20..=0xff).filter(|&byte| byte != 0x7f).collect();
    assert_eq!(cookie.find(&cookies(&[&garbage])), None);
    let (semicolons, equals) = (vec![b';'; 60_000], vec![b'='; 60_000]);
    assert_eq!(cookie.find(&cookies(&[&equals, &semicolons])), None);
    let name = b"wasgi-release-shop".repeat(3000);
    assert_eq!(cookie.find(&cookies(&[&name])), None);
    // As many as are looked at, and one more.
    let own = b"wasgi-release-shop=ba9876543210";
    for (before, expected) in [(COOKIES_MAX - 1, Some(Side::New)), (COOKIES_MAX, None)] {
        let field = [&b"a=b;".repeat(before), &own[..]].concat();
        assert_eq!(cookie.find(&cookies(&[&field])), expected);
    }
}

#[test]
fn apps_have_cookies_of_their_own_with_valid_names() {
    let table = [
        ("shop", "wasgi-release-shop"),
        ("Shop.2_b", "wasgi-release-Shop.2_b"),
        ("a b;c=d,\"e\"", "wasgi-release-a_b_c_d__e_"),
        ("\u{e4}\r\n", "wasgi-release-___"),
    ];
    for (app, expected) in table {
        assert_eq!(cookie_name(app), expected);
    }
}

#[test]
fn a_mount_cannot_break_out_of_the_path() {
    let table = [
        ("/", "/"),
        ("", "/"),
        ("/shop", "/shop"),
        ("/a;Domain=x", "/a%3BDomain=x"),
        ("/a b\r\n\u{e4}", "/a%20b%0D%0A%C3%A4"),
    ];
    for (mount, expected) in table {
        assert_eq!(cookie_path(mount), expected);
    }
}

#[test]
fn ids_that_no_cookie_can_carry_are_drawn_for() {
    for ids in [["a;b", NEW], [OLD, ""], [OLD, "a\r\n"]] {
        let split = Splitter::new(Sticky::Cookie, 100, "shop", "/", ids);
        let choice = split.choose(client(1), &HeaderMap::new());
        assert_eq!((choice.side, choice.cookie), (Side::New, None));
    }
}
