//! The one pass over the bytes: skips what can begin nothing, and hands the rest to the kinds.

use alloc::vec::Vec;

use crate::candidate::{Candidate, FIRST_BUILT_IN, sure};
use crate::digits::Groups;
use crate::kind::Kind;
use crate::kinds::{api_key, card, email, iban, ip, jwt, mac, pem, phone, secret, ssn, url};
use crate::text::escape_len;

/// A set of built-in kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KindSet(u16);

impl KindSet {
    pub(crate) fn insert(&mut self, kind: Kind) {
        if let Some(index) = kind.index() {
            self.0 |= 1 << index;
        }
    }

    const fn has(self, slot: Slot) -> bool {
        self.0 >> slot as u16 & 1 == 1
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn has_pem(self) -> bool {
        self.has(Slot::PrivateKey)
    }
}

/// The built-in kinds by their place in [`Kind::BUILT_IN`].
#[derive(Clone, Copy)]
#[repr(u8)]
enum Slot {
    PrivateKey,
    Jwt,
    ApiKey,
    UrlCredentials,
    Secret,
    Email,
    Iban,
    CreditCard,
    UsSsn,
    IpAddress,
    MacAddress,
    Phone,
}

/// What a byte can begin, or be the mark of.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    /// Nothing.
    Plain,
    /// A word: key, token, IBAN.
    Letter,
    /// A number.
    Digit,
    /// `@`: an e-mail address.
    At,
    /// `:`: IPv6, MAC, URL, secret.
    Colon,
    /// `=`: secret.
    Equals,
    /// `-`: PEM, MAC.
    Dash,
    /// `.`: MAC.
    Dot,
    /// `+`: phone.
    Plus,
    /// `\\`: an escape, whose letter begins no word.
    Escape,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Plain; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'@' => Class::At,
            b':' => Class::Colon,
            b'=' => Class::Equals,
            b'-' => Class::Dash,
            b'.' => Class::Dot,
            b'+' => Class::Plus,
            b'\\' => Class::Escape,
            _ => Class::Plain,
        };
        byte += 1;
    }
    table
};

const fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

/// The full-width colon, which assigns in Chinese and Japanese text.
const WIDE_COLON: [u8; 3] = [0xef, 0xbc, 0x9a];

/// Finds every candidate of the kinds in `on`, as if `text` were all there is. Each may overlap others.
pub(crate) fn scan(text: &[u8], on: KindSet, out: &mut Vec<Candidate>) {
    let mut scan = Scan {
        text,
        on,
        out,
        checked_end: 0,
        token_end: 0,
        mac_end: 0,
    };
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at = match class(byte) {
            Class::Plain => {
                if byte == WIDE_COLON[0] && text[at..].starts_with(&WIDE_COLON) {
                    scan.secret(at);
                }
                at + 1
            }
            Class::Letter => {
                scan.word(at);
                scan.bare(at, skip_word(text, at))
            }
            Class::Digit => {
                if at >= scan.checked_end {
                    scan.number(at);
                }
                scan.bare(at, skip_word(text, at))
            }
            Class::At => {
                scan.push_if(Slot::Email, sure::CERTAIN, |text| email::find(text, at));
                at + 1
            }
            Class::Colon => {
                scan.colon(at);
                at + 1
            }
            Class::Equals => {
                scan.secret(at);
                at + 1
            }
            Class::Dash => scan.dash(at),
            Class::Dot => {
                if text.get(at + 5) == Some(&b'.') {
                    scan.push_if(Slot::MacAddress, sure::FORM, |text| {
                        mac::find_fours(text, at)
                    });
                }
                at + 1
            }
            Class::Plus => {
                if scan.on.has(Slot::Phone) {
                    scan.push(Slot::Phone, phone::find_plus(text, at));
                }
                at + 1
            }
            Class::Escape => at + escape_len(text, at),
        };
    }
}

/// The end of the letters and digits at a place.
fn skip_word(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let len = rest
        .iter()
        .position(|&byte| !matches!(class(byte), Class::Letter | Class::Digit));
    at + len.unwrap_or(rest.len())
}

struct Scan<'a, 'b> {
    text: &'a [u8],
    on: KindSet,
    out: &'b mut Vec<Candidate>,
    /// Where the IBAN or card number ends whose check digits hold: no group in it begins a number.
    checked_end: usize,
    /// Where the run of hex digits and colons ends that was looked at last.
    token_end: usize,
    /// The same for pairs with dashes.
    mac_end: usize,
}

