//! The catalogues of requirements that come along.

use crate::answer::Answer;
use ai_audit_compliance::{Catalogue, Catalogues};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    framework: Option<String>,
}

pub(super) fn list(asked: &List) -> Result<Answer, String> {
    let all = Catalogues::builtin().map_err(|error| error.to_string())?;
    let Some(wanted) = &asked.framework else {
        let catalogues: Vec<Value> = all.iter().map(head).collect();
        return Ok(Answer::new(json!({ "catalogues": catalogues }), None));
    };
    let found = all.iter().find(|one| one.id == *wanted);
    let found = found.ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
        format!("framework: expected one of {}", known.join(", "))
    })?;
    let controls: Vec<Value> = found
        .controls
        .iter()
        .map(|one| {
            json!({
                "id": one.id,
                "title": one.title,
                "requirement": one.requirement,
                "support": one.support.adjective(),
                "limits": one.limits,
                "source": one.source,
            })
        })
        .collect();
    Ok(Answer::new(
        json!({ "catalogue": head(found), "controls": controls }),
        None,
    ))
}

fn head(one: &Catalogue) -> Value {
    json!({
        "id": one.id,
        "name": one.name,
        "title": one.title,
        "edition": one.edition,
        "checked": one.checked.to_string(),
        "controls": one.controls.len(),
    })
}
