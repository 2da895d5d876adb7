//! Lock files as text: which versions they hold, and our own crates in them.

/// One `[[package]]` of a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// From a registry, not from this tree.
    pub(crate) foreign: bool,
}

/// All packages of a lock file.
pub(crate) fn packages(text: &str) -> Vec<Locked> {
    let blocks = text.split("[[package]]").skip(1);
    blocks
        .filter_map(|block| {
            Some(Locked {
                name: value(block, "name")?.into(),
                version: value(block, "version")?.into(),
                foreign: value(block, "source").is_some(),
            })
        })
        .collect()
}

/// The text with every crate of this tree that is in version `old` in version `new`.
pub(crate) fn bumped(text: &str, old: &str, new: &str) -> String {
    let mut parts = text.split("[[package]]");
    let mut result = String::from(parts.next().unwrap_or_default());
    for block in parts {
        result.push_str("[[package]]");
        let ours = value(block, "source").is_none() && value(block, "version") == Some(old);
        if ours {
            let (from, to) = (
                format!("version = \"{old}\""),
                format!("version = \"{new}\""),
            );
            result.push_str(&block.replacen(&from, &to, 1));
        } else {
            result.push_str(block);
        }
    }
    result
}

fn value<'a>(block: &'a str, field: &str) -> Option<&'a str> {
    block.lines().find_map(|line| {
        let rest = line.strip_prefix(field)?.strip_prefix(" = \"")?;
        rest.strip_suffix('"')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version = 4\n\n[[package]]\nname = \"ai-audit-core\"\nversion = \"0.1.0\"\n\
        dependencies = [\n \"other\",\n]\n\n[[package]]\nname = \"other\"\nversion = \"0.1.0\"\n\
        source = \"registry+https://example.org\"\n";

    #[test]
    fn own_crates_are_bumped_and_others_left() {
        let now = packages(&bumped(TEXT, "0.1.0", "0.2.0"));
        let shown: Vec<_> = now
            .iter()
            .map(|found| format!("{} {} {}", found.name, found.version, found.foreign))
            .collect();
        assert_eq!(shown, ["ai-audit-core 0.2.0 false", "other 0.1.0 true"]);
        assert_eq!(bumped(TEXT, "0.3.0", "0.4.0"), TEXT);
    }
}
