//! One JSON object for each line of the input, also for lines that come in parts.

use crate::output::safe_json;
use ai_audit_pii::RedactedLine;
use anyhow::Context as _;
use serde::Serialize;

/// Writes the objects. Of a line that is not complete it keeps the findings, no text.
#[derive(Default)]
pub(super) struct JsonLines {
    /// Whether an object is open.
    open: bool,
    /// The findings of the open object, as JSON with commas between.
    findings: Vec<u8>,
}

#[derive(Serialize)]
struct Finding<'a> {
    kind: &'a str,
    start: usize,
    end: usize,
    confidence: f32,
}

impl JsonLines {
    /// What the lines, or parts of lines, add to the output.
    pub(super) fn write(&mut self, lines: &[RedactedLine]) -> anyhow::Result<Vec<u8>> {
        let mut out = Vec::new();
        for line in lines {
            if !self.open {
                out.extend_from_slice(b"{\"text\":\"");
                self.open = true;
            }
            let text = String::from_utf8_lossy(&line.text);
            let quoted = safe_json(&serde_json::to_string(&text).context("JSON output")?);
            let inside = quoted.get(1..quoted.len() - 1).unwrap_or_default();
            out.extend_from_slice(inside.as_bytes());
            for finding in &line.findings {
                if !self.findings.is_empty() {
                    self.findings.push(b',');
                }
                let finding = Finding {
                    kind: finding.kind.name(),
                    start: finding.start,
                    end: finding.end,
                    confidence: finding.confidence,
                };
                serde_json::to_writer(&mut self.findings, &finding).context("JSON output")?;
            }
            if !line.line_end.is_empty() {
                out.extend(self.end());
            }
        }
        Ok(out)
    }

    /// Closes the object that is open.
    pub(super) fn end(&mut self) -> Vec<u8> {
        if !self.open {
            return Vec::new();
        }
        self.open = false;
        let mut out = b"\",\"findings\":[".to_vec();
        out.append(&mut self.findings);
        out.extend_from_slice(b"]}\n");
        out
    }
}
