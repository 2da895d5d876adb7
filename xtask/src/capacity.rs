//! `cargo xtask capacity [--check]`: the tables of docs/capacity.md, out of figures that other pages have measured, and
//! of assumptions.

mod measured;
mod model;

use anyhow::{Result, ensure};

use crate::measure::{Table, figures_of, write_figures_to};
use crate::workspace::Workspace;
use measured::{Figure, Measured};
use model::{Assumptions, Plan, RATES, Signing, Tier};

const PAGE: &str = "docs/capacity.md";

/// Writes the tables, or compares them with those that are there.
///
/// # Errors
/// When a page has not the figure that is taken from it, or the tables differ.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let measured = Measured::read(workspace)?;
    let new = page(&measured, &Assumptions::EXAMPLE);
    if !check {
        return write_figures_to(workspace, PAGE, &new);
    }
    let old = figures_of(workspace, PAGE)?;
    ensure!(
        old.trim() == new.trim(),
        "{PAGE} is not what the measured figures make it: `cargo xtask capacity` writes it anew"
    );
    println!("{PAGE}: its tables are those of the figures that were measured");
    Ok(())
}

/// Everything between the marks of the page.
fn page(measured: &Measured, assumed: &Assumptions) -> String {
    let tiers = Tier::all(measured, assumed);
    let mut out = String::from("### Measured\n\n");
    out += &measured_table(&measured.all()).markdown();
    out += "\n### Assumed\n\nExamples, to be replaced: no price here is anybody's, and nothing here was measured.\n\n";
    out += &assumed_table(assumed).markdown();
    out += "\n### Calculated: what each tier costs\n\n";
    out += &tier_table(&tiers, assumed).markdown();
    out += "\n### Calculated: plans\n\n";
    out += &plan_table(measured, assumed).markdown();
    out
}

fn measured_table(figures: &[&Figure]) -> Table {
    let mut table = Table::new(&["measured", "figure", "in"]);
    for figure in figures {
        let page = figure.page.trim_start_matches("docs/");
        table.row([
            figure.what.into(),
            figure.shown(),
            format!("[{page}]({page})"),
        ]);
    }
    table
}

fn assumed_table(assumed: &Assumptions) -> Table {
    let mut table = Table::new(&["assumed", "symbol", "example"]);
    for (what, symbol, example) in assumed.rows() {
        table.row([what.into(), format!("`{symbol}`"), example]);
    }
    table
}

fn tier_table(tiers: &[Tier], assumed: &Assumptions) -> Table {
    let mut table = Table::new(&[
        "tier",
        "receipts a second, an instance",
        "from",
        "bytes a receipt",
        "requests for 10^6",
        "money for 10^6 and a month",
    ]);
    for tier in tiers {
        table.row([
            tier.name.into(),
            tier.rate
                .map_or_else(|| "–".into(), |rate| short(rate.round())),
            tier.basis.into(),
            format!("{:.0}", tier.bytes),
            short(tier.requests(1e6)),
            format!("{:.4}", tier.money(1e6, assumed)),
        ]);
    }
    table
}

