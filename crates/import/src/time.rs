//! The times that Python writes, as points in time.

use ai_audit_core::Timestamp;

/// Reads a time as Python's `isoformat` and pydantic write it: RFC 3339 with `T`, up to nine digits
/// of a second's fraction (what is behind the sixth is cut off), and `Z`, an offset or neither, which
/// is taken as UTC. `None` for other texts, and for times before 1970.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let (clock, rest) = bytes.split_first_chunk::<19>()?;
    let [
        _,
        _,
        _,
        _,
        b'-',
        _,
        _,
        b'-',
        _,
        _,
        b'T',
        _,
        _,
        b':',
        _,
        _,
        b':',
        _,
        _,
    ] = clock
    else {
        return None;
    };
    let number = |from: usize, to: usize| digits(bytes.get(from..to)?);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if day < 1 || day > days_of(year, month)? || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (micros, rest) = fraction(rest)?;
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let micros = (seconds - offset(rest)?) * 1_000_000 + micros;
    let micros = u64::try_from(micros).ok()?;
    (micros <= Timestamp::MAX.as_micros()).then(|| Timestamp::from_micros(micros))
}

/// Decimal digits as a number; at most nine of them.
fn digits(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// The microseconds of a fraction, where there is one, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', text)) = text.split_first() else {
        return Some((0, text));
    };
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&length) {
        return None;
    }
    let (fraction, rest) = text.split_at_checked(length)?;
    let (mut micros, mut scale) = (0, 100_000);
    for digit in fraction {
        micros += i64::from(digit - b'0') * scale;
        scale /= 10;
    }
    Some((micros, rest))
}

/// The offset from UTC, in seconds.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, text) = match text.split_first() {
        None => return Some(0),
        Some((b'Z', [])) => return Some(0),
        Some((b'+', text)) => (1, text),
        Some((b'-', text)) => (-1, text),
        Some(_) => return None,
    };
    let (hours, minutes, seconds): (_, _, &[u8]) = match text {
        [h1, h2, b':', m1, m2] => ([*h1, *h2], [*m1, *m2], &[]),
        // Python writes the seconds of offsets that have some.
        [h1, h2, b':', m1, m2, b':', seconds @ ..] if seconds.len() == 2 => {
            ([*h1, *h2], [*m1, *m2], seconds)
        }
        _ => return None,
    };
    let (hours, minutes, seconds) = (digits(&hours)?, digits(&minutes)?, digits(seconds)?);
    (hours < 24 && minutes < 60 && seconds < 60)
        .then_some(sign * (hours * 3_600 + minutes * 60 + seconds))
}

fn days_of(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, in years that begin on 1 March, so
/// that the leap day is the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;
    use ai_audit_core::Timestamp;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn forms_that_python_writes() {
        for (text, expected) in [
            ("2026-05-01T12:00:01Z", "2026-05-01T12:00:01.000000Z"),
            ("2026-05-01T12:00:00.004000Z", "2026-05-01T12:00:00.004000Z"),
            (
                "2026-05-01T12:00:00.004000+00:00",
                "2026-05-01T12:00:00.004000Z",
            ),
            ("2026-05-01T00:30:00+02:00", "2026-04-30T22:30:00.000000Z"),
            ("2026-05-01T12:00:00-05:30", "2026-05-01T17:30:00.000000Z"),
            (
                "2026-05-01T12:00:00+00:53:28",
                "2026-05-01T11:06:32.000000Z",
            ),
            ("2026-05-01T12:00:00", "2026-05-01T12:00:00.000000Z"),
            ("2024-02-29T23:59:59.9", "2024-02-29T23:59:59.900000Z"),
            (
                "2024-02-29T23:59:59.123456789Z",
                "2024-02-29T23:59:59.123456Z",
            ),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            let time = parse(text).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts() {
        for text in [
            "",
            "2026",
            "2026-05-01",
            "2026-05-01 12:00:00Z",
            "2026-05-01T12:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-05-00T12:00:00Z",
            "2026-05-01T24:00:00Z",
            "2026-05-01T12:60:00Z",
            "2026-05-01T12:00:60Z",
            "2026-05-01T12:00:00.Z",
            "2026-05-01T12:00:00.1234567890Z",
            "2026-05-01T12:00:00z",
            "2026-05-01T12:00:00ZZ",
            "2026-05-01T12:00:00+2:00",
            "2026-05-01T12:00:00+24:00",
            "2026-05-01T12:00:00+0200",
            "2026-05-01T12:00:00+02:00:",
            "1969-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "+026-05-01T12:00:00Z",
            "２０２６-05-01T12:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_we_write_is_read(micros in 0..=Timestamp::MAX.as_micros()) {
            let time = Timestamp::from_micros(micros);
            prop_assert_eq!(parse(&time.to_string()), Some(time));
        }

        #[test]
        fn nothing_panics(text in "[0-9+:.TZ-]{17,30}|.{0,40}") {
            let _ = parse(&text);
        }
    }
}
