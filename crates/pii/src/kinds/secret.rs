//! Secrets by the word before them: the value that is assigned to a key-like name.

use crate::candidate::sure;
use crate::text::is_line_end;

/// The longest name that is looked at, and the longest value.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 512;

/// Ends of names (in lower case, without `_ - .` and spaces) whose value a person chose.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "passphrase",
    "passcode",
    "pwd",
    "motdepasse",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "wachtwoord",
    "hasło",
    "haslo",
    "lösenord",
    "losenord",
    "parola",
    "пароль",
    "密码",
    "密碼",
    "口令",
    "パスワード",
    "비밀번호",
    "pass",
    "pw",
];

/// The same for values that a machine drew.
const KEYS: &[&str] = &[
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "sessionkey",
    "accountkey",
    "sharedkey",
    "clientkey",
    "servicekey",
    "deploykey",
    "hmackey",
    "accesskeyid",
    "authorization",
    "credential",
    "credentials",
    "bearer",
    "cookie",
    "sessionid",
    "jsessionid",
    "sas",
    "sig",
    "signature",
    "salt",
    "geheimnis",
    "secreto",
    "segredo",
    "segreto",
    "apischlüssel",
];

/// For each last byte, the last bytes but one that a word of the lists has with it; letters beyond ASCII
/// are let pass.
const ENDS: [u128; 128] = {
    let mut table = [0; 128];
    let lists = [PASSWORDS, KEYS];
    let mut list = 0;
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            if let [.., before, last] = lists[list][at].as_bytes()
                && *last < 128
            {
                table[*last as usize] |= if *before < 128 {
                    1 << *before
                } else {
                    u128::MAX
                };
            }
            at += 1;
        }
        list += 1;
    }
    table
};

/// Schemes that stand before the value of an `Authorization` header (RFC 9110 §11.4).
const SCHEMES: [&[u8]; 5] = [b"bearer ", b"basic ", b"token ", b"apikey ", b"key "];

/// The value behind the `=` or `:` at a place.
pub(crate) fn find(text: &[u8], sign: usize) -> Option<(usize, usize, f32)> {
    let class = name_class(text, sign)?;
    // The full-width colon has three bytes.
    let mut at = sign + if text[sign] < 0x80 { 1 } else { 3 };
    // `=>`, `:=` and `==` assign too; `://` and `::` do not.
    match (text[sign], text.get(at)) {
        (b':', Some(b':' | b'/')) => return None,
        (b'=', Some(b'>' | b'=')) | (b':', Some(b'=')) => at += 1,
        _ => {}
    }
    at += text[at..]
        .iter()
        .take(8)
        .take_while(|&&byte| byte == b' ' || byte == b'\t')
        .count();
    let escaped = text[at..].starts_with(b"\\\"") || text[at..].starts_with(b"\\'");
    let quote = text
        .get(at + usize::from(escaped))
        .copied()
        .filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    if quote.is_some() {
        at += 1 + usize::from(escaped);
    }
    if let Some(scheme) = SCHEMES.iter().find(|scheme| {
        text.get(at..at + scheme.len())
            .is_some_and(|lead| lead.eq_ignore_ascii_case(scheme))
    }) {
        at += scheme.len();
    }
    let rest = &text[at..];
    let len = match quote {
        Some(quote) => quoted(rest, quote, escaped)?,
        None => plain(rest),
    };
    let value = &rest[..len];
    let enough = match class {
        Class::Password => is_chosen(value, quote.is_some()),
        Class::Key => is_drawn(value),
    };
    enough.then_some((
        at,
        at + len,
        if bits(value) >= 3.0 {
            0.8
        } else {
            sure::LIKELY
        },
    ))
}

#[derive(Clone, Copy)]
enum Class {
    Password,
    Key,
}

