//! `ocean.encoder/1` and `ocean.encoder.info/1` over the traits.

use super::pointers::{borrow, borrow_mut, give, text, texts, values_mut};
use crate::call::Call;
use crate::encoder::{Encoder, Shape, TokenCounter};
use crate::error::{Error, Result};
use crate::guard::{catch, guard};
use crate::params::Parameters;
use ocean_plugin_abi::{
    self as abi, EncoderInfoV1, EncoderShape, EncoderV1, Status, Str, TextInfo, handle,
};
use std::marker::PhantomData;
use std::sync::OnceLock;

/// An encoder and its shape, kept so that the cache key lives as long as the encoder.
struct Shaped<E> {
    encoder: E,
    shape: OnceLock<Shape>,
}

impl<E: Encoder> Shaped<E> {
    fn shape(&self, call: &Call<'_>) -> Result<&Shape> {
        if let Some(shape) = self.shape.get() {
            return Ok(shape);
        }
        let shape = self.encoder.shape(call)?;
        if shape.dim == 0 {
            return Err(Error::internal(
                "the encoder says its vectors have 0 numbers",
            ));
        }
        Ok(self.shape.get_or_init(|| shape))
    }
}

pub(super) struct EncoderTable<E>(PhantomData<E>);

impl<E: Encoder> EncoderTable<E> {
    pub(super) const TABLE: &'static EncoderV1 = &EncoderV1 {
        struct_size: size_of::<EncoderV1>(),
        create: Some(Self::create),
        destroy: Some(Self::destroy),
        shape: Some(Self::shape),
        encode: Some(Self::encode),
    };

    unsafe extern "C" fn create(
        params_json: Str,
        call: *const abi::Call,
        out: *mut *mut handle::Encoder,
    ) -> Status {
        // SAFETY: here and below, the pointers are what the header promises.
        unsafe {
            guard(call, |call| {
                let params = E::Params::from_json(text(params_json, "params_json")?)?;
                give(out, || {
                    let shaped = Shaped {
                        encoder: E::new(params, call)?,
                        shape: OnceLock::new(),
                    };
                    Ok(Box::into_raw(Box::new(shaped)).cast_const())
                })
            })
        }
    }

    unsafe extern "C" fn destroy(encoder: *mut handle::Encoder) {
        if encoder.is_null() {
            return;
        }
        // SAFETY: made by `create`, given back once.
        let _ = catch(|| unsafe { drop(Box::from_raw(encoder.cast::<Shaped<E>>())) });
    }

    unsafe extern "C" fn shape(
        encoder: *const handle::Encoder,
        out: *mut EncoderShape,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let shape = borrow(encoder.cast::<Shaped<E>>(), "encoder")?.shape(call)?;
                let out = borrow_mut(out, "out")?;
                if out.struct_size < size_of::<EncoderShape>() {
                    return Err(Error::param("out.struct_size is smaller than the struct"));
                }
                out.dim = shape.dim;
                out.max_tokens = shape.max_tokens.unwrap_or(0);
                out.pooling = shape.pooling as u32;
                out.normalised = u32::from(shape.is_normalised);
                out.cache_key = Str::new(&shape.cache_key);
                Ok(())
            })
        }
    }

    unsafe extern "C" fn encode(
        encoder: *const handle::Encoder,
        text_list: *const Str,
        n: usize,
        out: *mut f32,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let shaped = borrow(encoder.cast::<Shaped<E>>(), "encoder")?;
                let dim = shaped.shape(call)?.dim as usize;
                let texts = texts(text_list, n)?;
                let n_values = n
                    .checked_mul(dim)
                    .ok_or_else(|| Error::shape("n × dim is larger than memory"))?;
                let out = values_mut(out, n_values, "out")?;
                shaped.encoder.encode(&texts, out, call)
            })
        }
    }
}

pub(super) struct InfoTable<E>(PhantomData<E>);

impl<E: TokenCounter> InfoTable<E> {
    pub(super) const TABLE: &'static EncoderInfoV1 = &EncoderInfoV1 {
        struct_size: size_of::<EncoderInfoV1>(),
        text_info: Some(Self::text_info),
    };

    unsafe extern "C" fn text_info(
        encoder: *const handle::Encoder,
        text_list: *const Str,
        n: usize,
        out: *mut TextInfo,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let shaped = borrow(encoder.cast::<Shaped<E>>(), "encoder")?;
                let texts = texts(text_list, n)?;
                let out = values_mut(out, n, "out")?;
                shaped.encoder.text_info(&texts, out, call)
            })
        }
    }
}
