//! Body kinds: the registry of the specification.

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The kind of a receipt's body: a number from the specification's registry.
///
/// A kind that this version does not know still verifies as bytes. Numbers from 0x8000 up are
/// free for private use and will never be registered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u16);

macro_rules! kinds {
    ($($number:literal $constant:ident $name:literal $doc:literal)*) => {
        impl Kind {
            $(#[doc = $doc] pub const $constant: Self = Self($number);)*

            /// The registered name in snake_case; `None` for numbers that are not registered.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    0 GENESIS "genesis" "Opens a log and binds its keys and policy."
    1 POLICY "policy" "A change of the log's policy."
    2 DECISION "decision" "What an AI system decided."
    3 TOOL_INTENT "tool_intent" "What an agent is about to do."
    4 TOOL_OUTCOME "tool_outcome" "What came of a tool intent."
    5 TRACE_NODE "trace_node" "A step of a multi-agent trace."
    6 PROVENANCE "provenance" "Where the information behind a decision came from."
    7 CONTRACT_ACTIVATION "contract_activation" "A behavioural contract takes effect."
    8 CONTRACT_STATE "contract_state" "An evaluation of a contract."
    9 HUMAN_REVIEW "human_review" "What a person decided about a receipt."
    10 ATTESTATION "attestation" "A third party's signature over a receipt hash."
    11 INCIDENT "incident" "Something went wrong and was noticed."
    12 ACCESS "access" "Somebody read protected fields."
    13 KEY_ROTATION "key_rotation" "A new receipt key takes over."
    14 KEY_REVOCATION "key_revocation" "A receipt key is no longer trusted."
    15 BATCH_SEAL "batch_seal" "One signature over a range of batched receipts."
    16 EPOCH_SEAL "epoch_seal" "Closes an epoch."
    17 ERASURE_REQUESTED "erasure_requested" "Personal data is to be erased."
    18 ERASURE_COMPLETED "erasure_completed" "Personal data was erased."
    19 DELETION "deletion" "Bytes were deleted under the retention policy."
    20 GAP "gap" "Declared loss or outage."
    21 START "start" "The writer started."
    22 STOP "stop" "The writer stopped in order."
    23 CLOCK_ANOMALY "clock_anomaly" "The writer's clock ran backwards."
    24 ANCHOR "anchor" "A checkpoint, cosignature or timestamp brought back into the log."
    25 IMPORTED "imported" "A record of another system, attested."
    26 FLEET_ROSTER "fleet_roster" "Logs join or leave a fleet."
    27 MEMBER_CHECKPOINT "member_checkpoint" "A checkpoint that a log of the fleet showed."
}

impl Kind {
    /// The kind with this number, registered or not.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Whether receipts of this kind are about the log itself, or about what others in it stand on.
    /// Control receipts are never deleted and travel with every selection.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(
            self,
            Self::GENESIS
                | Self::POLICY
                | Self::CONTRACT_ACTIVATION
                | Self::KEY_ROTATION
                | Self::KEY_REVOCATION
                | Self::EPOCH_SEAL
                | Self::ERASURE_REQUESTED
                | Self::ERASURE_COMPLETED
                | Self::DELETION
                | Self::GAP
                | Self::START
                | Self::STOP
                | Self::CLOCK_ANOMALY
                | Self::ANCHOR
        )
    }
}

impl Kind {
    /// Whether receipts of this kind have a signature of their own in a log whose others are batched:
    /// control receipts, and the batch seals themselves. Batch seals travel with what they sign for, and
    /// are deleted with it.
    #[must_use]
    pub const fn is_never_batched(self) -> bool {
        self.is_control() || matches!(self, Self::BATCH_SEAL)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown_{}", self.0),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({self})")
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u16::deserialize(deserializer).map(Self)
    }
}
