//! A bucket of the small service of the testkit.

use ai_audit_store_object::{Place, S3Bucket, S3Keys};
pub(crate) use ai_audit_testkit::{Endpoint, Manner};

pub(crate) fn bucket(endpoint: &Endpoint) -> Place {
    let mut bucket = S3Bucket::new("audit", "us-east-1");
    bucket.endpoint = Some(endpoint.address());
    bucket.keys = Some(S3Keys {
        id: "tests".into(),
        secret: "hunter2".into(),
        token: None,
    });
    Place::S3(bucket)
}
