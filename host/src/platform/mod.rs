//! What differs between systems: clocks, memory, durable folders, the identity of files.
//!
//! Each function is there for every system, with one meaning; `None` where a system does not tell.
//! The loader of plugins ([`ocean_loader`]) has its own.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
#[allow(unsafe_code, reason = "calls of the system")]
mod windows;

pub(crate) use ocean_loader::is_at;
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_processor_time_of_the_thread_and_of_the_process() {
        let (process, thread) = (process_cpu_s(), thread_cpu_s());
        let begun = std::time::Instant::now();
        // Some systems count in ticks of 16 ms.
        while begun.elapsed().as_millis() < 100 {
            std::hint::black_box(begun);
        }
        let (of_process, of_thread) = (process_cpu_s() - process, thread_cpu_s() - thread);
        assert!(of_thread > 0.0, "{of_thread}");
        assert!(of_process > 0.0, "{of_process}");
    }

    #[test]
    fn a_file_is_itself_by_whatever_path_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("one"), "1").unwrap();
        std::fs::write(path("two"), "1").unwrap();
        assert!(is_same_file(
            &path("one"),
            &folder.path().join(".").join("one")
        ));
        assert!(!is_same_file(&path("one"), &path("two")));
        assert!(!is_same_file(&path("none"), &path("none")));
        let open = std::fs::File::open(path("one")).unwrap();
        assert!(is_at(&open, &path("one")).unwrap());
        assert!(!is_at(&open, &path("two")).unwrap());
        assert!(!is_at(&open, &path("none")).unwrap());
    }
}
