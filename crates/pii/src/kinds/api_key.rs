//! Keys and tokens that carry the prefix of their issuer.

use crate::text::{before, ends_escape};

/// Which characters follow a prefix.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`.
    Url,
    /// Letters, digits, `-`, `_` and `.`, not ending with a dot.
    Dotted,
    /// Hex digits.
    Hex,
    /// Upper-case letters and digits.
    Upper,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
}

/// The longest rest of a key that is looked at.
const MAX_REST: usize = 1024;

use Alphabet::{Alnum, Base64, Dotted, Hex, Upper, Url};

/// Prefix, alphabet of the rest, its least and greatest length. By first letter, the longer of two
/// prefixes first.
#[rustfmt::skip]
const ISSUED: &[(&str, Alphabet, usize, usize)] = &[
    // AWS access key ids and their kin.
    ("ABIA", Upper, 16, 16), ("ACCA", Upper, 16, 16), ("AGPA", Upper, 16, 16),
    ("AIDA", Upper, 16, 16), ("AIPA", Upper, 16, 16), ("AKIA", Upper, 16, 16),
    ("ANPA", Upper, 16, 16), ("ANVA", Upper, 16, 16), ("AROA", Upper, 16, 16),
    ("APKA", Upper, 16, 16), ("ASIA", Upper, 16, 16), ("A3T", Upper, 17, 17),
    ("AGE-SECRET-KEY-1", Upper, 58, 58),
    // Google: API keys, OAuth client secrets and access tokens.
    ("AIza", Url, 35, 35),
    ("ATATT3", Base64Url, 60, MAX_REST), ("ATCTT3", Base64Url, 60, MAX_REST), ("ATBB", Alnum, 28, 40),
    ("EAAA", Url, 60, MAX_REST),
    ("GOCSPX-", Url, 28, 28),
    ("HRKU-", Url, 36, 80),
    ("NRAK-", Upper, 27, 27), ("NRII-", Url, 32, 32),
    ("PMAK-", Url, 59, 59),
    ("SG.", Dotted, 60, 80),
    ("SK", Hex, 32, 32),
    // Ours.
    ("aat_", Url, 43, 43), ("aio_", Alnum, 28, 28),
    ("dapi", Hex, 32, 40), ("dckr_pat_", Url, 27, 64), ("dckr_oat_", Url, 27, 64),
    ("doo_v1_", Hex, 64, 64), ("dop_v1_", Hex, 64, 64), ("dor_v1_", Hex, 64, 64), ("dp.pt.", Alnum, 40, 48),
    ("figd_", Url, 40, 64),
    ("ghp_", Alnum, 36, 255), ("gho_", Alnum, 36, 255), ("ghu_", Alnum, 36, 255),
    ("ghs_", Alnum, 36, 255), ("ghr_", Alnum, 36, 255), ("github_pat_", Url, 22, 255),
    ("glagent-", Url, 20, 255), ("glcbt-", Url, 20, 255), ("gldt-", Url, 20, 255), ("glffct-", Url, 20, 255),
    ("glft-", Url, 20, 255), ("glimt-", Url, 20, 255), ("gloas-", Url, 20, 255), ("glpat-", Dotted, 20, 300),
    ("glptt-", Url, 20, 255), ("glrt-", Dotted, 20, 300), ("glsoat-", Url, 20, 255),
    ("glc_", Base64, 32, 400), ("glsa_", Url, 41, 41),
    ("gsk_", Alnum, 40, 80),
    ("hf_", Alnum, 30, 64), ("hvb.", Url, 60, 400), ("hvr.", Url, 60, 400), ("hvs.", Url, 24, 400),
    ("key-", Hex, 32, 32),
    ("lin_api_", Alnum, 32, 48), ("lin_oauth_", Alnum, 32, 64), ("lsv2_pt_", Url, 32, 80), ("lsv2_sk_", Url, 32, 80),
    ("nfp_", Alnum, 36, 48), ("npm_", Alnum, 36, 36), ("ntn_", Alnum, 40, 60), ("nvapi-", Url, 60, 80),
    ("ops_eyJ", Url, 100, MAX_REST),
    ("pat-na1-", Url, 36, 36), ("pat-eu1-", Url, 36, 36), ("phc_", Alnum, 40, 48), ("phx_", Alnum, 40, 48),
    ("pk_live_", Alnum, 16, 255), ("pk_test_", Alnum, 16, 255), ("pplx-", Alnum, 32, 64),
    ("pscale_oauth_", Dotted, 32, 64), ("pscale_pw_", Dotted, 32, 64), ("pscale_tkn_", Dotted, 32, 64),
    ("pul-", Hex, 40, 40), ("pypi-AgE", Url, 50, MAX_REST),
    ("r8_", Alnum, 37, 40), ("rk_live_", Alnum, 16, 255), ("rk_test_", Alnum, 16, 255),
    ("rubygems_", Hex, 48, 48),
    ("sbp_", Hex, 40, 40), ("secret_", Alnum, 43, 43), ("shpat_", Hex, 32, 32), ("shpca_", Hex, 32, 32), ("shppa_", Hex, 32, 32),
    ("shpss_", Hex, 32, 32), ("sk_live_", Alnum, 16, 255), ("sk_test_", Alnum, 16, 255),
    // OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-) and others that took the form over.
    ("sk-", Url, 20, 255),
    ("sntrys_", Base64Url, 60, 400), ("sntryu_", Hex, 64, 64), ("sq0atp-", Url, 22, 22), ("sq0csp-", Url, 43, 43),
    ("tfp_", Url, 44, 64), ("tskey-", Url, 20, 80),
    ("whsec_", Base64, 32, 64),
    ("xai-", Alnum, 60, 100), ("xapp-", Url, 20, 255), ("xkeysib-", Url, 64, 90),
    ("xoxa-", Url, 10, 255), ("xoxb-", Url, 10, 255), ("xoxc-", Url, 10, 255), ("xoxd-", Url, 10, 255),
    ("xoxe.xox", Url, 20, 255), ("xoxe-", Url, 10, 255), ("xoxo-", Url, 10, 255), ("xoxp-", Url, 10, 255),
    ("xoxr-", Url, 10, 255), ("xoxs-", Url, 10, 255),
    ("ya29.", Url, 20, MAX_REST),
];

