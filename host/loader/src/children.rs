//! Children of this program: how long they are waited for, and that none of theirs stays behind.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// A longer step was none of ours: the program was suspended, and its children with it.
const LONGEST_STEP: Duration = Duration::from_millis(200);

/// A limit in time in which this program itself ran. A scheduler that suspends a job, or a laptop
/// that is closed, suspends its children too, and what they could not do then is not held against
/// them.
#[derive(Debug)]
pub(super) struct Patience {
    limit: Duration,
    spent: Duration,
    last: Instant,
}

impl Patience {
    pub(super) fn of(limit: Duration) -> Self {
        Self {
            limit,
            spent: Duration::ZERO,
            last: Instant::now(),
        }
    }

    /// There was a sign of life.
    pub(super) fn renew(&mut self) {
        *self = Self::of(self.limit);
    }

    /// Whether it has come to an end. To be asked every tenth of a second: of a longer step only a
    /// part counts.
    pub(super) fn is_over(&mut self) -> bool {
        let now = Instant::now();
        self.add(now - self.last);
        self.last = now;
        self.spent > self.limit
    }

    fn add(&mut self, step: Duration) {
        self.spent += step.min(LONGEST_STEP);
    }
}

/// Whether a child has ended, without taking its exit status: until that is taken, its number is
/// nobody else's.
#[cfg(unix)]
pub(super) fn has_ended(child: &mut Child) -> bool {
    use rustix::process::WaitIdOptions;
    state(child, WaitIdOptions::EXITED).is_none_or(|found| found)
}

#[cfg(not(unix))]
pub(super) fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// Whether somebody has stopped a child (SIGSTOP).
pub(super) fn is_stopped(child: &Child) -> bool {
    #[cfg(unix)]
    return state(child, rustix::process::WaitIdOptions::STOPPED) == Some(true);
    #[cfg(not(unix))]
    {
        let _ = child;
        false
    }
}

/// `None`: there is no such child any more.
#[cfg(unix)]
fn state(child: &Child, which: rustix::process::WaitIdOptions) -> Option<bool> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = which | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let pid = WaitId::Pid(Pid::from_child(child));
    rustix::io::retry_on_intr(|| waitid(pid.clone(), options))
        .ok()
        .map(|found| found.is_some())
}

/// Ends a child that leads a process group of its own, and all whom it started: a grandchild that
/// lives on keeps pipes and sockets open. Gives its exit status, which is its own if it had ended
/// before.
pub(super) fn end(child: &mut Child) -> io::Result<ExitStatus> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = child.kill();
    child.wait()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_the_program_was_suspended_does_not_count() {
        let mut patience = Patience::of(Duration::from_secs(1));
        patience.add(Duration::from_secs(3600));
        assert_eq!(patience.spent, LONGEST_STEP);
        assert!(!patience.is_over());
        (0..9).for_each(|_| patience.add(Duration::from_millis(100)));
        assert!(patience.is_over());
        patience.renew();
        assert!(!patience.is_over());
    }
}
