//! Time in buckets, so many at most: seconds first, and wider ones as the log grows.

use ai_audit_core::Timestamp;
use jiff::civil::Date;
use jiff::civil::Time;
use jiff::tz::Offset;
use serde::Serialize;
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How wide buckets are. All are of UTC; weeks begin on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 1 second.
    #[default]
    Second,
    /// 10 seconds.
    TenSeconds,
    /// 1 minute.
    Minute,
    /// 5 minutes.
    FiveMinutes,
    /// 15 minutes.
    QuarterHour,
    /// 1 hour.
    Hour,
    /// 6 hours.
    SixHours,
    /// A day.
    Day,
    /// A week; only shown, never merged into months.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
    /// Ten years.
    Decade,
    /// A hundred years.
    Century,
}

impl Unit {
    /// In words, as in "by week".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::TenSeconds => "10 seconds",
            Self::Minute => "minute",
            Self::FiveMinutes => "5 minutes",
            Self::QuarterHour => "15 minutes",
            Self::Hour => "hour",
            Self::SixHours => "6 hours",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Decade => "decade",
            Self::Century => "century",
        }
    }

    /// The next one whose buckets are made of whole ones of this.
    const fn wider(self) -> Option<Self> {
        Some(match self {
            Self::Second => Self::TenSeconds,
            Self::TenSeconds => Self::Minute,
            Self::Minute => Self::FiveMinutes,
            Self::FiveMinutes => Self::QuarterHour,
            Self::QuarterHour => Self::Hour,
            Self::Hour => Self::SixHours,
            Self::SixHours => Self::Day,
            Self::Day => Self::Month,
            Self::Month => Self::Year,
            Self::Year => Self::Decade,
            Self::Decade => Self::Century,
            Self::Week | Self::Century => return None,
        })
    }

    /// The bucket of a time: its first microsecond and the first one after it.
    fn bucket(self, time: u64) -> (u64, u64) {
        let whole = |width: u64| {
            let start = time - time % width;
            (start, start + width)
        };
        let years = |count: i16| {
            let year = date(time).year();
            let first = year - year.rem_euclid(count);
            (new_year(first), new_year(first.saturating_add(count)))
        };
        match self {
            Self::Second => whole(SECOND),
            Self::TenSeconds => whole(10 * SECOND),
            Self::Minute => whole(MINUTE),
            Self::FiveMinutes => whole(5 * MINUTE),
            Self::QuarterHour => whole(15 * MINUTE),
            Self::Hour => whole(HOUR),
            Self::SixHours => whole(6 * HOUR),
            Self::Day => whole(DAY),
            Self::Week => {
                // 1970-01-01 was a Thursday, three days after a Monday.
                let into = (time / DAY + 3) % 7 * DAY + time % DAY;
                let start = time.saturating_sub(into);
                (start, time - time % DAY + DAY * 7 - (into - into % DAY))
            }
            Self::Month => {
                let first = date(time).first_of_month();
                let next = first.checked_add(jiff::Span::new().months(1));
                (micros(first), next.map_or(u64::MAX, micros))
            }
            Self::Year => years(1),
            Self::Decade => years(10),
            Self::Century => years(100),
        }
    }

    /// How a bucket is called that begins at `start`.
    #[must_use]
    pub fn label(self, start: Timestamp) -> String {
        let text = start.to_string();
        let cut = |len: usize| text.get(..len).unwrap_or(&text).replace('T', " ");
        match self {
            Self::Second | Self::TenSeconds => cut(19),
            Self::Minute | Self::FiveMinutes | Self::QuarterHour | Self::Hour | Self::SixHours => {
                cut(16)
            }
            Self::Day => cut(10),
            Self::Week => format!("week of {}", cut(10)),
            Self::Month => cut(7),
            Self::Year => cut(4),
            Self::Decade | Self::Century => format!("from {}", cut(4)),
        }
    }
}

fn date(time: u64) -> Date {
    i64::try_from(time)
        .ok()
        .and_then(|time| jiff::Timestamp::from_microsecond(time).ok())
        .map_or(Date::MAX, |time| Offset::UTC.to_datetime(time).date())
}

fn new_year(year: i16) -> u64 {
    Date::new(year, 1, 1).map_or(u64::MAX, micros)
}

fn micros(date: Date) -> u64 {
    Offset::UTC
        .to_timestamp(date.to_datetime(Time::midnight()))
        .ok()
        .and_then(|time| u64::try_from(time.as_microsecond()).ok())
        .unwrap_or(if date.year() < 1970 { 0 } else { u64::MAX })
}

