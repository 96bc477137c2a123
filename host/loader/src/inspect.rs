//! Questions that no study asks, for `plugin check`: what create says of any text, what a library
//! says of itself when it is asked again.

use std::path::Path;

use ocean_plugin_abi::{Call, Status, Str};

use super::call::{self, CallContext, Terms};
use super::error::Fault;
use super::{Descriptor, Kind, Plugin, PluginError, open};

/// Creates an object from `params`, any text, and destroys it.
pub fn create_raw(plugin: &Plugin, params: &str, context: &CallContext) -> Result<(), PluginError> {
    let interfaces = &plugin.interfaces;
    match plugin.descriptor.kind {
        Kind::Regressor => interfaces.regressor.map_or(Ok(()), |table| {
            // SAFETY: what `create_and_destroy` lends lives for the call, and it destroys what it
            // made, once.
            let create = |params, call, out| unsafe { table.create(params, call, out) };
            create_and_destroy(plugin, params, context, create, |made| unsafe {
                table.destroy(made);
            })
        }),
        Kind::Encoder => interfaces.encoder.map_or(Ok(()), |table| {
            // SAFETY: as above.
            let create = |params, call, out| unsafe { table.create(params, call, out) };
            create_and_destroy(plugin, params, context, create, |made| unsafe {
                table.destroy(made);
            })
        }),
    }
}

fn create_and_destroy<T>(
    plugin: &Plugin,
    params: &str,
    context: &CallContext,
    create: impl FnOnce(Str, *const Call, *mut *mut T) -> Status,
    destroy: impl FnOnce(*mut T),
) -> Result<(), PluginError> {
    let mut out = std::ptr::null_mut();
    call::call(plugin, context, Terms::single(0), "create", |call| {
        create(Str::new(params), call, &raw mut out)
    })?;
    call::guarded(plugin, context, || destroy(out));
    Ok(())
}

/// What a library says when it is asked once more.
pub struct Again {
    /// Of the plugin.
    pub descriptor: Descriptor,
    /// It has an answer to an interface that nobody knows.
    pub answers_to_unknown: bool,
}

/// Asks a library that is loaded here already.
pub fn describe_again(path: &Path, plugin: &str) -> Result<Again, Fault> {
    // SAFETY: it is loaded already, so nothing of it is run but its entry and its descriptors.
    let opened = unsafe { open::open(path) }?;
    let ids = opened.plugins.iter().map(|p| p.descriptor.id.clone());
    let other = Fault::OtherId {
        wanted: plugin.to_owned(),
        found: ids.collect(),
    };
    let mut plugins = opened.plugins.into_iter();
    let found = plugins.find(|p| p.descriptor.id == plugin).ok_or(other)?;
    // SAFETY: a complete entry of a library that stays.
    let answer = unsafe {
        found
            .entry
            .interface_(found.index, Str::new("ocean.unknown/9"))
    };
    let descriptor = found.descriptor;
    Ok(Again {
        descriptor,
        answers_to_unknown: !answer.is_null(),
    })
}
