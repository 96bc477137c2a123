//! What a process of a plugin gives away for good: the files of its user, the network, other
//! processes. Landlock and seccomp, both of which hold for all threads begun later and cannot be
//! taken back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

/// The newest rights that are asked for; a kernel that has fewer takes away those.
const NEWEST: ABI = ABI::V6;
/// Where programs find their libraries, settings and devices.
const OF_THE_SYSTEM: [&str; 13] = [
    "/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys", "/dev",
    "/nix", "/gnu",
];
/// New files could do no harm here.
const NOWHERE: &str = "/dev/null";

/// Gives away writing, the network and other processes. False where this kernel cannot.
///
/// # Errors
/// In words: the kernel refused.
pub fn close() -> Result<bool, String> {
    let status = keep_from_writing().map_err(|error| error.to_string())?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Ok(false);
    }
    keep_from_calling().map_err(|error| error.to_string())?;
    Ok(true)
}

/// Gives away reading, but for the system's folders and these.
///
/// # Errors
/// In words: the kernel refused.
pub fn close_reading(folders: &[PathBuf]) -> Result<(), String> {
    let of_the_system = OF_THE_SYSTEM.iter().map(Path::new);
    let folders = of_the_system.chain(folders.iter().map(PathBuf::as_path));
    let reading = AccessFs::from_read(NEWEST);
    let closed = Ruleset::default()
        .handle_access(reading)
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(folders, reading)))
        .and_then(landlock::RulesetCreated::restrict_self);
    closed.map(|_| ()).map_err(|error| error.to_string())
}

fn keep_from_writing() -> Result<RestrictionStatus, landlock::RulesetError> {
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_write(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    match PathFd::new(NOWHERE) {
        Ok(nowhere) => rules.add_rule(PathBeneath::new(nowhere, AccessFs::WriteFile))?,
        Err(_) => rules,
    }
    .restrict_self()
}

/// Calls of the system that nothing needs that computes: programs and processes, sockets (also by
/// io_uring, which seccomp does not see), other processes' memory, the system's own settings.
fn keep_from_calling() -> Result<(), Box<dyn std::error::Error>> {
    let refused = [
        libc::SYS_execve,
        libc::SYS_execveat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork,
        libc::SYS_socket,
        libc::SYS_io_uring_setup,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        libc::SYS_open_by_handle_at,
        libc::SYS_bpf,
        libc::SYS_mount,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_keyctl,
    ];
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = refused.map(|call| (call, Vec::new())).into();
    // A thread shares everything; what does not is a process.
    let thread = libc::CLONE_THREAD as u64;
    let is_process = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(thread),
        0,
    )?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![is_process])?]);
    apply(rules, libc::EPERM)?;
    // Its flags lie in memory, where no filter looks; C libraries then use `clone`.
    apply([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS)
}

fn apply(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    answer: i32,
) -> Result<(), Box<dyn std::error::Error>> {
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(answer as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}