/// What can be put together with what came after it.
pub(super) trait Merge {
    fn merge(&mut self, later: Self);
}

/// Values by time. It holds `most` buckets at most, and only those in which something happened.
#[derive(Debug, Clone)]
pub(super) struct Timeline<T> {
    unit: Unit,
    most: usize,
    /// By the start of the bucket: its end, and what is in it.
    buckets: BTreeMap<u64, (u64, T)>,
}

impl<T: Merge> Timeline<T> {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            unit: Unit::Second,
            most,
            buckets: BTreeMap::new(),
        }
    }

    /// Adds a value at a time.
    pub(super) fn add(&mut self, time: Timestamp, value: T) {
        let time = time.as_micros();
        // Most often it belongs to the last bucket, and no calendar is asked.
        let near = self.buckets.range_mut(..=time).next_back();
        if let Some((_, (end, held))) = near
            && time < *end
        {
            held.merge(value);
            return;
        }
        let (start, end) = self.unit.bucket(time);
        self.buckets.insert(start, (end, value));
        while self.buckets.len() > self.most
            && let Some(wider) = self.unit.wider()
        {
            self.widen(wider);
        }
    }

    fn widen(&mut self, unit: Unit) {
        self.unit = unit;
        for (old, (_, value)) in std::mem::take(&mut self.buckets) {
            let (start, end) = unit.bucket(old);
            match self.buckets.get_mut(&start) {
                Some((_, held)) => held.merge(value),
                None => {
                    self.buckets.insert(start, (end, value));
                }
            }
        }
    }

    /// The buckets in their order, about `shown` at most: days become weeks before months.
    pub(super) fn finish(mut self, shown: usize) -> (Unit, Vec<(Timestamp, Timestamp, T)>) {
        // Many empty buckets between few full ones would leave hairlines of a chart.
        let too_fine = |line: &Self| {
            let first = line.buckets.first_key_value();
            let last = line.buckets.last_key_value();
            first
                .zip(last)
                .is_some_and(|((start, (end, _)), (_, (to, _)))| {
                    to.saturating_sub(*start) / (end - start).max(1) > 3 * shown as u64
                })
        };
        while self.buckets.len() > shown || too_fine(&self) {
            let wider = match self.unit {
                Unit::Day => Some(Unit::Week),
                unit => unit.wider(),
            };
            let Some(wider) = wider else { break };
            self.widen(wider);
        }
        let buckets = self.buckets.into_iter().map(|(start, (end, value))| {
            let (start, end) = (Timestamp::from_micros(start), Timestamp::from_micros(end));
            (start, end, value)
        });
        (self.unit, buckets.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Merge for u64 {
        fn merge(&mut self, later: Self) {
            *self += later;
        }
    }

    fn at(days: u64) -> Timestamp {
        Timestamp::from_micros(days * DAY + HOUR)
    }

    #[test]
    fn buckets_stay_bounded_and_nothing_is_lost() {
        let mut line = Timeline::new(40);
        for day in 0..4_000 {
            line.add(at(20_000 + day), 1u64);
            assert!(line.buckets.len() <= 40);
        }
        let (unit, buckets) = line.finish(40);
        assert_eq!(unit, Unit::Year);
        assert_eq!(buckets.iter().map(|bucket| bucket.2).sum::<u64>(), 4_000);
        assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    }

    #[test]
    fn days_are_shown_as_weeks_that_begin_on_monday() {
        let mut line = Timeline::new(400);
        // 2026-11-23 is a Monday.
        for day in 0..70 {
            line.add(at(20_780 + day), 1u64);
        }
        let (unit, buckets) = line.finish(30);
        assert_eq!((unit, buckets.len()), (Unit::Week, 10));
        assert_eq!(unit.label(buckets[0].0), "week of 2026-11-23");
        assert!(buckets.iter().all(|bucket| bucket.2 == 7));
    }

    #[test]
    fn times_at_the_ends_of_the_calendar_have_buckets() {
        for unit in [
            Unit::Minute,
            Unit::Day,
            Unit::Week,
            Unit::Month,
            Unit::Year,
            Unit::Decade,
            Unit::Century,
        ] {
            for time in [0, DAY * 5, Timestamp::MAX.as_micros()] {
                let (start, end) = unit.bucket(time);
                assert!(start <= time && time < end, "{unit:?} {time}");
            }
        }
    }
}
