//! Everything that a Redis has of the library, read once: its records' places in the order, and what is
//! amiss with them.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;

use super::client::{Client, Type};
use super::head::{self, Head};
use super::indexes::{self, Indexes};
use super::{Asked, KEYS, read};
use crate::remarks::Remarks;
use crate::source::is_blank;
use crate::{Expiry, MAX_VALUE, RemarkKind, ServerError, Tip};

/// A record that can be read.
pub(super) struct Entry {
    pub(super) key: Box<[u8]>,
    /// Bytes of its value.
    pub(super) length: u64,
    /// Whose it is: what the record says, else what the key says.
    pub(super) tenant: Rc<str>,
    id: Box<str>,
    time: Option<Timestamp>,
    /// Its session and trace.
    pub(super) links: Vec<Box<str>>,
}

impl Entry {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

pub(super) struct Listing {
    /// In the order in which they are handed on.
    pub(super) entries: Vec<Entry>,
    /// By tenant: the hash kept as its chain's end, and whether a record has it.
    tips: BTreeMap<String, (String, bool)>,
    pub(super) remarks: Remarks,
    pub(super) expiry: Option<Expiry>,
    /// Keys of receipts that are there and cannot be read.
    unreadable: Vec<Box<[u8]>>,
    /// Keys that are there with nothing in them.
    blank: HashSet<Box<[u8]>>,
}

impl Listing {
    /// What is kept about receipts is read before the receipts: a library that goes on writing then adds
    /// receipts that are not expected, and never seems to miss one.
    pub(super) fn read(client: &mut Client) -> Result<Self, ServerError> {
        let mut remarks = Remarks::default();
        let indexes = Indexes::read(client, &mut remarks)?;
        let mut listing = Self {
            entries: Vec::new(),
            tips: BTreeMap::new(),
            remarks,
            expiry: None,
            unreadable: Vec::new(),
            blank: HashSet::new(),
        };
        for (tenant, hash) in &indexes.tips {
            listing.tips.insert(tenant.clone(), (hash.clone(), false));
        }
        let mut tenants = HashSet::new();
        let keys = client.keys("receipt:*")?;
        for chunk in keys.chunks(KEYS) {
            listing.take(client, chunk, &mut tenants)?;
        }
        listing.entries.sort_unstable_by(|a, b| {
            let place = |entry: &Entry| (entry.time.is_none(), entry.time);
            place(a)
                .cmp(&place(b))
                .then_with(|| a.id.cmp(&b.id))
                .then_with(|| a.key.cmp(&b.key))
        });
        for (tenant, (hash, held)) in &listing.tips {
            if !held {
                listing
                    .remarks
                    .add(RemarkKind::EndMissing, Some(tenant), hash.clone());
            }
        }
        for tenant in &tenants {
            if !listing.tips.contains_key(&**tenant) {
                let key = format!("receipt_chain:{tenant}");
                listing.remarks.add(RemarkKind::NoTip, Some(tenant), key);
            }
        }
        indexes::compare(
            client,
            indexes,
            &listing.entries,
            &listing.unreadable,
            &listing.blank,
            &mut listing.remarks,
        )?;
        Ok(listing)
    }

    pub(super) fn tenants(&self) -> Vec<(String, u64)> {
        let mut tenants: BTreeMap<&str, u64> = BTreeMap::new();
        for entry in &self.entries {
            *tenants.entry(&entry.tenant).or_default() += 1;
        }
        let owned = |(name, count): (&str, u64)| (name.to_string(), count);
        tenants.into_iter().map(owned).collect()
    }

    pub(super) fn tips(&self, tenant: Option<&str>) -> Vec<Tip> {
        self.tips
            .iter()
            .filter(|(whose, _)| tenant.is_none_or(|tenant| *whose == tenant))
            .map(|(tenant, (hash, held))| Tip {
                tenant: tenant.clone(),
                hash: hash.clone(),
                held: *held,
            })
            .collect()
    }

