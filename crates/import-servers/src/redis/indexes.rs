//! What a Redis keeps about receipts beside them: chains' ends, and the lists of tenants, sessions and
//! traces, which never expire.

use std::collections::{BTreeMap, HashSet};

use super::KEYS;
use super::client::{Client, Type};
use super::head;
use super::listing::Entry;
use crate::remarks::Remarks;
use crate::{RemarkKind, ServerError};

/// A chain's end is 64 digits; of something longer this much is kept.
const TIP: usize = 128;

/// What is kept about receipts under keys of its own.
#[derive(Default)]
pub(super) struct Indexes {
    /// The hash that is kept as a chain's end, by tenant.
    pub(super) tips: BTreeMap<String, String>,
    /// Ids of receipts that a tenant's list has.
    of_tenants: BTreeMap<String, HashSet<String>>,
    /// Ids of receipts that a list of a session or trace has.
    of_links: HashSet<String>,
}

impl Indexes {
    pub(super) fn read(client: &mut Client, remarks: &mut Remarks) -> Result<Self, ServerError> {
        let mut indexes = Self::default();
        let keys = client.keys("receipt_*")?;
        for keys in keys.chunks(KEYS) {
            let types = client.types(keys.iter().map(|key| &**key))?;
            let mut sets = Vec::new();
            for (key, holds) in keys.iter().zip(types) {
                let Some(key) = Key::of(key) else {
                    continue;
                };
                if holds != key.holds() {
                    // Nothing where it went since it was listed.
                    if holds != Type::None {
                        let tenant = key.tenant.as_deref();
                        remarks.add(RemarkKind::WrongType, tenant, text(key.bytes));
                    }
                } else if key.kind == Kind::Chain {
                    let hash = client.values([key.bytes].into_iter(), TIP)?.pop();
                    let hash = text(&hash.unwrap_or_default());
                    indexes.tips.insert(key.tenant.unwrap_or_default(), hash);
                } else {
                    sets.push(key);
                }
            }
            let asked: Vec<_> = sets.iter().map(|key| (key.bytes, key.holds())).collect();
            let mut tenants: Vec<_> = sets
                .into_iter()
                .map(|key| key.tenant.map(|tenant| (tenant, HashSet::new())))
                .collect();
            client.members(&asked, |index, id| {
                let ids = match tenants.get_mut(index) {
                    Some(Some((_, ids))) => ids,
                    _ => &mut indexes.of_links,
                };
                ids.insert(text(id));
            })?;
            indexes.of_tenants.extend(tenants.into_iter().flatten());
        }
        Ok(indexes)
    }
}

/// A key under which something is kept about receipts.
struct Key<'a> {
    bytes: &'a [u8],
    kind: Kind,
    /// None of a session's or trace's list.
    tenant: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Chain,
    Tenant,
    Link,
}

