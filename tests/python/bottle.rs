use super::example::Example;
use super::visitor::{Visitor, value_of};
use crate::support::Isolation;

both!(a_page_remembers_its_visitor, |isolation: Isolation| {
    let example = Example::built("bottle-hello");
    let host = example.serve(isolation);
    let mut visitor = Visitor::new(&host);
    let answer = visitor.post("/hello", &[("name", "Грета 🐈")]);
    let names: Vec<_> = answer.all("set-cookie");
    assert_eq!((answer.status, names.len()), (303, 2));
    let page = "http://test/hello/%D0%93%D1%80%D0%B5%D1%82%D0%B0%20%F0%9F%90%88";
    assert_eq!(answer.field("location"), Some(page));
    visitor.get("/hello/x");
    let page = visitor.get("/hello/%D0%93%D1%80%D0%B5%D1%82%D0%B0%20%F0%9F%90%88");
    assert!(page.text().contains("Hello, Грета 🐈!"), "{}", page.text());
    assert!(page.text().contains("here 2 times"), "{}", page.text());
    assert_eq!(
        value_of(
            &page.text().replace("placeholder=\"Your name\" ", ""),
            "name"
        ),
        "Грета 🐈"
    );
});

both!(
    an_answer_to_head_is_that_to_get_without_a_body,
    |isolation: Isolation| {
        let example = Example::built("bottle-hello");
        let host = example.serve(isolation);
        let get = host.get("/");
        let mut connection = host.connect();
        connection.send("HEAD / HTTP/1.1\r\nhost: test\r\n\r\n");
        let head = connection.head();
        assert_eq!(head.status, 200);
        assert_eq!(head.field("content-length"), get.field("content-length"));
        // What comes next on the connection is the next response, not a body.
        connection.send("GET /api/hello/Ada HTTP/1.1\r\nhost: test\r\n\r\n");
        assert_eq!(
            connection.response().text(),
            "{\"greeting\": \"Hello, Ada!\"}"
        );
    }
);

both!(
    what_is_not_there_is_bottles_own_page,
    |isolation: Isolation| {
        let example = Example::built("bottle-hello").mounted("/b%C3%A4r");
        let host = example.serve(isolation);
        let missing = host.get("/b%C3%A4r/nothing");
        assert_eq!(missing.status, 404);
        assert!(
            missing.text().contains("Not found: &#039;/nothing&#039;"),
            "{}",
            missing.text()
        );
        let mut visitor = Visitor::new(&host);
        assert_eq!(visitor.post("/b%C3%A4r/hello", &[("name", "")]).status, 400);
    }
);
