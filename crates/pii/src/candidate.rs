//! What one pass over a piece of text finds, before overlaps are decided.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// How sure a finding is, by what speaks for it.
pub(crate) mod sure {
    /// Check digits, or a form that means nothing else.
    pub(crate) const CERTAIN: f32 = 0.99;
    /// The form is that of its standard.
    pub(crate) const FORM: f32 = 0.9;
    /// The form fits, and a word beside it says so.
    pub(crate) const CONTEXT: f32 = 0.75;
    /// The form fits and is rarely anything else.
    pub(crate) const LIKELY: f32 = 0.6;
    /// A repeat of a found value, in a place that alone would not show it.
    pub(crate) const REPEAT: f32 = 0.5;
    /// Redacted for caution.
    pub(crate) const CAUTION: f32 = 0.3;
}

/// A possible finding: byte range, rank of its kind (the lowest wins), confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) rank: u8,
    pub(crate) confidence: f32,
}

/// The rank of the first built-in kind; custom kinds are below.
pub(crate) const FIRST_BUILT_IN: u8 = 64;

/// The rank of text that looks like a numbered placeholder: it is found before all others.
pub(crate) const PLACEHOLDER_RANK: u8 = 255;

/// Leaves of overlapping candidates those that stay: by rank, then the longer, then the one farther
/// left; sorted by place.
pub(crate) fn resolve(candidates: &mut Vec<Candidate>) {
    if candidates.len() < 2 {
        return;
    }
    candidates.sort_by_key(|one| (one.start, one.end, one.rank));
    candidates.dedup_by_key(|one| (one.start, one.end, one.rank));
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
    let mut rest = candidates.as_mut_slice();
    while let Some(first) = rest.first() {
        // A cluster ends where the next candidate begins behind everything before it.
        let mut end = first.end;
        let mut len = 1;
        while let Some(next) = rest.get(len)
            && next.start < end
        {
            end = end.max(next.end);
            len += 1;
        }
        let (cluster, after) = rest.split_at_mut(len);
        rest = after;
        if let [single] = cluster {
            kept.push(*single);
            continue;
        }
        cluster.sort_by_key(|one| (one.rank, core::cmp::Reverse(one.end - one.start), one.start));
        // By start: a look-up finds the neighbours, also in a chain of very many.
        let mut free = BTreeMap::new();
        for one in cluster.iter() {
            let left = free.range(..=one.start).next_back();
            let right = free.range(one.start..).next();
            let free_left = left.is_none_or(|(_, other): (_, &Candidate)| other.end <= one.start);
            if free_left && right.is_none_or(|(&start, _)| one.end <= start) {
                free.insert(one.start, *one);
            }
        }
        kept.extend(free.into_values());
    }
    *candidates = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(start: usize, end: usize, rank: u8) -> Candidate {
        Candidate {
            start,
            end,
            rank,
            confidence: 1.0,
        }
    }

    #[test]
    fn rank_then_length_then_place() {
        let mut all = vec![one(0, 5, 70), one(4, 9, 65), one(8, 20, 70), one(9, 12, 70)];
        resolve(&mut all);
        assert_eq!(all, [one(4, 9, 65), one(9, 12, 70)]);
        let mut all = vec![one(2, 6, 70), one(0, 4, 70), one(1, 6, 70)];
        resolve(&mut all);
        assert_eq!(all, [one(1, 6, 70)]);
        let mut all = vec![one(2, 6, 70), one(0, 4, 70)];
        resolve(&mut all);
        assert_eq!(all, [one(0, 4, 70)]);
    }
}