    /// Looks at some keys, and at the records that they hold.
    fn take(
        &mut self,
        client: &mut Client,
        keys: &[Box<[u8]>],
        tenants: &mut HashSet<Rc<str>>,
    ) -> Result<(), ServerError> {
        let types = client.types(keys.iter().map(|key| &**key))?;
        let mut strings = Vec::new();
        for (key, holds) in keys.iter().zip(types) {
            match holds {
                Type::String => strings.push(key),
                // It expired since it was listed.
                Type::None => self.amiss(RemarkKind::Vanished, key),
                Type::Set | Type::SortedSet | Type::Other => self.amiss(RemarkKind::WrongType, key),
            }
        }
        let expiries = client.expiries(strings.iter().map(|key| &***key))?;
        for milliseconds in expiries {
            self.expires(milliseconds);
        }
        let lengths = client.lengths(strings.iter().map(|key| &***key))?;
        let mut readable = Vec::new();
        for (key, length) in strings.into_iter().zip(lengths) {
            if length > MAX_VALUE as u64 {
                self.amiss(RemarkKind::TooLong, key);
            } else {
                readable.push((key, length));
            }
        }
        read(client, readable.into_iter(), |(key, length), value| {
            match str::from_utf8(&value) {
                // It expired since it was looked at.
                Ok("") if length > 0 => self.amiss(RemarkKind::Vanished, key),
                Ok(text) if is_blank(text) => self.blank(key),
                Ok(text) => self.add(key, length, text, tenants),
                Err(_) => self.amiss(RemarkKind::NotText, key),
            }
            ControlFlow::Continue(())
        })
    }

    fn add(&mut self, key: &[u8], length: u64, text: &str, tenants: &mut HashSet<Rc<str>>) {
        let mut head = Head::of(text);
        let (tenant, id) = match (head.tenant_id.take(), head.receipt_id.take()) {
            (Some(tenant), Some(id)) => {
                if head::key_of(&tenant, &id) != key {
                    let example = String::from_utf8_lossy(key);
                    self.remarks
                        .add(RemarkKind::Misplaced, Some(&tenant), example);
                }
                (tenant, id)
            }
            (tenant, id) => {
                let of_key = head::of_key(key);
                (tenant.unwrap_or(of_key.0), id.unwrap_or(of_key.1))
            }
        };
        if let Some((hash, held)) = self.tips.get_mut(&tenant)
            && head.receipt_hash.as_deref() == Some(hash)
        {
            *held = true;
        }
        let tenant = tenants.get(tenant.as_str()).cloned().unwrap_or_else(|| {
            let tenant: Rc<str> = tenant.into();
            tenants.insert(Rc::clone(&tenant));
            tenant
        });
        self.entries.push(Entry {
            key: key.into(),
            length,
            tenant,
            id: id.into(),
            time: head.time(),
            links: head.links().map(Into::into).collect(),
        });
    }

    /// Something about a key of which no record was read.
    fn amiss(&mut self, kind: RemarkKind, key: &[u8]) {
        let tenant = head::of_key(key).0;
        let example = String::from_utf8_lossy(key);
        self.remarks.add(kind, Some(&tenant), example);
        self.unreadable.push(key.into());
    }

    /// Nothing is in it, so it is no receipt that an index may list.
    fn blank(&mut self, key: &[u8]) {
        let tenant = head::of_key(key).0;
        let example = String::from_utf8_lossy(key);
        self.remarks.add(RemarkKind::Blank, Some(&tenant), example);
        self.blank.insert(key.into());
    }

    fn expires(&mut self, milliseconds: i64) {
        let Ok(milliseconds) = u64::try_from(milliseconds) else {
            return;
        };
        let time = Duration::from_millis(milliseconds);
        let expiry = self.expiry.get_or_insert(Expiry {
            records: 0,
            soonest: time,
        });
        expiry.records += 1;
        expiry.soonest = expiry.soonest.min(time);
    }
}

impl Asked for (&Box<[u8]>, u64) {
    fn key(&self) -> &[u8] {
        self.0
    }

    fn length(&self) -> u64 {
        self.1
    }
}
