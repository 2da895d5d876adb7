//! Texts of anybody's in the three forms that OSCAL has: values, lines of markup, references.

use super::OSCAL_NAMESPACE;
use crate::text::hides;
use serde_json::{Value, json};

/// A text on one line: runs of white space and of characters that cannot be seen are one space.
pub(super) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || hides(c)) {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

/// The same, and never empty: what a property's value must be.
pub(super) fn value(text: &str) -> String {
    match line(text) {
        text if text.is_empty() => "none".into(),
        text => text,
    }
}

/// A text as OSCAL markup, which is a part of `CommonMark`, without being read as such.
pub(super) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        // Between letters an underscore emphasises nothing, and names of fields have many.
        let inside = before.is_alphanumeric() && after.is_alphanumeric();
        if matches!(
            c,
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '{' | '}' | '&' | '~' | '^' | '|'
        ) || (c == '_' && !inside)
            || (out.is_empty() && matches!(c, '#' | '-' | '+' | '='))
        {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// A URI reference (RFC 3986); what could not stand in one is percent-encoded.
pub(super) fn reference(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut fragment, mut scheme) = (false, false);
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let is_plain = match byte {
            b'%' => {
                let mut digits = rest.clone().take(2).filter(u8::is_ascii_hexdigit);
                digits.next().is_some() && digits.next().is_some()
            }
            b'#' => !std::mem::replace(&mut fragment, true),
            // Before the first slash a colon ends a scheme, or has no place.
            b':' if !scheme && !out.contains(['/', '?', '#']) => {
                scheme = true;
                let mut letters = out.bytes();
                letters
                    .next()
                    .is_some_and(|first| first.is_ascii_alphabetic())
                    && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&byte),
        };
        if is_plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Properties of our own namespace; those without a value are left out.
pub(super) fn props<'a>(them: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Value> {
    them.into_iter()
        .map(|(name, text)| (name, line(text)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| json!({ "name": name, "ns": OSCAL_NAMESPACE, "value": text }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a40_markup_is_text_and_lines_are_lines() {
        assert_eq!(
            markup("*b* <script> [x](y) _i_ input_canonical {{ insert: param, p }} &lt;"),
            "\\*b\\* \\<script\\> \\[x\\](y) \\_i\\_ input_canonical \\{\\{ insert: param, p \\}\\} \\&lt;"
        );
        assert_eq!(markup("# no head"), "\\# no head");
        assert_eq!(line("  a\u{202e}\r\n\tb\u{0} "), "a b");
        assert_eq!(value("\u{0}\n"), "none");
        assert_eq!(reference("a b\"\u{e9}.json"), "a%20b%22%C3%A9.json");
        assert_eq!(
            reference("https://h/a%20b%2?#x#y"),
            "https://h/a%20b%252?#x%23y"
        );
        assert_eq!(reference("1:2"), "1%3A2");
    }
}
