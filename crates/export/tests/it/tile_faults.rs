//! Publishing that is stopped, or fed by a store that lies.

use crate::logs::{Log, Receipts};
use crate::tile_store::{Crashing, publish_into, verify};
use ai_audit_core::{NodeHash, Question};
use ai_audit_export::LogEvidence;
use ai_audit_export::tiles::{MemoryFiles, PublishOptions, PublishedLog, publish};
use ai_audit_merkle::{MemoryTree, MissingNode, NodeReader};
use ai_audit_note::VKey;
use ai_audit_verify::Report;

fn code(report: &Report) -> u8 {
    report.exit(&Question::DEFAULT).code()
}

/// A store whose tree lies on some level, in one place or all: the files are held against the checkpoint before it is
/// published, as everybody else will do.
struct Lying<'l>(&'l Log, (u32, Option<u64>));

struct LyingNodes(MemoryTree, (u32, Option<u64>));

impl NodeReader for LyingNodes {
    type Error = MissingNode;

    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, MissingNode> {
        let node = self.0.node(level, index)?;
        let (at, place) = self.1;
        Ok(if level == at && place.is_none_or(|place| place == index) {
            NodeHash::parent(&node, &node)
        } else {
            node
        })
    }
}

impl LogEvidence for Lying<'_> {
    type Error = std::convert::Infallible;
    type Receipts<'s>
        = Receipts<'s>
    where
        Self: 's;
    type NodeError = MissingNode;
    type Nodes<'s>
        = LyingNodes
    where
        Self: 's;

    fn receipts(&self) -> Result<Receipts<'_>, Self::Error> {
        self.0.receipts()
    }

    fn nodes(&self) -> LyingNodes {
        LyingNodes(self.0.nodes(), self.1)
    }
}

#[test]
fn a_tree_that_lies_is_not_published() {
    let log = Log::of(1, 600);
    let line = VKey::parse(&log.key_line()).unwrap();
    for (level, place, hashes_only) in [
        (0, None, false),
        (0, None, true),
        (8, None, false),
        (8, None, true),
        // Nothing but that tile has this leaf: no root that is computed shows it.
        (0, Some(505), true),
        (8, Some(1), true),
    ] {
        let mut out = MemoryFiles::new();
        publish_into(&mut out, &log, 500, hashes_only).unwrap();
        let before = out.files()["checkpoint"].clone();
        let (note, options) = (log.checkpoint(), PublishOptions { hashes_only });
        let lying = Lying(&log, (level, place));
        assert!(publish(&lying, &note, &line, &mut out, options, |_, _| {}).is_err());
        assert_eq!(out.files()["checkpoint"], before);
        let honest = if hashes_only { 3 } else { 0 };
        assert_eq!(code(&verify(&out, &log.policy_at(500))), honest);
    }
}

/// Killed at any operation, with what was not made durable lost, torn or kept.
#[test]
fn stopped_anywhere_it_fits_its_checkpoint_and_goes_on() {
    let log = Log::of(1, 280);
    for (old, new) in [
        (None, 260),
        (Some(250), 260),
        (Some(256), 270),
        (Some(200), 215),
    ] {
        let mut start = MemoryFiles::new();
        if let Some(old) = old {
            publish_into(&mut start, &log, old, false).unwrap();
        }
        let mut crashes = 0;
        for after in 0.. {
            let mut out = Crashing::new(start.clone(), after);
            let line = VKey::parse(&log.key_line()).unwrap();
            let (note, options) = (log.checkpoint_at(new), PublishOptions::default());
            let outcome = publish(&log, &note, &line, &mut out, options, |_, _| {});
            for seed in 0..4 {
                let mut left = out.after_power_loss(seed);
                let known = if left.files().contains_key("checkpoint") {
                    let published = PublishedLog::open(&left).unwrap();
                    let size = published.checkpoint().size.as_u64();
                    assert!(Some(size) == old || size == new);
                    let report = verify(&left, &log.policy_at(size));
                    assert_eq!(
                        code(&report),
                        0,
                        "{old:?} {new} {after} {seed}: {:?}",
                        report.verdict
                    );
                    Some(size)
                } else {
                    None
                };
                assert!(known >= old, "the published checkpoint is never lost");
                publish_into(&mut left, &log, 280, false).unwrap();
                let report = verify(&left, &log.policy_at(280));
                assert_eq!(
                    code(&report),
                    0,
                    "{old:?} {new} {after} {seed}: {:?}",
                    report.verdict
                );
            }
            if outcome.is_ok() {
                break;
            }
            crashes += 1;
        }
        assert!(crashes > 5, "{crashes}");
    }
}
