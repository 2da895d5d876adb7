//! Where a store is. What says who is asking is in no `Debug`.

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
use core::fmt;
use std::path::PathBuf;

/// Where the objects are.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Place {
    /// A folder of a local disk whose file system has locks, and syncs what it says it syncs.
    Folder(PathBuf),
    /// A bucket of S3.
    #[cfg(feature = "s3")]
    S3(S3Bucket),
    /// A bucket of Google Cloud Storage.
    #[cfg(feature = "gcs")]
    Gcs(GcsBucket),
    /// A container of Azure Blob Storage.
    #[cfg(feature = "azure")]
    Azure(AzureContainer),
}

/// A bucket of S3, or of what speaks it.
///
/// ```
/// use ai_audit_store_object::{S3Bucket, S3Keys};
/// let mut bucket = S3Bucket::new("audit", "eu-central-1");
/// bucket.keys = Some(S3Keys { id: "AKIA".into(), secret: "hunter2".into(), token: None });
/// assert!(!format!("{bucket:?}").contains("hunter2"));
/// ```
#[cfg(feature = "s3")]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct S3Bucket {
    /// Name of the bucket.
    pub bucket: String,
    /// What all names begin with; empty for the bucket itself. One store, one prefix.
    pub prefix: String,
    /// The region.
    pub region: String,
    /// Address of a server that is not Amazon's, such as `https://s3.example.org`. Without TLS only on the loopback.
    pub endpoint: Option<String>,
    /// Who is asking. Without them the role of the machine is asked for at its metadata service.
    pub keys: Option<S3Keys>,
    /// Certificates of authorities in PEM, in place of the system's.
    pub authorities: Option<String>,
}

/// An access key.
#[cfg(feature = "s3")]
#[derive(Clone)]
#[allow(clippy::exhaustive_structs, reason = "callers fill it in")]
pub struct S3Keys {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The token of a session.
    pub token: Option<String>,
}

#[cfg(feature = "s3")]
impl S3Bucket {
    /// A bucket of Amazon's, by the machine's role.
    #[must_use]
    pub fn new(bucket: &str, region: &str) -> Self {
        Self {
            bucket: bucket.into(),
            prefix: String::new(),
            region: region.into(),
            endpoint: None,
            keys: None,
            authorities: None,
        }
    }
}

#[cfg(feature = "s3")]
impl fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Keys")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A bucket of Google Cloud Storage.
#[cfg(feature = "gcs")]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GcsBucket {
    /// Name of the bucket.
    pub bucket: String,
    /// What all names begin with; empty for the bucket itself.
    pub prefix: String,
    /// Who is asking.
    pub access: GcsAccess,
    /// Certificates of authorities in PEM, in place of the system's.
    pub authorities: Option<String>,
}

#[cfg(feature = "gcs")]
impl GcsBucket {
    /// A bucket, by the machine's account ([`GcsAccess::Machine`]).
    #[must_use]
    pub fn new(bucket: &str) -> Self {
        Self {
            bucket: bucket.into(),
            prefix: String::new(),
            access: GcsAccess::Machine,
            authorities: None,
        }
    }
}

/// Who asks Google.
#[cfg(feature = "gcs")]
#[derive(Clone)]
#[non_exhaustive]
pub enum GcsAccess {
    /// Who is logged in with Google's own tools, by the file that they keep in the home folder, where there is one;
    /// otherwise the machine's account, by its metadata service.
    Machine,
    /// A service account: the JSON of its key.
    ServiceAccount(String),
}

#[cfg(feature = "gcs")]
impl fmt::Debug for GcsAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "Machine",
            Self::ServiceAccount(_) => "ServiceAccount",
        })
    }
}

/// A container of Azure Blob Storage.
#[cfg(feature = "azure")]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AzureContainer {
    /// The storage account.
    pub account: String,
    /// The container.
    pub container: String,
    /// What all names begin with; empty for the container itself.
    pub prefix: String,
    /// Who is asking.
    pub access: AzureAccess,
    /// Certificates of authorities in PEM, in place of the system's.
    pub authorities: Option<String>,
}

#[cfg(feature = "azure")]
impl AzureContainer {
    /// A container, by the machine's identity.
    #[must_use]
    pub fn new(account: &str, container: &str) -> Self {
        Self {
            account: account.into(),
            container: container.into(),
            prefix: String::new(),
            access: AzureAccess::Machine,
            authorities: None,
        }
    }
}

/// Who asks Azure.
#[cfg(feature = "azure")]
#[derive(Clone)]
#[non_exhaustive]
pub enum AzureAccess {
    /// The machine's managed identity.
    Machine,
    /// The account's key, in base64.
    Key(String),
    /// An application: tenant, client id, client secret.
    Application {
        /// The tenant.
        tenant: String,
        /// The client's id.
        client: String,
        /// The client's secret.
        secret: String,
    },
}

#[cfg(feature = "azure")]
impl fmt::Debug for AzureAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "Machine",
            Self::Key(_) => "Key",
            Self::Application { .. } => "Application",
        })
    }
}
