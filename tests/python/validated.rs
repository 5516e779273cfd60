use std::fs;

use super::example::Example;
use super::visitor::{Visitor, value_of};
use crate::support::Host;

/// An example in source whose application is within the standard library's validator.
///
/// What breaks PEP 3333, on either side of it, is an `AssertionError` and a page of 500.
fn serve(name: &str, source: &str, module: &str) -> (Example, Host) {
    let (file, app) = module.split_once(':').unwrap();
    let example = Example::in_source(name).with(module, "validated:app");
    let text = format!(
        "from wsgiref.validate import validator\n\nfrom {file} import {app} as application\n\n\
         app = validator(application)\n"
    );
    fs::write(example.path(&format!("{source}validated.py")), text).unwrap();
    let host = example.serve_with(&[]);
    (example, host)
}

#[test]
fn bottle_is_valid() {
    let (_example, host) = serve("bottle-hello", "", "hello:app");
    let mut visitor = Visitor::new(&host);
    assert_eq!(visitor.post("/hello", &[("name", "Ä")]).status, 303);
    assert!(visitor.get("/hello/%C3%84").text().contains("Hello, Ä!"));
    assert_eq!(host.get("/nothing").status, 404);
    assert_eq!(host.get("/api/hello/x?q=%FF").status, 200);
}

#[test]
fn flask_is_valid() {
    let (_example, host) = serve("flask-guestbook", "app/", "guestbook:app");
    let mut visitor = Visitor::new(&host);
    let form = [("name", "Ada"), ("message", "Hello")];
    assert_eq!(visitor.post("/sign", &form).status, 303);
    assert!(visitor.get("/").text().contains("Thank you, Ada!"));
    assert_eq!(host.get("/entries.txt").text(), "Ada: Hello\n");
    let put = visitor.send("PUT", "/photos/a", "text/plain", "photo");
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(host.get("/photos/a").text(), "photo");
    assert_eq!(host.get("/static/style.css").status, 200);
    assert_eq!(host.get("/nothing").status, 404);
}

#[test]
fn django_is_valid() {
    let (_example, host) = serve("django-polls", "", "mysite.wsgi:application");
    let mut visitor = Visitor::new(&host);
    assert!(visitor.get("/").text().contains("Nothing is asked yet."));
    let page = visitor.get("/admin/login/");
    let token = value_of(page.text(), "csrfmiddlewaretoken").to_owned();
    let form = [
        ("csrfmiddlewaretoken", token.as_str()),
        ("username", "admin"),
        ("password", "polls"),
    ];
    assert_eq!(
        visitor.post("/admin/login/?next=/admin/", &form).status,
        302
    );
    assert_eq!(visitor.get("/admin/").status, 200);
    assert_eq!(host.get("/static/polls/style.css").status, 200);
    assert_eq!(host.get("/nothing").status, 404);
}
