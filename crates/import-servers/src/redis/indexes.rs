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
        for chunk in keys.chunks(KEYS) {
            let types = client.types(chunk.iter().map(|key| &**key))?;
            for (key, holds) in chunk.iter().zip(types) {
                indexes.take(client, key, holds, remarks)?;
            }
        }
        Ok(indexes)
    }

    fn take(
        &mut self,
        client: &mut Client,
        key: &[u8],
        holds: Type,
        remarks: &mut Remarks,
    ) -> Result<(), ServerError> {
        let after = |prefix: &str| {
            let rest = key.strip_prefix(prefix.as_bytes())?;
            Some(String::from_utf8_lossy(rest).into_owned())
        };
        let mut wrong = |tenant: Option<&str>| {
            if holds != Type::None {
                remarks.add(RemarkKind::WrongType, tenant, String::from_utf8_lossy(key));
            }
        };
        if let Some(tenant) = after("receipt_chain:") {
            if holds != Type::String {
                wrong(Some(&tenant));
                return Ok(());
            }
            let hash = client.values([key].into_iter(), TIP)?.pop();
            let hash = String::from_utf8_lossy(&hash.unwrap_or_default()).into_owned();
            self.tips.insert(tenant, hash);
        } else if let Some(tenant) = after("receipt_tenant:") {
            if holds != Type::SortedSet {
                wrong(Some(&tenant));
                return Ok(());
            }
            let ids = self.of_tenants.entry(tenant).or_default();
            client.members(key, holds, |id| {
                ids.insert(String::from_utf8_lossy(id).into_owned());
            })?;
        } else if key.starts_with(b"receipt_session:") || key.starts_with(b"receipt_trace:") {
            if holds != Type::Set {
                wrong(None);
                return Ok(());
            }
            client.members(key, holds, |id| {
                self.of_links
                    .insert(String::from_utf8_lossy(id).into_owned());
            })?;
        }
        Ok(())
    }
}

/// Remarks receipts that are listed and not there, and those that should be listed and are not.
pub(super) fn compare(
    client: &mut Client,
    mut indexes: Indexes,
    entries: &[Entry],
    unreadable: &[Box<[u8]>],
    remarks: &mut Remarks,
) -> Result<(), ServerError> {
    let mut unlisted = vec![false; entries.len()];
    for (entry, unlisted) in entries.iter().zip(&mut unlisted) {
        let of_tenant = indexes.of_tenants.get(&*entry.tenant);
        *unlisted = !entry.links.is_empty()
            && !indexes.of_links.contains(entry.id())
            && of_tenant.is_none_or(|ids| !ids.contains(entry.id()));
    }
    match bare(client, &mut indexes, entries, &mut unlisted) {
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
    unlisted: &mut [bool],
) -> Result<(), ServerError> {
    let mut links: Vec<(&str, usize)> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        links.extend(entry.links.iter().map(|link| (&**link, at)));
    }
    links.sort_unstable();
    let mut read = "";
    for chunk in links.chunks(KEYS) {
        let types = client.types(chunk.iter().map(|(link, _)| link.as_bytes()))?;
        let sorted: Vec<_> = chunk
            .iter()
            .zip(types)
            .filter(|(_, holds)| *holds == Type::SortedSet)
            .filter_map(|((link, at), _)| Some((*link, *at, entries.get(*at)?)))
            .collect();
        let pairs = sorted
            .iter()
            .map(|(link, _, entry)| (link.as_bytes(), entry.id().as_bytes()));
        let listed = client.are_members(pairs)?;
        for ((link, at, entry), listed) in sorted.iter().zip(listed) {
            if !listed {
                continue;
            }
            if let Some(unlisted) = unlisted.get_mut(*at) {
                *unlisted = false;
            }
            // They are sorted, so those of one index come together.
            if read != *link {
                read = link;
                members(client, indexes, link, entry)?;
            }
        }
    }
    Ok(())
}

/// Adds to what is listed the members of one such index, but those that came since the others were read.
fn members(
    client: &mut Client,
    indexes: &mut Indexes,
    link: &str,
    entry: &Entry,
) -> Result<(), ServerError> {
    let mut ids = Vec::new();
    client.members(link.as_bytes(), Type::SortedSet, |id| {
        ids.push(String::from_utf8_lossy(id).into_owned());
    })?;
    for chunk in ids.chunks(KEYS) {
        let keys: Vec<_> = chunk
            .iter()
            .map(|id| head::key_of(&entry.tenant, id))
            .collect();
        let types = client.types(keys.iter().map(Vec::as_slice))?;
        for (id, holds) in chunk.iter().zip(types) {
            if holds == Type::None {
                indexes.of_links.insert(id.clone());
            }
        }
    }
    Ok(())
}
