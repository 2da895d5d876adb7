//! JSON that was read strictly and loses nothing: names sorted, numbers in their own text.

mod error;
mod read;
mod text;
mod write;

use alloc::borrow::Cow;

pub use error::{JsonError, JsonErrorKind};
use read::{Node, Read, Sort};
pub(crate) use write::COMPACT;

/// A JSON text that was read.
///
/// Refused are names that stand twice in one object, lone surrogates, more than 127 levels, and
/// anything but white space around the value. Numbers are held against the grammar of RFC 8259 and
/// kept as text, whatever their size.
///
/// Memory is a small multiple of the text, time grows with it (and with the sorting of names).
///
/// ```
/// use ai_audit_import::Json;
///
/// let json = Json::parse(r#" {"total": 12345678901234567890, "who": "\u00fc"} "#)?;
/// let total = json.root().get("total").and_then(|total| total.number());
/// assert_eq!(total, Some("12345678901234567890"));
/// assert_eq!(json.root().get("who").and_then(|who| who.string()).as_deref(), Some("ü"));
/// # Ok::<(), ai_audit_import::JsonError>(())
/// ```
#[derive(Debug)]
pub struct Json<'a> {
    text: &'a str,
    read: Read,
}

/// A value in a JSON text.
#[derive(Debug, Clone, Copy)]
pub struct JsonValue<'j, 'a> {
    json: &'j Json<'a>,
    index: u32,
    node: Node,
}

impl<'a> Json<'a> {
    /// Reads a text that is one value with white space around it at most.
    ///
    /// # Errors
    ///
    /// What is refused, with its byte offset.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let read = read::read(text)?;
        Ok(Self { text, read })
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> JsonValue<'_, 'a> {
        JsonValue::at(self, 0)
    }

    fn node(&self, index: u32) -> Node {
        // Indices come from the nodes themselves, so that the other case does not happen.
        self.read
            .nodes
            .get(index as usize)
            .copied()
            .unwrap_or(Node {
                sort: Sort::Null,
                start: 0,
                end: 0,
                next: u32::MAX,
                names: 0,
                members: 0,
            })
    }

    /// The names of an object, sorted; the value of each is the node behind it.
    fn names(&self, object: &Node) -> &[u32] {
        let first = object.names as usize;
        let names = self.read.sorted.get(first..first + object.members as usize);
        names.unwrap_or_default()
    }
}

impl<'j, 'a> JsonValue<'j, 'a> {
    fn at(json: &'j Json<'a>, index: u32) -> Self {
        let node = json.node(index);
        Self { json, index, node }
    }

    /// Its place among the values of the text.
    pub(crate) fn index(&self) -> u32 {
        self.index
    }

    /// Where it begins in the text, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        // Strings are noted without their quotes.
        match self.node.sort {
            Sort::Plain | Sort::Escaped => self.node.start as usize - 1,
            _ => self.node.start as usize,
        }
    }

    /// A value other than a string as it stands in the text.
    pub(crate) fn raw(&self) -> &'a str {
        self.node.raw(self.json.text)
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.node.sort == Sort::Null
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.node.sort == Sort::Object
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.node.sort == Sort::Array
    }

    /// The value of a boolean; `None` for others.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        match self.node.sort {
            Sort::True => Some(true),
            Sort::False => Some(false),
            _ => None,
        }
    }

    /// The characters of a string, without escapes; `None` for others.
    #[must_use]
    pub fn string(&self) -> Option<Cow<'a, str>> {
        matches!(self.node.sort, Sort::Plain | Sort::Escaped)
            .then(|| self.node.string(self.json.text))
    }

    /// The text of a number, as RFC 8259 has it; `None` for others.
    #[must_use]
    pub fn number(&self) -> Option<&'a str> {
        (self.node.sort == Sort::Number).then(|| self.raw())
    }

    /// The number as an integer of 64 bits without a sign, written as such.
    #[must_use]
    pub fn integer(&self) -> Option<u64> {
        self.number()?.parse().ok()
    }

    /// The member of an object with this name; `None` also where it is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<JsonValue<'j, 'a>> {
        let names = self.json.names(&self.node);
        let found = names.binary_search_by(|index| {
            let found = self.json.node(*index).string(self.json.text);
            found.as_bytes().cmp(name.as_bytes())
        });
        let index = names.get(found.ok()?)?;
        Some(JsonValue::at(self.json, index + 1))
    }

    /// The values of an array, in their order; none where it is no array.
    pub fn items(&self) -> impl Iterator<Item = JsonValue<'j, 'a>> + use<'j, 'a> {
        let (json, end) = (self.json, self.node.next);
        let first = if self.is_array() { self.index + 1 } else { end };
        core::iter::successors(Some(first), move |index| Some(json.node(*index).next))
            .take_while(move |index| *index < end)
            .map(|index| JsonValue::at(json, index))
    }

    /// The members of an object, sorted by the bytes of their names; none where it is no object.
    pub fn members(&self) -> impl Iterator<Item = (Cow<'a, str>, JsonValue<'j, 'a>)> + use<'j, 'a> {
        let json = self.json;
        let names = json.names(&self.node).iter();
        names.map(move |index| {
            let name = json.node(*index).string(json.text);
            (name, JsonValue::at(json, index + 1))
        })
    }
}