impl<'a> Scan<'a, '_> {
    fn push(&mut self, slot: Slot, found: Option<(usize, usize, f32)>) {
        if let Some((start, end, confidence)) = found {
            self.out.push(Candidate {
                start,
                end,
                rank: FIRST_BUILT_IN + slot as u8,
                confidence,
            });
        }
    }

    fn push_if(
        &mut self,
        slot: Slot,
        confidence: f32,
        find: impl FnOnce(&'a [u8]) -> Option<(usize, usize)>,
    ) {
        if self.on.has(slot) {
            let found = find(self.text);
            self.push(slot, found.map(|(start, end)| (start, end, confidence)));
        }
    }

    fn checked(&mut self, found: Option<(usize, usize, f32)>) {
        if let Some((_, end, confidence)) = found
            && confidence >= sure::FORM
        {
            self.checked_end = self.checked_end.max(end);
        }
    }

    /// A word begins here.
    fn word(&mut self, at: usize) {
        let text = self.text;
        if api_key::may_begin(text, at) {
            self.push_if(Slot::ApiKey, sure::CERTAIN, |text| api_key::find(text, at));
        }
        if jwt::may_begin(text, at) {
            self.push_if(Slot::Jwt, sure::CERTAIN, |text| jwt::find(text, at));
        }
        if self.on.has(Slot::Iban) && iban::may_begin(text, at) {
            let found = iban::find(text, at);
            self.checked(found);
            self.push(Slot::Iban, found);
        }
    }

    /// A word or number from `at` to `end` may be a hardware address as it stands; gives `end` back.
    fn bare(&mut self, at: usize, end: usize) -> usize {
        if end - at == mac::BARE_LEN {
            self.push_if(Slot::MacAddress, sure::CONTEXT, |text| {
                mac::find_bare(text, at)
            });
        }
        end
    }

    /// A number begins here.
    fn number(&mut self, at: usize) {
        let text = self.text;
        let next = [text.get(at + 1), text.get(at + 2)];
        // One or two digits and then neither a digit nor a separator: the most frequent numbers.
        let ends = |byte: Option<&u8>| {
            byte.is_none_or(|&byte| {
                byte < 0x80
                    && !byte.is_ascii_digit()
                    && !matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')')
            })
        };
        if ends(next[0]) || (next[0].is_some_and(u8::is_ascii_digit) && ends(next[1])) {
            return;
        }
        if text
            .get(at.wrapping_sub(1))
            .is_some_and(|&byte| byte == b'_')
        {
            return;
        }
        let groups = Groups::read(text, at);
        let all = groups.as_slice();
        let total: usize = all.iter().map(crate::digits::Group::len).sum();
        if self.on.has(Slot::IpAddress) && all.len() >= 4 {
            let found = ip::find_v4(&groups);
            self.push(
                Slot::IpAddress,
                found.map(|(start, end)| (start, end, sure::FORM)),
            );
        }
        if total >= 12 && self.on.has(Slot::CreditCard) {
            let found = card::find(&groups);
            self.checked(found);
            self.push(Slot::CreditCard, found);
            if self.checked_end > at {
                return;
            }
        }
        if total >= 9 && self.on.has(Slot::UsSsn) {
            self.push(Slot::UsSsn, ssn::find(&groups));
        }
        if total >= 7 && self.on.has(Slot::Phone) {
            self.push(Slot::Phone, phone::find(&groups));
        }
    }

    fn colon(&mut self, at: usize) {
        let text = self.text;
        let next = text.get(at + 1).copied().unwrap_or(b' ');
        let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
        if at >= self.token_end
            && hex(next)
            && (next == b':' || crate::text::before(text, at).is_some_and(hex))
        {
            let (start, end) = ip::token(text, at);
            self.token_end = end;
            let pairs = mac::find_pairs(text, at).filter(|_| self.on.has(Slot::MacAddress));
            match pairs {
                Some((start, end)) => self.push(Slot::MacAddress, Some((start, end, sure::FORM))),
                None => self.push_if(Slot::IpAddress, sure::FORM, |text| {
                    ip::find_v6(text, start, end)
                }),
            }
        }
        if next == b'/' {
            self.push_if(Slot::UrlCredentials, sure::CERTAIN, |text| {
                url::find(text, at)
            });
            self.push_if(Slot::ApiKey, sure::CERTAIN, |text| {
                api_key::find_hook(text, at)
            });
        } else {
            self.secret(at);
        }
    }

    fn secret(&mut self, at: usize) {
        if self.on.has(Slot::Secret) {
            self.push(Slot::Secret, secret::find(self.text, at));
        }
    }

    /// A dash: what opens a private key is left as a whole.
    fn dash(&mut self, at: usize) -> usize {
        let text = self.text;
        if self.on.has(Slot::PrivateKey)
            && text.get(at + 1) == Some(&b'-')
            && text.get(at + 5) == Some(&b'B')
            && let Some((start, end)) = pem::find(text, at)
        {
            self.push(Slot::PrivateKey, Some((start, end, sure::CERTAIN)));
            return end;
        }
        if at >= self.mac_end && text.get(at + 3) == Some(&b'-') {
            self.mac_end = at + 1;
            if let Some((start, end)) =
                mac::find_pairs(text, at).filter(|_| self.on.has(Slot::MacAddress))
            {
                self.mac_end = end;
                self.push(Slot::MacAddress, Some((start, end, sure::FORM)));
            }
        }
        at + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_the_order_of_kinds() {
        for (slot, kind) in [
            (Slot::PrivateKey, Kind::PrivateKey),
            (Slot::Jwt, Kind::Jwt),
            (Slot::ApiKey, Kind::ApiKey),
            (Slot::UrlCredentials, Kind::UrlCredentials),
            (Slot::Secret, Kind::Secret),
            (Slot::Email, Kind::Email),
            (Slot::Iban, Kind::Iban),
            (Slot::CreditCard, Kind::CreditCard),
            (Slot::UsSsn, Kind::UsSsn),
            (Slot::IpAddress, Kind::IpAddress),
            (Slot::MacAddress, Kind::MacAddress),
            (Slot::Phone, Kind::Phone),
        ] {
            assert_eq!(kind.index(), Some(slot as usize));
        }
    }
}
