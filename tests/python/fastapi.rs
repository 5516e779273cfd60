use serde_json::{Value, json};

use super::example::Example;
use super::visitor::Visitor;
use crate::support::{Isolation, Response};

const JSON: &str = "application/json";

fn value(response: &Response) -> Value {
    serde_json::from_str(response.text()).unwrap()
}

both!(
    items_are_added_listed_changed_and_removed,
    |isolation: Isolation| {
        let example = Example::built("fastapi-items").mounted("/shop");
        let host = example.serve(isolation);
        let mut visitor = Visitor::new(&host);
        let lamp = r#"{"name": "Ламpa", "price": 19.5}"#;
        let added = visitor.send("POST", "/shop/items", JSON, lamp);
        assert_eq!(added.status, 201, "{added:?}");
        assert_eq!(added.field("location"), Some("http://test/shop/items/1"));
        let expected = json!({ "id": 1, "name": "Ламpa", "price": 19.5 });
        assert_eq!(value(&added), expected);
        assert_eq!(value(&host.get("/shop/items/1")), expected);
        assert_eq!(value(&host.get("/shop/items?limit=1")), json!([expected]));
        assert_eq!(visitor.send("POST", "/shop/items", JSON, lamp).status, 409);
        let cheap = r#"{"name": "lamp", "price": 1}"#;
        let changed = visitor.send("PUT", "/shop/items/1", JSON, cheap);
        assert_eq!(value(&changed)["price"], 1.0);
        assert_eq!(visitor.send("DELETE", "/shop/items/1", "", "").status, 204);
        assert_eq!(host.get("/shop/items/1").status, 404);
        assert_eq!(value(&host.get("/shop/items")), json!([]));
    }
);

both!(
    what_does_not_fit_is_told_field_by_field,
    |isolation: Isolation| {
        let example = Example::built("fastapi-items");
        let host = example.serve(isolation);
        let mut visitor = Visitor::new(&host);
        let wrong = visitor.send("POST", "/items", JSON, r#"{"name": "", "price": "x"}"#);
        assert_eq!(wrong.status, 422);
        let details = value(&wrong)["detail"].clone();
        assert_eq!(details[0]["loc"], json!(["body", "name"]));
        assert_eq!(details[1]["loc"], json!(["body", "price"]));
        let wrong = visitor.send("POST", "/items", JSON, "{");
        assert_eq!(
            (wrong.status, &value(&wrong)["detail"][0]["type"]),
            (422, &json!("json_invalid"))
        );
        assert_eq!(host.get("/items?limit=0").status, 422);
        assert_eq!(host.get("/items/one").status, 422);
        assert_eq!(value(&host.get("/items")), json!([]));
    }
);

both!(it_describes_itself, |isolation: Isolation| {
    let example = Example::built("fastapi-items");
    let host = example.serve(isolation);
    let description = value(&host.get("/openapi.json"));
    assert_eq!(description["openapi"], "3.1.0");
    let paths: Vec<_> = description["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/health", "/items", "/items/{number}"]);
    let draft = &description["components"]["schemas"]["Draft"]["properties"];
    assert_eq!(draft["price"]["exclusiveMinimum"], 0.0);
    assert!(host.get("/docs").text().contains("swagger-ui"));
    assert_eq!(value(&host.get("/health")), json!({ "status": "ok" }));
});
