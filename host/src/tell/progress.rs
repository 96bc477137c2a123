//! How far the work is: bars with the time left on a terminal, plain lines elsewhere, JSON events
//! for programs.
//!
//! Owns everything that is said *while* working; results belong to the report. The work itself only
//! knows [`Progress::stage`], [`Stage::add`] and [`Progress::warn`], from any thread. Bars and
//! lines go to stderr, so that results on stdout can be piped; JSON events are for another program
//! and go to stdout, one object a line. Nobody's work stops because a pipe was closed; that
//! standard output failed is remembered ([`Stdout`]) and told at the end.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ocean_loader::Notices;
use ocean_report::escape;

use crate::tell::events::Event;
use crate::tell::stdout::Stdout;

/// Plain lines and JSON events of one stage are at least this far apart.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// What `--format` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people, on stderr.
    #[default]
    Human,
    /// For programs: one JSON object a line, on stdout.
    Json,
}

/// Where stages and warnings are shown. Cheap to clone; all clones share one output.
#[derive(Clone)]
pub struct Progress {
    sink: Arc<Sink>,
    interval: Duration,
}

impl Notices for Progress {
    fn warn(&self, text: &str) {
        Progress::warn(self, text);
    }

    fn note(&self, text: &str) {
        Progress::note(self, text);
    }
}

enum Sink {
    Bars(MultiProgress, bool),
    Lines(Mutex<Box<dyn Write + Send>>),
    Json(Mutex<Box<dyn Write + Send>>),
    /// Warnings only: `--quiet` silences what is going well.
    Quiet(Mutex<Box<dyn Write + Send>>),
}

impl Progress {
    /// The output that fits: JSON when asked for, else nothing but warnings with `is_quiet`, else
    /// bars on a terminal and lines elsewhere.
    ///
    /// Colours only on a terminal without `NO_COLOR`.
    pub fn new(format: Format, is_quiet: bool) -> Self {
        let stderr = || Mutex::new(Box::new(std::io::stderr()) as Box<dyn Write + Send>);
        let sink = match format {
            Format::Json => Sink::Json(Mutex::new(Box::new(Stdout))),
            Format::Human if is_quiet => Sink::Quiet(stderr()),
            Format::Human if std::io::stderr().is_terminal() => {
                Sink::Bars(MultiProgress::new(), colours_are_wanted())
            }
            Format::Human => Sink::Lines(stderr()),
        };
        Self::with_sink(sink)
    }

    /// Shows nothing at all, warnings included: for tests and programs that embed the host.
    pub fn silent() -> Self {
        Self::with_sink(Sink::Quiet(Mutex::new(Box::new(std::io::sink()))))
    }

    fn with_sink(sink: Sink) -> Self {
        Self {
            sink: Arc::new(sink),
            interval: LINE_INTERVAL,
        }
    }

    /// Begins a stage of `total` equal steps (fits, permutations …); 0 when the number is not
    /// known.
    pub fn stage(&self, name: &str, total: u64) -> Stage {
        self.stage_of(name, total, "")
    }

    /// Begins a stage whose steps have a name, "texts": their speed is shown too.
    pub fn stage_of(&self, name: &str, total: u64, unit: &'static str) -> Stage {
        let name = &self.shown(name);
        let bar = match &*self.sink {
            Sink::Bars(bars, is_coloured) => {
                let bar =
                    bars.add(ProgressBar::new(total).with_style(bar_style(*is_coloured, unit)));
                bar.set_message(name.to_owned());
                bar.enable_steady_tick(Duration::from_millis(200));
                Some(bar)
            }
            Sink::Json(out) => {
                event(out, &Event::StageStarted { stage: name, total });
                None
            }
            Sink::Lines(_) | Sink::Quiet(_) => None,
        };
        let now = Instant::now();
        Stage {
            progress: self.clone(),
            name: name.to_owned(),
            total,
            unit,
            done: AtomicU64::new(0),
            started: now,
            last_line: Mutex::new(now),
            bar,
        }
    }

    /// One line that a user should read even when everything else goes well.
    pub fn warn(&self, text: &str) {
        self.say(Kind::Warning, text);
    }

    /// One line that is good to know; not shown with `--quiet`.
    pub fn note(&self, text: &str) {
        if !matches!(&*self.sink, Sink::Quiet(_)) {
            self.say(Kind::Note, text);
        }
    }

    /// Text as it may be shown: names of the user's cannot steer a terminal. In JSON they are as
    /// they are, escaped as JSON has it.
    fn shown(&self, text: &str) -> String {
        match &*self.sink {
            Sink::Json(_) => text.to_owned(),
            _ => escape::terminal(text),
        }
    }

