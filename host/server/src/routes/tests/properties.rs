//! What holds for all tables and requests: above all, that the tree finds what a plain reading of the
//! rules does.

use std::cmp::Reverse;

use http::Uri;
use proptest::prelude::*;

use super::*;

/// The rules, read plainly: whether a pattern matches, and with which values.
fn matches(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    if !pattern.contains('{') {
        let is_beneath = path
            .strip_prefix(pattern)
            .is_some_and(|rest| pattern.is_empty() || rest.is_empty() || rest.starts_with('/'));
        return is_beneath.then(Vec::new);
    }
    let decoded = |text: &str| {
        let bytes = percent_decode_str(text).collect::<Vec<u8>>();
        String::from_utf8(bytes).ok()
    };
    let mut sent: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let mut parameters = Vec::new();
    for part in pattern.split('/').skip(1) {
        if let Some(name) = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix("...}"))
        {
            parameters.push((name.to_owned(), decoded(&sent.join("/"))?));
            return Some(parameters);
        }
        if sent.is_empty() {
            return None;
        }
        let segment = sent.remove(0);
        match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            Some(_) if segment.is_empty() => return None,
            Some(name) => parameters.push((name.to_owned(), decoded(segment)?)),
            None if part == segment => {}
            None => return None,
        }
    }
    sent.is_empty().then_some(parameters)
}

/// How specific a pattern is, segment by segment: the least is the most specific.
fn specificity(pattern: &str) -> Vec<u8> {
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    let mut ranks: Vec<u8> = pattern
        .split('/')
        .skip(1)
        .map(|part| match part {
            _ if part.ends_with("...}") => 2,
            _ if part.starts_with('{') => 1,
            _ => 0,
        })
        .collect();
    if !pattern.contains('{') {
        ranks.push(2);
    }
    ranks
}

/// How specific a host is for a request's, if it matches: the least is the most specific.
fn host_rank(host: &str, sent: &str) -> Option<(u8, Reverse<usize>)> {
    let sent = sent.to_lowercase();
    let sent = sent.split(':').next().unwrap();
    match host.strip_prefix('*') {
        _ if host.is_empty() => Some((2, Reverse(0))),
        Some(end) => {
            let is_beneath = sent.ends_with(end) && sent.len() > end.len();
            is_beneath.then_some((1, Reverse(end.len())))
        }
        None => (host == sent).then_some((0, Reverse(0))),
    }
}

/// What a look at every route finds.
fn find_plainly<'r>(
    routes: &[&'r str],
    host: &str,
    path: &str,
) -> Option<(&'r str, Vec<(String, String)>)> {
    let matching = routes.iter().filter_map(|route| {
        let (named, pattern) = route.split_at(route.find('/').unwrap());
        let rank = host_rank(named, host)?;
        Some((
            (rank, specificity(pattern)),
            (*route, matches(pattern, path)?),
        ))
    });
    matching
        .min_by_key(|(rank, _)| rank.clone())
        .map(|(_, answer)| answer)
}

fn any_pattern() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("%C3%A9".to_owned()),
        Just("{}".to_owned()),
    ];
    let end = prop_oneof![Just(""), Just("/"), Just("/{...}")];
    (prop::collection::vec(part, 0..5), end).prop_map(|(parts, end)| {
        let mut pattern = String::new();
        for (place, part) in parts.iter().enumerate() {
            pattern += &match part.as_str() {
                "{}" => format!("/{{p{place}}}"),
                part => format!("/{part}"),
            };
        }
        match end {
            "/{...}" => pattern + "/{rest...}",
            _ if pattern.is_empty() => "/".to_owned(),
            "/" if !pattern.contains('{') => pattern + "/",
            _ => pattern,
        }
    })
}

fn any_route() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        3 => Just(""),
        1 => Just("x.example"),
        1 => Just("y.x.example"),
        1 => Just("*.example"),
        1 => Just("*.x.example"),
    ];
    (host, any_pattern()).prop_map(|(host, pattern)| format!("{host}{pattern}"))
}

fn any_path() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => Just("a"),
        3 => Just("b"),
        1 => Just(""),
        1 => Just("%C3%A9"),
        1 => Just("%ff"),
        1 => Just("%zz"),
        1 => Just("é"),
    ];
    let paths = prop::collection::vec(part, 0..7).prop_map(|parts| format!("/{}", parts.join("/")));
    prop_oneof![19 => paths, 1 => Just("*".to_owned())]
}

