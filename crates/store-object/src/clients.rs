//! The clients of services, by the crate `object_store`, made as a place and its options say.

use crate::connect::Connect;
use crate::options::ObjectOptions;
use crate::place::Place;
use ai_audit_store::StoreError;
use object_store::{ObjectStore, RetryConfig};
use std::sync::Arc;

pub(crate) fn invalid(what: impl ToString) -> StoreError {
    StoreError::Invalid {
        what: what.to_string(),
    }
}

/// The client of a service, and what is known of the place.
pub(crate) struct Clients {
    pub(crate) client: Arc<dyn ObjectStore>,
    /// The one that writes.
    pub(crate) writer: Arc<dyn ObjectStore>,
    pub(crate) prefix: String,
    /// What is shown of the place.
    pub(crate) shown: String,
    /// Whether answers tell that versions are kept.
    pub(crate) tells_versions: bool,
}

/// The header by which a client of S3 says which checksum it sends; a bucket with a default retention asks for it.
#[cfg(feature = "s3")]
const CHECKSUM: (&str, &str) = ("x-amz-sdk-checksum-algorithm", "SHA256");

pub(crate) fn clients(place: &Place, options: &ObjectOptions) -> Result<Clients, StoreError> {
    let retry = RetryConfig {
        max_retries: options.retries,
        retry_timeout: options.timeout,
        ..RetryConfig::default()
    };
    let connect = |authorities: &Option<String>| {
        Connect::new(authorities.as_deref(), options.timeout).map_err(invalid)
    };
    let shown = |scheme: &str, bucket: &str, prefix: &str| match prefix {
        "" => format!("{scheme}://{bucket}"),
        prefix => format!("{scheme}://{bucket}/{prefix}"),
    };
    match place {
        #[cfg(feature = "s3")]
        Place::S3(bucket) => {
            use http::{HeaderMap, HeaderName, HeaderValue};
            use object_store::ClientOptions;
            use object_store::aws::{AmazonS3Builder, Checksum};
            is_region(&bucket.region)?;
            let mut builder = AmazonS3Builder::new()
                .with_bucket_name(&bucket.bucket)
                .with_region(&bucket.region)
                // What buckets with object lock ask for; and what was altered on its way is refused.
                .with_checksum_algorithm(Checksum::SHA256)
                // One by one: some servers have no other way.
                .with_disable_bulk_delete(true)
                .with_retry(retry)
                .with_http_connector(connect(&bucket.authorities)?);
            let mut wire = ClientOptions::new();
            if let Some(endpoint) = &bucket.endpoint {
                builder = builder.with_endpoint(endpoint);
                wire = wire.with_allow_http(is_loopback(endpoint)?);
            }
            if let Some(keys) = &bucket.keys {
                builder = builder
                    .with_access_key_id(&keys.id)
                    .with_secret_access_key(&keys.secret);
                if let Some(token) = &keys.token {
                    builder = builder.with_token(token);
                }
            }
            let client = builder.clone().with_client_options(wire.clone());
            // Signed with the rest, so by the library; and for no request that is without a body.
            let mut headers = HeaderMap::new();
            headers.insert(
                HeaderName::from_static(CHECKSUM.0),
                HeaderValue::from_static(CHECKSUM.1),
            );
            let writer = builder.with_client_options(wire.with_default_headers(headers));
            Ok(Clients {
                client: Arc::new(client.build().map_err(invalid)?),
                writer: Arc::new(writer.build().map_err(invalid)?),
                prefix: bucket.prefix.clone(),
                shown: shown("s3", &bucket.bucket, &bucket.prefix),
                tells_versions: true,
            })
        }
        #[cfg(feature = "gcs")]
        Place::Gcs(bucket) => {
            use crate::place::GcsAccess;
            use object_store::gcp::GoogleCloudStorageBuilder;
            let mut builder = GoogleCloudStorageBuilder::new()
                .with_bucket_name(&bucket.bucket)
                .with_retry(retry)
                .with_http_connector(connect(&bucket.authorities)?);
            if let GcsAccess::ServiceAccount(key) = &bucket.access {
                builder = builder.with_service_account_key(key);
            }
            let client: Arc<dyn ObjectStore> = Arc::new(builder.build().map_err(invalid)?);
            Ok(Clients {
                writer: Arc::clone(&client),
                client,
                prefix: bucket.prefix.clone(),
                shown: shown("gs", &bucket.bucket, &bucket.prefix),
                tells_versions: false,
            })
        }
        #[cfg(feature = "azure")]
        Place::Azure(container) => {
            use crate::place::AzureAccess;
            use object_store::azure::MicrosoftAzureBuilder;
            let mut builder = MicrosoftAzureBuilder::new()
                .with_account(&container.account)
                .with_container_name(&container.container)
                .with_retry(retry)
                .with_http_connector(connect(&container.authorities)?);
            builder = match &container.access {
                AzureAccess::Machine => builder,
                AzureAccess::Key(key) => builder.with_access_key(key),
                AzureAccess::Application {
                    tenant,
                    client,
                    secret,
                } => builder.with_client_secret_authorization(client, secret, tenant),
            };
            let client: Arc<dyn ObjectStore> = Arc::new(builder.build().map_err(invalid)?);
            let bucket = format!("{}/{}", container.account, container.container);
            Ok(Clients {
                writer: Arc::clone(&client),
                client,
                prefix: container.prefix.clone(),
                shown: shown("azure", &bucket, &container.prefix),
                tells_versions: true,
            })
        }
        other => Err(invalid(format!("{other:?} is no bucket"))),
    }
}

/// It is in the name of Amazon's server: with anything else in it requests would go to somebody else's.
#[cfg(feature = "s3")]
fn is_region(region: &str) -> Result<(), StoreError> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    match !region.is_empty() && region.bytes().all(plain) {
        true => Ok(()),
        false => Err(invalid(
            "the region: expected lower-case letters, digits and '-', such as eu-central-1",
        )),
    }
}

/// Whether an address is one of this machine; without TLS no other is taken.
#[cfg(feature = "s3")]
fn is_loopback(endpoint: &str) -> Result<bool, StoreError> {
    let address: http::Uri = endpoint.parse().map_err(|error| {
        invalid(format!(
            "the endpoint: {error}; expected an address such as https://s3.example.org"
        ))
    })?;
    match (address.scheme_str(), address.host()) {
        (Some("https"), Some(_)) => Ok(false),
        (Some("http"), Some("127.0.0.1" | "localhost" | "[::1]")) => Ok(true),
        _ => Err(invalid(
            "the endpoint: expected https://, or http:// on the loopback alone: whoever is between could read and change everything",
        )),
    }
}
