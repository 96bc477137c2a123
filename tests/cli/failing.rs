//! What goes wrong while a run is at work: exit code 1, a plain line, and what is finished is kept.

use std::path::Path;
use std::process::Command;

use crate::cli::folder::{Folder, texts};
use crate::cli::host::run;
use crate::cli::outputs::assert_same;

/// A small file system in a folder of its own; unmounted when dropped.
struct TinyDisk<'a>(&'a Path);

impl<'a> TinyDisk<'a> {
    /// `None` where one may not mount.
    fn mount(folder: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        is_mounted(folder, &format!("size={size}"), &["-t", "tmpfs", "tmpfs"])
            .then_some(Self(folder))
    }

    /// Makes room, does the rest, and unmounts.
    fn grow_and(self, rest: impl FnOnce()) {
        assert!(is_mounted(self.0, "remount,size=64m", &[]));
        rest();
    }
}

fn is_mounted(folder: &Path, options: &str, what: &[&str]) -> bool {
    let mounted = Command::new("mount")
        .args(["-o", options])
        .args(what)
        .arg(folder)
        .output();
    mounted.is_ok_and(|output| output.status.success())
}

impl Drop for TinyDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}

#[test]
fn a_full_disk_is_named_and_the_same_command_goes_on_once_there_is_room() {
    let folder = Folder::sound();
    folder.write("texts.csv", texts(100));
    folder.replace("plugins.toml", "permutations = 19", "permutations = 199");
    run(
        folder.path(),
        &["eval", "plugins.toml", "--quiet", "--out", "roomy"],
    )
    .ending_with(0);
    // Full while pieces of work are kept, and full while the report is written.
    for (place, size) in [("at work", "16k"), ("at the report", "64k")] {
        let (mounted, out) = (folder.file(place), format!("{place}/run"));
        let disk = TinyDisk::mount(&mounted, size);
        if !ocean_tests::skip::needs("root", disk.is_some()) {
            return;
        }
        let arguments = ["eval", "plugins.toml", "--quiet", "--out", &out];
        let ran = run(folder.path(), &arguments).ending_with(1);
        let (begin, end) = (
            "error: cannot write ",
            ": the disk is full; free some space and run the same command again\n",
        );
        assert!(
            ran.stderr.starts_with(begin) && ran.stderr.contains(&out) && ran.stderr.ends_with(end),
            "{}",
            ran.stderr
        );
        disk.unwrap().grow_and(|| {
            run(folder.path(), &arguments).ending_with(0);
            assert_same(&folder.file("roomy"), &folder.file(&out));
        });
    }
}
