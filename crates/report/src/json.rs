//! A report as JSON: the crosswalk, the gaps in it, and the figures themselves.

use crate::figures::FigureData;
use crate::text::hides;
use ai_audit_compliance::Crosswalk;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};

/// What is written; version 1.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct JsonReport<'a> {
    format: &'static str,
    crosswalk: &'a Crosswalk,
    figures: Option<&'a FigureData>,
}

impl<'a> JsonReport<'a> {
    /// Of a crosswalk and of figures, which are left out where nothing counts as evidence.
    #[must_use]
    pub fn new(crosswalk: &'a Crosswalk, figures: Option<&'a FigureData>) -> Self {
        Self {
            format: "ai-audit/report/v1",
            crosswalk,
            figures: figures.filter(|_| crosswalk.nothing_counts.is_none()),
        }
    }
}

/// Writes a report as indented JSON, with a line break at the end. Characters that nobody sees are
/// written as escapes, so that a terminal shows them and does not obey them.
///
/// # Errors
///
/// Only what `serde_json` says of values that JSON does not have; there are none in a report.
pub fn json(report: &JsonReport<'_>) -> Result<String, serde_json::Error> {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Visible(PrettyFormatter::new()));
    report.serialize(&mut serializer)?;
    out.push(b'\n');
    String::from_utf8(out).map_err(serde::ser::Error::custom)
}

/// Indents, and escapes hidden characters.
struct Visible<'i>(PrettyFormatter<'i>);

impl Formatter for Visible<'_> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0u16; 2];
        let mut bytes = [0u8; 4];
        for c in fragment.chars() {
            if hides(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(c.encode_utf8(&mut bytes).as_bytes())?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(w, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(w, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
