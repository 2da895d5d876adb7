//! What was read, written again: as the records are signed, and as the manifest is.

use alloc::vec::Vec;

use super::read::{Node, Sort};
use super::{Json, JsonValue};

/// How one of the library's writers spells JSON.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    comma: &'static [u8],
    colon: &'static [u8],
    /// Whether everything but U+0020 to U+007E is escaped.
    ascii: bool,
}

/// Compact, in UTF-8: what receipts and seals sign.
pub(crate) const COMPACT: Style = Style {
    comma: b",",
    colon: b":",
    ascii: false,
};

/// As Python's `json.dumps` has it by default: what manifests sign.
const SPACED: Style = Style {
    comma: b", ",
    colon: b": ",
    ascii: true,
};

impl Json<'_> {
    /// Writes it in the form in which records are signed: without white space, members sorted by
    /// the UTF-8 bytes of their names, the fewest escapes, numbers in the text that they have.
    ///
    /// Members of the outermost object whose names are in `without` are left out.
    ///
    /// ```
    /// use ai_audit_import::Json;
    ///
    /// let json = Json::parse(r#"{ "b": 1.0, "\u0061": "\u00fc\n", "signature": "" }"#)?;
    /// assert_eq!(json.to_compact(&["signature"]), "{\"a\":\"ü\\n\",\"b\":1.0}".as_bytes());
    /// # Ok::<(), ai_audit_import::JsonError>(())
    /// ```
    #[must_use]
    pub fn to_compact(&self, without: &[&str]) -> Vec<u8> {
        self.write(COMPACT, without, |out, _, text| {
            out.extend_from_slice(text.as_bytes());
        })
    }

    /// Writes it in the form in which manifests are signed, that of Python's `json.dumps` with sorted
    /// names: `, ` and `: ` between, everything but U+0020 to U+007E escaped.
    ///
    /// Members of the outermost object whose names are in `without` are left out.
    ///
    /// ```
    /// use ai_audit_import::Json;
    ///
    /// let json = Json::parse(r#"{"n":[1,2],"m":"ü😀","signature":""}"#)?;
    /// let spaced = br#"{"m": "\u00fc\ud83d\ude00", "n": [1, 2]}"#;
    /// assert_eq!(json.to_spaced(&["signature"]), spaced);
    /// # Ok::<(), ai_audit_import::JsonError>(())
    /// ```
    #[must_use]
    pub fn to_spaced(&self, without: &[&str]) -> Vec<u8> {
        self.write(SPACED, without, |out, _, text| {
            out.extend_from_slice(text.as_bytes());
        })
    }

    /// Writes it with a function for the numbers, which gets the index of their node.
    pub(crate) fn write(
        &self,
        style: Style,
        without: &[&str],
        number: impl FnMut(&mut Vec<u8>, u32, &str),
    ) -> Vec<u8> {
        let mut writer = Writer {
            json: self,
            style,
            out: Vec::with_capacity(self.text.len()),
            number,
        };
        writer.value(0, without);
        writer.out
    }
}

struct Writer<'j, 'a, N> {
    json: &'j Json<'a>,
    style: Style,
    out: Vec<u8>,
    number: N,
}

impl<N: FnMut(&mut Vec<u8>, u32, &str)> Writer<'_, '_, N> {
    fn value(&mut self, index: u32, without: &[&str]) {
        let json = self.json;
        let node = json.node(index);
        match node.sort {
            Sort::Null => self.out.extend_from_slice(b"null"),
            Sort::False => self.out.extend_from_slice(b"false"),
            Sort::True => self.out.extend_from_slice(b"true"),
            Sort::Number => (self.number)(&mut self.out, index, node.raw(json.text)),
            Sort::Plain | Sort::Escaped => self.string(&node),
            Sort::Array => {
                self.out.push(b'[');
                let mut separator: &[u8] = b"";
                for item in JsonValue::at(json, index).items() {
                    self.out.extend_from_slice(separator);
                    self.value(item.index, &[]);
                    separator = self.style.comma;
                }
                self.out.push(b']');
            }
            Sort::Object => {
                self.out.push(b'{');
                let mut separator: &[u8] = b"";
                for name in json.names(&node) {
                    let name_node = json.node(*name);
                    if !without.is_empty() && without.contains(&&*name_node.string(json.text)) {
                        continue;
                    }
                    self.out.extend_from_slice(separator);
                    self.string(&name_node);
                    self.out.extend_from_slice(self.style.colon);
                    self.value(name + 1, &[]);
                    separator = self.style.comma;
                }
                self.out.push(b'}');
            }
        }
    }

    fn string(&mut self, node: &Node) {
        self.out.push(b'"');
        let raw = node.raw(self.json.text);
        if node.sort == Sort::Plain && (!self.style.ascii || raw.bytes().all(is_printable)) {
            self.out.extend_from_slice(raw.as_bytes());
        } else {
            for c in node.string(self.json.text).chars() {
                self.character(c);
            }
        }
        self.out.push(b'"');
    }

    fn character(&mut self, c: char) {
        let short = match c {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\u{8}' => b"\\b",
            '\t' => b"\\t",
            '\n' => b"\\n",
            '\u{c}' => b"\\f",
            '\r' => b"\\r",
            _ if c < ' ' || (self.style.ascii && c > '~') => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.out.extend_from_slice(b"\\u");
                    for digit in unit
                        .to_be_bytes()
                        .into_iter()
                        .flat_map(|b| [b >> 4, b & 15])
                    {
                        self.out.push(if digit < 10 {
                            b'0' + digit
                        } else {
                            b'a' + digit - 10
                        });
                    }
                }
                return;
            }
            _ => {
                self.out
                    .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return;
            }
        };
        self.out.extend_from_slice(short);
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}
