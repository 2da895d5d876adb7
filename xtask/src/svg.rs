//! Drawings as SVG: a title and a description for who cannot see them, colours for a light and a dark
//! page, system fonts, no scripts.
//!
//! Series have the colours of the reports' charts: M. Okabe and K. Ito, *Color Universal Design* (2008),
//! darkened to 3:1 on white.

use std::fmt::Write as _;

/// What stands at the beginning of each drawing.
const STYLE: &str = "svg{--surface:#fff;--ink:#16202e;--muted:#515d70;--grid:#e1e5eb;--c1:#0072b2;\
--c2:#c44e00;--c3:#00805c;--c4:#a84b83;--c5:#a66a00;--f1:#f6b26b;--f2:#f3c98b;--f3:#efd9a7;--f4:#e9b7a0}\
@media(prefers-color-scheme:dark){svg{--surface:#11161d;--ink:#e8ebf1;--muted:#a9b3c3;--grid:#2c3542;\
--c1:#56b4e9;--c2:#ff8f4d;--c3:#3ccfa4;--c4:#e79fc8;--c5:#f2b84b;--f1:#8a4b12;--f2:#75501c;--f3:#5f5324;\
--f4:#7c3f2c}}text{font-family:system-ui,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;fill:var(--ink)}\
.m{fill:var(--muted)}.e{text-anchor:end}.c{text-anchor:middle}.g{stroke:var(--grid)}";

/// A drawing that is being made.
#[derive(Debug)]
pub(crate) struct Svg {
    out: String,
}

/// Where a text stands to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// To the right of it.
    Start,
    /// Around it.
    Middle,
    /// To the left of it.
    End,
}

impl Svg {
    /// A surface of this size with a title, a description and further styles.
    pub(crate) fn new((width, height): (f64, f64), title: &str, says: &str, styles: &str) -> Self {
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n\
             <desc id=\"desc\">{}</desc>\n<style>{STYLE}{styles}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"var(--surface)\"/>\n",
            escaped(title),
            escaped(says)
        );
        Self { out }
    }

    /// An element as it is to be written. Texts from elsewhere must be [`escaped`].
    pub(crate) fn raw(&mut self, element: &str) {
        self.out += element;
        self.out.push('\n');
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.raw(&format!(
            "<path class=\"g\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A text of a size, in the colour of what matters or of what explains.
    pub(crate) fn text(
        &mut self,
        at: (f64, f64),
        size: f64,
        align: Align,
        muted: bool,
        text: &str,
    ) {
        let class = match (align, muted) {
            (Align::Start, false) => "",
            (Align::Start, true) => " class=\"m\"",
            (Align::Middle, false) => " class=\"c\"",
            (Align::Middle, true) => " class=\"c m\"",
            (Align::End, false) => " class=\"e\"",
            (Align::End, true) => " class=\"e m\"",
        };
        self.raw(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size:.0}\"{class}>{}</text>",
            at.0,
            at.1,
            escaped(text)
        ));
    }

    pub(crate) fn finish(self) -> String {
        self.out + "</svg>\n"
    }
}

/// A text for XML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_the_drawing_has_a_title() {
        let mut svg = Svg::new((10.0, 20.0), "a < b", "c & d", "");
        svg.text((1.0, 2.0), 9.0, Align::End, true, "<T as \"U\">::f");
        let drawn = svg.finish();
        assert!(drawn.contains("<title id=\"title\">a &lt; b</title>"));
        assert!(drawn.contains("<desc id=\"desc\">c &amp; d</desc>"));
        assert!(drawn.contains("class=\"e m\">&lt;T as &quot;U&quot;&gt;::f</text>"));
    }
}
