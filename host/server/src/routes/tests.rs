//! The table as a whole: what a request finds.

mod properties;

use super::*;

fn route(text: &str) -> Route {
    let start = text.find('/').unwrap();
    let (host, path) = text.split_at(start);
    Route {
        host: (!host.is_empty()).then(|| host.parse().unwrap()),
        path: path.parse().unwrap(),
    }
}

/// A table of apps whose values are their routes.
fn table<'r>(routes: &[&'r str], default: Option<&'r str>) -> Routes<&'r str> {
    let apps = routes.iter().map(|text| (route(text), *text)).collect();
    Routes::build(apps, Vec::new(), default).unwrap()
}

/// What is found, as `ROUTE SCRIPT_NAME NAME=VALUE…`.
fn found(routes: &Routes<&str>, host: Option<&str>, path: &str) -> String {
    match routes.find(host, path, None) {
        None => "none".to_owned(),
        Some(Found::Redirect { status, location }) => {
            format!("{} {}", status.as_u16(), location.to_str().unwrap())
        }
        Some(Found::App {
            value,
            script_name_length,
            parameters,
        }) => {
            let mut shown = format!("{value} {:?}", &path[..script_name_length]);
            for (name, value) in parameters {
                shown += &format!(" {name}={value}");
            }
            shown
        }
    }
}

#[test]
fn a_prefix_takes_itself_and_all_beneath_it() {
    let all = table(&["/"], None);
    for path in ["/", "*", "", "/shop", "//a", "/%ff"] {
        assert_eq!(found(&all, None, path), "/ \"\"", "{path}");
    }
    let shop = table(&["/shop"], None);
    for (path, expected) in [
        ("/shop", true),
        ("/shop/", true),
        ("/shop/a", true),
        ("/shop//%ff", true),
        ("/shopping", false),
        ("/sho", false),
        ("//shop", false),
        ("/SHOP", false),
        ("/%73hop", false),
        ("/", false),
        ("*", false),
        ("shop", false),
    ] {
        let expected = if expected { "/shop \"/shop\"" } else { "none" };
        assert_eq!(found(&shop, None, path), expected, "{path}");
    }
}

