//! UUIDs and tokens: made from what they name, so that the same log gives the same ones.

use crate::ml_bom::MlBomLink;
use ai_audit_compliance::Crosswalk;
use ai_audit_core::Digest;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The namespace of all UUIDs here; drawn once.
const PROJECT: Uuid = Uuid::from_u128(0xc196_ecf8_f407_46de_9f97_1106_4a61_7bb8);

/// The UUIDs of one document.
pub(super) struct Ids(Uuid);

impl Ids {
    /// From the log, its size and root, the period and the time of the report, and a digest of all
    /// that the document is made of: two that differ share no UUID.
    pub(super) fn new(
        crosswalk: &Crosswalk,
        ml_bom: Option<&MlBomLink>,
    ) -> Result<Self, serde_json::Error> {
        let edge = |time: Option<ai_audit_core::Timestamp>| {
            time.map_or_else(|| "open".into(), |time| time.to_string())
        };
        let of_bill = ml_bom.map(|link| (&link.href, link.bom.as_ref().map(|bom| bom.sha256)));
        let all = serde_json::to_vec(&(env!("CARGO_PKG_VERSION"), crosswalk, of_bill))?;
        let name = format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            crosswalk
                .log_id
                .map_or_else(String::new, |id| id.to_string()),
            crosswalk
                .tree
                .map_or_else(String::new, |tree| format!("{} {}", tree.size, tree.root)),
            edge(crosswalk.period.from),
            edge(crosswalk.period.to),
            crosswalk.at,
            Digest::of(&all),
        );
        Ok(Self(Uuid::new_v5(&PROJECT, name.as_bytes())))
    }

    /// The UUID of a thing of a sort. Sorts are words of ours, names anybody's.
    pub(super) fn of(&self, sort: &str, name: &str) -> String {
        Uuid::new_v5(&self.0, format!("{sort}\n{name}").as_bytes()).to_string()
    }
}

/// Control ids as OSCAL tokens: letters, digits, points, hyphens and underscores.
#[derive(Default)]
pub(super) struct Tokens(BTreeSet<String>);

impl Tokens {
    /// The token of a control. Controls of SP 800-53 have NIST's own (`AU-3(1)` is `au-3.1`), others
    /// the framework's id before theirs (`eu-ai-act_Art.12-1`). No two are alike.
    pub(super) fn of(&mut self, framework: &str, id: &str) -> String {
        let base = if framework.starts_with("nist-sp-800-53") {
            slug(&id.to_lowercase().replace('(', ".").replace(')', ""))
        } else {
            format!("{}_{}", slug(framework), slug(id))
        };
        let base = match base.chars().next() {
            Some(c) if c.is_ascii_alphabetic() => base,
            _ => format!("_{base}"),
        };
        let mut token = base.clone();
        let mut again = 2_u32;
        while !self.0.insert(token.clone()) {
            token = format!("{base}_{again}");
            again = again.saturating_add(1);
        }
        token
    }
}

/// What a token may hold of a text: each run of other characters is a hyphen.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => out.push(c),
            '.' | '-' => out.push(c),
            _ if out.ends_with(['-', '.']) => {}
            _ => out.push('-'),
        }
    }
    out.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_nists_own_where_it_has_them_and_never_twice_the_same() {
        let mut tokens = Tokens::default();
        assert_eq!(tokens.of("nist-sp-800-53-au", "AU-3(1)"), "au-3.1");
        assert_eq!(tokens.of("eu-ai-act", "Art. 12(1)"), "eu-ai-act_Art.12-1");
        assert_eq!(tokens.of("eu-ai-act", "Art. 12[1]"), "eu-ai-act_Art.12-1_2");
        assert_eq!(
            tokens.of("21-cfr-part-11", "11.10(e)"),
            "_21-cfr-part-11_11.10-e"
        );
        assert_eq!(tokens.of("eu-ai-act", "\u{202e}"), "eu-ai-act_");
    }
}
