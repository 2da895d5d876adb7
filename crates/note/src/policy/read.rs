//! Reading a policy line by line.

use super::{
    MAX_POLICY_ENTRIES, Node, PolicyFileError, PolicyGroup, PolicyLine, PolicyLog, PolicyName,
    PolicyWitness, Threshold,
};
use crate::VKeyKind;
use alloc::format;
use alloc::vec::Vec;

const NAME: &str = "a name";
const NONE: &[u8] = b"none";

/// What was read so far.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) logs: Vec<PolicyLog>,
    pub(super) witnesses: Vec<PolicyWitness>,
    pub(super) groups: Vec<PolicyGroup>,
    /// With the line that defined it.
    pub(super) quorum: Option<(Option<Node>, usize)>,
    /// Every name with where it was defined, and whether it is a group's member by now.
    names: Vec<(PolicyName, Node, usize, bool)>,
}

impl Reader {
    pub(super) fn log(&mut self, line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
        line.expect_words(&["log", "a key line"], 1)?;
        let key = line.vkey(1, VKeyKind::Ed25519)?;
        let same = |log: &PolicyLog| log.key.key() == key.key();
        if self.logs.iter().any(same) {
            return Err(line.error(1, "a log above has this public key already"));
        }
        room(&self.logs, line)?;
        let url = line.get(2).map(|url| PolicyName(url.into()));
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    pub(super) fn witness(&mut self, line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
        line.expect_words(&["witness", NAME, "a key line"], 1)?;
        let name = self.new_name(line)?;
        let key = line.vkey(2, VKeyKind::CosignatureV1)?;
        let same = |witness: &&PolicyWitness| witness.key.key() == key.key();
        if let Some(other) = self.witnesses.iter().find(same) {
            let reason = format!("witness {} above has this public key already", other.name);
            return Err(line.error(2, reason));
        }
        room(&self.witnesses, line)?;
        let node = Node::Witness(self.witnesses.len());
        self.names.push((name.clone(), node, line.number(), false));
        let url = line.get(3).map(|url| PolicyName(url.into()));
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    pub(super) fn group(&mut self, line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
        let head = ["group", NAME, "any, all or a number", "a member"];
        line.expect_words(&head, usize::MAX)?;
        let name = self.new_name(line)?;
        let count = line.len() - 3;
        let threshold = match line.word(2) {
            b"any" => Threshold::Any,
            b"all" => Threshold::All,
            word => core::str::from_utf8(word)
                .ok()
                .and_then(crate::lines::decimal)
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=count).contains(number))
                .map(Threshold::Count)
                .ok_or_else(|| {
                    line.error(
                        2,
                        format!("expected any, all or a number from 1 to {count}"),
                    )
                })?,
        };
        let mut members = Vec::new();
        for place in 3..line.len() {
            let found = self.defined(line, place)?;
            let (_, node, _, taken) = &mut self.names[found];
            if *taken {
                return Err(line.error(
                    place,
                    "it is a member already; a name is a member once in the whole file",
                ));
            }
            *taken = true;
            members.push(*node);
        }
        room(&self.groups, line)?;
        let node = Node::Group(self.groups.len());
        self.names.push((name.clone(), node, line.number(), false));
        self.groups.push(PolicyGroup {
            name,
            threshold,
            members,
        });
        Ok(())
    }

    pub(super) fn quorum(&mut self, line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
        line.expect_words(&["quorum", "a name or none"], 0)?;
        if let Some((_, first)) = self.quorum {
            let reason = format!("the quorum was given on line {first} already");
            return Err(line.error(0, reason));
        }
        let node = match line.word(1) {
            NONE => None,
            _ => Some(self.names[self.defined(line, 1)?].1),
        };
        self.quorum = Some((node, line.number()));
        Ok(())
    }

    /// The name that a line defines, its second word.
    fn new_name(&self, line: &PolicyLine<'_>) -> Result<PolicyName, PolicyFileError> {
        let name = line.word(1);
        if name == NONE {
            return Err(line.error(1, "none is predefined and cannot be a name"));
        }
        if let Some((_, _, first, _)) = self.find(name) {
            let reason = format!("the name was defined on line {first} already");
            return Err(line.error(1, reason));
        }
        Ok(PolicyName(name.into()))
    }

    fn find(&self, name: &[u8]) -> Option<&(PolicyName, Node, usize, bool)> {
        self.names.iter().find(|entry| entry.0.0 == name)
    }

    /// Where among the names the one in a word is.
    fn defined(&self, line: &PolicyLine<'_>, place: usize) -> Result<usize, PolicyFileError> {
        let name = line.word(place);
        let found = self.names.iter().position(|entry| entry.0.0 == name);
        found.ok_or_else(|| {
            line.error(
                place,
                match name {
                    NONE => "none cannot be a member",
                    _ => "no witness or group of this name is defined above",
                },
            )
        })
    }
}

/// Whether one more entry of a kind may follow.
fn room<T>(entries: &[T], line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
    if entries.len() < MAX_POLICY_ENTRIES {
        return Ok(());
    }
    let reason = format!("expected at most {MAX_POLICY_ENTRIES} lines of this kind");
    Err(line.error(0, reason))
}
