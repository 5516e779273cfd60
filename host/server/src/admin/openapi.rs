//! The description of the admin interface for programs, made of the code that it describes.

use utoipa::OpenApi;

use super::api;

/// The interface of one host for whoever operates it, on the socket `admin.sock` in its state
/// folder. Errors are JSON with `error` and perhaps `hint`.
#[derive(OpenApi)]
#[openapi(
    info(title = "wasgi admin"),
    paths(
        api::status,
        api::upgrade,
        api::apps,
        api::one_app,
        api::releases,
        api::deploy,
        api::rollback,
        api::split,
        api::end_split,
    )
)]
struct Description;

/// The whole description.
pub(super) fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    for (key, value) in map {
                        match value.as_str() {
                            Some(text) if key == "$ref" => found.push(text),
                            _ => walk(value, found),
                        }
                    }
                }
                Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = serde_json::to_value(description()).unwrap();
        let mut found = Vec::new();
        walk(&document, &mut found);
        assert!(found.len() > 10, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn names_are_those_that_are_sent() {
        let document = serde_json::to_value(description()).unwrap();
        let schemas = &document["components"]["schemas"];
        assert!(schemas["AppStatus"]["properties"]["is-loaded"].is_object());
        assert!(schemas["HostStatus"]["properties"]["started"].is_object());
        let deploy = &document["paths"]["/apps/{app}/releases"]["post"];
        let parameters = deploy["parameters"].as_array().unwrap();
        let names: Vec<_> = parameters.iter().map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["app", "file-name", "percent", "sticky"].map(Some));
    }
}
