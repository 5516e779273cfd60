//! The user and the password that may pass, and how they are told from others.
//!
//! What is compared are digests: all are of one length, so the time that a comparison takes says
//! nothing of what was right. Nothing here knows of a request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// One user and the password.
pub(crate) struct Credentials {
    user: String,
    digest: [u8; 32],
}

impl Credentials {
    /// The credentials, if both are there and can be sent: neither is empty, and a user's name has
    /// no colon in it, which ends it.
    pub(crate) fn granted(user: Option<String>, password: Option<String>) -> Option<Self> {
        let (user, password) = (user?, password?);
        let can_be_sent = !user.is_empty() && !user.contains(':') && !password.is_empty();
        can_be_sent.then(|| Self {
            digest: digest(format!("{user}:{password}").as_bytes()),
            user,
        })
    }

    /// The user's name.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Whether the value of an `authorization` field carries these.
    pub(crate) fn are_in(&self, authorization: &str) -> bool {
        let Some((scheme, encoded)) = authorization.split_once(' ') else {
            return false;
        };
        let is_basic = scheme.eq_ignore_ascii_case("basic");
        let Ok(sent) = STANDARD.decode(encoded.trim()) else {
            return false;
        };
        is_basic && bool::from(self.digest.ct_eq(&digest(&sent)))
    }
}

fn digest(pair: &[u8]) -> [u8; 32] {
    Sha256::digest(pair).into()
}

#[cfg(test)]
mod tests {
    use super::Credentials;

    fn granted(user: &str, password: &str) -> Option<Credentials> {
        Credentials::granted(Some(user.to_owned()), Some(password.to_owned()))
    }

    #[test]
    fn the_right_ones_pass_and_no_others() {
        let ada = granted("ada", "open: sesame").unwrap();
        for (sent, passes) in [
            ("Basic YWRhOm9wZW46IHNlc2FtZQ==", true),
            ("basic  YWRhOm9wZW46IHNlc2FtZQ== ", true),
            ("Bearer YWRhOm9wZW46IHNlc2FtZQ==", false),
            ("YWRhOm9wZW46IHNlc2FtZQ==", false),
            ("Basic YWRhOm9wZW46IHNlc2FtZQ", false),
            ("Basic YWRhOm9wZW46IHNlc2Ft", false),
            ("Basic YWRhOg==", false),
            ("Basic", false),
            ("Basic ", false),
            ("Basic !", false),
            ("", false),
        ] {
            assert_eq!(ada.are_in(sent), passes, "{sent:?}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_not_granted() {
        assert!(granted("", "x").is_none());
        assert!(granted("ada", "").is_none());
        assert!(granted("a:da", "x").is_none());
        assert!(Credentials::granted(None, Some("x".to_owned())).is_none());
        assert!(Credentials::granted(Some("ada".to_owned()), None).is_none());
    }
}
