//! A Redis to which the library's receipt store writes.

mod client;
mod head;
mod indexes;
mod listing;

use std::ops::ControlFlow;

use self::client::Client;
use self::listing::{Entry, Listing};
use crate::source::{Each, Server, is_blank};
use crate::{Found, MAX_VALUE, Options, RemarkKind, ServerError};

/// Bytes of values that are asked for at once, where one alone is not longer.
const BUDGET: u64 = 1 << 20;

/// Keys that are asked for at once.
const KEYS: usize = 512;

/// A connection, and what was found there, once it has been looked for.
pub(crate) struct Redis {
    client: Client,
    listing: Option<Listing>,
}

impl Redis {
    pub(crate) fn open(url: &str, options: &Options) -> Result<Self, ServerError> {
        Ok(Self {
            client: Client::open(url, options)?,
            listing: None,
        })
    }

    fn listing(&mut self) -> Result<(&mut Client, &Listing), ServerError> {
        let listing = match self.listing.take() {
            Some(listing) => listing,
            None => Listing::read(&mut self.client)?,
        };
        Ok((&mut self.client, self.listing.insert(listing)))
    }
}

impl Server for Redis {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn form(&self) -> &'static str {
        "redis"
    }

    fn tenants(&mut self) -> Result<Vec<(String, u64)>, ServerError> {
        Ok(self.listing()?.1.tenants())
    }

    fn records(&mut self, tenant: Option<&str>, each: &mut Each<'_>) -> Result<Found, ServerError> {
        let (client, listing) = self.listing()?;
        let mut remarks = listing.remarks.clone();
        let wanted = listing
            .entries
            .iter()
            .filter(|entry| tenant.is_none_or(|tenant| &*entry.tenant == tenant));
        read(client, wanted, |entry, value| {
            let example = || String::from_utf8_lossy(&entry.key);
            let whose = Some(&*entry.tenant);
            if value.len() > MAX_VALUE {
                remarks.add(RemarkKind::TooLong, whose, example());
            } else if value.is_empty() {
                // None of those that were listed was empty.
                remarks.add(RemarkKind::Vanished, whose, example());
            } else if let Ok(text) = str::from_utf8(&value) {
                if !is_blank(text) {
                    return each(text);
                }
                remarks.add(RemarkKind::Blank, whose, example());
            } else {
                remarks.add(RemarkKind::NotText, whose, example());
            }
            ControlFlow::Continue(())
        })?;
        Ok(Found {
            records: 0,
            tips: listing.tips(tenant),
            remarks: remarks.of(tenant),
            expiry: listing.expiry,
        })
    }
}

/// A key and how long its value was when it was looked at.
trait Asked {
    fn key(&self) -> &[u8];
    fn length(&self) -> u64;
}

impl Asked for &Entry {
    fn key(&self) -> &[u8] {
        &self.key
    }

    fn length(&self) -> u64 {
        self.length
    }
}

/// The values of keys in their order, a few at once: never more than one long one, or many short ones.
fn read<K: Asked>(
    client: &mut Client,
    keys: impl Iterator<Item = K>,
    mut each: impl FnMut(K, Vec<u8>) -> ControlFlow<()>,
) -> Result<(), ServerError> {
    let mut keys = keys.peekable();
    while keys.peek().is_some() {
        let (mut batch, mut bytes) = (Vec::new(), 0_u64);
        while let Some(key) = keys.next_if(|next| {
            batch.is_empty() || batch.len() < KEYS && bytes.saturating_add(next.length()) <= BUDGET
        }) {
            bytes = bytes.saturating_add(key.length());
            batch.push(key);
        }
        let values = client.values(batch.iter().map(Asked::key), MAX_VALUE)?;
        for (key, value) in batch.into_iter().zip(values) {
            if each(key, value).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}
