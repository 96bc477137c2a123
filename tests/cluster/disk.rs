//! A disk of one megabyte, to be filled.

use std::path::{Path, PathBuf};
use std::process::Command;

use ocean_tests::skip::needs;

const PAGE: usize = 4096;

/// Unmounted when the test ends, however it ends.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one at a path where nothing is; `None`, after saying so, for a user who may not.
    pub fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1M", "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        needs("root", mounted).then(|| Self(at.to_path_buf()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Fills it up to two pages.
    pub fn fill(&self) {
        // A file that does not fit is cut by the disk.
        let write = |pages: usize| {
            let _ = std::fs::write(self.filler(), vec![1; pages * PAGE]);
        };
        write(512);
        let pages = std::fs::metadata(self.filler()).unwrap().len() as usize / PAGE;
        self.free();
        write(pages - 2);
    }

    /// Makes room again.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
