//! A device that keeps a log: its key, its genesis, and what it seals by itself after every start.

use core::fmt;

use ai_audit_core::{
    Body, ClockAnomaly, Digest, Draft, Gap, Genesis, Head, List, PolicyEntry, ReceiptId,
    SECRET_KEY_LEN, SealError, SigningKey, Start, Stop, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use embedded_storage::nor_flash::NorFlash;
use zeroize::{Zeroize as _, Zeroizing};

use crate::page::Kind;
use crate::ring::{MAX_RECEIPT, Ring, RingError};
use crate::{key_line::KeyLine, twice};

/// The sector with the receipt key's seed.
const KEYS: u32 = 0;
/// The sector with the genesis.
const GENESIS: u32 = 1;

/// Name and version in every start.
const SOFTWARE: &str = concat!("ai-audit-firmware ", env!("CARGO_PKG_VERSION"));

/// What a device is given once, where it is made.
///
/// The secrets of checkpoint and recovery key stay with whoever makes it.
#[derive(Debug)]
pub struct Provision<'a> {
    /// Name part of the log's origin, with the device's serial number.
    pub name: &'a str,
    /// Whose log it is.
    pub tenant: &'a str,
    /// Seed of the receipt key: 32 bytes from a cryptographic random source.
    pub seed: &'a [u8; SECRET_KEY_LEN],
    /// Public key that signs checkpoints.
    pub checkpoint_key: VerifyingKey,
    /// Public key that can revoke the receipt key.
    pub recovery_key: VerifyingKey,
    /// Random.
    pub salt: [u8; 16],
    /// The time there and then.
    pub now: Timestamp,
}

/// What a device knows of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// The time, as the host or a clock with a battery says it.
    Known(Timestamp),
    /// Nothing but how long it runs, in microseconds.
    SinceStart(u64),
}

/// Why a device does not start, or does not take something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceError<E> {
    /// The ring, or the flash below it.
    Ring(RingError<E>),
    /// A receipt could not be sealed.
    Seal(SealError),
    /// Receipts are there, and the seed or the genesis is not: both copies are damaged.
    Unprovisioned,
    /// The genesis is not by the key that is here.
    OtherKey,
    /// A receipt that is here does not verify under the key.
    Signature {
        /// Its `seq`.
        seq: u64,
    },
}

