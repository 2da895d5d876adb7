//! Numbers whose text was changed on the way, as the library's own writer would have written them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{COMPACT, Json};

/// How many numbers of a record are tried both ways.
const MAX_UNSURE: usize = 6;

/// Integers of this many digits and more, 10^16 and above, may have been floats.
const FLOAT_DIGITS: usize = 17;

/// How orjson writes exponents above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exponent {
    /// `1e+16`, from its version 3.12 on.
    Plus,
    /// `1e16`, before.
    Bare,
}

/// A number that can have been written in one of two ways, and where it stands.
struct Unsure {
    at: usize,
    forms: [String; 2],
}

/// Writes a JSON text compactly with its numbers as the library writes them, in all the ways in which
/// they can have been, until one fits; there are 128 at most. `floats` are the nodes, ascending, that
/// are floats even where they look like integers.
pub(crate) fn rewrite(
    json: &Json<'_>,
    without: &[&str],
    floats: &[u32],
    mut fits: impl FnMut(&[u8]) -> bool,
) -> Option<Vec<u8>> {
    for style in [Exponent::Plus, Exponent::Bare] {
        let mut unsure: Vec<Unsure> = Vec::new();
        let mut exponents = false;
        let sure = json.write(COMPACT, without, |out, index, text| {
            let [first, second] = forms(text, floats.binary_search(&index).is_ok(), style);
            exponents |= first.contains("e+") || second.contains("e+");
            if second.is_empty() || unsure.len() == MAX_UNSURE {
                out.extend_from_slice(first.as_bytes());
            } else {
                let (at, forms) = (out.len(), [first, second]);
                unsure.push(Unsure { at, forms });
            }
        });
        for choice in 0..1_u32 << unsure.len() {
            let bytes = fill(&sure, &unsure, choice);
            if fits(&bytes) {
                return Some(bytes);
            }
        }
        if !exponents {
            // The other style writes the same.
            break;
        }
    }
    None
}

/// Puts the forms that `choice` says, bit by bit, where they belong.
fn fill(sure: &[u8], unsure: &[Unsure], choice: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(sure.len() + 32 * unsure.len());
    let mut from = 0;
    for (bit, place) in unsure.iter().enumerate() {
        let [first, second] = &place.forms;
        let form = if choice >> bit & 1 == 0 {
            first
        } else {
            second
        };
        bytes.extend_from_slice(sure.get(from..place.at).unwrap_or_default());
        bytes.extend_from_slice(form.as_bytes());
        from = place.at;
    }
    bytes.extend_from_slice(sure.get(from..).unwrap_or_default());
    bytes
}

/// The one or two ways in which a number can have been written; the second is empty where there is
/// but one.
fn forms(text: &str, float: bool, style: Exponent) -> [String; 2] {
    let none = String::new();
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    if !value.is_finite() {
        return [text.into(), none];
    }
    if float || text.contains(['.', 'e', 'E']) {
        return match value {
            // Not every writer keeps the sign of zero.
            0.0 if value.is_sign_positive() => ["0.0".into(), "-0.0".into()],
            _ => [write(value, style), none],
        };
    }
    let digits = text.trim_start_matches('-').len();
    if digits >= FLOAT_DIGITS {
        return [text.into(), write(value, style)];
    }
    [text.into(), none]
}

/// Writes a finite float in the fewest digits that read back to it, as orjson lays them out: from
/// 10^-5 to below 10^16 without an exponent, and always so that it is seen to be a float.
pub(crate) fn write(value: f64, style: Exponent) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let Some((digits, point)) = shortest(value.abs()) else {
        return format!("{sign}0.0");
    };
    let Some((first, rest)) = digits.split_at_checked(1) else {
        return format!("{sign}0.0");
    };
    match usize::try_from(point) {
        Err(_) | Ok(0) if point > -5 => {
            let zeros = "0".repeat(usize::try_from(-point).unwrap_or(0));
            format!("{sign}0.{zeros}{digits}")
        }
        Ok(whole @ 1..=16) => match digits.split_at_checked(whole) {
            None | Some((_, "")) => format!("{sign}{digits:0<whole$}.0"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        },
        _ => {
            let dot = if rest.is_empty() { "" } else { "." };
            let plus = match style {
                Exponent::Plus if point > 0 => "+",
                _ => "",
            };
            format!("{sign}{first}{dot}{rest}e{plus}{}", point - 1)
        }
    }
}

