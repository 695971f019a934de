//! What came in on TCP connections, as the kernel counts it for each and tells by `sock_diag`, where `ss` asks. A few fixed
//! bytes each way: crates for them bring a runtime's worth of others.

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

/// The kernel answers while it is asked, so this never passes.
const ANSWER_WITHIN: i64 = 2;
const HEADER: usize = 16;
const BY_FAMILY: u16 = 20;
const REQUEST: u16 = 1;
const DUMP: u16 = 0x300;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const TCP: u8 = 6;
const FAMILIES: [u8; 2] = [2, 10];
/// Those that listen and those that wait for their end are nobody's.
const STATES: u32 = 0xfff & !(1 << 10) & !(1 << 6);
/// The attribute that holds the counters, as a bit of the request and as its number.
const INFO_WANTED: u8 = 1 << 1;
const INFO: u16 = 2;
/// Where what came in stands in it (`tcpi_bytes_received`, since Linux 4.1).
const RECEIVED: usize = 128;

/// Ports, addresses, interface and cookie, as the kernel says them.
type Name = [u8; 48];

/// Connections that were found before.
#[derive(Default)]
pub struct Tcp {
    /// By the socket's inode; none is a socket of another kind.
    known: HashMap<u64, Option<(u8, Name)>>,
}

impl Tcp {
    /// The bytes that came in so far, by inode, on those of these sockets that are TCP connections.
    pub fn received(&mut self, sockets: &HashSet<u64>) -> Result<HashMap<u64, u64>, String> {
        self.ask(sockets).map_err(|error| format!("the kernel does not tell of connections: {error}"))
    }

    fn ask(&mut self, sockets: &HashSet<u64>) -> nix::Result<HashMap<u64, u64>> {
        self.known.retain(|inode, _| sockets.contains(inode));
        let diag = open()?;
        // a pod may have thousands of connections, so all are looked through only for one that is new
        if sockets.iter().any(|inode| !self.known.contains_key(inode)) {
            let mut found = HashMap::new();
            for family in FAMILIES {
                find(&diag, family, sockets, &mut found)?;
            }
            for inode in sockets {
                self.known.entry(*inode).or_insert_with(|| found.remove(inode));
            }
        }
        let mut all = HashMap::new();
        for (inode, place) in &self.known {
            if let Some((family, name)) = place
                && let Some(bytes) = one(&diag, *family, name)?
            {
                all.insert(*inode, bytes);
            }
        }
        Ok(all)
    }
}

fn open() -> nix::Result<OwnedFd> {
    let (family, kind) = (AddressFamily::Netlink, SockType::Datagram);
    let diag = socket(family, kind, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkSockDiag)?;
    setsockopt(&diag, sockopt::ReceiveTimeout, &TimeVal::seconds(ANSWER_WITHIN))?;
    Ok(diag)
}

/// Finds the names of sockets among all connections of a family.
fn find(
    diag: &OwnedFd,
    family: u8,
    sockets: &HashSet<u64>,
    found: &mut HashMap<u64, (u8, Name)>,
) -> nix::Result<()> {
    send(diag.as_raw_fd(), &request(REQUEST | DUMP, family, 0, &[0; 48]), MsgFlags::empty())?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = recv(diag.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        for (kind, body) in messages(buffer.get(..length).unwrap_or_default()) {
            match kind {
                DONE => return Ok(()),
                ERROR => return refused(body).map_or(Ok(()), Err),
                _ => {}
            }
            if let Some((inode, name)) = named(body)
                && sockets.contains(&inode)
            {
                found.insert(inode, (family, name));
            }
        }
    }
}

/// What came in on one connection; none if it is gone.
fn one(diag: &OwnedFd, family: u8, name: &Name) -> nix::Result<Option<u64>> {
    send(diag.as_raw_fd(), &request(REQUEST, family, INFO_WANTED, name), MsgFlags::empty())?;
    let mut buffer = vec![0; 8 * 1024];
    let length = recv(diag.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
    match messages(buffer.get(..length).unwrap_or_default()).next() {
        Some((ERROR, body)) => match refused(body) {
            Some(Errno::ENOENT | Errno::ESTALE) | None => Ok(None),
            Some(error) => Err(error),
        },
        Some((_, body)) => Ok(counted(body)),
        None => Ok(None),
    }
}

fn request(flags: u16, family: u8, wanted: u8, name: &Name) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(72);
    bytes.extend(72_u32.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    // sequence and sender: the kernel needs neither
    bytes.extend([0; 8]);
    bytes.extend([family, TCP, wanted, 0]);
    bytes.extend(STATES.to_ne_bytes());
    bytes.extend(name);
    bytes
}

/// Kind and body of each message of an answer.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32::from_ne_bytes(part(rest, 0)?)).ok()?;
        let message = (u16::from_ne_bytes(part(rest, 4)?), rest.get(HEADER..length)?);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

/// The inode of the socket that a message is about, and its name.
fn named(body: &[u8]) -> Option<(u64, Name)> {
    Some((u32::from_ne_bytes(part(body, 68)?).into(), part(body, 4)?))
}

/// What a message says that came in.
fn counted(body: &[u8]) -> Option<u64> {
    let mut rest = body.get(72..)?;
    loop {
        let length = usize::from(u16::from_ne_bytes(part(rest, 0)?));
        if u16::from_ne_bytes(part(rest, 2)?) == INFO {
            return Some(u64::from_ne_bytes(part(rest.get(4..length)?, RECEIVED)?));
        }
        rest = rest.get(length.max(4).next_multiple_of(4)..)?;
    }
}

fn refused(body: &[u8]) -> Option<Errno> {
    let number = i32::from_ne_bytes(part(body, 0)?);
    (number != 0).then(|| Errno::from_raw(-number))
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::*;

    fn inode(socket: &impl AsRawFd) -> u64 {
        let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
        link.to_str().unwrap().trim_start_matches("socket:[").trim_end_matches(']').parse().unwrap()
    }

    #[test]
    fn what_comes_in_is_counted_for_each_connection_and_for_no_other_socket() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // a computer may have no addresses of the newer kind
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let mut there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut here, _) = listener.accept().unwrap();
            let (other, _) = std::os::unix::net::UnixStream::pair().unwrap();
            let (in_there, in_here) = (inode(&there), inode(&here));
            let all = HashSet::from([in_there, in_here, inode(&other), inode(&listener)]);
            let mut tcp = Tcp::default();
            assert_eq!(tcp.received(&all).unwrap(), HashMap::from([(in_there, 0), (in_here, 0)]));
            there.write_all(&[7; 1234]).unwrap();
            here.write_all(&[7; 5]).unwrap();
            here.read_exact(&mut [0; 1234]).unwrap();
            there.read_exact(&mut [0; 5]).unwrap();
            assert_eq!(tcp.received(&all).unwrap(), HashMap::from([(in_there, 5), (in_here, 1234)]));
            assert_eq!(tcp.received(&HashSet::from([in_here])).unwrap(), HashMap::from([(in_here, 1234)]));
            drop((there, here));
            // a child that another test has only just forked has them, too, until it begins its program
            let end = Instant::now() + Duration::from_secs(20);
            while tcp.received(&HashSet::from([in_here])).unwrap() != HashMap::new() {
                assert!(Instant::now() < end, "it is gone");
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn an_answer_that_is_cut_says_nothing() {
        for length in [0, 3, 16, 71, 76, 120] {
            let body = vec![0; length];
            assert_eq!(counted(&body), None, "{length}");
            assert_eq!(messages(&body).next(), None, "{length}");
        }
        assert_eq!(named(&[0; 71]), None);
    }
}
