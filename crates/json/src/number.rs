//! Numbers: which ones are taken, and their ECMAScript form (RFC 8785, section 3.2.2.3).

use alloc::string::{String, ToString};

use crate::ErrorKind;

/// The largest magnitude of an integer that is taken: 2^53, the end of the range in which a double
/// holds every integer.
pub const MAX_INTEGER: u64 = 1 << 53;

/// [`MAX_INTEGER`] as a double; exact, being a power of two.
const MAX_INTEGER_F64: f64 = 9_007_199_254_740_992.0;

/// From here on ECMAScript writes an exponent; below, all digits of an integer.
const EXPONENT_FROM: f64 = 1e21;

/// Writes a double as ECMAScript's `Number::toString` does, or gives `None` for NaN and infinities.
///
/// Unlike the rest of the crate it takes every finite double.
///
/// # Examples
///
/// ```
/// use ai_audit_json::format_number;
///
/// assert_eq!(format_number(1e21).as_deref(), Some("1e+21"));
/// assert_eq!(format_number(0.000001).as_deref(), Some("0.000001"));
/// assert_eq!(format_number(-0.0).as_deref(), Some("0"));
/// assert_eq!(format_number(f64::NAN), None);
/// ```
#[must_use]
pub fn format_number(value: f64) -> Option<String> {
    value
        .is_finite()
        .then(|| ryu_js::Buffer::new().format_finite(value).to_string())
}

/// Appends a double, unless it is one that the crate refuses.
pub(crate) fn write_f64(out: &mut String, value: f64) -> Result<(), ErrorKind> {
    if !value.is_finite() {
        return Err(ErrorKind::NotFinite);
    }
    let magnitude = value.abs();
    // All doubles in this range are integers, and would be written like integer literals.
    if magnitude > MAX_INTEGER_F64 && magnitude < EXPONENT_FROM {
        return Err(ErrorKind::IntegerRange);
    }
    out.push_str(ryu_js::Buffer::new().format_finite(value));
    Ok(())
}

/// Appends an integer given as sign and magnitude, unless it is beyond [`MAX_INTEGER`].
pub(crate) fn write_integer(
    out: &mut String,
    negative: bool,
    magnitude: u128,
) -> Result<(), ErrorKind> {
    let Some(mut rest) = u64::try_from(magnitude).ok().filter(|m| *m <= MAX_INTEGER) else {
        return Err(ErrorKind::IntegerRange);
    };
    // 2^53 has 16 digits; filled from the back.
    let mut digits = [b'0'; 16];
    let mut start = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        // The remainder is below 10.
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        start = index;
        if rest == 0 {
            break;
        }
    }
    if negative && magnitude != 0 {
        out.push('-');
    }
    out.extend(digits[start..].iter().map(|digit| char::from(*digit)));
    Ok(())
}

/// Whether a double came from a literal that only an exponent form may be, so that the text has to
/// be looked at: the reader makes doubles of integers that are too long for 64 bits.
pub(crate) fn may_be_long_integer(value: f64) -> bool {
    value.abs() >= EXPONENT_FROM
}

/// Finds the first integer literal beyond [`MAX_INTEGER`] in a text that is known to be valid JSON.
/// Gives its byte offset.
pub(crate) fn find_large_integer(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = skip_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let rest = &bytes[at..];
                let length = rest
                    .iter()
                    .position(|b| !is_number_byte(*b))
                    .unwrap_or(rest.len());
                if is_large_integer(&rest[..length]) {
                    return Some(at);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    None
}

/// Whether a byte can be part of a number literal.
pub(crate) fn is_number_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// The offset behind the string that opens at `at`.
fn skip_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn is_large_integer(literal: &[u8]) -> bool {
    const LIMIT: &[u8] = b"9007199254740992";
    let digits = literal.strip_prefix(b"-").unwrap_or(literal);
    // JSON has no leading zeros, so that longer is larger.
    digits.iter().all(u8::is_ascii_digit) && (digits.len(), digits) > (LIMIT.len(), LIMIT)
}
