//! The caller's pointers, checked as far as they can be, become references. All dereferencing is here.
//!
//! A null pointer, a wrong alignment and an impossible length are found. That memory is there, that what
//! is read of it is initialised, and that nobody writes to it meanwhile is what the caller promises; each
//! function says it again.
#![allow(
    unsafe_code,
    reason = "C hands over pointers; this file is where they are dereferenced"
)]

use crate::status::{AiAuditStatus, Result};
use ai_audit_core::MAX_SEALED_LEN;
use core::mem::MaybeUninit;
use core::slice;

/// No function writes more bytes than this: a sealed receipt with the lengths around it in a file.
const MOST_WRITTEN: usize = MAX_SEALED_LEN + 64;

/// The largest number of bytes that one object can have.
const MAX_LEN: usize = isize::MAX.unsigned_abs();

/// `len` items from `ptr` on. A null pointer is the empty slice where `len` is 0.
///
/// # Safety
/// Where `len` is not 0 and `ptr` is aligned and not null, it points to so many initialised items, which
/// nobody writes to during `'a`.
pub(crate) unsafe fn items<'a, T>(ptr: *const T, len: usize) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check(ptr)?;
    if len > MAX_LEN / size_of::<T>().max(1) {
        return Err(AiAuditStatus::Length);
    }
    // SAFETY: not null, aligned and of possible size as was just checked; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(ptr, len) })
}

/// `len` bytes to write to, or as many of them as anything that is written here needs. They are zeros
/// then: a buffer in C is mostly uninitialised, and a slice must not be.
///
/// # Safety
/// Where `len` is not 0 and `ptr` is not null, it points to so many bytes, which nobody else reads or
/// writes during `'a`.
pub(crate) unsafe fn bytes_mut<'a>(ptr: *mut u8, len: usize) -> Result<&'a mut [u8]> {
    if len == 0 {
        return Ok(&mut []);
    }
    check(ptr)?;
    if len > MAX_LEN {
        return Err(AiAuditStatus::Length);
    }
    let len = len.min(MOST_WRITTEN);
    // SAFETY: not null and of possible size as was just checked; that so many bytes are there is the
    // caller's promise.
    unsafe { ptr.write_bytes(0, len) };
    // SAFETY: initialised by the line above; the rest is as there.
    Ok(unsafe { slice::from_raw_parts_mut(ptr, len) })
}

/// What `ptr` points to.
///
/// # Safety
/// Where `ptr` is aligned and not null, it points to an initialised `T`, which nobody writes to during
/// `'a`.
pub(crate) unsafe fn reference<'a, T>(ptr: *const T) -> Result<&'a T> {
    check(ptr)?;
    // SAFETY: not null and aligned as was just checked; the rest is the caller's promise.
    Ok(unsafe { &*ptr })
}

/// `N` bytes from `ptr` on.
///
/// # Safety
/// As [`reference`].
pub(crate) unsafe fn array<'a, const N: usize>(ptr: *const u8) -> Result<&'a [u8; N]> {
    // SAFETY: an array of bytes is as aligned as a byte; the rest is the caller's promise.
    unsafe { reference(ptr.cast()) }
}

/// Room for one `T`, whose memory may be uninitialised.
///
/// # Safety
/// Where `ptr` is aligned and not null, it points to memory of that size, which nobody else reads or
/// writes during `'a`.
pub(crate) unsafe fn room<'a, T>(ptr: *mut T) -> Result<&'a mut MaybeUninit<T>> {
    check(ptr)?;
    // SAFETY: not null and aligned as was just checked, and any memory is a MaybeUninit; that it is there
    // and is not shared is the caller's promise.
    Ok(unsafe { &mut *ptr.cast() })
}

/// The same, where null says that the caller does not want it.
///
/// # Safety
/// As [`room`].
pub(crate) unsafe fn wanted<'a, T>(ptr: *mut T) -> Result<Option<&'a mut MaybeUninit<T>>> {
    if ptr.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise is the same.
    unsafe { room(ptr) }.map(Some)
}

/// Something that was placed in a block of the caller's before, known by its first eight bytes.
///
/// # Safety
/// `T` is `repr(C)` and begins with the `u64` that is compared. Where `ptr` is aligned and not null, it
/// points to initialised memory of at least that size; where it begins with `magic`, it holds a `T` that
/// this crate placed there, bytes and all. Nobody else reads or writes it during `'a`.
pub(crate) unsafe fn placed<'a, T>(ptr: *mut T, magic: u64) -> Result<&'a mut T> {
    check(ptr)?;
    // SAFETY: aligned for T, and so for its first field, and initialised by the caller's promise.
    let found = unsafe { ptr.cast::<u64>().read() };
    if found != magic {
        return Err(AiAuditStatus::NotOpen);
    }
    // SAFETY: it holds a T by the caller's promise, since it begins with `magic`.
    Ok(unsafe { &mut *ptr })
}

fn check<T>(ptr: *const T) -> Result<()> {
    if ptr.is_null() {
        Err(AiAuditStatus::Null)
    } else if ptr.is_aligned() {
        Ok(())
    } else {
        Err(AiAuditStatus::Misaligned)
    }
}
