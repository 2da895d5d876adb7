//! A device, its host, and what both of them have to agree on at any time.

use ai_audit_core::{
    Chain, Decision, Head, SigningKey, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_firmware::{Buffers, Device, DeviceError, Now, Provision, RingError};
use embedded_storage::nor_flash::{NorFlash, NorFlashErrorKind};

pub(crate) const SEED: [u8; 32] = [0x5e; 32];

pub(crate) fn provision() -> Provision<'static> {
    let public = |seed| SigningKey::from_bytes(&[seed; 32]).verifying_key();
    Provision {
        name: "example.org/arm/7",
        tenant: "acme",
        seed: &SEED,
        checkpoint_key: public(2),
        recovery_key: public(3),
        salt: [7; 16],
        now: Timestamp::from_micros(1_790_000_000_000_000),
    }
}

pub(crate) fn key() -> VerifyingKey {
    SigningKey::from_bytes(&SEED).verifying_key()
}

pub(crate) type Failed = DeviceError<NorFlashErrorKind>;

pub(crate) const FULL: Failed = DeviceError::Ring(RingError::Full);

pub(crate) fn decision(model: &str) -> Decision<'_> {
    Decision {
        model: model.into(),
        ..Decision::new()
    }
}

/// Starts a device and hands it to `work`; both are gone afterwards, as after a power cut.
pub(crate) fn with_device<F, T>(
    flash: F,
    work: impl FnOnce(&mut Device<'_, F>) -> T,
) -> Result<T, Failed>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    let mut buffers = Box::new(Buffers::new());
    let mut device = Device::start(flash, &provision(), &mut buffers)?;
    Ok(work(&mut device))
}

pub(crate) fn decide<F>(device: &mut Device<'_, F>, model: &str) -> Result<Head, Failed>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    device.record(&decision(model), "", Now::SinceStart(5_000))
}

/// Every sealed receipt that the device can give, the genesis first.
pub(crate) fn export<F>(device: &mut Device<'_, F>) -> Vec<Vec<u8>>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    let mut all = vec![device.genesis().unwrap().to_vec()];
    let mut position = device.ring().first();
    while let Some(sealed) = device.ring().next(&mut position) {
        all.push(sealed.to_vec());
    }
    all
}

/// What the host has: receipts from the genesis on, without a hole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host {
    pub(crate) receipts: Vec<Vec<u8>>,
}

impl Host {
    pub(crate) fn head(&self) -> Head {
        let mut chain = Chain::new();
        for sealed in &self.receipts {
            chain
                .push(&UnverifiedReceipt::parse(sealed).unwrap())
                .unwrap();
        }
        *chain.head()
    }

    /// Takes what it has not yet. It has to join, and what it has must be the same.
    pub(crate) fn take(&mut self, exported: &[Vec<u8>]) -> Result<(), String> {
        for sealed in exported {
            let receipt = UnverifiedReceipt::parse(sealed).map_err(|why| why.to_string())?;
            let seq = receipt.header().seq as usize;
            match self.receipts.get(seq) {
                Some(held) if held == sealed => {}
                Some(_) => return Err(format!("receipt {seq} was another one before")),
                None if seq == self.receipts.len() => self.receipts.push(sealed.clone()),
                None => return Err(format!("receipt {} is missing", self.receipts.len())),
            }
        }
        Ok(())
    }

    /// Chain from the genesis on, and every signature.
    pub(crate) fn verify(&self) -> Head {
        for sealed in &self.receipts {
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            receipt.verify_signature(&key()).unwrap();
        }
        self.head()
    }
}

/// Exports, takes, acknowledges.
pub(crate) fn visit<F>(device: &mut Device<'_, F>, host: &mut Host) -> Result<(), String>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    host.take(&export(device))?;
    let head = host.head();
    let said = device.ring().acknowledge(head.size(), head.hash());
    said.map_err(|why| why.to_string())
}
