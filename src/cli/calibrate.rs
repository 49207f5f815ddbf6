//! `wattle energy calibrate`: what a busy core costs here, by measured power or by a plug's display.
//!
//! The device runs three loads, each for a while: none, one core, all cores. The watts of each, by the device's own sensor
//! or typed by a person, give a line by least squares: its intercept is the power at rest, its slope the power of one busy
//! core. Nothing is kept unless power rises with load and the power at rest is plausible.

use crate::base::count::count;
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::meter::calibrate;
use crate::energy::accounting::task::Scope;
use crate::energy::rank::Rank;
use crate::platform::clock;
use crate::platform::sched::stand;
use crate::platform::sysfs::sensors::Sensors;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// Watts that a home's device can take, both ends excluded; a figure outside was misread.
const WATTS: (f64, f64) = (0.0, 500.0);
/// Between two readings of a sensor.
const EVERY: Duration = Duration::from_secs(1);
/// One part in so many of each load's time is not measured: regulators and fans settle.
const SETTLE: u32 = 4;

/// The result of a calibration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Watts without work.
    pub idle_watts: f64,
    /// Watts of one busy core above that.
    pub core_watts: f64,
}

/// Where the watts come from.
pub enum Power<'a> {
    /// A sensor of the device, asked once a second.
    Measured(&'a mut dyn FnMut(Instant) -> Option<f64>),
    /// A person, asked once for each load.
    Typed(&'a mut dyn BufRead),
}

/// The device's own power sensor, where it has one, and what it measures. `meter` is the hwmon chip that the owner names
/// as measuring the whole device.
#[must_use]
pub fn sensor(root: &Path, meter: Option<&str>) -> Option<(Sensors, Scope)> {
    let sensors = Sensors::open_metered(root, meter);
    let (_, scope) = sensors.measures()?;
    Some((sensors, scope))
}

/// Measures three loads, each for `time`: none, one core, all cores; fits a line by least squares.
///
/// # Errors
/// One sentence: what could not be measured; nothing is kept then.
pub fn run(power: &mut Power<'_>, cores: usize, time: Duration, out: &mut impl Write) -> Result<Calibration, String> {
    let mut loads = vec![0, 1, cores];
    loads.dedup();
    let mut points = Vec::new();
    for workers in loads {
        let what = match workers {
            0 => "nothing runs".to_owned(),
            1 => "one core is busy".to_owned(),
            all => format!("{all} cores are busy"),
        };
        let _ = writeln!(out, "For {}, {what} …", count(time.as_secs(), "second"));
        let watts = loaded(workers, || measure(power, time, out))??;
        let _ = writeln!(out, "  {watts:.2} W");
        points.push((workers, watts));
    }
    let (core_watts, idle_watts) = calibrate(&points).ok_or(
        "The power did not rise with the work, so that nothing can be learned from it. Was something else running, or \
         does the plug measure another device?",
    )?;
    if !is_plausible(idle_watts) {
        return Err(format!(
            "Idle would be {idle_watts:.1} W, which cannot be. Nothing was kept; try again while the device is idle."
        ));
    }
    Ok(Calibration { idle_watts, core_watts })
}

/// Threads that keep cores busy until this is dropped, also where only some of them could be started.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts `workers` threads.
    fn begin(workers: usize, spawn: &dyn Fn(usize, Arc<AtomicBool>) -> io::Result<JoinHandle<()>>) -> io::Result<Self> {
        let mut load = Self { stop: Arc::new(AtomicBool::new(false)), threads: Vec::new() };
        for n in 0..workers {
            load.threads.push(spawn(n, Arc::clone(&load.stop))?);
        }
        Ok(load)
    }

    fn thread(n: usize, stop: Arc<AtomicBool>) -> io::Result<JoinHandle<()>> {
        let busy = move || {
            stand(Rank::Last);
            std::hint::black_box(burn(&stop));
        };
        Builder::new().name(format!("load-{n}")).spawn(busy)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Runs `during` while `workers` cores are busy.
fn loaded<T>(workers: usize, during: impl FnOnce() -> T) -> Result<T, String> {
    let load = Load::begin(workers, &Load::thread)
        .map_err(|error| format!("The system gives no more threads: {error}. Nothing was kept."))?;
    let result = during();
    drop(load);
    Ok(result)
}

/// Fused multiply-adds over vectors that fit the first cache: what embedding spends most of its time on.
fn burn(stop: &AtomicBool) -> f32 {
    let (mut a, b) = ([0.5_f32; 1024], [1.000_1_f32; 1024]);
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..1000 {
            for (a, b) in a.iter_mut().zip(&b) {
                *a = a.mul_add(*b, -0.000_05);
            }
        }
        std::hint::black_box(&a);
    }
    a.iter().sum()
}

fn is_plausible(watts: f64) -> bool {
    watts > WATTS.0 && watts < WATTS.1
}

#[expect(clippy::disallowed_methods, reason = "a command that waits while it measures; nothing else runs here")]
fn sleep(time: Duration) {
    std::thread::sleep(time);
}

fn measure(power: &mut Power<'_>, time: Duration, out: &mut impl Write) -> Result<f64, String> {
    match power {
        Power::Measured(sensor) => {
            sleep(time / SETTLE);
            let end = clock::now() + (time - time / SETTLE);
            let (mut sum, mut count) = (0.0, 0.0);
            // An energy counter gives the average since the last reading: the first one covers the time before.
            sensor(clock::now());
            while clock::now() < end {
                sleep(EVERY.min(time / SETTLE));
                if let Some(watts) = sensor(clock::now()).filter(|watts| is_plausible(*watts)) {
                    sum += watts;
                    count += 1.0;
                }
            }
            if count > 0.0 {
                Ok(sum / count)
            } else {
                Err("The sensor of the power gave no value. Nothing was kept.".to_owned())
            }
        }
        Power::Typed(answers) => {
            sleep(time);
            for _ in 0..3 {
                let _ = write!(out, "  Watts that the plug shows now: ");
                let _ = out.flush();
                let mut line = String::new();
                if answers.read_line(&mut line).map_or(0, |length| length) == 0 {
                    return Err("Nothing was typed. Nothing was kept.".to_owned());
                }
                match line.trim().trim_end_matches(['W', 'w', ' ']).replace(',', ".").parse::<f64>() {
                    Ok(watts) if is_plausible(watts) => return Ok(watts),
                    _ => _ = writeln!(out, "  That is no number of watts, as 4.7."),
                }
            }
            Err("No number of watts was typed in three tries. Nothing was kept.".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use std::sync::atomic::AtomicUsize;

    const MOMENT: Duration = Duration::from_millis(40);

    #[test]
    fn typed_watts_become_the_watts_of_a_core() {
        let mut typed = Cursor::new("2,6 W\nx\n3.35\n5.6\n");
        let mut shown = Vec::new();
        let found = run(&mut Power::Typed(&mut typed), 4, MOMENT, &mut shown).unwrap();
        assert!((found.core_watts - 0.75).abs() < 1e-9 && (found.idle_watts - 2.6).abs() < 1e-9, "{found:?}");
        assert!(String::from_utf8(shown).unwrap().contains("That is no number of watts"));
    }

    #[test]
    fn a_sensor_is_read_and_power_that_does_not_rise_gives_no_result() {
        let mut out = std::io::sink();
        let mut steady = |_: Instant| Some(3.0);
        assert!(run(&mut Power::Measured(&mut steady), 2, MOMENT, &mut out).is_err());
        let mut silent = |_: Instant| None;
        assert!(run(&mut Power::Measured(&mut silent), 2, MOMENT, &mut out).unwrap_err().contains("no value"));
        let mut watts = 0.0;
        // Rises with every reading, so each load takes more than the one before.
        let mut rising = |_: Instant| {
            watts += 0.1;
            Some(watts)
        };
        assert!(run(&mut Power::Measured(&mut rising), 2, MOMENT, &mut out).unwrap().core_watts > 0.0);
    }

    #[test]
    fn a_load_that_cannot_start_all_its_threads_ends_those_that_run() {
        let running = Arc::new(AtomicUsize::new(0));
        let spawn = |n: usize, stop: Arc<AtomicBool>| {
            if n == 2 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let running = Arc::clone(&running);
            running.fetch_add(1, Ordering::SeqCst);
            Builder::new().spawn(move || {
                burn(&stop);
                running.fetch_sub(1, Ordering::SeqCst);
            })
        };
        assert!(Load::begin(4, &spawn).is_err());
        assert_eq!(running.load(Ordering::SeqCst), 0, "two had started");
    }

    #[test]
    fn a_sensor_says_what_it_measures() {
        let root = tempfile::tempdir().unwrap();
        assert!(sensor(root.path(), None).is_none());
        let folder = root.path().join("sys/class/powercap/intel-rapl:0");
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in [("name", "package-0\n"), ("energy_uj", "5\n"), ("max_energy_range_uj", "1000\n")] {
            std::fs::write(folder.join(file), text).unwrap();
        }
        assert_eq!(sensor(root.path(), None).unwrap().1, Scope::CpuPackage);
    }

    #[test]
    fn without_a_plausible_number_nothing_is_kept() {
        for typed in ["", "a\nb\nc\n", "-3\n900\nnan\n", "0\n0\n0\n"] {
            let answer = run(&mut Power::Typed(&mut Cursor::new(typed)), 1, MOMENT, &mut std::io::sink());
            assert!(answer.unwrap_err().contains("Nothing was kept"), "{typed:?}");
        }
    }
}
