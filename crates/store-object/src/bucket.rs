//! Objects of a bucket, by the clients of the crate `object_store`, on a runtime of the store's own.

use crate::clients::{Clients, clients, invalid};
use crate::objects::{Listed, Objects, Since, Tag, most, too_long};
use crate::options::ObjectOptions;
use crate::place::Place;
use ai_audit_store::StoreError;
use core::future::Future;
use core::time::Duration;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode,
    PutOptions, PutPayload, PutResult, UpdateVersion,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use tokio::runtime::{Builder, Runtime};

/// Objects that are written or deleted at once.
const AT_ONCE: usize = 8;
/// Objects that a list may have: so many of a log of some milliards of receipts.
const LISTED: usize = 1 << 20;
/// What S3 answers, as to a request that makes no sense, where a session's token is over or none any more.
const STALE: [&str; 3] = ["ExpiredToken", "InvalidToken", "TokenRefreshRequired"];

#[derive(Debug)]
pub(crate) struct Bucket {
    client: Arc<dyn ObjectStore>,
    /// The one that writes.
    writer: Arc<dyn ObjectStore>,
    prefix: String,
    shown: String,
    timeout: Duration,
    /// A thread of its own drives it, so that calls come from any thread, those of another runtime among them.
    runtime: Option<Runtime>,
    /// Whether a version in an answer means that older ones are kept.
    tells_versions: bool,
    versions: AtomicBool,
}