impl<'a> Key<'a> {
    const PREFIXES: [(&'static str, Kind); 4] = [
        ("receipt_chain:", Kind::Chain),
        ("receipt_tenant:", Kind::Tenant),
        ("receipt_session:", Kind::Link),
        ("receipt_trace:", Kind::Link),
    ];

    /// None for a key that is not the library's.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        Self::PREFIXES.iter().find_map(|(prefix, kind)| {
            let tenant = text(bytes.strip_prefix(prefix.as_bytes())?);
            Some(Self {
                bytes,
                kind: *kind,
                tenant: (*kind != Kind::Link).then_some(tenant),
            })
        })
    }

    fn holds(&self) -> Type {
        match self.kind {
            Kind::Chain => Type::String,
            Kind::Tenant => Type::SortedSet,
            Kind::Link => Type::Set,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Remarks receipts that are listed and not there, and those that should be listed and are not.
pub(super) fn compare(
    client: &mut Client,
    mut indexes: Indexes,
    entries: &[Entry],
    unreadable: &[Box<[u8]>],
    blank: &HashSet<Box<[u8]>>,
    remarks: &mut Remarks,
) -> Result<(), ServerError> {
    let mut unlisted = vec![false; entries.len()];
    for (entry, unlisted) in entries.iter().zip(&mut unlisted) {
        let of_tenant = indexes.of_tenants.get(&*entry.tenant);
        *unlisted = !entry.links.is_empty()
            && !indexes.of_links.contains(entry.id())
            && of_tenant.is_none_or(|ids| !ids.contains(entry.id()));
    }
    match bare(client, &mut indexes, entries, blank, &mut unlisted) {
        Err(ServerError::Permission { reason, .. }) => {
            remarks.add(RemarkKind::IndexUnread, None, reason);
        }
        other => other?,
    }
    for (entry, unlisted) in entries.iter().zip(&unlisted) {
        if *unlisted {
            let example = String::from_utf8_lossy(&entry.key);
            remarks.add(RemarkKind::Unlisted, Some(&entry.tenant), example);
        }
    }
    gone(&indexes, entries, unreadable, remarks);
    Ok(())
}

/// Remarks every id that is listed and not there, once; in their order, so that two runs say the same.
fn gone(indexes: &Indexes, entries: &[Entry], unreadable: &[Box<[u8]>], remarks: &mut Remarks) {
    // There, though nothing was read of them: they have a remark of their own.
    let mut keys: HashSet<&[u8]> = unreadable.iter().map(|key| &**key).collect();
    let mut ids: HashSet<String> = unreadable.iter().map(|key| head::of_key(key).1).collect();
    let mut there = HashSet::new();
    for entry in entries {
        there.insert((&*entry.tenant, entry.id()));
        // A session may be named like a tenant's list, and is then listed in it.
        let lists = entry.links.iter();
        let lists = lists.filter_map(|link| link.strip_prefix("receipt_tenant:"));
        there.extend(lists.map(|tenant| (tenant, entry.id())));
        // A receipt under another tenant's key than its own is there too.
        keys.insert(&entry.key);
        ids.insert(entry.id().into());
    }
    for (tenant, listed) in &indexes.of_tenants {
        let mut gone: Vec<_> = listed
            .iter()
            .filter(|id| !there.contains(&(tenant.as_str(), id.as_str())))
            .filter(|id| !keys.contains(&*head::key_of(tenant, id)))
            .collect();
        gone.sort_unstable();
        for id in gone {
            remarks.add(RemarkKind::Gone, Some(tenant), id.clone());
            ids.insert(id.clone());
        }
    }
    let listed = indexes.of_links.iter();
    let mut gone: Vec<_> = listed.filter(|id| !ids.contains(*id)).collect();
    gone.sort_unstable();
    for id in gone {
        remarks.add(RemarkKind::Gone, None, id.clone());
    }
}

/// Reads the sorted sets whose key is a session's or trace's bare id. Such a key could be anybody's: one
/// counts as an index of the library where it has a receipt that names the session or trace.
fn bare(
    client: &mut Client,
    indexes: &mut Indexes,
    entries: &[Entry],
    blank: &HashSet<Box<[u8]>>,
    unlisted: &mut [bool],
) -> Result<(), ServerError> {
    let mut links: Vec<(&str, usize)> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        links.extend(entry.links.iter().map(|link| (&**link, at)));
    }
    links.sort_unstable();
    let known: HashSet<&str> = entries.iter().map(Entry::id).collect();
    let mut last = "";
    for links in links.chunks(KEYS) {
        let types = client.types(links.iter().map(|(link, _)| link.as_bytes()))?;
        let sorted: Vec<_> = links
            .iter()
            .zip(types)
            .filter(|(_, holds)| *holds == Type::SortedSet)
            .filter_map(|((link, at), _)| Some((*link, *at, entries.get(*at)?)))
            .collect();
        let pairs = sorted
            .iter()
            .map(|(link, _, entry)| (link.as_bytes(), entry.id().as_bytes()));
        let listed = client.are_members(pairs)?;
        let mut lists = Vec::new();
        for ((link, at, entry), listed) in sorted.iter().zip(listed) {
            if !listed {
                continue;
            }
            if let Some(unlisted) = unlisted.get_mut(*at) {
                *unlisted = false;
            }
            // They are sorted, so those of one list come together.
            if last != *link {
                last = link;
                lists.push((*link, *entry));
            }
        }
        members(client, indexes, &lists, &known, blank)?;
    }
    Ok(())
}

/// Adds to what is listed the members of such lists that no record has, but not those that came since the
/// others were read.
fn members(
    client: &mut Client,
    indexes: &mut Indexes,
    lists: &[(&str, &Entry)],
    known: &HashSet<&str>,
    blank: &HashSet<Box<[u8]>>,
) -> Result<(), ServerError> {
    let sets = lists
        .iter()
        .map(|(link, _)| (link.as_bytes(), Type::SortedSet));
    let sets: Vec<_> = sets.collect();
    let mut unknown = Vec::new();
    client.members(&sets, |index, id| {
        let id = text(id);
        if let Some((_, entry)) = lists.get(index)
            && !known.contains(id.as_str())
        {
            unknown.push((head::key_of(&entry.tenant, &id), id));
        }
    })?;
    for unknown in unknown.chunks(KEYS) {
        let types = client.types(unknown.iter().map(|(key, _)| key.as_slice()))?;
        let gone = unknown.iter().zip(types);
        let gone =
            gone.filter(|((key, _), holds)| *holds == Type::None || blank.contains(key.as_slice()));
        indexes.of_links.extend(gone.map(|((_, id), _)| id.clone()));
    }
    Ok(())
}
