//! The fonts of a PDF report, and which characters they have.

use std::sync::LazyLock;
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// Libertinus Serif (regular, bold, italic) and `DejaVu` Sans Mono; their licences are beside them.
/// Of the crate `typst-assets` a program would hold all seventeen fonts, 6 MB more.
const FILES: [&[u8]; 4] = [
    include_bytes!("../../fonts/LibertinusSerif-Regular.otf"),
    include_bytes!("../../fonts/LibertinusSerif-Bold.otf"),
    include_bytes!("../../fonts/LibertinusSerif-Italic.otf"),
    include_bytes!("../../fonts/DejaVuSansMono.ttf"),
];

/// The fonts that every report is set in: none of the machine's, so that each gives the same file.
pub(super) struct Faces {
    pub(super) book: LazyHash<FontBook>,
    pub(super) fonts: Vec<Font>,
}

/// Read once in a program.
pub(super) static FACES: LazyLock<Faces> = LazyLock::new(|| {
    let fonts: Vec<Font> = FILES
        .into_iter()
        .filter_map(|data| Font::new(Bytes::new(data), 0))
        .collect();
    Faces {
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
    }
});

impl Faces {
    /// Whether a character can be set in all weights: the text face has it in each, or the
    /// monospaced one, to which the others fall back, does.
    pub(super) fn has(&self, c: char) -> bool {
        let in_face = |font: &Font| font.info().coverage.contains(u32::from(c));
        match self.fonts.split_last() {
            Some((mono, text)) => in_face(mono) || text.iter().all(in_face),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_are_those_that_the_template_names() {
        let names: Vec<_> = FACES
            .fonts
            .iter()
            .map(|font| {
                (
                    font.info().family.as_str(),
                    font.info().variant.weight.to_number(),
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("Libertinus Serif", 400),
                ("Libertinus Serif", 700),
                ("Libertinus Serif", 400),
                ("DejaVu Sans Mono", 400)
            ]
        );
        for c in ['a', 'ß', 'ж', 'λ', '●', '◐', '○', '–', '…', '→', '≤'] {
            assert!(FACES.has(c), "{c}");
        }
        assert!(!FACES.has('日'));
    }
}
