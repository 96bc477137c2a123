//! Frames: a JSON header and the numbers that belong to it.
//!
//! Through the socket go, little-endian, the bytes of the header (u32), the count of the numbers
//! (u64), the header, and few numbers (f64). Many numbers lie in the connection's [`Arena`]
//! instead, where there is one. A study makes some hundred thousand calls, so a frame is one write
//! and one read: each more would wake the other side once more.

use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(target_os = "linux")]
use super::arena::Arena;
use crate::platform::Stream;

/// A header longer than this is no header of ours. Texts to encode are in it.
const LONGEST_HEADER: usize = 1 << 30;
/// So many numbers go through the socket: it has to be written to anyway.
const FEW: usize = 256;
/// Bytes that are read at once, a frame of few numbers with its header.
const AT_ONCE: usize = 8192;

/// One end of a connection.
pub struct Connection {
    pub stream: Arc<Stream>,
    inbox: Inbox,
    #[cfg(target_os = "linux")]
    pub arena: Option<Arena>,
}

impl From<Stream> for Connection {
    /// Without shared memory.
    fn from(stream: Stream) -> Self {
        Self {
            stream: Arc::new(stream),
            inbox: Inbox::default(),
            #[cfg(target_os = "linux")]
            arena: None,
        }
    }
}

impl Connection {
    /// The host's end, with shared memory where the system has it.
    #[cfg(unix)]
    pub fn shared(stream: Stream) -> io::Result<Self> {
        Ok(Self {
            #[cfg(target_os = "linux")]
            arena: Some(Arena::new()?),
            ..Self::from(stream)
        })
    }

    /// The file behind the shared memory, which the worker needs.
    #[cfg(unix)]
    pub fn shared_file(&self) -> Option<BorrowedFd<'_>> {
        #[cfg(target_os = "linux")]
        return self.arena.as_ref().map(|arena| arena.file().as_fd());
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// The worker's end: a socket, and the shared memory if there is any.
    #[cfg(unix)]
    pub fn of_host(fds: impl IntoIterator<Item = OwnedFd>) -> io::Result<Option<Self>> {
        let mut fds = fds.into_iter();
        let Some(stream) = fds.next() else {
            return Ok(None);
        };
        Ok(Some(Self {
            #[cfg(target_os = "linux")]
            arena: fds.next().map(Arena::of).transpose()?,
            ..Self::from(Stream::from(stream))
        }))
    }

    /// Writes one frame; the parts of `numbers` follow each other. `to` writes the stream.
    pub fn write(
        &mut self,
        to: &mut impl Write,
        header: &impl Serialize,
        numbers: &[&[f64]],
    ) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(arena) = &mut self.arena
            && count(numbers) > FEW
        {
            arena.put(numbers)?;
            return write_head(to, header, count(numbers));
        }
        let mut frame = head(header, count(numbers))?;
        for part in numbers {
            frame.extend_from_slice(bytes_of(part));
        }
        to.write_all(&frame)
    }

    /// Reads one frame of at most so many numbers; `from` reads the stream.
    pub fn read<H: DeserializeOwned>(
        &mut self,
        from: &mut impl Read,
        most_numbers: usize,
    ) -> io::Result<(H, Vec<f64>)> {
        let mut from = self.inbox.before(from);
        let (header, n_numbers) = read_head(&mut from)?;
        if n_numbers > most_numbers {
            return Err(io::Error::other(
                "a frame of more numbers than were asked for",
            ));
        }
        #[cfg(target_os = "linux")]
        if let Some(arena) = &mut self.arena
            && n_numbers > FEW
        {
            return Ok((header, arena.take(n_numbers)?));
        }
        let mut numbers = Vec::new();
        numbers
            .try_reserve_exact(n_numbers)
            .map_err(io::Error::other)?;
        numbers.resize(n_numbers, 0.0);
        from.read_exact(bytes_of_mut(&mut numbers))?;
        Ok((header, numbers))
    }
}

/// What was read of the stream and not asked for yet.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    /// So many of them were asked for.
    at: usize,
}

impl Inbox {
    fn before<'a, R: Read>(&'a mut self, from: &'a mut R) -> InboxReader<'a, R> {
        InboxReader { inbox: self, from }
    }
}

/// The inbox, and then the stream.
struct InboxReader<'a, R> {
    inbox: &'a mut Inbox,
    from: &'a mut R,
}

impl<R: Read> Read for InboxReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Inbox { bytes, at } = &mut *self.inbox;
        if *at == bytes.len() {
            if buffer.len() >= AT_ONCE {
                return self.from.read(buffer);
            }
            bytes.resize(AT_ONCE, 0);
            *at = AT_ONCE;
            let n = self.from.read(bytes)?;
            bytes.truncate(n);
            *at = 0;
        }
        let n = buffer.len().min(bytes.len() - *at);
        buffer[..n].copy_from_slice(&bytes[*at..*at + n]);
        *at += n;
        Ok(n)
    }

    // Every error is final, `Interrupted` too: the reader below says it for its own reasons.
    fn read_exact(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read(buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => buffer = &mut buffer[n..],
            }
        }
        Ok(())
    }
}

fn count(numbers: &[&[f64]]) -> usize {
    numbers.iter().map(|part| part.len()).sum()
}

