//! Progress of what takes long: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::Duration;

/// A bar on standard error, or nothing if that is no terminal or nobody wants it.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// `unit` is what is counted, in the plural. `total` may be 0 where nobody knows it.
    pub(crate) fn new(what: &'static str, unit: &str, total: u64, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = if total == 0 {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::new(total)
        };
        let template = if total == 0 {
            format!("{{spinner}} {{msg}}: {{human_pos}} {unit} ({{per_sec}})")
        } else {
            format!("{{msg}} [{{bar:24}}] {{human_pos}}/{{human_len}} {unit}, {{eta}} left")
        };
        // The templates are fixed and hold; a default bar is no worse than no program.
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    /// `done` of `total` are done.
    pub(crate) fn set(&self, done: u64, total: u64) {
        // Drawing costs more than many of the things that are counted.
        if let Some(bar) = &self.0
            && (done.is_multiple_of(64) || done == total)
        {
            if bar.length() != Some(total) && total > 0 {
                bar.set_length(total);
            }
            bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
