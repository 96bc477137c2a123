//! From the host's pointers to safe references, each with a check that costs nothing and an error
//! in place of a crash.

use crate::error::{Error, Result};
use crate::matrix::{Mat, MatMut};
use ocean_plugin_abi::{self as abi, Str};
use std::slice;

/// The object behind a handle or the struct behind a pointer.
///
/// # Safety
/// `pointer` is null or valid for `'a`.
pub(super) unsafe fn borrow<'a, T>(pointer: *const T, what: &str) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or_else(|| Error::param(format!("{what} is null")))
}

/// As [`borrow`], to change it.
///
/// # Safety
/// `pointer` is null or valid for `'a`, and nobody else uses it meanwhile.
pub(super) unsafe fn borrow_mut<'a, T>(pointer: *mut T, what: &str) -> Result<&'a mut T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_mut() }.ok_or_else(|| Error::param(format!("{what} is null")))
}

/// `len` values the host lends.
///
/// # Safety
/// `pointer` is null or valid for `len` values for `'a`.
pub(super) unsafe fn values<'a, T>(pointer: *const T, len: usize, what: &str) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Error::param(format!("{what} is null or misaligned")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// `len` values the host wants filled.
///
/// # Safety
/// `pointer` is null or valid for `len` initialised values for `'a`, and nobody else uses them
/// meanwhile.
pub(super) unsafe fn values_mut<'a, T>(
    pointer: *mut T,
    len: usize,
    what: &str,
) -> Result<&'a mut [T]> {
    if len == 0 {
        return Ok(&mut []);
    }
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Error::param(format!("{what} is null or misaligned")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { slice::from_raw_parts_mut(pointer, len) })
}

/// Gives `made` to the host.
///
/// # Safety
/// `out` is null or valid.
pub(super) unsafe fn give<T, H>(
    out: *mut *mut H,
    made: impl FnOnce() -> Result<*const T>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let out = unsafe { borrow_mut(out, "out") }?;
    *out = made()?.cast_mut().cast();
    Ok(())
}

/// A matrix to read.
///
/// # Safety
/// `mat` is null or valid, and its elements are valid and unchanged for `'a`.
pub(super) unsafe fn matrix<'a>(
    mat: *const abi::Mat,
    is_strided: bool,
    what: &str,
) -> Result<Mat<'a>> {
    // SAFETY: the caller's promise, twice.
    let view = unsafe { Mat::from_raw(*borrow(mat, what)?) }?;
    if !is_strided && !view.is_contiguous() {
        return Err(strides(what));
    }
    Ok(view)
}

/// A matrix to fill.
///
/// # Safety
/// Its elements are initialised, valid for `'a`, and nobody else uses them meanwhile.
pub(super) unsafe fn matrix_mut<'a>(
    mat: abi::MatMut,
    is_strided: bool,
    what: &str,
) -> Result<MatMut<'a>> {
    // SAFETY: the caller's promise.
    let view = unsafe { MatMut::from_raw(mat) }?;
    if !is_strided && !view.as_mat().is_contiguous() {
        return Err(strides(what));
    }
    Ok(view)
}

fn strides(what: &str) -> Error {
    Error::shape(format!(
        "{what} is not column-major and contiguous, and the plugin does not declare STRIDED"
    ))
}

/// The host's text.
///
/// # Safety
/// `text` is valid for `'a`.
pub(super) unsafe fn text<'a>(text: Str, what: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { text.as_str() }.map_err(|error| Error::param(format!("{what} is not UTF-8: {error}")))
}

/// The host's texts.
///
/// # Safety
/// `texts` is null or valid for `n` texts, each valid for `'a`.
pub(super) unsafe fn texts<'a>(texts: *const Str, n: usize) -> Result<Vec<&'a str>> {
    // SAFETY: the caller's promise.
    let texts = unsafe { values(texts, n, "texts") }?;
    let read = |(i, &each): (usize, &Str)| {
        // SAFETY: the caller's promise.
        unsafe { text(each, &format!("text {i}")) }
    };
    texts.iter().enumerate().map(read).collect()
}

/// Refuses sizes that must be equal and are not.
pub(super) fn expect_size(what: &str, found: usize, expected: usize) -> Result<()> {
    if found != expected {
        return Err(Error::shape(format!(
            "{what} is {found}, expected {expected}"
        )));
    }
    Ok(())
}
