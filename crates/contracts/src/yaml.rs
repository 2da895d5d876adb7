//! YAML 1.2, and with it JSON, as a tree that knows its places.

use crate::problem::{Place, Problem};
use crate::surrogates::Joined;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};
use std::collections::BTreeMap;

/// Nesting of lists and mappings in a contract.
pub(crate) const MAX_DEPTH: usize = 32;
/// Values in a contract, those that aliases repeat among them.
const MAX_NODES: usize = 50_000;
/// Bytes of a text that count as one value more.
const TEXT_OF_A_NODE: usize = 64;

/// A value and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// `plain`: without quotes, so that it may be a number, a truth value or null.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A member of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Node,
}

impl Node {
    /// Whether nothing is said.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar { .. } => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// Values in it and the deepest nesting, itself counted.
    fn extent(&self) -> (usize, usize) {
        let add = |(nodes, depth): (usize, usize), child: &Self| {
            let (more, deep) = child.extent();
            (nodes + more, depth.max(deep + 1))
        };
        match &self.content {
            // Long texts count as several: what aliases repeat is memory.
            Content::Scalar { text, .. } => (1 + text.len() / TEXT_OF_A_NODE, 1),
            Content::List(items) => items.iter().fold((1, 1), add),
            Content::Map(entries) => {
                let (nodes, depth) = entries.iter().map(|one| &one.value).fold((1, 1), add);
                let names: usize = entries
                    .iter()
                    .map(|one| one.key.len() / TEXT_OF_A_NODE)
                    .sum();
                (nodes + names, depth)
            }
        }
    }
}

/// A list or mapping that is not closed yet.
struct Open {
    place: Place,
    anchor: usize,
    content: Content,
    /// The key whose value comes next.
    key: Option<(String, Place)>,
}

/// Reads one document.
pub(crate) fn read(text: &str) -> Result<Node, Problem> {
    let mut builder = Builder::default();
    let mut last = Place { line: 1, column: 1 };
    let joined = Joined::of(text);
    for event in Parser::new_from_str(&joined.text) {
        let (event, span) = event.map_err(|error| Problem {
            place: joined.original(place(error.marker())),
            what: format!("this is not YAML: {}", error.info()),
        })?;
        last = joined.original(place(&span.start));
        builder.take(event, last)?;
    }
    builder.root.ok_or_else(|| Problem {
        place: last,
        what: "nothing is in it, expected a contract".into(),
    })
}

fn place(marker: &Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    nodes: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Problem> {
        let problem = |what: &str| Problem {
            place,
            what: what.into(),
        };
        let tag = match &event {
            Event::Scalar(.., tag) | Event::SequenceStart(_, tag) | Event::MappingStart(_, tag) => {
                tag.as_ref()
            }
            _ => None,
        };
        if let Some(tag) = tag {
            let (handle, suffix) = (&tag.handle, &tag.suffix);
            return Err(problem(&format!(
                "tag {handle}{suffix}: tags are not read here; write the value itself"
            )));
        }
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(problem(
                "a second document, expected one contract in a file",
            )),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(problem("an alias of what is not complete yet"));
                };
                let node = Node {
                    place,
                    ..node.clone()
                };
                let (nodes, depth) = node.extent();
                self.count(nodes, depth, place)?;
                self.put(node, 0)
            }
            Event::Scalar(text, style, anchor, _) => {
                self.count(1, 1, place)?;
                let content = Content::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                self.put(Node { place, content }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(Content::List(Vec::new()), anchor, place),
            Event::MappingStart(anchor, _) => self.begin(Content::Map(Vec::new()), anchor, place),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open {
                    place,
                    anchor,
                    content,
                    ..
                }) => self.put(Node { place, content }, anchor),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, content: Content, anchor: usize, place: Place) -> Result<(), Problem> {
        self.count(1, 1, place)?;
        self.open.push(Open {
            place,
            anchor,
            content,
            key: None,
        });
        Ok(())
    }

    fn count(&mut self, nodes: usize, depth: usize, place: Place) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        let what = if self.nodes > MAX_NODES {
            format!("more than {MAX_NODES} values, those of aliases among them")
        } else if self.open.len() + depth > MAX_DEPTH {
            format!("more than {MAX_DEPTH} lists and mappings inside of each other")
        } else {
            return Ok(());
        };
        Err(Problem { place, what })
    }

    /// A complete value goes where it belongs.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.content, open.key.take()) {
            (Content::List(items), _) => items.push(node),
            (Content::Map(entries), Some((key, place))) => {
                if entries.iter().any(|entry| entry.key == key) {
                    let what = format!("`{key}` is there twice");
                    return Err(Problem { place, what });
                }
                entries.push(Entry {
                    key,
                    place,
                    value: node,
                });
            }
            (Content::Map(_), None) => {
                let Content::Scalar { text, .. } = node.content else {
                    let what = format!("{} as a key, expected a name", node.kind());
                    return Err(Problem {
                        place: node.place,
                        what,
                    });
                };
                open.key = Some((text, node.place));
            }
            (Content::Scalar { .. }, _) => {}
        }
        Ok(())
    }
}
