//! Texts of others made safe to show: nothing hidden, nothing that turns the direction, not endless.

/// The most characters of one text in a report.
pub(crate) const LONGEST: usize = 4_000;

/// A text with what nobody sees made visible as `\u{202e}`, cut at [`LONGEST`] characters.
///
/// Every form of a report passes every text through this, and escapes the outcome for its reader.
pub(crate) fn clean(text: &str) -> String {
    clean_to(text, LONGEST)
}

/// The same, cut at `most` characters of the text; what is cut off is marked by `…`.
pub(crate) fn clean_to(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for (place, c) in text.chars().enumerate() {
        if place >= most {
            out.push('…');
            break;
        }
        if hides(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control and format characters, fillers and selectors: what is not seen, or turns the direction of
/// writing (Unicode general categories Cc and Cf, and what else has no glyph).
pub(crate) fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// A number with what it counts.
pub(crate) fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { more })
}

/// A number with its digits in groups of three.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a40_hidden_characters_are_shown_and_long_texts_cut() {
        assert_eq!(
            clean("a\u{202e}b\u{1b}[31m\0"),
            "a\\u{202e}b\\u{1b}[31m\\u{0}"
        );
        assert_eq!(clean("two\nlines"), "two\\u{a}lines");
        assert_eq!(clean_to("abcdef", 3), "abc…");
        assert_eq!(clean(&"x".repeat(100_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn digits_stand_in_groups() {
        let shown: Vec<String> = [0, 999, 1_000, 1_234_567].map(grouped).into();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "alarm", "alarms"), "1 alarm");
    }
}
