//! The colours of charts: names while a chart is drawn, variables of the page in HTML, plain light
//! colours where nothing resolves variables.
//!
//! The series' colours follow M. Okabe and K. Ito, *Color Universal Design* (2008), which people with
//! any sort of colour vision tell apart; the light ones are darkened to 3:1 against white.

use plotters::style::RGBColor;

/// A colour: what a chart is drawn with, the variable's name, and what it is on light and on dark.
pub(crate) struct Colour {
    /// A value that no chart has by chance.
    pub(crate) drawn: RGBColor,
    /// Its variable, without the two hyphens.
    pub(crate) name: &'static str,
    /// On a light page.
    pub(crate) light: &'static str,
    /// On a dark page.
    pub(crate) dark: &'static str,
}

macro_rules! colours {
    ($($constant:ident $number:literal $name:literal $light:literal $dark:literal)*) => {
        $(pub(crate) const $constant: RGBColor = RGBColor(0xfe, 0x01, $number);)*
        /// All of them.
        pub(crate) const COLOURS: &[Colour] = &[$(
            Colour { drawn: $constant, name: $name, light: $light, dark: $dark },
        )*];
    };
}

colours! {
    INK 0 "ink" "#16202e" "#e8ebf1"
    MUTED 1 "muted" "#515d70" "#a9b3c3"
    GRID 2 "grid" "#e1e5eb" "#2c3542"
    SURFACE 3 "surface" "#ffffff" "#11161d"
    ALERT 4 "alert" "#b3261e" "#ff8f85"
    BLUE 5 "c1" "#0072b2" "#56b4e9"
    VERMILION 6 "c2" "#c44e00" "#ff8f4d"
    GREEN 7 "c3" "#00805c" "#3ccfa4"
    PURPLE 8 "c4" "#a84b83" "#e79fc8"
    ORANGE 9 "c5" "#a66a00" "#f2b84b"
    SKY 10 "c6" "#3d7f9f" "#9fd8f7"
    BAND 11 "band" "#d3e4f0" "#1d3a4f"
}

/// What the drawing of a trace has, and what it becomes.
const OF_TRACES: [(&str, &str); 13] = [
    ("#101828", "ink"),
    ("#475467", "muted"),
    ("#667085", "muted"),
    ("#98a2b3", "muted"),
    ("#d0d5dd", "line"),
    ("#eaecf0", "grid"),
    ("#ffffff", "surface"),
    ("#b3261e", "alert"),
    ("#fef3f2", "alert-soft"),
    ("#3f51b5", "c1"),
    ("#b26a00", "c5"),
    ("#00796b", "c3"),
    ("#7b3fb5", "c4"),
];

/// Colours that only drawings of traces have.
const MORE: [(&str, &str, &str); 2] = [
    ("line", "#aeb7c4", "#4a5566"),
    ("alert-soft", "#fdf0ef", "#35191a"),
];

/// The variables of a style sheet, for a light or a dark page: `--c1:#0072b2;…`.
pub(crate) fn variables(dark: bool) -> String {
    let all = COLOURS
        .iter()
        .map(|c| (c.name, c.light, c.dark))
        .chain(MORE);
    all.map(|(name, on_light, on_dark)| {
        format!("--{name}:{};", if dark { on_dark } else { on_light })
    })
    .collect()
}

/// A colour of lines that are to be dashed.
pub(super) const fn dashed(colour: RGBColor) -> RGBColor {
    RGBColor(0xfd, colour.1, colour.2)
}

/// A colour of areas that are to be hatched, so that they differ without colour, too.
pub(super) const fn hatched(colour: RGBColor) -> RGBColor {
    RGBColor(0xfc, colour.1, colour.2)
}

/// Hatches: a path in a square of 16, and the width of its line.
const HATCHES: [(RGBColor, &str, u8); 5] = [
    (VERMILION, "M-4 4 4 -4M0 16 16 0M12 20 20 12", 5),
    (PURPLE, "M4 4h.1M12 12h.1", 6),
    (SKY, "M0 4h16M0 12h16", 4),
    (ORANGE, "M-4 12 4 20M0 0 16 16M12 -4 20 4", 5),
    (GREEN, "M4 0v16M12 0v16", 4),
];