#[test]
fn parameters_take_segments_and_are_decoded() {
    let routes = table(
        &[
            "/items/{id}",
            "/items/{id}/edit",
            "/files/{rest...}",
            "/{a}/x/{b}/{c...}",
        ],
        None,
    );
    for (path, expected) in [
        ("/items/7", r#"/items/{id} "/items" id=7"#),
        ("/items/a%20b%2Fc", r#"/items/{id} "/items" id=a b/c"#),
        ("/items/caf%C3%A9", r#"/items/{id} "/items" id=café"#),
        ("/items/%zz", r#"/items/{id} "/items" id=%zz"#),
        ("/items/7/edit", r#"/items/{id}/edit "/items" id=7"#),
        ("/items", "none"),
        ("/items/", "none"),
        ("/items/7/", "none"),
        ("/items/7/other", "none"),
        ("/items//edit", "none"),
        ("/items/%ff", "none"),
        ("/items/%C3/edit", "none"),
        ("/files", r#"/files/{rest...} "/files" rest="#),
        ("/files/", r#"/files/{rest...} "/files" rest="#),
        ("/files/a/b%20/", r#"/files/{rest...} "/files" rest=a/b /"#),
        ("/files//a", r#"/files/{rest...} "/files" rest=/a"#),
        ("/files/a/%ff", "none"),
        ("/files/a/%ff/b", "none"),
        ("/1/x/2", r#"/{a}/x/{b}/{c...} "" a=1 b=2 c="#),
        ("/1/x/2/3/4", r#"/{a}/x/{b}/{c...} "" a=1 b=2 c=3/4"#),
        ("/%ff/x/2", "none"),
        ("/items/x/y", r#"/{a}/x/{b}/{c...} "" a=items b=y c="#),
        ("*", "none"),
    ] {
        assert_eq!(found(&routes, None, path), expected, "{path}");
    }
}

#[test]
fn a_slash_at_the_end_is_a_segment_where_no_route_is_as_long() {
    assert_eq!(found(&table(&["/{x}"], None), None, "/a"), "/{x} \"\" x=a");
    assert_eq!(found(&table(&["/{x}"], None), None, "/a/"), "none");
}

#[test]
fn the_asterisk_is_no_path() {
    assert_eq!(found(&table(&["/{rest...}"], None), None, "*"), "none");
    assert_eq!(found(&table(&["/{x}"], Some("d")), None, "*"), "d \"\"");
}

#[test]
fn a_literal_comes_before_a_parameter_and_that_before_the_rest() {
    let routes = table(
        &[
            "/",
            "/a",
            "/a/{x}",
            "/a/{x}/{rest...}",
            "/a/b/c",
            "/{x}/b",
            "/{x}/b/{y}/d",
        ],
        None,
    );
    for (path, expected) in [
        ("/", "/"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a/b", "/a/{x}"),
        ("/a/1/", "/a/{x}/{rest...}"),
        ("/a/b/c", "/a/b/c"),
        ("/a/b/c/d", "/a/b/c"),
        ("/a/b/1/d", "/a/{x}/{rest...}"),
        ("/a/%ff/1", "/a"),
        ("/a/1/%ff", "/a"),
        ("/1/b", "/{x}/b"),
        ("/1/b/2/d", "/{x}/b/{y}/d"),
        ("/1/b/2", "/"),
        ("/1", "/"),
    ] {
        let Some(Found::App { value, .. }) = routes.find(None, path, None) else {
            panic!("{path}");
        };
        assert_eq!(*value, expected, "{path}");
    }
}

#[test]
fn a_host_comes_before_what_it_is_beneath_and_that_before_every_host() {
    let routes = table(
        &[
            "/",
            "/every",
            "shop.example/a",
            "*.example/a",
            "*.example/b",
            "*.shop.example/a",
            "[::1]/a",
            "127.0.0.1/a",
        ],
        None,
    );
    for (host, path, expected) in [
        ("shop.example", "/a", "shop.example/a"),
        ("SHOP.example.:80", "/a", "shop.example/a"),
        ("u:p@shop.example", "/a", "shop.example/a"),
        ("shop.example", "/b", "*.example/b"),
        ("shop.example", "/every", "/every"),
        ("shop.example", "/c", "/"),
        ("other.example", "/a", "*.example/a"),
        ("example", "/a", "/"),
        ("1.shop.example", "/a", "*.shop.example/a"),
        ("2.1.shop.example", "/a", "*.shop.example/a"),
        ("2.1.shop.example", "/b", "*.example/b"),
        ("myshop.example", "/a", "*.example/a"),
        ("shop.example.org", "/a", "/"),
        ("[0::1]:80", "/a", "[::1]/a"),
        ("127.0.0.1:8080", "/a", "127.0.0.1/a"),
        ("", "/a", "/"),
        ("..:x@[", "/a", "/"),
    ] {
        let Some(Found::App { value, .. }) = routes.find(Some(host), path, None) else {
            panic!("{host} {path}");
        };
        assert_eq!(*value, expected, "{host} {path}");
    }
    assert_eq!(found(&routes, None, "/a"), "/ \"\"");
}

#[test]
fn the_default_answers_what_no_route_matches() {
    let routes = table(&["shop.example/a"], Some("default"));
    assert_eq!(found(&routes, Some("shop.example"), "/b"), "default \"\"");
    assert_eq!(found(&routes, None, "/a"), "default \"\"");
    assert_eq!(found(&table(&[], None), None, "/"), "none");
}

#[test]
fn redirects_are_routes_as_apps_are() {
    let redirect = |from: &str, to: &str, status| {
        Redirect::new(route(from), to.parse().unwrap(), status).unwrap()
    };
    let redirects = vec![
        redirect("/old", "/new", 308),
        redirect("/files/{rest...}", "/{rest...}", 301),
        redirect("/items/{id}", "/item?id={id}", 302),
        redirect("old.example/{all...}", "https://new.example/{all...}", 307),
    ];
    let apps = vec![(route("/old/app"), "app")];
    let routes = Routes::build(apps, redirects, None).unwrap();
    for (host, path, query, expected) in [
        ("", "/old", None, "308 /new"),
        ("", "/old/a/b", Some("q"), "308 /new?q"),
        ("", "/old/app", None, "app"),
        ("", "/files//evil.example", None, "301 /evil.example"),
        ("", "/files", None, "301 /"),
        ("", "/items/a%2Fb", Some("q"), "302 /item?id=a%2Fb"),
        (
            "old.example",
            "/a/%C3%A9",
            None,
            "307 https://new.example/a/%C3%A9",
        ),
        (
            "old.example",
            "/old/app",
            None,
            "307 https://new.example/old/app",
        ),
    ] {
        let shown = match routes.find(Some(host), path, query).unwrap() {
            Found::App { value, .. } => (*value).to_owned(),
            Found::Redirect { status, location } => {
                format!("{} {}", status.as_u16(), location.to_str().unwrap())
            }
        };
        assert_eq!(shown, expected, "{host} {path}");
    }
}

#[test]
fn routes_that_no_request_could_tell_apart_are_refused() {
    for (one, other, is_conflict) in [
        ("/a", "/a/", true),
        ("/a/{x}", "/a/{y}", true),
        ("/files", "/files/{rest...}", true),
        ("/files/{rest...}", "/files", true),
        ("shop.example/", "SHOP.example/", true),
        ("[::1]/", "[0::1]/", true),
        ("*.shop.example/", "*.SHOP.example/{x...}", true),
        ("/a", "/a/{x}", false),
        ("/a/{x}", "/a/{x}/{y...}", false),
        ("/", "shop.example/", false),
        ("shop.example/", "*.shop.example/", false),
        ("/%61", "/a", false),
    ] {
        assert_eq!(route(one) == route(other), is_conflict, "{one} {other}");
        let apps = vec![(route("/first"), ()), (route(one), ())];
        let redirect = Redirect::new(route(other), "/new".parse().unwrap(), 308).unwrap();
        let result = Routes::build(apps, vec![redirect], None);
        if is_conflict {
            let conflict = result.unwrap_err();
            assert_eq!(conflict.first.by, Claimant::App(1));
            assert_eq!(conflict.second.by, Claimant::Redirect(0));
            let message = conflict.to_string();
            let (one, other) = (route(one).to_string(), route(other).to_string());
            assert!(
                message.contains(&one) && message.contains(&other),
                "{message}"
            );
        } else {
            assert!(result.is_ok(), "{one} {other}");
        }
    }
}

#[test]
fn hostile_paths_are_bounded() {
    let routes = table(&["/a/{x}/a/{y...}", "/{x}/a/{y}", "h.example/a"], None);
    for unit in ["/", "/a", "/%ff", "/%C3%A9", "%", "/{}", "a"] {
        let path = format!("/{}", unit.repeat(100_000));
        let host = format!("{}h.example", "a.".repeat(100_000));
        drop(routes.find(Some(&host), &path, Some(&path)));
    }
    let longest = "/{p}"
        .repeat(PATH_SEGMENTS_MAX)
        .split('/')
        .skip(1)
        .enumerate()
        .fold(String::new(), |path, (place, _)| {
            format!("{path}/{{p{place}}}")
        });
    let routes = table(&[&longest], None);
    assert!(
        routes
            .find(None, &"/a".repeat(PATH_SEGMENTS_MAX), None)
            .is_some()
    );
    assert!(
        routes
            .find(None, &"/a".repeat(PATH_SEGMENTS_MAX + 1), None)
            .is_none()
    );
}
