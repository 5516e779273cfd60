//! The page: HTML around the entries. Every text that a visitor wrote goes through [`escape`].

use crate::book::Entry;

/// The page for an application mounted at `mount`, with the form filled in for `name`.
pub(crate) fn render(mount: &str, name: &str, entries: &[Entry]) -> String {
    let mut list = String::new();
    for entry in entries {
        let (name, message) = (escape(&entry.name), escape(&entry.message));
        list.push_str(&format!("    <li><b>{name}</b>: {message}</li>\n"));
    }
    let (mount, name) = (escape(mount), escape(name));
    format!(
        r#"<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Guest book</title>
  <h1>Guest book</h1>
  <form method="post" action="{mount}/sign">
    <p><label>Name <input name="name" value="{name}" maxlength="80" required></label>
    <p><label>Message <textarea name="message" maxlength="2000" required></textarea></label>
    <p><button>Sign</button>
  </form>
  <ul>
{list}  </ul>
  <p><a href="{mount}/entries.txt">All entries as text</a>
</html>
"#
    )
}

/// The text as HTML shows it unchanged, between tags and in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Entry, render};

    #[test]
    fn nothing_that_a_visitor_wrote_is_markup() {
        let entry = Entry {
            name: "<b>".to_owned(),
            message: "\"&'</li>".to_owned(),
        };
        let page = render("/book", "\" autofocus=\"", &[entry]);
        assert!(page.contains("<li><b>&lt;b&gt;</b>: &quot;&amp;&#39;&lt;/li&gt;</li>"));
        assert!(page.contains(r#"value="&quot; autofocus=&quot;""#));
        assert!(page.contains(r#"action="/book/sign""#));
    }
}
