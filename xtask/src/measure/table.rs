//! Tables of figures: 80 columns wide in a terminal, and in Markdown.

/// Widest line of a terminal.
const WIDTH: usize = 80;

/// A table: the first column is of names, the others of figures.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|&cell| cell.into()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(wide).collect();
        let total = |gap: usize| widths.iter().sum::<usize>() + gap * columns.saturating_sub(1);
        // Figures decide how wide a table is. A slow machine has long ones, and is no reason to fail.
        let gap = if total(2) <= WIDTH { 2 } else { 1 };
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                line += &match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{:gap$}{cell:>width$}", ""),
                };
            }
            out += line.trim_end();
            out.push('\n');
        }
        out
    }

    /// For a document.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            out += &format!("| {} |\n", row.join(" | "));
            if number == 0 {
                out += &format!("|---|{}\n", "---:|".repeat(row.len().saturating_sub(1)));
            }
        }
        out
    }
}

/// A time of so many nanoseconds, in the unit that fits, with three digits.
pub(crate) fn time(nanos: f64) -> String {
    let (value, unit) = match nanos {
        n if n < 999.5 => (n, "ns"),
        n if n < 999.5e3 => (n / 1e3, "µs"),
        n if n < 999.5e6 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let shown = [1.0, 999.4, 999.6, 12_345.0, 9_996.0, 1.5e8, 2e9].map(time);
        assert_eq!(
            shown,
            [
                "1.00 ns", "999 ns", "1.00 µs", "12.3 µs", "10.0 µs", "150 ms", "2.00 s"
            ]
        );
    }

    #[test]
    fn long_figures_are_nearer_to_each_other() {
        let mut table = Table::new(&[
            "a second", "p50", "p99", "p99.9", "max", "CPU", "held", "late p50", "late p99",
        ]);
        table.row(
            [
                "10000", "87.5 ms", "1.51 ms", "1.56 ms", "1.58 ms", "110.1 %", "9666/s",
                "9.57 µs", "3.44 ms",
            ]
            .map(Into::into),
        );
        let text = table.text();
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        assert!(text.contains("110.1 % 9666/s"), "{text}");
    }

    #[test]
    fn one_table_for_both() {
        let mut table = Table::new(&["work", "p50"]);
        table.row(["a".into(), "1.00 µs".into()]);
        assert_eq!(table.text(), "work      p50\na     1.00 µs\n");
        assert_eq!(
            table.markdown(),
            "| work | p50 |\n|---|---:|\n| a | 1.00 µs |\n"
        );
    }
}