/// One row a line, so that a plan is a column.
fn plan_table(measured: &Measured, assumed: &Assumptions) -> Table {
    let mut table = Table::new(&["receipts a second", "10^3", "10^5", "10^7"]);
    let single = RATES.map(|rate| Plan::of(rate, Signing::Single, measured, assumed));
    let batched = RATES.map(|rate| Plan::of(rate, Signing::Batched, measured, assumed));
    let mut row = |name: &str, plans: &[Plan; 3], cell: fn(&Plan) -> String| {
        let cells = plans.iter().map(cell);
        table.row(std::iter::once(name.to_owned()).chain(cells));
    };
    row("**signed one by one**: logs", &single, |plan| {
        count(plan.logs)
    });
    row("instances, spare ones among them", &single, |plan| {
        count(plan.instances)
    });
    row("**batched**: logs", &batched, |plan| count(plan.logs));
    row("instances, spare ones among them", &batched, |plan| {
        count(plan.instances)
    });
    row("receipts a day", &single, |plan| short(plan.a_day));
    row("to the stores, a second", &single, |plan| {
        bytes(plan.sealed_a_second)
    });
    row("hot disk", &single, |plan| bytes(plan.hot_bytes));
    row("hot disk of a log", &single, |plan| {
        bytes(plan.hot_bytes_of_a_log)
    });
    row("epochs sealed a day", &single, |plan| {
        short(plan.epochs_a_day)
    });
    row("checkpoints a day", &single, |plan| {
        short(plan.checkpoints_a_day)
    });
    row("cold: objects a day", &single, |plan| {
        short(plan.cold_objects_a_day)
    });
    row("cold: bytes in the end", &single, |plan| {
        bytes(plan.cold_bytes)
    });
    row("published: tile files a day", &single, |plan| {
        short(plan.tiles.files)
    });
    row("published: bytes a day", &single, |plan| {
        bytes(plan.tiles.bytes)
    });
    row("packages: bytes a day", &single, |plan| {
        bytes(plan.package_bytes_a_day)
    });
    row(
        "cores that verify all of it, as it comes",
        &single,
        |plan| cores(plan.verify_cores),
    );
    row("the same, tree and checkpoint only", &single, |plan| {
        cores(plan.tree_cores)
    });
    row("verifying one log's day, one core", &single, |plan| {
        format!("{:.1} h", plan.verify_a_log_day / 3600.0)
    });
    row(
        "**money a month**: instances, one by one",
        &single,
        |plan| short(plan.money.instances),
    );
    row("instances, batched", &batched, |plan| {
        short(plan.money.instances)
    });
    row("hot disk", &single, |plan| short(plan.money.disk));
    row("objects, kept", &single, |plan| short(plan.money.objects));
    row("objects, requests", &single, |plan| {
        short(plan.money.requests)
    });
    table
}

/// A whole number with commas.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A figure with three digits, or as a power of ten where it is long.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value >= 999_999.5 {
        let power = value.log10().floor();
        return format!("{:.2}·10^{power:.0}", value / 10_f64.powf(power));
    }
    if value >= 99.95 {
        return grouped(value);
    }
    let digits = if value >= 9.995 { 1 } else { 2 };
    format!("{value:.digits$}")
}

fn grouped(value: f64) -> String {
    format!("{value:.0}")
        .parse()
        .map_or_else(|_| format!("{value:.0}"), count)
}

/// Bytes in units of thousands.
fn bytes(value: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = value;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

fn cores(value: f64) -> String {
    if value < 0.005 {
        "below 0.01".into()
    } else if value < 0.995 {
        format!("{value:.2}")
    } else {
        grouped(value.ceil())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let shown = [
            0.0, 0.25, 9.99, 12.34, 99.96, 1234.4, 999_999.0, 1e6, 8.64e11,
        ]
        .map(short);
        assert_eq!(
            shown,
            [
                "0",
                "0.25",
                "9.99",
                "12.3",
                "100",
                "1,234",
                "999,999",
                "1.00·10^6",
                "8.64·10^11"
            ]
        );
        let shown = [12.0, 999.6, 57.7e9, 4.04e15, 9e18].map(bytes);
        assert_eq!(
            shown,
            ["12.0 B", "1.00 kB", "57.7 GB", "4.04 PB", "9000 PB"]
        );
        let shown = [0.0003, 0.0129, 1.2, 1290.1].map(cores);
        assert_eq!(shown, ["below 0.01", "0.01", "2", "1,291"]);
    }

    #[test]
    fn the_page_says_what_is_assumed_and_has_all_rates() {
        let text = page(&Measured::example(), &Assumptions::EXAMPLE);
        for word in [
            "### Measured",
            "### Assumed",
            "| 10^3 | 10^5 | 10^7 |",
            "to be replaced",
        ] {
            assert!(text.contains(word), "{word}");
        }
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }

    #[test]
    fn the_document_is_that_of_the_measured_figures() {
        let workspace = Workspace::load().expect("this workspace");
        // Only that all of them are found: `cargo xtask capacity --check` compares.
        let measured = Measured::read(&workspace).expect("the pages have the figures");
        assert!(measured.sealed_bytes.value > 100.0);
    }
}
