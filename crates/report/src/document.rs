//! A report as sections of blocks, which every form writes in the same order.

use ai_audit_compliance::Status;

/// A report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Whose log, which period, made when: shown under the title.
    pub facts: Vec<Fact>,
    /// Its sections; the first is on the first page.
    pub sections: Vec<Section>,
}

/// A name and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// What stands beside it.
    pub value: Vec<Span>,
}

/// A part of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its anchor: lower case, digits, hyphens; unique in the report.
    pub id: String,
    /// 2 for a section, 3 for one below it, 4 below that.
    pub level: u8,
    /// Its title.
    pub title: String,
    /// Whether it begins a page where there are pages.
    pub new_page: bool,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// Something in a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Text(Vec<Span>),
    /// A paragraph that must not be overlooked.
    Notice(Tone, Vec<Span>),
    /// Names and what stands beside them.
    Facts(Vec<Fact>),
    /// Points without an order.
    List(Vec<Vec<Span>>),
    /// Points in an order.
    Steps(Vec<Vec<Span>>),
    /// A table.
    Table(Table),
    /// A chart or a graph, with the table behind it.
    Figure(Figure),
}

/// How something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Verified, there.
    Good,
    /// Failed, found.
    Bad,
    /// Unverified, cannot be told.
    Open,
    /// Neither.
    Plain,
}

/// A piece of text. Texts may be an enemy's: each form escapes them.
#[derive(Debug, Clone, PartialEq)]
pub enum Span {
    /// Plain text.
    Text(String),
    /// Text that stands out.
    Strong(String),
    /// Something literal: a command, a field, a hash.
    Code(String),
    /// A status of a control.
    Status(Status),
    /// A word in a tone, such as an answer of the verdict.
    Toned(Tone, String),
    /// A receipt by its place; it stands in the annex of receipts.
    Receipt(u64),
    /// Goes to a section by its id.
    Section {
        /// The section's id.
        id: String,
        /// What is shown.
        text: String,
    },
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// What it shows, in a sentence; read first by screen readers.
    pub caption: String,
    /// Titles of the columns.
    pub head: Vec<String>,
    /// For each column whether it holds numbers, which stand to the right.
    pub numeric: Vec<bool>,
    /// Its rows; each as long as the head. The first cell names the row.
    pub rows: Vec<Vec<Vec<Span>>>,
}

/// A chart or a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its anchor, unique in the report.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What is to be seen on it, in words, for who does not see it.
    pub description: String,
    /// The picture: an SVG element whose colours are those of [`crate`]'s palette.
    pub svg: String,
    /// The numbers behind it.
    pub table: Table,
}

impl Span {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}