/// Writes a header that says how many numbers belong to it.
pub fn write_head(
    out: &mut impl Write,
    header: &impl Serialize,
    n_numbers: usize,
) -> io::Result<()> {
    out.write_all(&head(header, n_numbers)?)
}

fn head(header: &impl Serialize, n_numbers: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; 4];
    head.extend_from_slice(&(n_numbers as u64).to_le_bytes());
    serde_json::to_writer(&mut head, header)?;
    let header_len = u32::try_from(head.len() - 12)
        .map_err(|_| io::Error::other("more text than one call can carry"))?;
    head[..4].copy_from_slice(&header_len.to_le_bytes());
    Ok(head)
}

/// Reads a header and how many numbers belong to it.
pub fn read_head<H: DeserializeOwned>(from: &mut impl Read) -> io::Result<(H, usize)> {
    let mut lengths = [0; 12];
    from.read_exact(&mut lengths)?;
    let [a, b, c, d, rest @ ..] = lengths;
    let header_len = u32::from_le_bytes([a, b, c, d]) as usize;
    if header_len > LONGEST_HEADER {
        return Err(io::Error::other("a frame that is none"));
    }
    let mut header = vec![0; header_len];
    from.read_exact(&mut header)?;
    let n_numbers = usize::try_from(u64::from_le_bytes(rest)).map_err(io::Error::other)?;
    Ok((serde_json::from_slice(&header)?, n_numbers))
}

// Both ends run on one machine, so its byte order is theirs.
fn bytes_of(numbers: &[f64]) -> &[u8] {
    // SAFETY: any f64 is eight readable bytes.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

fn bytes_of_mut(numbers: &mut [f64]) -> &mut [u8] {
    // SAFETY: any eight bytes are an f64.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), size_of_val(numbers)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<H: DeserializeOwned>(from: &mut impl Read) -> io::Result<(H, Vec<f64>)> {
        let (stream, _) = Stream::pair().unwrap();
        Connection::from(stream).read(from, usize::MAX)
    }

    #[test]
    fn what_is_written_is_read_bit_by_bit() {
        let (ours, theirs) = Stream::pair().unwrap();
        let mut from = theirs.try_clone().unwrap();
        let (mut ours, mut theirs) = (Connection::from(ours), Connection::from(theirs));
        let (a, b) = ([1.5, f64::NAN], [-0.0, f64::INFINITY, 5e-324]);
        let mut to = ours.stream.try_clone().unwrap();
        ours.write(&mut to, &("header", 0.1), &[&a, &b]).unwrap();
        ours.write(&mut to, &("next", 1.0), &[]).unwrap();
        ours.write(&mut to, &("much", 2.0), &[&b]).unwrap();
        let (header, numbers): ((String, f64), _) = theirs.read(&mut from, 5).unwrap();
        assert_eq!(header, ("header".to_owned(), 0.1));
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&numbers), bits(&[&a[..], &b[..]].concat()));
        let (header, numbers): ((String, f64), _) = theirs.read(&mut from, 0).unwrap();
        assert_eq!((header.0.as_str(), numbers.len()), ("next", 0));
        assert!(theirs.read::<(String, f64)>(&mut from, 2).is_err());
    }

    /// Gives a stream's bytes one by one, and counts how often it was asked.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn frames_arrive_however_the_stream_cuts_them() {
        let (ours, mut theirs) = Stream::pair().unwrap();
        let mut ours = Connection::from(ours);
        let many: Vec<f64> = (0..3000).map(f64::from).collect();
        let frames: [&[f64]; 4] = [&[1.0, 2.0], &many, &[], &[3.0]];
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            theirs.read_to_end(&mut bytes).map(|_| bytes).unwrap()
        });
        for numbers in frames {
            let mut to = ours.stream.try_clone().unwrap();
            ours.write(&mut to, &"a header", &[numbers]).unwrap();
        }
        drop(ours);
        let bytes = reader.join().unwrap();
        let (stream, _) = Stream::pair().unwrap();
        let (mut whole, mut cut) = (
            Connection::from(stream.try_clone().unwrap()),
            Connection::from(stream),
        );
        let (mut at_once, mut drops) = (bytes.as_slice(), Drops(&bytes, 0));
        for numbers in frames {
            let (header, found): (String, _) = whole.read(&mut at_once, many.len()).unwrap();
            assert_eq!((header.as_str(), found.as_slice()), ("a header", numbers));
            let (_, found): (String, _) = cut.read(&mut drops, many.len()).unwrap();
            assert_eq!(found, numbers);
        }
        assert_eq!(drops.1, bytes.len());
        assert!(
            cut.read::<String>(&mut drops, 9).is_err(),
            "the stream has ended"
        );
    }

    #[test]
    fn nonsense_is_an_error_and_allocates_nothing() {
        assert!(read::<String>(&mut [0xff; 12].as_slice()).is_err());
        let mut many = vec![2, 0, 0, 0];
        many.extend_from_slice(&u64::MAX.to_le_bytes());
        many.extend_from_slice(b"\"\"");
        assert!(read::<String>(&mut many.as_slice()).is_err());
        assert!(read::<String>(&mut [1, 0, 0].as_slice()).is_err());
    }
}
