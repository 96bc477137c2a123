//! Two macros that declare the mirror's structs. From one declaration come the struct, its layout description, the list of its fields for the
//! golden test and, for tables of functions, a method per function that survives a null pointer.

/// Declares a struct of plain values: `Name = "c_name" { field: Type, … }`.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident = $c_name:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        #[cfg_attr(feature = "layout", derive(abi_stable::StableAbi))]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)+ }

        impl $name {
            /// Size, alignment and fields as the compiler laid them out.
            pub const SHAPE: $crate::StructShape = struct_shape!($name, $c_name, $($field: $type,)+);
        }
    };
}

/// Declares a table of functions between two groups of values. A function's pointer and its method share the name.
macro_rules! table {
    (
        $(#[$doc:meta])* $name:ident = $c_name:literal;
        values { $($(#[$before_doc:meta])* $before:ident: $before_type:ty,)+ }
        functions { $($(#[$function_doc:meta])* fn $function:ident($($argument:ident: $type:ty),* $(,)?) $(-> $return:ty $(, else $absent:expr)?)?;)+ }
        $(values { $($(#[$after_doc:meta])* $after:ident: $after_type:ty,)+ })?
    ) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        #[cfg_attr(feature = "layout", derive(abi_stable::StableAbi))]
        pub struct $name {
            $($(#[$before_doc])* pub $before: $before_type,)+
            $($(#[$function_doc])* pub $function: Option<unsafe extern "C" fn($($argument: $type),*) $(-> $return)?>,)+
            $($($(#[$after_doc])* pub $after: $after_type,)+)?
        }

        impl $name {
            /// Size, alignment and fields as the compiler laid them out.
            pub const SHAPE: $crate::StructShape = struct_shape!(
                $name, $c_name,
                $($before: $before_type,)+
                $($function: Option<unsafe extern "C" fn($($type),*) $(-> $return)?>,)+
                $($($after: $after_type,)+)?
            );

            /// The first function whose pointer is null; `None` when the table is complete.
            #[must_use]
            pub const fn missing(&self) -> Option<&'static str> {
                $(if self.$function.is_none() { return Some(stringify!($function)); })+
                None
            }

            $(
                $(#[$function_doc])*
                ///
                /// Where the pointer is null nothing happens, and the answer, if one is due, is UNSUPPORTED, 0 or null.
                ///
                /// # Safety
                /// The arguments are what the header asks for: pointers are valid for their sizes, handles were made by this table's plugin and not
                /// destroyed since.
                #[allow(clippy::too_many_arguments, reason = "the published signature")]
                #[inline]
                pub unsafe fn $function(&self, $($argument: $type),*) $(-> $return)? {
                    match self.$function {
                        // SAFETY: the caller's promise above.
                        Some(function) => unsafe { function($($argument),*) },
                        None => absent!($($return $(, $absent)?)?),
                    }
                }
            )+
        }

        // SAFETY: a table is constants and functions; which threads may call them is the header's matter, tag by tag.
        unsafe impl Send for $name {}
        // SAFETY: as above; nothing in a table changes after it was published.
        unsafe impl Sync for $name {}
    };
}

/// What a method answers in place of a function that is not there.
macro_rules! absent {
    () => {
        ()
    };
    ($return:ty) => {
        <$return as $crate::values::Absent>::ABSENT
    };
    ($return:ty, $absent:expr) => {
        $absent
    };
}

/// The [`StructShape`](crate::StructShape) of a struct from its list of fields.
macro_rules! struct_shape {
    ($name:ident, $c_name:literal, $($field:ident: $type:ty,)+) => {
        $crate::StructShape {
            c_name: $c_name,
            size: size_of::<$name>(),
            align: align_of::<$name>(),
            fields: &[$($crate::FieldShape {
                name: stringify!($field),
                offset: core::mem::offset_of!($name, $field),
                size: size_of::<$type>(),
            },)+],
        }
    };
}
