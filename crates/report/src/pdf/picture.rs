//! Pictures for paper: colours of the light set, and only characters that the fonts have.

use super::faces::Faces;
use super::words::{Sort, visible};
use crate::charts::palette::light;

/// An SVG as it goes to paper.
pub(super) fn for_paper(svg: &str, faces: &Faces, lacking: &mut u64) -> String {
    light(&lettered(svg, faces, lacking))
}

/// With characters that the fonts lack as their code points, also where they are written as
/// numbers (`&#x65e5;`).
fn lettered(svg: &str, faces: &Faces, lacking: &mut u64) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some(start) = rest.find(|c: char| !c.is_ascii() || c == '&') {
        let (before, after) = rest.split_at(start);
        out.push_str(before);
        let number = after
            .split_once(';')
            .and_then(|(start, behind)| Some((number(start)?, behind)));
        match (number, after.chars().next()) {
            (Some((c, behind)), _) => {
                match c {
                    '<' | '>' | '&' | '"' | '\'' => out.push_str(&format!("&#{};", u32::from(c))),
                    c => out.push_str(&visible(
                        faces,
                        c.encode_utf8(&mut [0; 4]),
                        Sort::Text,
                        lacking,
                    )),
                }
                rest = behind;
            }
            (None, Some('&')) => {
                out.push('&');
                rest = after.get(1..).unwrap_or_default();
            }
            (None, Some(c)) => {
                out.push_str(&visible(
                    faces,
                    c.encode_utf8(&mut [0; 4]),
                    Sort::Text,
                    lacking,
                ));
                rest = after.get(c.len_utf8()..).unwrap_or_default();
            }
            (None, None) => rest = "",
        }
    }
    out.push_str(rest);
    out
}

/// The character that `&#…` names.
fn number(reference: &str) -> Option<char> {
    let digits = reference.strip_prefix("&#")?;
    let value = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(value)
}

#[cfg(test)]
mod tests {
    use super::super::faces::FACES;
    use super::*;

    #[test]
    fn a40_letters_that_no_font_has_are_code_points() {
        let mut lacking = 0;
        let svg = "<text>日 &amp; &#x65e5;&#60; é&#233; \u{202e}</text>";
        assert_eq!(
            for_paper(svg, &FACES, &mut lacking),
            "<text>\\u{65e5} &amp; \\u{65e5}&#60; éé \\u{202e}</text>"
        );
        assert_eq!(lacking, 2);
    }
}