impl<E: fmt::Debug> fmt::Display for DeviceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ring(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
            Self::Unprovisioned => {
                f.write_str("seed or genesis is damaged, and receipts are there")
            }
            Self::OtherKey => f.write_str("the genesis is by another key than the device has"),
            Self::Signature { seq } => write!(f, "signature of receipt {seq} does not verify"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for DeviceError<E> {}

impl<E> From<RingError<E>> for DeviceError<E> {
    fn from(error: RingError<E>) -> Self {
        Self::Ring(error)
    }
}

type Outcome<T, F> = Result<T, DeviceError<<F as embedded_storage::nor_flash::ErrorType>::Error>>;

/// What a device reads and seals in, so that it is not on the stack.
#[derive(Debug)]
pub struct Buffers {
    ring: [u8; MAX_RECEIPT],
    seal: [u8; MAX_RECEIPT],
}

impl Buffers {
    /// Empty buffers.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ring: [0; MAX_RECEIPT],
            seal: [0; MAX_RECEIPT],
        }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// A device with its log.
#[derive(Debug)]
pub struct Device<'b, F> {
    ring: Ring<'b, F>,
    key: SigningKey,
    /// When the newest receipt was sealed as the device started: no time since is before it.
    started_at: Timestamp,
    /// What has to be sealed before anything else.
    start_due: bool,
    anomaly_due: bool,
    refused: u64,
    refused_since: Timestamp,
    buf: &'b mut [u8; MAX_RECEIPT],
}

impl<'b, F: NorFlash> Device<'b, F> {
    /// Starts with what is in flash, or makes key and genesis where nothing is; then goes through the
    /// log and verifies every signature.
    ///
    /// # Errors
    ///
    /// See [`DeviceError`]. Nothing is sealed by a device that does not trust its own log.
    pub fn start(
        flash: F,
        provision: &Provision<'_>,
        buffers: &'b mut Buffers,
    ) -> Outcome<Self, F> {
        let mut device = Self::open(flash, provision, buffers)?;
        let key = device.key.verifying_key();
        let genesis = UnverifiedReceipt::parse(device.genesis()?);
        if genesis.is_ok_and(|genesis| genesis.verify_signature(&key).is_err()) {
            return Err(DeviceError::OtherKey);
        }
        let verified = device.ring.verify(&key);
        verified.map_err(|seq| DeviceError::Signature { seq })?;
        Ok(device)
    }

    // Not inlined: what it has on the stack is not there any more while signatures are verified.
    #[inline(never)]
    fn open(mut flash: F, provision: &Provision<'_>, buffers: &'b mut Buffers) -> Outcome<Self, F> {
        let Buffers {
            ring: back,
            seal: buf,
        } = buffers;
        Self::complete(&mut flash, buf, back)?;
        let key = match Self::seed(&mut flash)? {
            Some(seed) => SigningKey::from_bytes(&seed),
            None => Self::make_seed(&mut flash, provision, back)?,
        };
        let genesis = match twice::read(&mut flash, GENESIS, Kind::Receipt, buf) {
            Some(len) => Self::head_of(buf.get(..len).unwrap_or(&[]))?,
            None => Self::make_genesis(&mut flash, &key, provision, buf, back)?,
        };
        let ring = Ring::open(flash, genesis, back)?;
        let started_at = ring.head().sealed_at();
        Ok(Self {
            ring,
            key,
            started_at,
            start_due: true,
            anomaly_due: true,
            refused: 0,
            refused_since: started_at,
            buf,
        })
    }

    /// The ring with the receipts.
    pub const fn ring(&mut self) -> &mut Ring<'b, F> {
        &mut self.ring
    }

    /// The public key of the receipts.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// The key line that an auditor pins, `log.pub`. He takes it where the device is made: one that
    /// comes with the evidence proves nothing.
    pub fn key_line<'a>(&self, provision: &Provision<'a>) -> KeyLine<'a> {
        let genesis = genesis(&self.key, provision);
        KeyLine::of(provision.name, &genesis)
    }

    /// The sealed genesis.
    ///
    /// # Errors
    ///
    /// When both copies are damaged.
    pub fn genesis(&mut self) -> Outcome<&[u8], F> {
        let len = twice::read(self.ring.flash(), GENESIS, Kind::Receipt, self.buf);
        let genesis = len.and_then(|len| self.buf.get(..len));
        genesis.ok_or(DeviceError::Unprovisioned)
    }

    /// Seals a body and makes it durable; before it, what the device has to say by itself: that it
    /// started, that it does not know the time, that it refused something.
    ///
    /// # Errors
    ///
    /// When it could not be sealed or stored. The caller can refuse then what it was about; the
    /// device counts it, and declares it when there is room again.
    pub fn record<B: Body>(&mut self, body: &B, trace_id: &str, now: Now) -> Outcome<Head, F> {
        let sealed = self
            .due(now)
            .and_then(|()| self.seal(body, trace_id, self.at(now)));
        if matches!(sealed, Err(DeviceError::Ring(_))) {
            if self.refused == 0 {
                self.refused_since = self.at(now);
            }
            self.refused += 1;
        }
        sealed
    }

    /// Seals that the device stops in order. The next start is a clean one then.
    ///
    /// # Errors
    ///
    /// As [`Device::record`].
    pub fn stop(&mut self, reason: &str, now: Now) -> Outcome<Head, F> {
        self.due(now)?;
        let size = self.ring.head().size();
        self.seal(
            &Stop {
                reason: reason.into(),
                size,
            },
            "",
            self.at(now),
        )
    }

    fn due(&mut self, now: Now) -> Outcome<(), F> {
        let at = self.at(now);
        if self.start_due {
            let size = self.ring.head().size();
            let clean = self.ring.clean();
            self.seal(
                &Start {
                    software: SOFTWARE.into(),
                    size,
                    clean,
                },
                "",
                at,
            )?;
            self.start_due = false;
        }
        let observed = match now {
            Now::Known(time) => time,
            Now::SinceStart(micros) => Timestamp::from_micros(micros),
        };
        // A clock that began at zero shows a time long gone: the log says so once, and what is sealed
        // from then on was not before the time that it carries.
        let last = self.ring.head().sealed_at();
        if self.anomaly_due && observed < last {
            self.seal(&ClockAnomaly { observed, last }, "", last)?;
            self.anomaly_due = false;
        }
        if matches!(now, Now::Known(time) if time >= last) {
            self.anomaly_due = true;
        }
        if self.refused > 0 {
            let gap = Gap {
                from: self.refused_since.min(at),
                to: at,
                lost: Some(self.refused),
                reason: "refused: no room, too long, or flash failed".into(),
            };
            self.seal(&gap, "", at)?;
            self.refused = 0;
        }
        Ok(())
    }

    /// The time that a receipt gets: never before that of the one before.
    fn at(&self, now: Now) -> Timestamp {
        let time = match now {
            Now::Known(time) => time,
            Now::SinceStart(micros) => {
                let started = self.started_at.as_micros();
                Timestamp::from_micros(started.saturating_add(micros))
            }
        };
        time.max(self.ring.head().sealed_at())
    }

    fn seal<B: Body>(&mut self, body: &B, trace_id: &str, at: Timestamp) -> Outcome<Head, F> {
        let head = *self.ring.head();
        // Ids need to differ, not to be secret, and no two receipts follow the same hash.
        let id = ReceiptId::from_parts(at, distinct(&head));
        let draft = Draft::new(id, at.max(head.sealed_at())).trace(trace_id);
        let sealed = draft
            .seal(body, &head, &self.key, self.buf)
            .map_err(DeviceError::Seal)?;
        Ok(self.ring.append(sealed.as_bytes())?)
    }

    /// Writes seed and genesis twice where power was cut after the first copy, before anything builds on
    /// them: cut off again they are made anew, and nobody has seen the first ones.
    fn complete(
        flash: &mut F,
        buf: &mut [u8; MAX_RECEIPT],
        back: &mut [u8; MAX_RECEIPT],
    ) -> Outcome<(), F> {
        if Ring::is_used(flash) {
            return Ok(());
        }
        let has_genesis = twice::read(flash, GENESIS, Kind::Receipt, buf).is_some();
        let (sector, kind) = if has_genesis {
            (GENESIS, Kind::Receipt)
        } else {
            (KEYS, Kind::Seed)
        };
        if twice::is_cut_off(flash, sector, kind, back)
            && let Some(len) = twice::read(flash, sector, kind, buf)
        {
            let first = buf.get(..len).unwrap_or(&[]);
            let written = twice::write(flash, sector, kind, first, back);
            if !written.map_err(RingError::Flash)? {
                return Err(RingError::ReadsOtherwise.into());
            }
        }
        if kind == Kind::Seed {
            buf.zeroize();
            back.zeroize();
        }
        Ok(())
    }

    fn seed(flash: &mut F) -> Outcome<Option<Zeroizing<[u8; SECRET_KEY_LEN]>>, F> {
        let mut seed = Zeroizing::new([0; SECRET_KEY_LEN]);
        let len = twice::read(flash, KEYS, Kind::Seed, seed.as_mut());
        Ok((len == Some(SECRET_KEY_LEN)).then_some(seed))
    }

    fn make_seed(
        flash: &mut F,
        provision: &Provision<'_>,
        back: &mut [u8; MAX_RECEIPT],
    ) -> Outcome<SigningKey, F> {
        // A seed that was there and is damaged is not replaced: the log is that key's.
        if twice::read(flash, GENESIS, Kind::Receipt, back).is_some() {
            return Err(DeviceError::Unprovisioned);
        }
        let seed = provision.seed;
        let written = twice::write(flash, KEYS, Kind::Seed, seed, back);
        back.zeroize();
        if !written.map_err(RingError::Flash)? {
            return Err(RingError::ReadsOtherwise.into());
        }
        Ok(SigningKey::from_bytes(seed))
    }

    fn make_genesis(
        flash: &mut F,
        key: &SigningKey,
        provision: &Provision<'_>,
        buf: &mut [u8; MAX_RECEIPT],
        back: &mut [u8; MAX_RECEIPT],
    ) -> Outcome<Head, F> {
        // Receipts follow a genesis: where some are, it was there, and another would be another log.
        if Ring::is_used(flash) {
            return Err(DeviceError::Unprovisioned);
        }
        let id = ReceiptId::from_parts(provision.now, distinct(&Head::EMPTY));
        let sealed = Draft::new(id, provision.now)
            .seal(&genesis(key, provision), &Head::EMPTY, key, buf)
            .map_err(DeviceError::Seal)?;
        let head = sealed.head();
        let written = twice::write(flash, GENESIS, Kind::Receipt, sealed.as_bytes(), back);
        if !written.map_err(RingError::Flash)? {
            return Err(RingError::ReadsOtherwise.into());
        }
        Ok(head)
    }

    fn head_of(genesis: &[u8]) -> Outcome<Head, F> {
        let genesis = UnverifiedReceipt::parse(genesis).map_err(|_| DeviceError::Unprovisioned)?;
        let mut chain = ai_audit_core::Chain::new();
        chain.push(&genesis).map_err(|_| DeviceError::Unprovisioned)
    }
}

/// What the log promises, for whoever reads it.
static POLICY: [PolicyEntry<'static>; 2] = [
    PolicyEntry {
        name: ai_audit_core::Text::borrowed("clock"),
        value: ai_audit_core::Text::borrowed(
            "after clock_anomaly: not before; the device has no clock",
        ),
    },
    PolicyEntry {
        name: ai_audit_core::Text::borrowed("ring"),
        value: ai_audit_core::Text::borrowed("overwrites only what the host acknowledged"),
    },
];

fn genesis<'a>(key: &SigningKey, provision: &Provision<'a>) -> Genesis<'a> {
    let mut genesis = Genesis::new(
        provision.name,
        provision.tenant,
        &key.verifying_key(),
        &provision.checkpoint_key,
        &provision.recovery_key,
        provision.salt,
    );
    genesis.policy = List::borrowed(&POLICY);
    genesis
}

/// Ten bytes that no other place of a log has.
fn distinct(head: &Head) -> [u8; 10] {
    let digest = Digest::of(head.hash().as_bytes());
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    bytes
}
