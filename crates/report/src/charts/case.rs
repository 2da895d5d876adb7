//! The drawing of a case in the colours of a report.

use super::Words;
use super::palette::variable_trace;
use super::plot::head;

/// Takes a trace's own drawing apart: its size, and what is in it, without background and title.
pub(crate) fn case(drawn: &str, words: Words<'_>) -> String {
    let Some((opening, body)) = drawn.split_once(">\n") else {
        return String::new();
    };
    let Some(size) = size(opening) else {
        return String::new();
    };
    // The title is said by the head of the chart.
    let body = match (body.split_once("<title>"), body.split_once("</title>\n")) {
        (Some(("", _)), Some((_, rest))) => rest,
        _ => body,
    };
    let id = words.id;
    let body = body
        .replacen(
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
            "",
            1,
        )
        .replace("<marker id=\"", &format!("<marker id=\"{id}-"))
        .replace("marker-end=\"url(#", &format!("marker-end=\"url(#{id}-"));
    // Its letters are as large as the page's, so it keeps its own size.
    let sized = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
    head(words, size, "").replacen("<svg", &sized, 1) + &variable_trace(&body)
}

fn size(opening: &str) -> Option<(u32, u32)> {
    let (_, rest) = opening.split_once("viewBox=\"0 0 ")?;
    let (numbers, _) = rest.split_once('"')?;
    let (width, height) = numbers.split_once(' ')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}
