//! What a project may be called: a name that every language's packages may have.
//!
//! Owns that rule. It stands for all templates, so that it need be learnt once.

/// Characters of a name.
const LENGTH_MAX: usize = 64;

/// Names that projects cannot have: of a package that is in some of them, and of a folder that npm
/// has for itself.
const TAKEN: [&str; 2] = ["wasgi-guest", "node_modules"];

/// Checks a name, and says what is wrong with it.
pub(super) fn check(name: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_ascii_lowercase();
    let is_good = name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || "-_".contains(c))
        && !name.ends_with(['-', '_'])
        // Limit: LENGTH_MAX
        && name.len() <= LENGTH_MAX;
    if !is_good {
        return Err(format!(
            "expected a name of lower-case letters, digits, `-` and `_` that begins with a letter, \
             such as `my-app`, of at most {LENGTH_MAX}, got `{}`",
            name.escape_debug()
        ));
    }
    if TAKEN.contains(&name) {
        return Err(format!(
            "expected a name that nothing else has, got `{name}`"
        ));
    }
    Ok(())
}

/// The good name that is most like this one.
pub(super) fn nearest(name: &str) -> String {
    let mut nearest = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_lowercase() || (c.is_ascii_digit() && !nearest.is_empty()) {
            nearest.push(c);
        } else if !nearest.is_empty() && !nearest.ends_with('-') {
            nearest.push('-');
        }
        if nearest.len() == LENGTH_MAX {
            break;
        }
    }
    let nearest = nearest.trim_end_matches('-');
    match check(nearest) {
        Ok(()) => nearest.to_owned(),
        Err(_) => "my-app".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_for_every_language() {
        for good in ["a", "shop", "my-shop", "my_shop2", &"a".repeat(LENGTH_MAX)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "2shop",
            "-shop",
            "shop-",
            "Shop",
            "my shop",
            "my.shop",
            "../shop",
            "shöp",
            "shop\n",
            "wasgi-guest",
            "node_modules",
            &"a".repeat(LENGTH_MAX + 1),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bad_name_has_a_good_one_beside_it() {
        for (bad, good) in [
            ("My Shop", "my-shop"),
            ("2.shop!", "shop"),
            ("Ärger", "rger"),
            ("1", "my-app"),
            ("wasgi-guest", "my-app"),
        ] {
            assert_eq!(nearest(bad), good);
        }
        assert!(check(&nearest(&"a.".repeat(100))).is_ok());
    }
}
