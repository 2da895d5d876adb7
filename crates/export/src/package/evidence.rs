//! A log to be exported, as its store gives it: its receipts, its tree, and where a selection stands.

use crate::Selection;
use ai_audit_core::ReceiptSource;
use ai_audit_merkle::NodeReader;
use std::fmt;
use std::ops::Range;

/// A log to be exported, as its store gives it.
pub trait LogEvidence {
    /// Why the store could not be read.
    type Error: fmt::Display;
    /// Reads receipts.
    type Receipts<'s>: ReceiptSource<Error = Self::Error>
    where
        Self: 's;
    /// Why a node could not be read.
    type NodeError: fmt::Display;
    /// Reads nodes of the tree.
    type Nodes<'s>: NodeReader<Error = Self::NodeError>
    where
        Self: 's;

    /// The log's receipts from the genesis on. Called once for each pass.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn receipts(&self) -> Result<Self::Receipts<'_>, Self::Error>;

    /// The log's receipts of a range of `seq`; what is given behind its end is not looked at. A store that
    /// can go there at once says so; this goes through those before.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn receipts_in(&self, range: Range<u64>) -> Result<Self::Receipts<'_>, Self::Error> {
        let mut source = self.receipts()?;
        let mut buf = vec![0; ai_audit_core::MAX_SEALED_LEN];
        for _ in 0..range.start {
            if source.read_next(&mut buf)?.is_none() {
                break;
            }
        }
        Ok(source)
    }

    /// The nodes of the log's tree.
    fn nodes(&self) -> Self::Nodes<'_>;

    /// The ciphertexts beside a receipt that are there, in the order of its encrypted kept texts. A
    /// log that keeps none has none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn ciphertexts(&self, seq: u64) -> Result<Vec<Vec<u8>>, Self::Error> {
        let _ = seq;
        Ok(Vec::new())
    }

    /// Where among the log's first `size` receipts those stand that a package of a selection may need;
    /// `None` where all have to be read to tell, as for the whole log.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn places(&self, selection: &Selection, size: u64) -> Result<Option<Places>, Self::Error> {
        let _ = (selection, size);
        Ok(None)
    }
}

/// Where the receipts of a selection stand, by the look-ups of a store.
///
/// Each receipt that is read there is held against the selection and against the checkpoint. So places
/// that do not belong to it cost time and nothing else; one that is left out is missing from the package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// Ranges of `seq`, ascending and apart: the selected receipts, all control receipts, and behind each
    /// range the batch seal that signs for the last receipts of it.
    pub ranges: Vec<Range<u64>>,
    /// How many receipts have no bytes any more, of a selection whose receipts are not known by their
    /// place: whether these belong to it nobody can tell. Else 0.
    pub deleted: u64,
}