fn any_host() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just("example"),
        Just("x.example:80"),
        Just("Y.X.example"),
        Just("z.y.x.example"),
        Just("z.example"),
        Just("xx.example"),
    ]
}

/// The routes without those that are equal to an earlier one.
fn distinct(routes: &[String]) -> Vec<&str> {
    let mut kept: Vec<&str> = Vec::new();
    for text in routes {
        if !kept.iter().any(|earlier| route(earlier) == route(text)) {
            kept.push(text);
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_tree_agrees_with_a_look_at_every_route(
        routes in prop::collection::vec(any_route(), 0..24),
        requests in prop::collection::vec((any_host(), any_path()), 1..16),
    ) {
        let routes = distinct(&routes);
        let tree = table(&routes, None);
        for (host, path) in &requests {
            let plain = find_plainly(&routes, host, path);
            let found = tree.find(Some(host), path, None).map(|found| match found {
                Found::App { value, parameters, .. } => (*value, parameters),
                Found::Redirect { .. } => panic!("there are none"),
            });
            prop_assert_eq!(found, plain, "{} {}", host, path);
        }
    }

    #[test]
    fn routes_are_refused_if_they_match_the_same(
        one in any_pattern(),
        other in any_pattern(),
        paths in prop::collection::vec(any_path(), 64),
    ) {
        let (a, b) = (route(&one), route(&other));
        let apps = vec![(a.clone(), ()), (b.clone(), ())];
        prop_assert_eq!(a == b, Routes::build(apps, Vec::new(), None).is_err());
        prop_assert_eq!(a == b, specificity(&one) == specificity(&other) && {
            let literals = |text: &str| -> Vec<String> {
                text.split('/').filter(|part| !part.is_empty() && !part.starts_with('{'))
                    .map(str::to_owned).collect()
            };
            literals(&one) == literals(&other)
        });
        if a == b {
            // Only a value that is not UTF-8, and the asterisk, are for prefixes alone.
            for path in paths.iter().filter(|path| *path != "*" && !path.contains("%ff")) {
                let (one, other) = (matches(&one, path), matches(&other, path));
                prop_assert_eq!(one.is_some(), other.is_some(), "{}", path);
            }
        }
    }

    #[test]
    fn a_script_name_is_the_start_of_the_path(
        routes in prop::collection::vec(any_route(), 0..24),
        host in any_host(),
        path in any_path(),
    ) {
        let routes = distinct(&routes);
        let tree = table(&routes, Some("/default"));
        let Some(Found::App { value, script_name_length, .. }) =
            tree.find(Some(host), &path, None) else { panic!("there is a default") };
        let (script_name, path_info) = path.split_at(script_name_length);
        prop_assert!(path_info.is_empty() || path_info.starts_with('/') || path == "*");
        if *value != "/default" {
            let pattern = route(value).path;
            prop_assert_eq!(script_name, pattern.script_name());
            let mount = pattern.to_string();
            if pattern.is_prefix() && mount != "/" {
                prop_assert_eq!(script_name, mount);
            }
        }
    }

    #[test]
    fn nothing_that_is_sent_makes_it_panic(
        routes in prop::collection::vec(any_route(), 0..24),
        host in any::<Option<String>>(),
        target in prop::collection::vec(any::<u8>(), 0..64),
        path in any::<String>(),
        query in any::<Option<String>>(),
    ) {
        let redirects = vec![
            Redirect::new(route("/b/{x}/{y...}"), "/{y...}{x}?{x}".parse().unwrap(), 308).unwrap(),
        ];
        let routes = distinct(&routes).into_iter().filter(|text| *text != "/b/{p1}/{rest...}");
        let apps = routes.map(|text| (route(text), ())).collect();
        let table = Routes::build(apps, redirects, None).unwrap();
        let target = [b"/".as_slice(), &target].concat();
        if let Ok(uri) = Uri::try_from(target) {
            drop(table.find(host.as_deref(), uri.path(), uri.query()));
        }
        drop(table.find(host.as_deref(), &path, query.as_deref()));
        for path in [format!("/b/{path}"), format!("/b/a/{path}")] {
            if let Some(Found::Redirect { location, .. }) =
                table.find(host.as_deref(), &path, query.as_deref())
            {
                let location = location.to_str().unwrap();
                prop_assert!(location.starts_with('/') && !location.starts_with("//"));
                prop_assert!(!location.contains('\\') && location.is_ascii());
            }
        }
    }
}