    fn say(&self, kind: Kind, text: &str) {
        let text = &self.shown(text);
        let word = match kind {
            Kind::Warning => "warning",
            Kind::Note => "note",
        };
        match &*self.sink {
            Sink::Bars(bars, _) => above(bars, format_args!("{word}: {text}")),
            Sink::Lines(out) | Sink::Quiet(out) => line(out, format_args!("{word}: {text}")),
            Sink::Json(out) => event(
                out,
                &match kind {
                    Kind::Warning => Event::Warning { message: text },
                    Kind::Note => Event::Note { message: text },
                },
            ),
        }
    }
}

/// `NO_COLOR` (no-color.org): set and not empty means no colour.
fn colours_are_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn bar_style(is_coloured: bool, unit: &str) -> ProgressStyle {
    let bar = if is_coloured {
        "{wide_bar:.cyan/dim}"
    } else {
        "{wide_bar}"
    };
    let speed = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}, {{per_sec}}")
    };
    let template =
        format!("{{msg:24}} {bar} {{pos}}/{{len}}{speed}  {{elapsed}} gone, {{eta}} left");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A line above the bars. Not `eprintln!`, which panics when stderr was closed.
fn above(bars: &MultiProgress, text: impl std::fmt::Display) {
    bars.suspend(|| {
        let _ = writeln!(std::io::stderr(), "{text}");
    });
}