/// What the name before a sign announces.
fn name_class(text: &[u8], sign: usize) -> Option<Class> {
    let floor = sign.saturating_sub(MAX_NAME);
    let mut end = sign;
    // Quotes, brackets and spaces between name and sign; also `:` of `:=`.
    while end > floor
        && sign - end < 4
        && matches!(
            text[end - 1],
            b' ' | b'"' | b'\'' | b']' | b')' | b'`' | b'\\' | b'*' | b':'
        )
    {
        end -= 1;
    }
    let last = text[floor..end].last()?.to_ascii_lowercase();
    // The last two bytes of a word in the lists: most signs end here.
    if last < 0x80 {
        let before = text[floor..end - 1].last()?.to_ascii_lowercase();
        // A sign may part two words of a name: `pass_word`.
        let parted = !before.is_ascii_alphanumeric();
        if ENDS[usize::from(last)] == 0 || !(parted || ENDS[usize::from(last)] >> before & 1 == 1) {
            return None;
        }
    }
    let mut squeezed = [0; MAX_NAME];
    let mut from = MAX_NAME;
    for &byte in text[floor..end].iter().rev() {
        if byte.is_ascii_alphanumeric() || byte >= 0x80 {
            from -= 1;
            squeezed[from] = byte.to_ascii_lowercase();
        } else if !matches!(byte, b'_' | b'-' | b'.' | b' ') || MAX_NAME - from > 24 {
            break;
        }
    }
    let name = &squeezed[from..];
    let ends = |words: &[&str]| {
        words.iter().any(|word| {
            // Short words count only alone: `compass`, `Texas` and `design` end in some.
            name.last() == word.as_bytes().last()
                && name.ends_with(word.as_bytes())
                && (word.len() > 5 || is_whole(text, floor, end, word.len()))
        })
    };
    if ends(PASSWORDS) {
        Some(Class::Password)
    } else if ends(KEYS) {
        Some(Class::Key)
    } else {
        None
    }
}

/// Whether the last `len` bytes before `end` are a word of their own: `DB_PASS`, `userPw`, `token`.
fn is_whole(text: &[u8], floor: usize, end: usize, len: usize) -> bool {
    let Some(start) = end.checked_sub(len).filter(|&start| start >= floor) else {
        return false;
    };
    match start.checked_sub(1).and_then(|at| text.get(at)) {
        None => true,
        Some(before) if before.is_ascii_alphabetic() => {
            text[start].is_ascii_uppercase() && before.is_ascii_lowercase()
        }
        Some(_) => true,
    }
}

/// The length of a quoted value on the same line.
fn quoted(rest: &[u8], quote: u8, escaped: bool) -> Option<usize> {
    let line = rest
        .iter()
        .take(MAX_VALUE)
        .take_while(|&&byte| !is_line_end(byte))
        .count();
    let line = &rest[..line];
    let mut skip = false;
    let close = line.iter().position(|&byte| {
        if escaped {
            return byte == quote || byte == b'\\';
        }
        let ends = byte == quote && !skip;
        skip = byte == b'\\' && !skip;
        ends
    });
    close
        .or((line.len() < rest.len().min(MAX_VALUE) || rest.len() < MAX_VALUE).then_some(0))
        .filter(|&len| len > 0)
}

/// The length of a value without quotes.
fn plain(rest: &[u8]) -> usize {
    let mut len = rest
        .iter()
        .take(MAX_VALUE)
        .take_while(|&&byte| {
            byte > b' '
                && byte != 0x7f
                && !matches!(
                    byte,
                    b'"' | b'\''
                        | b'`'
                        | b','
                        | b';'
                        | b'<'
                        | b'>'
                        | b'('
                        | b')'
                        | b'{'
                        | b'}'
                        | b'['
                        | b']'
                        | b'|'
                        | b'\\'
                        | b'&'
                )
        })
        .count();
    while len > 0 && matches!(rest[len - 1], b'.' | b':' | b'!' | b'?') {
        len -= 1;
    }
    len
}

/// Whether a value is like a password: six or more characters of two classes, and no sentence.
fn is_chosen(value: &[u8], quoted: bool) -> bool {
    let [lower, upper, digit, sign] = classes(value);
    let mixed = (digit && (lower || upper || sign))
        || (quoted && lower && upper && value.len() >= 8)
        || (sign && lower && upper);
    value.len() >= 6 && mixed && !value.contains(&b' ') && is_value(value) && bits(value) >= 2.0
}

/// Whether a value is drawn: long enough, letters and digits, and its characters evenly spread.
fn is_drawn(value: &[u8]) -> bool {
    let [lower, upper, digit, _] = classes(value);
    let mixed = (digit && (lower || upper)) || (lower && upper && value.len() >= 20);
    let least = if value.len() >= 16 { 3.0 } else { 2.75 };
    value.len() >= 8 && mixed && !value.contains(&b' ') && is_value(value) && bits(value) >= least
}

