//! Remarks as they are collected.

use std::collections::BTreeMap;

use crate::{Remark, RemarkKind};

/// Examples kept of one sort of remark.
const EXAMPLES: usize = 20;

/// All remarks counted, and the first ones kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remarks(BTreeMap<(RemarkKind, Option<String>), (u64, Vec<String>)>);

impl Remarks {
    pub(crate) fn add(
        &mut self,
        kind: RemarkKind,
        tenant: Option<&str>,
        example: impl Into<String>,
    ) {
        let (count, examples) = self.0.entry((kind, tenant.map(Into::into))).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(example.into());
        }
    }

    /// Those of one tenant and those of nobody in particular; or all.
    pub(crate) fn of(self, tenant: Option<&str>) -> Vec<Remark> {
        let all = self
            .0
            .into_iter()
            .map(|((kind, whose), (count, examples))| Remark {
                kind,
                tenant: whose,
                count,
                examples,
            });
        all.filter(|remark| {
            tenant.is_none() || remark.tenant.is_none() || remark.tenant.as_deref() == tenant
        })
        .collect()
    }
}
