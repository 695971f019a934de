//! The table: one row a measurement, with the aim beside it where there is one.

use std::time::Duration;

/// The first lines.
pub fn head() {
    println!("\n  {:<44} {:>20}   {:<20}", "", "measured", "aim");
}

/// What the next rows are about.
pub fn about(what: &str) {
    println!("\n  {what}");
}

/// A number that should not be larger than its aim.
pub fn most(what: &str, measured: f64, aim: f64, unit: &str) {
    let sign = if measured <= aim { "✓" } else { "above" };
    row(what, &number(measured, unit), &format!("{} {sign}", number(aim, unit)));
}

/// Something that was seen and should be just so.
pub fn exactly(what: &str, measured: &str, aim: &str) {
    let sign = if measured == aim { "✓" } else { "missed" };
    row(what, measured, &format!("{aim} {sign}"));
}

/// A number without an aim.
pub fn seen(what: &str, measured: &str) {
    row(what, measured, "");
}

/// The last line.
pub fn foot(took: Duration) {
    println!("\n  Measured in {:.0} s.\n", took.as_secs_f64());
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Bytes for people.
pub fn bytes(count: f64) -> String {
    if count < 10_000.0 { format!("{count:.0} B") } else { format!("{:.1} kB", count / 1000.0) }
}

/// That part of the times that is no longer than the result, such as the half for 0.5.
pub fn quantile(times: &[Duration], part: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    let at = ((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len());
    sorted[at - 1]
}

fn number(value: f64, unit: &str) -> String {
    let text =
        if value.fract() == 0.0 || value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

fn row(what: &str, measured: &str, aim: &str) {
    println!("  {:<44} {:>20}   {:<20}", format!("  {what}"), measured, aim);
}
