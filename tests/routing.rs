use crate::support::site::Site;
use crate::support::{Host, guests};

/// A host with these apps, each of which answers with its environ.
fn environs(apps: &str) -> (Site, Host) {
    let component = guests::path("environ");
    let apps = apps.replace("ENVIRON", component.to_str().unwrap());
    let site = Site::new(&apps);
    let host = site.serve_with(&["--access-log", "json"]);
    (site, host)
}

/// Ask a virtual host.
fn ask(host: &Host, name: &str, target: &str) -> crate::support::Response {
    host.send(format!("GET {target} HTTP/1.1\r\nhost: {name}\r\n\r\n"))
}

#[test]
fn hosts_and_paths_select_the_app() {
    let (_site, host) = environs(
        "[server]\ndefault = 'rest'\n\
         [[app]]\nname = 'shop'\ncomponent = 'ENVIRON'\nhost = 'shop.example'\n\
         [[app]]\nname = 'cart'\ncomponent = 'ENVIRON'\nhost = 'shop.example'\npath = '/cart'\n\
         [[app]]\nname = 'any'\ncomponent = 'ENVIRON'\nhost = ['*.shop.example', 'b.example']\n\
         [[app]]\nname = 'status'\ncomponent = 'ENVIRON'\npath = '/status'\n\
         [[app]]\nname = 'rest'\ncomponent = 'ENVIRON'\nhost = 'rest.example'\n\
         [[app]]\nname = 'item'\ncomponent = 'ENVIRON'\npath = '/items/{id}/{rest...}'\n",
    );
    for (name, target, app, script_name) in [
        ("shop.example", "/", "shop", ""),
        ("SHOP.example:8080", "/cartoon", "shop", ""),
        ("shop.example", "/cart/1", "cart", "/cart"),
        ("a.shop.example", "/cart", "any", ""),
        ("b.example", "/x", "any", ""),
        ("c.example", "/status", "status", "/status"),
        ("c.example", "/else", "rest", ""),
        ("", "/items/a%2Fb/c/d", "item", "/items"),
    ] {
        let response = ask(&host, name, target);
        assert_eq!(response.status, 200, "{name} {target}");
        let line = format!("script-name={script_name}");
        assert!(
            response.text().lines().any(|other| other == line),
            "{name} {target}"
        );
        host.stdout()
            .wait_for(&[target, &format!("\"app\":\"{app}\"")]);
    }
    let text = ask(&host, "", "/items/a%2Fb/c/d").text().to_owned();
    assert!(
        text.contains("route-parameters=id:a/b,rest:c/d\n"),
        "{text}"
    );
}

#[test]
fn what_no_app_answers_says_so() {
    let (_site, host) =
        environs("[[app]]\nname = 'a'\ncomponent = 'ENVIRON'\nhost = 'a.example'\n");
    let response = ask(&host, "b.example", "/");
    assert_eq!(response.status, 404);
    assert!(
        response.text().contains("no app answers"),
        "{}",
        response.text()
    );
}

#[test]
fn redirects_carry_what_their_pattern_found() {
    let (_site, host) = environs(
        "[[app]]\nname = 'a'\ncomponent = 'ENVIRON'\n\
         [[redirect]]\nfrom = '/old/{id}'\nto = '/new/{id}'\n\
         [[redirect]]\nfrom = '/docs/{rest...}'\nto = 'https://docs.example/{rest...}'\nstatus = 302\n\
         [[redirect]]\nhost = 'www.a.example'\nfrom = '/{rest...}'\nto = '/{rest...}'\nstatus = 301\n",
    );
    for (name, target, status, location) in [
        ("a.example", "/old/7?x=1", 308, "/new/7?x=1"),
        (
            "a.example",
            "/docs/a/b%20c",
            302,
            "https://docs.example/a/b%20c",
        ),
        ("www.a.example", "//evil.example/", 301, "/evil.example/"),
    ] {
        let response = ask(&host, name, target);
        assert_eq!(
            (response.status, response.field("location")),
            (status, Some(location))
        );
    }
    assert_eq!(ask(&host, "a.example", "/old/7/8").status, 200);
}