/// The fewest digits that read back to a number above zero, and how many of them stand before the
/// point, which may be below zero. `None` for zero.
///
/// Where two such texts are equally near to the number, the one with the even digit at its end, as in
/// orjson: those of `core::fmt` differ there.
fn shortest(value: f64) -> Option<(String, i32)> {
    let text = ai_audit_json::format_number(value)?;
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let zeros = digits.len() - significant.len();
    let point = i32::try_from(whole.len()).ok()? - i32::try_from(zeros).ok()?;
    let significant = significant.trim_end_matches('0');
    (!significant.is_empty()).then_some(())?;
    Some((significant.into(), point + exponent.parse::<i32>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Written by orjson 3.13.0 and, where it differs, 3.9.15, 3.10.18 and 3.11.4.
    const WRITTEN: [(f64, &str, &str); 22] = [
        // Lies at ...662.25, as near to ...662.3.
        (-1_323_069_342_839_662.2, "-1323069342839662.2", ""),
        (1e-4, "0.0001", ""),
        (1e-5, "0.00001", ""),
        (9.99e-6, "9.99e-6", ""),
        (1e-6, "1e-6", ""),
        (1e-7, "1e-7", ""),
        (1e15, "1000000000000000.0", ""),
        (1e16, "1e+16", "1e16"),
        (9_999_999_999_999_998.0, "9999999999999998.0", ""),
        (1.5e16, "1.5e+16", "1.5e16"),
        (
            12_345_678_901_234_567.0,
            "1.2345678901234568e+16",
            "1.2345678901234568e16",
        ),
        (1e22, "1e+22", "1e22"),
        (1e-10, "1e-10", ""),
        (5e-324, "5e-324", ""),
        (-1.5e-9, "-1.5e-9", ""),
        (-1e300, "-1e+300", "-1e300"),
        (1.2345e-5, "0.000012345", ""),
        (0.000_123_45, "0.00012345", ""),
        (-0.0, "-0.0", ""),
        (0.0, "0.0", ""),
        (123_456_789.125, "123456789.125", ""),
        (
            1.797_693_134_862_315_7e308,
            "1.7976931348623157e+308",
            "1.7976931348623157e308",
        ),
    ];

    #[test]
    fn floats_are_written_as_orjson_does() {
        for (value, plus, bare) in WRITTEN {
            assert_eq!(write(value, Exponent::Plus), plus);
            let bare = if bare.is_empty() { plus } else { bare };
            assert_eq!(write(value, Exponent::Bare), bare);
        }
    }

    #[test]
    fn forms_of_numbers_that_were_changed() {
        let one = |text: &str, float| forms(text, float, Exponent::Plus).join(" ");
        assert_eq!(one("1", false), "1 ");
        assert_eq!(one("1", true), "1.0 ");
        assert_eq!(one("0", true), "0.0 -0.0");
        assert_eq!(one("0.000", false), "0.0 -0.0");
        assert_eq!(one("-0.0", false), "-0.0 ");
        assert_eq!(one("0.0000001", false), "1e-7 ");
        assert_eq!(one("9007199254740993", false), "9007199254740993 ");
        assert_eq!(one("10000000000000000", false), "10000000000000000 1e+16");
        assert_eq!(
            one("-10000000000000000000000", false),
            "-10000000000000000000000 -1e+22"
        );
        assert_eq!(one("10000000000000000000000", true), "1e+22 ");
        assert_eq!(one("1E400", true), "1E400 ");
        assert_eq!(
            one("1e999999999999999999999", false),
            "1e999999999999999999999 "
        );
    }

    proptest! {
        #[test]
        fn floats_read_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            for style in [Exponent::Plus, Exponent::Bare] {
                let text = write(value, style);
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(bits));
                let [first, second] = forms(&text, false, style);
                prop_assert!(first == text);
                prop_assert_eq!(second.is_empty(), bits != 0);
            }
        }
    }
}
