//! A Slurm of one node, with munge, that lives as long as a test: its own configuration, sockets,
//! ports and spool in its own folder, ended by process id.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ocean_tests::skip::needs;

/// Megabytes that the node is said to have: what the plans of the tests ask for.
const MEMORY: u32 = 2000;
/// Processors that it is said to have, whatever there are: a planned shard has four threads.
const PROCESSORS: u32 = 4;

/// Several of them, and other tests, may share the machine.
const PATIENCE: Duration = Duration::from_secs(180);

pub struct Slurm {
    folder: tempfile::TempDir,
    /// munged, slurmctld, slurmd.
    daemons: Vec<Child>,
}

/// Where daemons are, which a user's PATH may leave out.
fn daemon(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    places
        .map(|place| place.join(name))
        .find(|file| file.is_file())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Slurm {
    /// Starts it; `None`, after saying so, where it is not installed.
    pub fn start() -> Option<Self> {
        let programs = ["munged", "slurmctld", "slurmd", "sbatch"].map(daemon);
        if !needs("slurm", programs.iter().all(Option::is_some)) {
            return None;
        }
        let [munged, slurmctld, slurmd, _] = programs.map(Option::unwrap);
        let mut slurm = Self {
            folder: tempfile::tempdir().unwrap(),
            daemons: Vec::new(),
        };
        let at = |name: &str| slurm.folder.path().join(name).display().to_string();
        for folder in ["state", "spool"] {
            std::fs::create_dir(at(folder)).unwrap();
        }
        std::fs::write(at("key"), [7; 128]).unwrap();
        std::fs::set_permissions(at("key"), std::fs::Permissions::from_mode(0o400)).unwrap();
        std::fs::write(at("slurm.conf"), slurm.configuration()).unwrap();
        let munge = [
            // The folder of a test is private, but lies where others may write.
            "--force".to_owned(),
            "--foreground".to_owned(),
            format!("--key-file={}", at("key")),
            format!("--socket={}", at("socket")),
            format!("--pid-file={}", at("munged.pid")),
            format!("--log-file={}", at("munged.log")),
            format!("--seed-file={}", at("munged.seed")),
        ];
        slurm.spawn(&munged, &munge);
        slurm.wait("the socket of munge", |slurm| slurm.path("socket").exists());
        slurm.spawn(&slurmctld, &["-D".to_owned()]);
        slurm.spawn(&slurmd, &["-D".to_owned()]);
        slurm.wait("an idle node", |slurm| {
            let output = slurm.command("sinfo").args(["-h", "-o", "%T"]).output();
            output.is_ok_and(|output| output.stdout == b"idle\n")
        });
        Some(slurm)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self) -> String {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let (host, folder) = (host.trim(), self.folder.path().display());
        let user =
            String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let user = user.trim();
        format!(
            "ClusterName=ocean\n\
             SlurmctldHost={host}(127.0.0.1)\n\
             AuthType=auth/munge\n\
             AuthInfo=socket={folder}/socket\n\
             SlurmUser={user}\n\
             SlurmdUser={user}\n\
             SlurmctldPort={}\n\
             SlurmdPort={}\n\
             StateSaveLocation={folder}/state\n\
             SlurmdSpoolDir={folder}/spool\n\
             SlurmctldPidFile={folder}/slurmctld.pid\n\
             SlurmdPidFile={folder}/slurmd.pid\n\
             SlurmctldLogFile={folder}/slurmctld.log\n\
             SlurmdLogFile={folder}/slurmd.log\n\
             ProctrackType=proctrack/linuxproc\n\
             TaskPlugin=task/none\n\
             SelectType=select/cons_tres\n\
             SelectTypeParameters=CR_CPU_Memory\n\
             MpiDefault=none\n\
             SwitchType=switch/none\n\
             AccountingStorageType=accounting_storage/none\n\
             JobAcctGatherType=jobacct_gather/none\n\
             ReturnToService=2\n\
             SlurmdParameters=config_overrides\n\
             SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs={PROCESSORS} RealMemory={MEMORY} State=UNKNOWN\n\
             PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n",
            free_port(),
            free_port()
        )
    }

    fn spawn(&mut self, program: &Path, arguments: &[String]) {
        let log = |end: &str| {
            let name = format!("{}.{end}", program.file_name().unwrap().display());
            std::fs::File::create(self.path(&name)).unwrap()
        };
        let daemon = Command::new(program)
            .args(arguments)
            .env("SLURM_CONF", self.path("slurm.conf"))
            .stdin(Stdio::null())
            .stdout(log("out"))
            .stderr(log("err"))
            .spawn()
            .unwrap();
        self.daemons.push(daemon);
    }

    fn wait(&self, what: &str, is_there: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_there(self) {
            assert!(
                began.elapsed() < PATIENCE,
                "{what} did not come:\n{}",
                self.logs()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn logs(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        ["munged.log", "munged.err", "slurmctld.log", "slurmd.log"]
            .map(read)
            .join("\n")
    }

    /// Its configuration, for SLURM_CONF.
    pub fn configured(&self) -> PathBuf {
        self.path("slurm.conf")
    }

    /// A command of this Slurm's.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.configured());
        command
    }

    /// Submits a script.
    pub fn submit(&self, script: &Path, arguments: &[&str]) {
        let output = self
            .command("sbatch")
            .args(arguments)
            .arg(script)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Waits until no job is waiting or running.
    pub fn wait_until_idle(&self) {
        self.wait("the end of all jobs", |slurm| slurm.jobs().is_empty());
    }

    /// One line a job that has not ended.
    pub fn jobs(&self) -> String {
        let output: Output = self
            .command("squeue")
            .args(["-h", "-o", "%i %j %T %r"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let ids = self.command("squeue").args(["-h", "-o", "%A"]).output();
        let ids = ids.map_or(Vec::new(), |output| output.stdout);
        for id in String::from_utf8_lossy(&ids).split_whitespace() {
            let _ = self.command("scancel").arg(id).status();
        }
        for daemon in self.daemons.iter_mut().rev() {
            // By its id: asked first, so that it can clean up.
            let _ = Command::new("kill").arg(daemon.id().to_string()).status();
            let began = Instant::now();
            while matches!(daemon.try_wait(), Ok(None)) && began.elapsed() < Duration::from_secs(5)
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}
