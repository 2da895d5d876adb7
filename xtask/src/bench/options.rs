//! What follows `cargo xtask bench`.

use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;

/// What is asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Mode {
    Table(Options),
    /// With what goes to criterion.
    Criterion(Vec<String>),
    Smoke,
}

/// Of the table.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Options {
    /// Fewer rounds and smaller logs.
    pub(super) quick: bool,
    /// A missed bar is a failure.
    pub(super) check: bool,
    /// Where everything is written as JSON.
    pub(super) json: Option<PathBuf>,
    /// A release build of `ai-audit` that is there.
    pub(super) bin: Option<PathBuf>,
    /// Words, all of which a row's group and name must have.
    pub(super) filter: Vec<String>,
}

impl Options {
    /// # Errors
    /// When an option is unknown or lacks its value.
    pub(super) fn parse(args: &[String]) -> Result<Mode> {
        match args.split_first() {
            Some((first, rest)) if first == "--criterion" => {
                return Ok(Mode::Criterion(rest.to_vec()));
            }
            Some((first, [])) if first == "--smoke" => return Ok(Mode::Smoke),
            _ => {}
        }
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || {
                let value = args.next().map(PathBuf::from);
                value.with_context(|| format!("bench {arg} needs a path after it"))
            };
            match arg.as_str() {
                "--quick" => options.quick = true,
                "--check" => options.check = true,
                "--json" => options.json = Some(value()?),
                "--bin" => options.bin = Some(value()?),
                "--smoke" | "--criterion" => bail!("bench {arg} must be the first argument"),
                flag if flag.starts_with('-') => {
                    bail!("bench does not know {flag:?}; see `cargo xtask --help`");
                }
                word => options.filter.push(word.to_lowercase()),
            }
        }
        Ok(Mode::Table(options))
    }

    /// Whether a row of this group and name is asked for.
    pub(super) fn wants(&self, group: &str, work: &str) -> bool {
        let name = format!("{group} {work}").to_lowercase();
        self.filter.iter().all(|word| name.contains(word))
    }

    /// Those of these names of the group that are.
    pub(super) fn wants_any(&self, group: &str, works: &[&str]) -> bool {
        works.iter().any(|work| self.wants(group, work))
    }

    /// One of two, by whether it shall be quick.
    pub(super) const fn of<T: Copy>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Mode> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&args)
    }

    #[test]
    fn options_stand_in_any_order() {
        let Mode::Table(options) = parse("Core --json a.json --quick seal --check").unwrap() else {
            panic!("that is a table");
        };
        assert!(options.quick && options.check);
        assert_eq!(options.json, Some("a.json".into()));
        assert!(options.wants("Core", "seal"));
        assert!(!options.wants("Core", "open and verify"));
        assert!(options.wants_any("Core", &["open", "sealed size"]));
    }

    #[test]
    fn what_is_unknown_or_incomplete_is_refused() {
        assert!(parse("--fast").is_err());
        assert!(parse("--json").is_err());
        assert!(parse("seal --smoke").is_err());
        assert_eq!(parse("--smoke").unwrap(), Mode::Smoke);
        let args = vec!["seal".to_owned(), "--quick".to_owned()];
        assert_eq!(
            parse("--criterion seal --quick").unwrap(),
            Mode::Criterion(args)
        );
    }
}
