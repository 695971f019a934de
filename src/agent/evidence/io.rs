//! What processes read and wrote, as the kernel counts it for each.

use procfs::FromBufRead;
use procfs::process::Io;

use super::processes::Process;

/// Bytes that a process moved by reading and writing anything at all, with the children that it waited for, or what storage
/// had to do for it, if that is more: a file that is mapped is never read.
pub fn moved_or_stored(process: &Process) -> Option<u64> {
    let stored = |io: &Io| io.read_bytes.saturating_add(io.write_bytes);
    counters(process).map(|io| stored(&io).max(io.rchar.saturating_add(io.wchar)))
}

/// None for another user's process, where the agent is not root, and for one that ended.
fn counters(process: &Process) -> Option<Io> {
    let text = std::fs::read(format!("/proc/{}/io", process.id.0)).ok()?;
    Io::from_buf_read(text.as_slice()).ok()
}