/// Atlassian and Sentry close with a checksum behind `=`, so padding belongs to it.
use Alphabet::Base64 as Base64Url;

/// For each first byte, the second bytes that a prefix has with it.
const SECOND: [u128; 128] = {
    let mut table = [0; 128];
    let mut at = 0;
    while at < ISSUED.len() {
        let prefix = ISSUED[at].0.as_bytes();
        table[prefix[0] as usize] |= 1 << prefix[1];
        at += 1;
    }
    table
};

/// For each first byte, which rows of the table begin with it.
const ROWS: [(usize, usize); 128] = {
    let mut table = [(0, 0); 128];
    let mut at = 0;
    while at < ISSUED.len() {
        let first = ISSUED[at].0.as_bytes()[0] as usize;
        if table[first].1 == 0 {
            table[first].0 = at;
        }
        table[first].1 = at + 1;
        at += 1;
    }
    table
};

/// Whether a word that begins so can be a key.
pub(crate) fn may_begin(text: &[u8], at: usize) -> bool {
    let [first, second] = match text.get(at..at + 2) {
        Some(&[first, second]) if second < 128 => [first, second],
        _ => return false,
    };
    SECOND
        .get(usize::from(first))
        .is_some_and(|seconds| seconds >> second & 1 == 1)
}

