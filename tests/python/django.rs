use super::example::Example;
use super::visitor::{Visitor, value_of};
use crate::support::{Host, Isolation};

const ADD: &str = "/admin/polls/question/add/";

/// A visitor whom the admin knows.
fn administrator(host: &Host) -> Visitor<'_> {
    let mut visitor = Visitor::new(host);
    let page = visitor.get("/admin/login/?next=/admin/");
    let token = value_of(page.text(), "csrfmiddlewaretoken").to_owned();
    let form = |password| {
        [
            ("csrfmiddlewaretoken", token.as_str()),
            ("username", "admin"),
            ("password", password),
            ("next", "/admin/"),
        ]
    };
    let refused = visitor.post("/admin/login/", &form("wrong"));
    assert_eq!(refused.status, 200);
    assert!(refused.text().contains("Please enter the correct username"));
    assert_eq!(visitor.cookie("sessionid"), None);
    let known = visitor.post("/admin/login/", &form("polls"));
    assert_eq!(
        (known.status, known.field("location")),
        (302, Some("/admin/"))
    );
    assert_eq!(known.all("set-cookie").len(), 2);
    visitor
}

/// Adds a question with two choices.
fn ask(visitor: &mut Visitor<'_>, question: &str) {
    let page = visitor.get(ADD);
    let token = value_of(page.text(), "csrfmiddlewaretoken").to_owned();
    let form = [
        ("csrfmiddlewaretoken", token.as_str()),
        ("text", question),
        ("published_0", "2024-02-29"),
        ("published_1", "12:00:00"),
        ("choices-TOTAL_FORMS", "2"),
        ("choices-INITIAL_FORMS", "0"),
        ("choices-MIN_NUM_FORMS", "0"),
        ("choices-MAX_NUM_FORMS", "1000"),
        ("choices-0-text", "Да"),
        ("choices-0-votes", "0"),
        ("choices-1-text", "No"),
        ("choices-1-votes", "0"),
    ];
    let added = visitor.post(ADD, &form);
    let list = Some("/admin/polls/question/");
    assert_eq!(
        (added.status, added.field("location")),
        (302, list),
        "{}",
        added.text()
    );
}

both!(
    a_question_is_asked_in_the_admin_and_voted_on,
    |isolation: Isolation| {
        let example = Example::built("django-polls");
        let host = example.serve(isolation);
        let empty = host.get("/");
        assert!(
            empty.text().contains("Nothing is asked yet."),
            "{}",
            empty.text()
        );
        let mut admin = administrator(&host);
        ask(&mut admin, "Schön?");
        let list = admin.get("/admin/polls/question/");
        assert!(
            list.text().contains("was added successfully"),
            "{}",
            list.text()
        );
        assert!(list.text().contains("Feb. 29, 2024"), "{}", list.text());
        assert!(list.text().contains("1 question"), "{}", list.text());

        let mut visitor = Visitor::new(&host);
        assert!(
            visitor
                .get("/")
                .text()
                .contains("<a href=\"/1/\">Schön?</a>")
        );
        // Without the token nobody votes.
        assert_eq!(visitor.post("/1/vote/", &[("choice", "1")]).status, 403);
        let page = visitor.get("/1/");
        let token = value_of(page.text(), "csrfmiddlewaretoken").to_owned();
        let token = ("csrfmiddlewaretoken", token.as_str());
        assert_eq!(visitor.post("/1/vote/", &[token]).status, 400);
        let voted = visitor.post("/1/vote/", &[token, ("choice", "1")]);
        assert_eq!(
            (voted.status, voted.field("location")),
            (302, Some("/1/results/"))
        );
        let results = visitor.get("/1/results/");
        assert!(
            results.text().contains("<li>Да: 1 vote</li>"),
            "{}",
            results.text()
        );
        assert!(
            results.text().contains("<li>No: 0 votes</li>"),
            "{}",
            results.text()
        );
    }
);

both!(
    who_is_not_known_is_sent_to_the_login,
    |isolation: Isolation| {
        let example = Example::built("django-polls");
        let host = example.serve(isolation);
        let sent = host.get("/admin/");
        assert_eq!(
            (sent.status, sent.field("location")),
            (302, Some("/admin/login/?next=/admin/"))
        );
        let mut forged = Visitor::new(&host);
        forged.keep("sessionid", "0123456789abcdef0123456789abcdef");
        assert_eq!(forged.get("/admin/").status, 302);
        assert_eq!(host.get("/admin/nothing").status, 302);
        assert_eq!(host.get("/nothing").status, 404);
    }
);

both!(
    the_files_of_the_admin_are_in_the_component,
    |isolation: Isolation| {
        let example = Example::built("django-polls");
        let host = example.serve(isolation);
        let style = host.get("/static/admin/css/base.css");
        assert_eq!(style.status, 200);
        let tag = style.field("etag").unwrap();
        let known = host.send(format!(
            "GET /static/admin/css/base.css HTTP/1.1\r\nhost: test\r\nif-none-match: {tag}\r\n\r\n"
        ));
        assert_eq!((known.status, known.body.len()), (304, 0));
        let part = host.send(
            "GET /static/admin/css/base.css HTTP/1.1\r\nhost: test\r\nrange: bytes=0-9\r\n\r\n",
        );
        assert_eq!((part.status, &part.body[..]), (206, &style.body[..10]));
        assert_eq!(host.get("/static/admin/nothing.css").status, 404);
    }
);
