//! Shapes beside words: statuses and tones differ without colour, and are printed without backgrounds.

use crate::document::Tone;
use ai_audit_compliance::Status;
use maud::{Markup, PreEscaped, html};

fn icon(shape: &'static str) -> Markup {
    html! {
        svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false" {
            (PreEscaped(shape))
        }
    }
}

/// How full the circle is, is how much evidence there is.
pub(super) fn status(status: Status) -> Markup {
    icon(match status {
        Status::EvidenceAvailable => "<circle cx=\"8\" cy=\"8\" r=\"7\" fill=\"currentColor\"/>",
        Status::PartialEvidence => {
            "<circle cx=\"8\" cy=\"8\" r=\"6\" fill=\"none\" stroke=\"currentColor\" \
             stroke-width=\"2\"/><path d=\"M8 2a6 6 0 0 0 0 12z\" fill=\"currentColor\"/>"
        }
        Status::NoEvidence => {
            "<circle cx=\"8\" cy=\"8\" r=\"6\" fill=\"none\" stroke=\"currentColor\" \
             stroke-width=\"2\"/>"
        }
        Status::NotAddressable => {
            "<path d=\"M2 8h12\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\"/>"
        }
    })
}

/// A tick, a triangle, a ring; nothing for a plain one.
pub(super) fn tone(tone: Tone) -> Markup {
    match tone {
        Tone::Good => icon(
            "<path d=\"M2 8.5 6.2 13 14 3.5\" fill=\"none\" stroke=\"currentColor\" \
             stroke-width=\"2.4\"/>",
        ),
        Tone::Bad => icon(
            "<path d=\"M8 1 15.4 14.5H.6z\" fill=\"none\" stroke=\"currentColor\" \
             stroke-width=\"1.8\" stroke-linejoin=\"round\"/><path d=\"M8 5.6v4.2M8 11.4v1.6\" \
             stroke=\"currentColor\" stroke-width=\"1.8\"/>",
        ),
        Tone::Open => icon(
            "<circle cx=\"8\" cy=\"8\" r=\"6\" fill=\"none\" stroke=\"currentColor\" \
             stroke-width=\"2\" stroke-dasharray=\"3 2.2\"/>",
        ),
        Tone::Plain => html! {},
    }
}