/// Whether it stands for itself: not for a variable, an address, a path, a date or a number.
fn is_value(value: &[u8]) -> bool {
    let [first, second, ..] = value else {
        return false;
    };
    let variable = *first == b'$'
        || *first == b'%' && value.ends_with(b"%")
        || (*first == b'{' && *second == b'{')
        || *first == b'<';
    let path = *first == b'/'
        || (*first == b'.' && *second == b'/')
        || memchr::memmem::find(value, b"://").is_some();
    let filler = value
        .iter()
        .all(|&byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?'));
    let code = memchr::memmem::find(value, b"()").is_some()
        || memchr::memmem::find(value, b"[\"").is_some();
    let number = value.iter().all(|&byte| {
        byte.is_ascii_digit()
            || matches!(
                byte,
                b'.' | b'-' | b'+' | b':' | b'T' | b'Z' | b'/' | b'(' | b')'
            )
    });
    let address = value
        .iter()
        .position(|&byte| byte == b'@')
        .and_then(|at| super::email::find(value, at));
    !(variable || path || filler || code || number || address == Some((0, value.len())))
}

/// Lower case, upper case, digit, sign: which of them occur.
fn classes(value: &[u8]) -> [bool; 4] {
    let mut found = [false; 4];
    for byte in value {
        found[match byte {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        }] = true;
    }
    found
}

/// Shannon's entropy in bits a byte, from whole numbers alone, so that it is the same everywhere.
fn bits(value: &[u8]) -> f32 {
    let mut counts = [0_u16; 256];
    for &byte in value {
        counts[usize::from(byte)] += 1;
    }
    let log = |count: usize| LOGS.get(count).or(LOGS.last()).copied().unwrap_or(0);
    // Every byte adds the logarithm of how often it occurs.
    let sum: u32 = value
        .iter()
        .map(|&byte| log(usize::from(counts[usize::from(byte)])))
        .sum();
    let n = u32::try_from(value.len()).unwrap_or(u32::MAX).max(1);
    let steps = log(value.len()).saturating_sub(sum / n);
    f32::from(u16::try_from(steps).unwrap_or(u16::MAX)) / 256.0
}

/// The logarithms to base 2 of what can be counted in a value, in steps of 1/256.
static LOGS: [u32; MAX_VALUE + 1] = {
    let mut table = [0; MAX_VALUE + 1];
    let mut value = 2_u32;
    while (value as usize) < table.len() {
        table[value as usize] = log2(value);
        value += 1;
    }
    table
};

/// By squaring.
const fn log2(value: u32) -> u32 {
    let whole = value.ilog2();
    let mut mantissa = ((value as u64) << 32) >> whole;
    let mut result = whole;
    let mut step = 0;
    while step < 8 {
        mantissa = (mantissa >> 16) * (mantissa >> 16);
        let carry = mantissa >= 2 << 32;
        if carry {
            mantissa >>= 1;
        }
        result = result << 1 | carry as u32;
        step += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        text.char_indices()
            .filter(|(_, sign)| matches!(sign, '=' | ':' | '：'))
            .find_map(|(at, _)| find(text.as_bytes(), at).map(|(start, end, _)| &text[start..end]))
    }

    #[test]
    fn values_behind_key_like_words() {
        for (text, value) in [
            ("password: hunter2!", "hunter2"),
            ("password=hunter2;", "hunter2"),
            ("{\"password\": \"Tr0ub4dor&3\"}", "Tr0ub4dor&3"),
            ("DB_PASS='s3cr3t,x'", "s3cr3t,x"),
            (
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            ),
            ("Authorization: Bearer 4f9a2b7c8d1e6f3a", "4f9a2b7c8d1e6f3a"),
            ("client-secret => \"Zq8vN2pL7xK4mW9t\"", "Zq8vN2pL7xK4mW9t"),
            ("Passwort: Sommer2024", "Sommer2024"),
            ("mot de passe : Soleil99", "Soleil99"),
            ("{\\\"token\\\":\\\"abc123def456\\\"}", "abc123def456"),
            ("密码：hunter22", "hunter22"),
        ] {
            assert_eq!(found(text).unwrap_or_default(), value, "{text}");
        }
    }

    #[test]
    fn what_is_no_secret() {
        for text in [
            "password: required",
            "max_tokens: 4096",
            "token: string",
            "password = ${DB_PASSWORD}",
            "password: ********",
            "secret: https://example.org/a1b2c3d4e5",
            "compass: a1b2c3d4",
            "primary_key: abc12345",
            "token=",
            "password: \"\"",
            "password: must be 8 characters",
            "pw: foo@bar.com",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn entropy_is_that_of_shannon() {
        assert!((bits(b"aaaaaaaa") - 0.0).abs() < 0.01);
        assert!((bits(b"abababab") - 1.0).abs() < 0.02);
        assert!((bits(b"abcdefgh") - 3.0).abs() < 0.02);
        assert!((bits(b"abcabcabc") - 1.585).abs() < 0.02);
    }
}
