//! Names out of receipts, cut when they are taken in: figures hold many of them.

use std::borrow::Cow;

/// The most bytes of a name.
const MAX_NAME: usize = 128;
/// What stands behind the rest of a name that was cut.
const CUT: &str = "…";

/// A name of 128 bytes at most, at a border of characters, marked where it was cut.
pub(super) fn cut(name: &str) -> Cow<'_, str> {
    if name.len() <= MAX_NAME {
        return name.into();
    }
    let mut end = MAX_NAME - CUT.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let kept = name.get(..end).unwrap_or_default();
    format!("{kept}{CUT}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_at_a_border_of_characters_and_says_so() {
        assert_eq!(cut(&"x".repeat(128)), "x".repeat(128));
        assert_eq!(cut(&"x".repeat(129)), "x".repeat(125) + "…");
        let short = cut(&"字".repeat(50)).into_owned();
        assert_eq!((short.len(), short.ends_with("字…")), (126, true));
    }
}
