//! One file a command.

pub(crate) mod adopt;
pub(crate) mod anchor;
pub(crate) mod checkpoint;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod epoch;
pub(crate) mod export;
pub(crate) mod info;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod monitor;
pub(crate) mod policy;
pub(crate) mod prove;
pub(crate) mod publish;
pub(crate) mod record;
pub(crate) mod redact;
pub(crate) mod reveal;
pub(crate) mod show;
pub(crate) mod shred;
pub(crate) mod stats;
pub(crate) mod subject;
pub(crate) mod timestamp;
pub(crate) mod trace;
pub(crate) mod verify;
pub(crate) mod witness;
