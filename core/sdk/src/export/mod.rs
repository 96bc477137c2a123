//! From traits to tables: what `export_plugin!` writes out. Authors need nothing of it by name.

mod encoder;
pub mod interface;
mod moments;
mod pointers;
mod regressor;
mod walk;

use crate::encoder::Encoder;
use crate::guard::catch;
use crate::info::Info;
use crate::params::{Parameters, Schema};
use crate::regressor::Regressor;
use interface::Interface;
use ocean_plugin_abi::{self as abi, Descriptor, Str, flag, kind};
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

/// One plugin of a library, ready to be asked.
#[derive(Debug)]
pub struct Plugin {
    info: Info,
    kind: u32,
    schema: fn() -> Schema,
    interfaces: &'static [Interface],
    descriptor: OnceLock<Descriptor>,
}

impl Plugin {
    /// A regressor with these interfaces.
    #[must_use]
    pub const fn regressor<R: Regressor>(interfaces: &'static [Interface]) -> Plugin {
        Plugin {
            info: R::INFO,
            kind: kind::REGRESSOR,
            schema: R::Params::schema,
            interfaces,
            descriptor: OnceLock::new(),
        }
    }

    /// An encoder with these interfaces.
    #[must_use]
    pub const fn encoder<E: Encoder>(interfaces: &'static [Interface]) -> Plugin {
        Plugin {
            info: E::INFO,
            kind: kind::ENCODER,
            schema: E::Params::schema,
            interfaces,
            descriptor: OnceLock::new(),
        }
    }

    /// The descriptor, made at the first question.
    fn descriptor(&'static self) -> &'static Descriptor {
        self.descriptor.get_or_init(|| {
            let schema: &'static str = Box::leak((self.schema)().to_string().into_boxed_str());
            Descriptor {
                struct_size: size_of::<Descriptor>(),
                id: Str::new(self.info.id),
                name: Str::new(self.info.name),
                version: Str::new(self.info.version),
                vendor: Str::new(self.info.vendor),
                license: Str::new(self.info.license),
                url: Str::new(self.info.url),
                description: Str::new(self.info.description),
                family: Str::new(self.info.family),
                params_schema_json: Str::new(schema),
                kind: self.kind,
                flags: self.flags(),
            }
        })
    }

    /// The traits ask for `Send + Sync`, so every plugin of the SDK is THREAD_SAFE.
    fn flags(&self) -> u32 {
        let strided = if self.info.is_strided {
            flag::STRIDED
        } else {
            0
        };
        let network = if self.info.uses_network {
            flag::NETWORK
        } else {
            0
        };
        flag::THREAD_SAFE | strided | network
    }
}

/// `Entry::descriptor` over the plugins of a library.
#[must_use]
pub fn descriptor(plugins: &'static [Plugin], index: u32) -> *const Descriptor {
    let found = catch(|| plugins.get(index as usize).map(Plugin::descriptor));
    found.ok().flatten().map_or(ptr::null(), ptr::from_ref)
}

/// `Entry::interface_` over the plugins of a library.
///
/// # Safety
/// `id` is valid for the call.
#[must_use]
pub unsafe fn interface_of(plugins: &'static [Plugin], index: u32, id: Str) -> *const c_void {
    // SAFETY: the caller's promise.
    let id = unsafe { id.as_bytes() };
    plugins
        .get(index as usize)
        .and_then(|plugin| {
            let is_asked = |interface: &&Interface| interface.id.as_bytes() == id;
            plugin.interfaces.iter().find(is_asked)
        })
        .map_or(ptr::null(), |interface| interface.table)
}

/// The entry of a library.
#[must_use]
pub const fn entry(
    count: unsafe extern "C" fn() -> u32,
    descriptor: unsafe extern "C" fn(u32) -> *const Descriptor,
    interface_: unsafe extern "C" fn(u32, Str) -> *const c_void,
) -> abi::Entry {
    abi::Entry {
        magic: abi::MAGIC,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        struct_size: size_of::<abi::Entry>(),
        build_info: Str::new(abi::BUILD_ID),
        count: Some(count),
        descriptor: Some(descriptor),
        interface_: Some(interface_),
    }
}

/// Exports the plugins of a library: once per `cdylib`, at its root.
///
/// ```text
/// export_plugin!(regressor Mean);
/// export_plugin!(regressor Ridge: path, linear);
/// export_plugin!(encoder Lexical: info; encoder Random);
/// ```
///
/// After the colon stand the optional interfaces, each a trait: `path`
/// [`PathRegressor`](crate::PathRegressor), `batch` [`BatchRegressor`](crate::BatchRegressor),
/// `errors` [`ErrorsRegressor`](crate::ErrorsRegressor), `moments`
/// [`MomentsRegressor`](crate::MomentsRegressor), `linear`
/// [`LinearRegressor`](crate::LinearRegressor), `state` [`SaveRegressor`](crate::SaveRegressor);
/// `info` [`TokenCounter`](crate::TokenCounter).
#[macro_export]
macro_rules! export_plugin {
    ($($kind:ident $plugin:ty $(: $($extra:ident),+)?);+ $(;)?) => {
        #[cfg(panic = "abort")]
        compile_error!("a plugin must not be built with panic = \"abort\": a panic would end the host instead of one fit");

        const _: () = {
            // SAFETY: the one symbol of the ABI; a library defines it once.
            #[unsafe(no_mangle)]
            pub extern "C" fn ocean_plugin_entry_v1() -> *const $crate::abi::Entry {
                $crate::plugin_entry!($($kind $plugin $(: $($extra),+)?);+)
            }

            $crate::abi::export_door!(ocean_plugin_entry_v1);
        };
    };
}

/// The entry of plugins as a value, `&'static Entry`, for a host that links them instead of loading
/// a library: the arguments of [`export_plugin!`].
#[macro_export]
macro_rules! plugin_entry {
    ($($kind:ident $plugin:ty $(: $($extra:ident),+)?);+ $(;)?) => {
        {
            const N_PLUGINS: usize = [$(stringify!($plugin)),+].len();

            static PLUGINS: [$crate::export::Plugin; N_PLUGINS] = [$({
                const INTERFACES: &[$crate::export::interface::Interface] = &[
                    $crate::export::interface::$kind::<$plugin>(),
                    $($($crate::export::interface::$extra::<$plugin>(),)+)?
                ];
                $crate::export::Plugin::$kind::<$plugin>(INTERFACES)
            }),+];

            unsafe extern "C" fn count() -> u32 {
                N_PLUGINS as u32
            }

            unsafe extern "C" fn descriptor(index: u32) -> *const $crate::abi::Descriptor {
                $crate::export::descriptor(&PLUGINS, index)
            }

            unsafe extern "C" fn interface_(
                index: u32,
                id: $crate::abi::Str,
            ) -> *const ::core::ffi::c_void {
                // SAFETY: the host keeps the id for the call.
                unsafe { $crate::export::interface_of(&PLUGINS, index, id) }
            }

            static ENTRY: $crate::abi::Entry =
                $crate::export::entry(count, descriptor, interface_);

            &ENTRY
        }
    };
}
