//! What differs between systems in loading plugins: how a child process is set apart, how it
//! crashed, and how host and worker reach each other.
//!
//! A worker has one control stream to its host and a further stream for each thread that asks. On
//! Unix they are sockets without a name, handed over through the control stream with memory that
//! both share. On Windows they are sockets of this machine, opened with a key that only the worker
//! was given; there all numbers go through the socket.

#[cfg(target_os = "linux")]
pub mod sandbox;
#[cfg(not(target_os = "linux"))]
pub mod sandbox {
    //! Other systems have none.

    use std::path::PathBuf;

    pub fn close() -> Result<bool, String> {
        Ok(false)
    }

    pub fn close_reading(_: &[PathBuf]) -> Result<(), String> {
        Ok(())
    }
}
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_what_is_put_there() {
        let pages = Pages::new(2).unwrap();
        let all = page_size() * pages.len();
        // SAFETY: two pages that are this test's own.
        unsafe {
            pages.first().write_bytes(7, all);
            assert_eq!(pages.first().add(all - 1).read(), 7);
        }
        pages.make_read_only().unwrap();
        pages.close(1).unwrap();
        // SAFETY: the first page can still be read.
        assert_eq!(unsafe { pages.first().read() }, 7);
    }
}