/// The key that begins at `start`.
pub(crate) fn find(text: &[u8], start: usize) -> Option<(usize, usize)> {
    if before(text, start).is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !ends_escape(text, start)
    {
        return None;
    }
    let rest = text.get(start..)?;
    let &[first, second, ..] = rest else {
        return None;
    };
    let &(from, to) = ROWS.get(usize::from(first))?;
    ISSUED[from..to]
        .iter()
        // The second byte first: most words end here.
        .filter(|issued| issued.0.as_bytes()[1] == second && rest.starts_with(issued.0.as_bytes()))
        .find_map(|&(prefix, alphabet, least, most)| {
            let from = start + prefix.len();
            let mut end = from
                + text[from..]
                    .iter()
                    .take(MAX_REST)
                    .take_while(|&&byte| fits(alphabet, byte))
                    .count();
            while end > from && matches!(text[end - 1], b'.' | b'-') {
                end -= 1;
            }
            let len = end - from;
            let whole = text
                .get(end)
                .is_none_or(|&byte| !byte.is_ascii_alphanumeric());
            let key = &text[from..end];
            (whole && (least..=most).contains(&len) && is_random(prefix, key))
                .then_some((start, end))
        })
}

fn fits(alphabet: Alphabet, byte: u8) -> bool {
    match alphabet {
        Alnum => byte.is_ascii_alphanumeric(),
        Url => byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_',
        Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        Hex => byte.is_ascii_hexdigit(),
        Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'),
    }
}

/// Whether the rest is not a word or a filler: several different characters, and after a short prefix
/// that a word may also have, a digit or both cases.
fn is_random(prefix: &str, key: &[u8]) -> bool {
    let mut seen = 0_u128;
    for &byte in key {
        seen |= 1 << (byte & 0x7f);
    }
    let digit = key.iter().any(u8::is_ascii_digit);
    let upper = key.iter().any(u8::is_ascii_uppercase);
    let lower = key.iter().any(u8::is_ascii_lowercase);
    seen.count_ones() >= 5 && (prefix.len() > 3 || digit || (upper && lower))
}

/// Slack's addresses of incoming messages, whose path is the secret.
pub(crate) fn find_hook(text: &[u8], colon: usize) -> Option<(usize, usize)> {
    const LEAD: &[u8] = b"://hooks.slack.com/services/";
    text.get(colon..)?.strip_prefix(LEAD)?;
    let start = colon + LEAD.len();
    let path = text[start..]
        .iter()
        .take(128)
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'/')
        .count();
    (path >= 20).then_some((start, start + path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_each_form() {
        for (prefix, alphabet, least, _) in ISSUED {
            let filler = match alphabet {
                Hex => "0123456789abcdef",
                Upper => "ABCD2345EFGH67IJ",
                _ => "aB3dE6gH9jK2mN5p",
            };
            let rest: String = filler.chars().cycle().take(*least).collect();
            let key = format!("{prefix}{rest}");
            assert!(may_begin(key.as_bytes(), 0), "{key}");
            let found = find(key.as_bytes(), 0);
            assert_eq!(found, Some((0, key.len())), "{key}");
        }
    }

    #[test]
    fn rows_with_one_first_byte_stand_together() {
        for (at, (prefix, ..)) in ISSUED.iter().enumerate() {
            let (from, to) = ROWS[usize::from(prefix.as_bytes()[0])];
            assert!((from..to).contains(&at), "{prefix}");
            assert!(
                ISSUED[from..to]
                    .iter()
                    .all(|row| row.0.as_bytes()[0] == prefix.as_bytes()[0])
            );
        }
    }

    #[test]
    fn words_are_no_keys() {
        for text in [
            "sk-learn-is-a-library-for-python",
            "AKIA",
            "ghp_short",
            "xAKIAIOSFODNN7EXAMPLE",
            "key-value-pairs-of-the-configuration",
        ] {
            assert_eq!(find(text.as_bytes(), 0), None, "{text}");
        }
        assert_eq!(find(b"AKIAIOSFODNN7EXAMPLE.", 0), Some((0, 20)));
        let ours = b"aat_kjNlLBUf2CD77aDwUzXv1lj570Ibczt4L28WLAzyvjM";
        assert_eq!(find(ours, 0), Some((0, ours.len())));
    }
}
