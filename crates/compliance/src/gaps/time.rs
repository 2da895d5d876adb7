//! Lengths of time in words, calendar months, and how long a log went without an anchor.

use super::Finding;
use crate::sample::Named;
use ai_audit_core::{Kind, Timestamp};
use jiff::{ToSpan as _, tz::Offset};

const SECOND: u64 = 1_000_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;
/// Longest time without an anchor that is no gap, in days.
const ANCHOR_DAYS: u64 = 30;

/// A length of time in its two greatest units.
pub(crate) fn span(micros: u64) -> String {
    let seconds = micros / SECOND;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut words = Vec::new();
    for (length, name) in units {
        let count = left / length;
        left %= length;
        if count > 0 {
            words.push(format!("{count} {name}"));
        }
    }
    words.truncate(2);
    match words.as_slice() {
        [] => "less than a second".into(),
        words => words.join(" "),
    }
}

/// A number with what it counts.
pub(crate) fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// A time to the second, as people read it.
pub(crate) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    match text.get(..19) {
        Some(text) => format!("{} UTC", text.replacen('T', " ", 1)),
        None => text,
    }
}

/// The same moment so many calendar months later, UTC; on a day that the month does not have, its
/// last. `None` beyond the year 9999.
pub(crate) fn months_later(time: Timestamp, months: i64) -> Option<Timestamp> {
    let micros = i64::try_from(time.as_micros()).ok()?;
    let time = jiff::Timestamp::from_microsecond(micros).ok()?;
    let later = Offset::UTC
        .to_datetime(time)
        .checked_add(months.months())
        .ok()?;
    let later = Offset::UTC.to_timestamp(later).ok()?;
    let micros = u64::try_from(later.as_microsecond()).ok()?;
    Some(Timestamp::from_micros(micros))
}

/// How long the log went without an anchor.
#[derive(Debug, Default)]
pub(crate) struct Anchors {
    count: u64,
    /// When something was last anchored, or the log began.
    since: Option<(Timestamp, Named)>,
    stretches: u64,
    /// Length of the longest stretch, and the receipts at its ends.
    longest: Option<(u64, Vec<Named>)>,
}

impl Anchors {
    pub(crate) fn see(&mut self, named: Named) {
        let since = *self.since.get_or_insert((named.sealed_at, named));
        if named.kind == Kind::ANCHOR {
            self.stretch(since, named.sealed_at, Some(named));
            self.count += 1;
            self.since = Some((named.sealed_at, named));
        }
    }

    fn stretch(&mut self, since: (Timestamp, Named), until: Timestamp, end: Option<Named>) {
        let length = until.as_micros().saturating_sub(since.0.as_micros());
        if length <= ANCHOR_DAYS * DAY {
            return;
        }
        self.stretches += 1;
        if self
            .longest
            .as_ref()
            .is_none_or(|(longest, _)| length > *longest)
        {
            let ends = std::iter::once(since.1).chain(end).collect();
            self.longest = Some((length, ends));
        }
    }

    pub(crate) fn named(&self) -> Vec<Named> {
        let ends = self.longest.iter().flat_map(|(_, ends)| ends.clone());
        self.since
            .map(|(_, named)| named)
            .into_iter()
            .chain(ends)
            .collect()
    }

    /// `vouched` is whether somebody whom the reader trusts vouches for checkpoints of the log: what an
    /// anchor holds, anybody can have written.
    pub(crate) fn finding(&self, newest: Option<Timestamp>, vouched: bool) -> Finding {
        let mut whole = Self {
            count: self.count,
            since: self.since,
            stretches: self.stretches,
            longest: self.longest.clone(),
        };
        if let (Some(since), Some(newest)) = (self.since, newest) {
            whole.stretch(since, newest, None);
        }
        let none = self.count == 0 && self.since.is_some();
        let mut says = match self.count {
            0 => vec![
                "the log has no anchor: nobody outside of it saw a checkpoint and left word in it"
                    .into(),
            ],
            count => vec![counted(count, "anchor", "anchors")],
        };
        if let Some((length, _)) = &whole.longest {
            says.push(format!(
                "{} stretches of more than {ANCHOR_DAYS} days without one, the longest {}",
                whole.stretches,
                span(*length)
            ));
        }
        Finding {
            id: "checkpoints",
            title: "Missing checkpoints",
            basis: "",
            absent: whole.stretches.max(u64::from(none)),
            says,
            advice: "let a witness cosign or a timestamp authority stamp checkpoints, and anchor them: \
                     ai-audit anchor",
            named: whole.longest.map(|(_, ends)| ends).unwrap_or_default(),
            cannot_tell: (!vouched).then(|| {
                "nobody whom you trust vouches for what the anchors hold: time is not verified"
                    .into()
            }),
            ..Finding::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_months_are_calendar_months() {
        let time = |text: &str| {
            let time: jiff::Timestamp = text.parse().unwrap();
            Timestamp::from_micros(u64::try_from(time.as_microsecond()).unwrap())
        };
        for (from, to) in [
            ("2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"),
            ("2026-08-31T00:00:00Z", "2027-02-28T00:00:00Z"),
            ("2027-08-31T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("1970-01-01T00:00:00Z", "1970-07-01T00:00:00Z"),
        ] {
            assert_eq!(months_later(time(from), 6), Some(time(to)), "{from}");
        }
        assert_eq!(months_later(Timestamp::from_micros(u64::MAX), 6), None);
    }

    #[test]
    fn lengths_in_words() {
        for (micros, words) in [
            (0, "less than a second"),
            (SECOND, "1 s"),
            (61 * SECOND, "1 min 1 s"),
            (3 * DAY + 7_200 * SECOND + 5 * SECOND, "3 d 2 h"),
        ] {
            assert_eq!(span(micros), words);
        }
    }
}