impl Bucket {
    pub(crate) fn open(place: &Place, options: &ObjectOptions) -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("ai-audit-objects")
            .enable_all()
            .build()
            .map_err(|error| StoreError::from_io("starting a thread", &error))?;
        let Clients {
            client,
            writer,
            prefix,
            shown,
            tells_versions,
        } = {
            let _inside = runtime.enter();
            clients(place, options)?
        };
        let bad = |part: &str| part.is_empty() || part.starts_with('.');
        if !prefix.is_empty() && prefix.split('/').any(bad) {
            return Err(invalid(format!(
                "the prefix {prefix:?}: expected parts with slashes between them, none of which is empty or begins with a '.'"
            )));
        }
        Ok(Self {
            client,
            writer,
            prefix,
            shown,
            timeout: options.timeout,
            runtime: Some(runtime),
            tells_versions,
            // Of a service that does not tell the caller has to.
            versions: AtomicBool::new(!tells_versions),
        })
    }

    fn path(&self, name: &str) -> Result<Path, StoreError> {
        let whole = match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        };
        Path::parse(whole).map_err(invalid)
    }

    /// Runs something on the thread of the runtime, and waits for it as long as it may take.
    fn run<T: Send + 'static>(
        &self,
        tried: &str,
        doing: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let late = |what: String| StoreError::Io {
            what: format!("{tried} at {}: {what}", self.shown),
        };
        let runtime = self.runtime.as_ref();
        let runtime = runtime.ok_or_else(|| late("the store is closed".into()))?;
        let (done, result) = mpsc::sync_channel(1);
        let limit = self.timeout;
        runtime.spawn(async move {
            let found = tokio::time::timeout(limit, doing).await;
            // Whoever waits is there until he has it.
            done.send(found).ok();
        });
        match result.recv() {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) => Err(late(format!(
                "no answer within {limit:?}: what was sent may still be done"
            ))),
            Err(_) => Err(late("it broke off".into())),
        }
    }

    fn failed(&self, tried: &str, error: &Error) -> StoreError {
        let help = match error {
            Error::PermissionDenied { .. } => {
                "; the store needs the rights to get, put, list and delete objects"
            }
            Error::Unauthenticated { .. } => "; give another key, or look at the machine's clock",
            Error::NotImplemented { .. } | Error::NotSupported { .. } => {
                "; the store needs a service that can do this"
            }
            _ => "",
        };
        let mut what = format!("{tried} at {}: {error}{help}", self.shown);
        let is_denied = matches!(
            error,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
        ) || STALE.iter().any(|code| what.contains(*code));
        // Answers of servers may be as long as they like.
        if let Some((cut, _)) = what.char_indices().nth(2000) {
            what.truncate(cut);
        }
        match is_denied {
            true => StoreError::Denied { what },
            false => StoreError::Io { what },
        }
    }

    /// So many of the objects below a prefix, the first that the service tells.
    fn listed(&self, prefix: &str, most: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        let (client, path) = (
            Arc::clone(&self.client),
            self.path(prefix.trim_end_matches('/'))?,
        );
        let found = self.run("listing", async move {
            let found = client.list(Some(&path)).take(most);
            found.try_collect::<Vec<_>>().await
        })?;
        found.map_err(|error| self.failed(&format!("listing {prefix}"), &error))
    }

    /// What the names of the service begin with, and ours do not.
    fn before(&self) -> String {
        match self.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        }
    }

    /// Notes that an object has a version of its own. Where versions were kept and are not any more, new objects have
    /// none, and what is older stays as it was.
    fn see_version(&self, version: Option<&str>) {
        if self.tells_versions && version.is_some_and(|version| version != "null") {
            self.versions.store(true, Ordering::Relaxed);
        }
    }

    /// The tag of what was written.
    fn tag(&self, written: PutResult) -> Tag {
        self.see_version(written.version.as_deref());
        Tag {
            e_tag: written.e_tag,
            version: written.version,
        }
    }

    fn read(&self, name: &str, known: Option<&Tag>) -> Result<Since, StoreError> {
        let (client, path) = (Arc::clone(&self.client), self.path(name)?);
        let most = most(name);
        let options = GetOptions {
            if_none_match: known.and_then(|tag| tag.e_tag.clone()),
            ..GetOptions::default()
        };
        let found = self.run("reading", async move {
            let found = client.get_opts(&path, options).await?;
            let tag = Tag {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            Ok::<_, Error>((bounded(found, most).await?, tag))
        })?;
        match found {
            Ok((Some(content), tag)) => {
                self.see_version(tag.version.as_deref());
                Ok(Since::New(content, tag))
            }
            Ok((None, _)) => Err(too_long(name)),
            Err(Error::NotFound { .. }) => Ok(Since::Gone),
            Err(Error::NotModified { .. }) if known.is_some() => Ok(Since::Same),
            Err(error) => Err(self.failed(&format!("reading {name}"), &error)),
        }
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // Waiting for the thread would not be allowed everywhere.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Objects for Bucket {
    fn place(&self) -> &str {
        &self.shown
    }

    fn get(&self, name: &str) -> Result<Option<(Vec<u8>, Tag)>, StoreError> {
        match self.read(name, None)? {
            Since::New(content, tag) => Ok(Some((content, tag))),
            Since::Same | Since::Gone => Ok(None),
        }
    }

    fn since(&self, name: &str, tag: &Tag) -> Result<Since, StoreError> {
        self.read(name, Some(tag))
    }

    fn create_all(&self, objects: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        let mut all = Vec::with_capacity(objects.len());
        for (name, content) in objects {
            all.push((self.path(&name)?, name, PutPayload::from(content)));
        }
        for some in all.chunks(AT_ONCE) {
            let (client, some) = (Arc::clone(&self.writer), some.to_vec());
            let made = self.run("writing", async move {
                let one = move |(path, name, content): (Path, String, PutPayload)| {
                    let client = Arc::clone(&client);
                    async move {
                        let options = PutOptions::from(PutMode::Create);
                        let made = client.put_opts(&path, content.clone(), options).await;
                        // What is there is looked at: a conflict of two requests is said in the same way.
                        let there = match made {
                            Err(Error::AlreadyExists { .. }) => {
                                let found = client.get(&path).await;
                                let found = match found {
                                    Ok(found) => bounded(found, content.content_length()).await,
                                    Err(error) => Err(error),
                                };
                                let same = |found: &[u8]| content.iter().flatten().eq(found);
                                matches!(found, Ok(Some(found)) if same(&found))
                            }
                            other => return (name, other.map(drop)),
                        };
                        let result = match there {
                            true => Ok(()),
                            false => client.put(&path, content).await.map(drop),
                        };
                        (name, result)
                    }
                };
                let made = stream::iter(some.into_iter().map(one));
                made.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await
            })?;
            for (name, made) in made {
                made.map_err(|error| self.failed(&format!("writing {name}"), &error))?;
            }
        }
        Ok(())
    }

    fn swap(
        &self,
        name: &str,
        expected: Option<&Tag>,
        content: Vec<u8>,
    ) -> Result<Option<Tag>, StoreError> {
        let (client, path) = (Arc::clone(&self.writer), self.path(name)?);
        let mode = match expected {
            Some(tag) => PutMode::Update(UpdateVersion {
                e_tag: tag.e_tag.clone(),
                version: tag.version.clone(),
            }),
            None => PutMode::Create,
        };
        let made = self.run("replacing", async move {
            let options = PutOptions::from(mode);
            client.put_opts(&path, content.into(), options).await
        })?;
        match made {
            Ok(written) => Ok(Some(self.tag(written))),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(None),
            Err(error) => Err(self.failed(&format!("replacing {name}"), &error)),
        }
    }

    fn delete_all(&self, names: &[String]) -> Result<(), StoreError> {
        for some in names.chunks(AT_ONCE) {
            let mut paths = Vec::with_capacity(some.len());
            for name in some {
                paths.push((self.path(name)?, name.clone()));
            }
            let client = Arc::clone(&self.client);
            let gone = self.run("deleting", async move {
                let one = move |(path, name): (Path, String)| {
                    let client = Arc::clone(&client);
                    async move { (name, client.delete(&path).await) }
                };
                let gone = stream::iter(paths.into_iter().map(one));
                gone.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await
            })?;
            for (name, gone) in gone {
                match gone {
                    Ok(()) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(self.failed(&format!("deleting {name}"), &error)),
                }
            }
        }
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let found = self.listed(prefix, LISTED + 1)?;
        if found.len() > LISTED {
            return Err(invalid(format!(
                "{} lists more than {LISTED} objects below {prefix}; expected fewer: put logs in stores of their own",
                self.shown
            )));
        }
        let before = self.before();
        let listed = found.into_iter().filter_map(|one| {
            let name = one.location.as_ref().strip_prefix(&before)?.to_owned();
            let written = u64::try_from(one.last_modified.timestamp_micros()).ok()?;
            Some(Listed { name, written })
        });
        Ok(listed.collect())
    }

    fn first(&self, prefix: &str, most: usize) -> Result<Vec<String>, StoreError> {
        let (found, before) = (self.listed(prefix, most)?, self.before());
        let names = found.iter().filter_map(|one| {
            let name = one.location.as_ref().strip_prefix(&before)?;
            Some(name.to_owned())
        });
        let names: Vec<String> = names.collect();
        if names.is_sorted() {
            return Ok(names);
        }
        // A service that lists in another order has to tell them all.
        let all = self.list(prefix)?.into_iter();
        let mut names: Vec<String> = all.map(|one| one.name).collect();
        names.sort_unstable();
        names.truncate(most);
        Ok(names)
    }

    fn keeps_versions(&self) -> bool {
        self.versions.load(Ordering::Relaxed)
    }
}

/// An object's bytes; none where it has more than it may.
async fn bounded(found: GetResult, most: usize) -> Result<Option<Vec<u8>>, Error> {
    let (mut content, mut stream) = (Vec::new(), found.into_stream());
    while let Some(piece) = stream.try_next().await? {
        if content.len().saturating_add(piece.len()) > most {
            return Ok(None);
        }
        content.extend_from_slice(&piece);
    }
    Ok(Some(content))
}

#[cfg(all(test, feature = "gcs"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

    use super::*;
    use crate::place::GcsBucket;

    /// Google's answers say nothing of versions: deleting is refused until the caller knows.
    #[test]
    fn a_bucket_that_does_not_tell_is_taken_to_keep_versions() {
        let place = Place::Gcs(GcsBucket::new("audit"));
        let bucket = Bucket::open(&place, &ObjectOptions::default()).unwrap();
        assert!(bucket.keeps_versions());
    }
}
