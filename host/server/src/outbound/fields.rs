//! The fields of an HTTP message that belong to one connection, not to the message.

use http::HeaderMap;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};
use wasgi_gateway::OutboundError;

const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Removes the fields that belong to one connection: those of HTTP, and those that `connection`
/// names.
pub(super) fn strip_hop_by_hop(fields: &mut HeaderMap) {
    let named: Vec<HeaderName> = fields
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        fields.remove(name);
    }
}

/// The length of a body that its head declares, which is left in the head in one form.
///
/// The pool's next request begins on the wire where this body ends, so neither side may read
/// another end out of the head.
pub(super) fn declared_length(fields: &mut HeaderMap) -> Result<Option<u64>, OutboundError> {
    let mut declared = None;
    for value in fields.get_all(CONTENT_LENGTH) {
        let length = value
            .to_str()
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok());
        if length.is_none() || declared.is_some_and(|earlier| Some(earlier) != length) {
            return Err(OutboundError::Protocol(format!(
                "expected one number as content-length, got {value:?}"
            )));
        }
        declared = length;
    }
    if let Some(length) = declared {
        fields.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(declared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn fields_of_the_connection_are_removed() {
        let mut all = fields(&[
            ("connection", "keep-alive, X-Named"),
            ("connection", "x-other,, bad name"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-named", "1"),
            ("x-other", "2"),
            ("trailer", "x-sum"),
            ("x-kept", "3"),
        ]);
        strip_hop_by_hop(&mut all);
        assert_eq!(all, fields(&[("trailer", "x-sum"), ("x-kept", "3")]));
    }

    #[test]
    fn one_length_is_declared() {
        for (values, expected) in [
            (&[][..], Some(None)),
            (&["5"], Some(Some(5))),
            (&["5", "05"], Some(Some(5))),
            (&["5", "6"], None),
            (&["5, 5"], None),
            (&["+5"], None),
            (&["-5"], None),
            (&[""], None),
            (&["99999999999999999999"], None),
        ] {
            let list: Vec<_> = values
                .iter()
                .map(|value| ("content-length", *value))
                .collect();
            let mut fields = fields(&list);
            let declared = declared_length(&mut fields).ok();
            assert_eq!(declared, expected, "{values:?}");
            if expected == Some(Some(5)) {
                assert_eq!(
                    fields.get_all(CONTENT_LENGTH).iter().collect::<Vec<_>>(),
                    ["5"]
                );
            }
        }
    }
}