/// The definitions of hatches that a chart uses.
fn hatches(svg: &str, id: &str) -> String {
    let mut out = String::new();
    for (colour, path, width) in HATCHES {
        let place = colour.2;
        let Some(name) = name(colour) else { continue };
        if svg.contains(&format!("url(#{id}-h{place})")) {
            out.push_str(&format!(
                "<pattern id=\"{id}-h{place}\" width=\"16\" height=\"16\" \
                 patternUnits=\"userSpaceOnUse\"><rect width=\"16\" height=\"16\" \
                 fill=\"var(--{name})\"/><path d=\"{path}\" fill=\"none\" \
                 stroke=\"var(--surface)\" stroke-width=\"{width}\" stroke-linecap=\"round\" \
                 stroke-opacity=\"0.75\"/></pattern>"
            ));
        }
    }
    out
}

fn name(colour: RGBColor) -> Option<&'static str> {
    let known = COLOURS.iter().find(|known| known.drawn == colour);
    known.map(|known| known.name)
}

/// Drawn colours become variables, dashes and hatches. The drawing, and the definitions it needs.
pub(super) fn variable(svg: &str, id: &str) -> (String, String) {
    let mut out = svg.to_owned();
    for colour in COLOURS {
        let RGBColor(red, green, blue) = colour.drawn;
        let written = |red: u8| format!("\"#{red:02X}{green:02X}{blue:02X}\"");
        let name = format!("\"var(--{})\"", colour.name);
        out = out.replace(&written(red), &name);
        out = out.replace(&written(0xfd), &format!("{name} stroke-dasharray=\"14 9\""));
        out = out.replace(&written(0xfc), &format!("\"url(#{id}-h{blue})\""));
    }
    let definitions = hatches(&out, id);
    (out, definitions)
}

/// The colours of a trace's drawing become variables.
pub(super) fn variable_trace(svg: &str) -> String {
    let mut out = svg.to_owned();
    for (drawn, name) in OF_TRACES {
        // In attributes only: the texts are escaped, and have no quotation marks.
        out = out.replace(&format!("\"{drawn}\""), &format!("\"var(--{name})\""));
    }
    out
}

/// A chart whose variables became the colours of a light page, for readers of SVG without a style
/// sheet.
#[cfg_attr(
    not(any(test, feature = "pdf")),
    allow(dead_code, reason = "for the forms on paper")
)]
pub(crate) fn light(svg: &str) -> String {
    let all = COLOURS.iter().map(|c| (c.name, c.light));
    let mut out = svg.to_owned();
    for (name, colour) in all.chain(MORE.map(|(name, on_light, _)| (name, on_light))) {
        out = out.replace(&format!("\"var(--{name})\""), &format!("\"{colour}\""));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_colours_become_variables_and_light_ones() {
        let drawn = "<a fill=\"#FE0105\"/><b stroke=\"#FD0104\"/><c fill=\"#FC0106\"/>";
        let (out, definitions) = variable(drawn, "f");
        assert_eq!(
            out,
            "<a fill=\"var(--c1)\"/><b stroke=\"var(--alert)\" stroke-dasharray=\"14 9\"/>\
             <c fill=\"url(#f-h6)\"/>"
        );
        assert!(definitions.contains("id=\"f-h6\"") && definitions.contains("var(--c2)"));
        let plain = light(&format!("{out}{definitions}"));
        assert!(
            !plain.contains("var(") && plain.contains("#0072b2"),
            "{plain}"
        );
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(hex: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or(0)) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, two: &str) -> f64 {
        let (one, two) = (luminance(one), luminance(two));
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    #[test]
    fn series_differ_from_the_page_and_texts_can_be_read() {
        let of = |name: &str| {
            COLOURS
                .iter()
                .find(|c| c.name == name)
                .map(|c| (c.light, c.dark))
        };
        let (light, dark) = of("surface").unwrap_or_default();
        for colour in COLOURS
            .iter()
            .filter(|c| !["grid", "surface", "band"].contains(&c.name))
        {
            let least = if ["ink", "muted", "alert"].contains(&colour.name) {
                4.5
            } else {
                3.0
            };
            let found = (contrast(colour.light, light), contrast(colour.dark, dark));
            assert!(
                found.0 >= least && found.1 >= least,
                "{} {found:?}",
                colour.name
            );
        }
    }
}
