//! Queries of addresses, read strictly: an unknown name is a mistake, not nothing.

use crate::Problem;
use axum::http::Uri;
use std::collections::BTreeMap;
use std::str::FromStr;

/// The parameters of a request, taken one by one.
#[derive(Debug)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// The parameters of an address, none of which may be unknown or given twice.
    pub(crate) fn of(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let mut all = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let known = match known.is_empty() {
                    true => "none".into(),
                    false => known.join(", "),
                };
                return Err(Problem::bad(format!(
                    "parameter {:?}: unknown; known are {known}",
                    name.chars().take(64).collect::<String>()
                )));
            }
            if all.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Problem::bad(format!(
                    "parameter `{name}`: it stands there twice"
                )));
            }
        }
        Ok(Self(all))
    }

    /// A text that is not empty.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.0.remove(name) {
            Some(text) if text.is_empty() => Err(Problem::bad(format!(
                "parameter `{name}`: it is empty; give it a value or take it away"
            ))),
            other => Ok(other),
        }
    }

    /// What a text stands for.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let parse = |text: String| {
            text.parse()
                .map_err(|_| Problem::bad(format!("parameter `{name}`: expected {expected}")))
        };
        self.text(name)?.map(parse).transpose()
    }
}
