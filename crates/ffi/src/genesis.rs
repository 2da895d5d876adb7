//! A genesis read without an allocator: the core reads its list of policy entries into memory of its own.

use ai_audit_core::{Body, DecodeError, Genesis, Kind, UnverifiedReceipt, VerifyingKey};
use serde::Deserialize;

/// Reads the body of a genesis, all of it, and holds it to the rules of its kind. The policy entries are
/// read, held to their order, and not kept.
pub(crate) fn decode<'a>(receipt: &UnverifiedReceipt<'a>) -> Result<Genesis<'a>, DecodeError> {
    let mut fields = Fields {
        all: receipt.body(),
        rest: receipt.body(),
        start: receipt.body_offset(),
    };
    if receipt.header().kind != Kind::GENESIS {
        return Err(fields.error("kind", "genesis"));
    }
    let name = fields.text("name")?;
    let tenant = fields.text("tenant")?;
    let receipt_key = fields.key("receipt_key")?;
    let checkpoint_key = fields.key("checkpoint_key")?;
    let recovery_key = fields.key("recovery_key")?;
    let salt = *fields.bytes::<16>("salt", "16 bytes")?;
    let mut before = None;
    for _ in 0..fields.count("policy")? {
        let name = fields.text("policy")?;
        fields.text("policy")?;
        if before.is_some_and(|before| before >= name) {
            return Err(fields.error("policy", "names in ascending order, each once"));
        }
        before = Some(name);
    }
    if !fields.rest.is_empty() {
        return Err(fields.error("body", "no bytes after the last field"));
    }
    let genesis = Genesis::new(
        name,
        tenant,
        &receipt_key,
        &checkpoint_key,
        &recovery_key,
        salt,
    );
    genesis.check().map_err(|error| DecodeError {
        offset: receipt.body_offset(),
        field: error.field,
        expected: error.expected,
    })?;
    Ok(genesis)
}

struct Fields<'a> {
    all: &'a [u8],
    rest: &'a [u8],
    start: usize,
}

const TEXT: &str = "a length and as many bytes of UTF-8, canonically encoded";
const COUNT: &str = "a canonical varint";

impl<'a> Fields<'a> {
    const fn error(&self, field: &'static str, expected: &'static str) -> DecodeError {
        DecodeError {
            offset: self.start + self.all.len() - self.rest.len(),
            field,
            expected,
        }
    }

    /// The next value, and of how many bytes it was read.
    fn take<T: Deserialize<'a>>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<(T, usize), DecodeError> {
        let taken = postcard::take_from_bytes(self.rest);
        let (value, rest) = taken.map_err(|_| self.error(field, expected))?;
        let len = self.rest.len() - rest.len();
        self.rest = rest;
        Ok((value, len))
    }

    fn text(&mut self, field: &'static str) -> Result<&'a str, DecodeError> {
        let before = self.error(field, TEXT);
        let (text, len) = self.take::<&str>(field, TEXT)?;
        if len != varint_len(text.len()) + text.len() {
            return Err(before);
        }
        Ok(text)
    }

    fn count(&mut self, field: &'static str) -> Result<usize, DecodeError> {
        let before = self.error(field, COUNT);
        let (count, len) = self.take::<usize>(field, COUNT)?;
        if len != varint_len(count) {
            return Err(before);
        }
        Ok(count)
    }

    fn bytes<const N: usize>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<&'a [u8; N], DecodeError> {
        let split = self.rest.split_first_chunk();
        let (bytes, rest) = split.ok_or_else(|| self.error(field, expected))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn key(&mut self, field: &'static str) -> Result<VerifyingKey, DecodeError> {
        let before = self.error(field, "an Ed25519 public key");
        let bytes = self.bytes(field, "32 bytes")?;
        VerifyingKey::from_bytes(bytes).map_err(|_| before)
    }
}

/// Bytes of a number's only canonical varint: one for every 7 bits, at least one.
const fn varint_len(number: usize) -> usize {
    let bits = usize::BITS - number.leading_zeros();
    let groups = bits.div_ceil(7);
    // No more than 10.
    if groups == 0 { 1 } else { groups as usize }
}
