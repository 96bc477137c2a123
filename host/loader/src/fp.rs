//! The floating-point mode of this thread: rounding, flush-to-zero, exception masks. Saved before a
//! plugin's code runs, put back after it.
//!
//! A library linked by gcc with `-ffast-math` sets flush-to-zero for the whole thread when it is
//! opened, and every thread started later inherits it: from then on denormals vanish in everybody's
//! arithmetic, silently. Only control bits count; the sticky flags that ordinary arithmetic raises
//! do not.

/// The control bits as they were when [`FpMode::save`] was called.
#[derive(Debug, Clone, Copy)]
pub(super) struct FpMode {
    control: u64,
}

impl FpMode {
    /// Reads the mode of this thread; a few nanoseconds.
    #[inline]
    pub fn save() -> Self {
        Self {
            control: register::read() & register::CONTROL,
        }
    }

    /// Puts the saved mode back and says in words what had changed, if anything.
    #[inline]
    pub fn restore(self) -> Option<String> {
        let now = register::read();
        let changed = (now ^ self.control) & register::CONTROL;
        if changed == 0 {
            return None;
        }
        register::write((now & !register::CONTROL) | self.control);
        Some(describe(changed, now))
    }
}

#[cold]
fn describe(changed: u64, now: u64) -> String {
    let names: Vec<&str> = register::NAMES
        .iter()
        .filter(|(bits, _)| changed & bits != 0)
        .map(|(_, name)| *name)
        .collect();
    format!("{} (register now {now:#x})", names.join(", "))
}

#[cfg(target_arch = "x86_64")]
mod register {
    use std::arch::asm;

    /// DAZ (bit 6), the six exception masks (7–12), rounding (13–14), FTZ (15). Bits 0–5 are sticky
    /// flags.
    pub const CONTROL: u64 = 0xFFC0;
    pub const NAMES: [(u64, &str); 4] = [
        (1 << 15, "flush-to-zero"),
        (1 << 6, "denormals-are-zero"),
        (3 << 13, "rounding"),
        (0x3F << 7, "exception masks"),
    ];

    #[inline]
    pub fn read() -> u64 {
        let mut mxcsr = 0u32;
        // SAFETY: stmxcsr stores four bytes to the address given, and every x86-64 processor has
        // it.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mxcsr, options(nostack, preserves_flags)) };
        u64::from(mxcsr)
    }

    pub fn write(value: u64) {
        let mxcsr = value as u32;
        // SAFETY: ldmxcsr loads four bytes; the value differs from one read from this register in
        // control bits alone, so no reserved bit is set.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const mxcsr, options(nostack, preserves_flags))
        };
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    use std::arch::asm;

    /// FPCR holds control bits only (the sticky flags are in FPSR): FIZ, AH, NEP (0–2), exception
    /// enables (8–15), FZ16 (19), rounding (22–23), FZ (24), DN (25), AHP (26).
    pub const CONTROL: u64 = 0x07C8_FF07;
    pub const NAMES: [(u64, &str); 3] = [
        (1 << 24 | 1 << 19 | 1, "flush-to-zero"),
        (3 << 22, "rounding"),
        (0x0600_FF06, "exception enables or NaN handling"),
    ];

    #[inline]
    pub fn read() -> u64 {
        let value: u64;
        // SAFETY: reading FPCR has no effect.
        unsafe { asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack, preserves_flags)) };
        value
    }

    pub fn write(value: u64) {
        // SAFETY: control bits as they were read from this register before.
        unsafe { asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
}

/// Elsewhere the mode is not watched.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod register {
    pub const CONTROL: u64 = 0;
    pub const NAMES: [(u64, &str); 0] = [];
    pub fn read() -> u64 {
        0
    }
    pub fn write(_: u64) {}
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn flush_to_zero_is_undone_and_named() {
        let mode = FpMode::save();
        register::write(register::read() | 1 << 15 | 1 << 6);
        let flushed = black_box(f64::MIN_POSITIVE) / black_box(2.0);
        let change = mode.restore().unwrap();
        assert_eq!(flushed, 0.0, "the test did not switch flush-to-zero on");
        assert!(
            change.starts_with("flush-to-zero, denormals-are-zero (register now 0x"),
            "{change}"
        );
        assert!(black_box(f64::MIN_POSITIVE) / black_box(2.0) > 0.0);
    }

    #[test]
    fn flags_raised_by_ordinary_arithmetic_are_no_change() {
        let mode = FpMode::save();
        // Inexact, overflow and invalid are raised here; they are results, not a mode.
        black_box(
            black_box(1.0f64) / black_box(3.0) + black_box(f64::MAX) * black_box(10.0)
                - black_box(f64::INFINITY),
        );
        assert!(mode.restore().is_none());
    }
}