fn line(out: &Mutex<Box<dyn Write + Send>>, text: impl std::fmt::Display) {
    // A thread that panicked while writing leaves half a line at worst.
    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn event(out: &Mutex<Box<dyn Write + Send>>, event: &Event) {
    line(out, event.line().trim_end());
}

/// How a line begins that is said beside the stages.
#[derive(Clone, Copy)]
enum Kind {
    Warning,
    Note,
}

/// One stage of the work, from its beginning to its [`finish`](Stage::finish). Dropped without
/// that, it counts as interrupted and says so.
pub struct Stage {
    progress: Progress,
    name: String,
    total: u64,
    /// What is counted; "": not worth a word.
    unit: &'static str,
    done: AtomicU64,
    started: Instant,
    last_line: Mutex<Instant>,
    bar: Option<ProgressBar>,
}

impl Stage {
    /// `n` more steps are done. From any thread; costs next to nothing when nothing is to be shown.
    pub fn add(&self, n: u64) {
        let done = self.done.fetch_add(n, Ordering::Relaxed) + n;
        if let Some(bar) = &self.bar {
            bar.inc(n);
        } else if self.line_is_due() {
            self.show(done);
        }
    }

    /// Only one of several threads gets to write, and none waits for it.
    fn line_is_due(&self) -> bool {
        if matches!(&*self.progress.sink, Sink::Quiet(_)) {
            return false;
        }
        let Ok(mut last) = self.last_line.try_lock() else {
            return false;
        };
        let is_due = last.elapsed() >= self.progress.interval;
        if is_due {
            *last = Instant::now();
        }
        is_due
    }

    fn show(&self, done: u64) {
        let elapsed_s = self.started.elapsed().as_secs_f64();
        let eta_s = eta_s(done, self.total, elapsed_s);
        match &*self.progress.sink {
            Sink::Lines(out) => {
                let of = if self.total > 0 {
                    format!(" of {}", self.total)
                } else {
                    String::new()
                };
                let of = match self.unit {
                    "" => of,
                    unit => format!("{of} {unit}"),
                };
                let speed = match self.unit {
                    "" => String::new(),
                    unit => format!(", {} {unit}/s", speed(done, elapsed_s)),
                };
                let left = eta_s.map_or(String::new(), |eta_s| {
                    format!(", about {} left", duration(eta_s))
                });
                line(
                    out,
                    format_args!(
                        "{}: {done}{of} done{speed}, {} gone{left}",
                        self.name,
                        duration(elapsed_s)
                    ),
                );
            }
            Sink::Json(out) => event(
                out,
                &Event::StageProgress {
                    stage: &self.name,
                    done,
                    total: self.total,
                    elapsed_s,
                    eta_s,
                },
            ),
            Sink::Bars(..) | Sink::Quiet(_) => {}
        }
    }

    /// The stage is complete: its bar goes away, its time is said.
    pub fn finish(mut self) {
        self.end(true);
    }

    fn end(&mut self, is_complete: bool) {
        let done = self.done.load(Ordering::Relaxed);
        let elapsed_s = self.started.elapsed().as_secs_f64();
        let verb = if is_complete {
            "finished"
        } else {
            "interrupted"
        };
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        match &*self.progress.sink {
            Sink::Bars(bars, _) => above(
                bars,
                format_args!("{}: {verb}, {done} in {}", self.name, duration(elapsed_s)),
            ),
            Sink::Lines(out) => line(
                out,
                format_args!("{}: {verb}, {done} in {}", self.name, duration(elapsed_s)),
            ),
            Sink::Json(out) => {
                let (stage, total) = (self.name.as_str(), self.total);
                let ended = if is_complete {
                    Event::StageFinished {
                        stage,
                        done,
                        total,
                        elapsed_s,
                    }
                } else {
                    Event::StageInterrupted {
                        stage,
                        done,
                        total,
                        elapsed_s,
                    }
                };
                event(out, &ended);
            }
            Sink::Quiet(_) => {}
        }
        self.name.clear();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // `finish` clears the name: what still has one was dropped on the way out of an error.
        if !self.name.is_empty() {
            self.end(false);
        }
    }
}

/// Steps a second, with a digit behind the point where that says something.
fn speed(done: u64, elapsed_s: f64) -> String {
    let speed = done as f64 / elapsed_s.max(1e-9);
    if speed < 10.0 {
        format!("{speed:.1}")
    } else {
        format!("{speed:.0}")
    }
}

/// Seconds left if the rest goes as fast as the part that is done; `None` before anything is done,
/// or when the total is not known.
fn eta_s(done: u64, total: u64, elapsed_s: f64) -> Option<f64> {
    (done > 0 && total >= done).then(|| elapsed_s * (total - done) as f64 / done as f64)
}

/// Seconds in the largest two units: `8 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(seconds: f64) -> String {
    if seconds < 0.1 {
        return format!("{:.0} ms", seconds * 1e3);
    }
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was written, shared with the sink.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn lines(&self) -> Vec<String> {
            String::from_utf8(self.0.lock().unwrap().clone())
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect()
        }
    }

    fn progress(
        sink: fn(Mutex<Box<dyn Write + Send>>) -> Sink,
        interval: Duration,
    ) -> (Progress, Written) {
        let written = Written::default();
        let mut progress = Progress::with_sink(sink(Mutex::new(Box::new(written.clone()))));
        progress.interval = interval;
        (progress, written)
    }

    #[test]
    fn json_events_are_one_object_a_line_in_the_order_of_the_work() {
        let (progress, written) = progress(Sink::Json, Duration::ZERO);
        let stage = progress.stage("encode \"minilm\"", 10);
        stage.add(4);
        progress.warn("two\nlines");
        stage.finish();
        let events: Vec<serde_json::Value> = written
            .lines()
            .iter()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        let names: Vec<&str> = events
            .iter()
            .map(|e| e["event"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "stage-started",
                "stage-progress",
                "warning",
                "stage-finished"
            ]
        );
        assert_eq!(events[1]["done"], 4);
        assert_eq!(events[1]["total"], 10);
    }

    #[test]
    fn plain_lines_wait_for_their_interval() {
        let (progress, written) = progress(Sink::Lines, Duration::from_secs(3600));
        let stage = progress.stage("permute", 1_000_000);
        for _ in 0..1000 {
            stage.add(1000);
        }
        stage.finish();
        let lines = written.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with("permute: finished, 1000000 in "),
            "{lines:?}"
        );
    }

    #[test]
    fn quiet_still_warns_and_nothing_else() {
        let (progress, written) = progress(Sink::Quiet, Duration::ZERO);
        let stage = progress.stage("permute", 2);
        stage.add(1);
        progress.note("good to know");
        progress.warn("the cache is damaged");
        stage.finish();
        assert_eq!(written.lines(), ["warning: the cache is damaged"]);
    }

    #[test]
    fn a_stage_that_is_dropped_says_interrupted_once() {
        let (progress, written) = progress(Sink::Lines, Duration::from_secs(3600));
        let stage = progress.stage("encode", 5);
        stage.add(2);
        drop(stage);
        assert_eq!(written.lines().len(), 1);
        assert!(written.lines()[0].starts_with("encode: interrupted, 2 in "));
    }

    #[test]
    fn steps_from_many_threads_are_all_counted() {
        let (progress, _) = progress(Sink::Json, Duration::ZERO);
        let stage = progress.stage("permute", 4000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| stage.add(1)));
            }
        });
        assert_eq!(stage.done.load(Ordering::Relaxed), 4000);
    }

    #[test]
    fn the_time_left_is_in_proportion_to_what_is_left() {
        // 30 of 120 in 10 s: the other 90 take 30 s.
        assert_eq!(eta_s(30, 120, 10.0), Some(30.0));
        assert_eq!(eta_s(0, 120, 10.0), None);
        assert_eq!(eta_s(5, 0, 10.0), None);
        assert_eq!(duration(0.023), "23 ms");
        assert_eq!(duration(3.24), "3.2 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(7500.0), "2 h 5 min");
    }
}
