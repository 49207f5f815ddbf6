//! The port to a disk: eight ordered maps of bytes, atomic batches, and a sync that returns when they are on the disk.

use std::fmt;
use std::rc::Rc;

/// One ordered map of the store. The order of the variants is that of `Commit::stamps` on the disk: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Document number -> `record::Document`.
    Document,
    /// Path -> document number.
    Path,
    /// Row -> `record::Chunk`.
    Chunk,
    /// Row -> `record::Vector`.
    Vector,
    /// Embed key and row -> nothing: which rows hold the vector of a text.
    Key,
    /// Stage and document number -> nothing: the unfinished documents.
    Todo,
    /// Single records: the commit, the sources, the model.
    State,
    /// The index of words, see `words`.
    Word,
}

/// How many spaces there are.
pub const SPACES: usize = 8;

impl Space {
    /// All of them, in order.
    pub const ALL: [Self; SPACES] =
        [Self::Document, Self::Path, Self::Chunk, Self::Vector, Self::Key, Self::Todo, Self::State, Self::Word];

    /// The name on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Path => "path",
            Self::Chunk => "chunk",
            Self::Vector => "vector",
            Self::Key => "key",
            Self::Todo => "todo",
            Self::State => "state",
            Self::Word => "word",
        }
    }

    /// Its index in `ALL`.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Why the store failed. What had been synced before is kept; what was not may be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KvError {
    /// An I/O error, in the system's words.
    Io(String),
    /// The bytes read are not those written.
    Damaged(String),
}

/// What every sentence about damage begins with.
pub const DAMAGED: &str = "the store is damaged";

impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(why) => write!(f, "the store could not be read or written: {why}"),
            Self::Damaged(what) => write!(f, "{DAMAGED}: {what}"),
        }
    }
}

impl std::error::Error for KvError {}

/// Key and value, as stored.
pub type Pair = (Vec<u8>, Vec<u8>);

/// One write: where, the key, and the value, or `None` to remove it.
pub type Write = (Space, Vec<u8>, Option<Vec<u8>>);

/// Writes that are applied all or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    ops: Vec<Write>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value`.
    pub fn put(&mut self, space: Space, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.ops.push((space, key.into(), Some(value.into())));
    }

    /// Removes `key`; a missing key is no error.
    pub fn delete(&mut self, space: Space, key: impl Into<Vec<u8>>) {
        self.ops.push((space, key.into(), None));
    }

    /// The writes in order; a later one to the same key wins. `None` is a removal.
    #[must_use]
    pub fn ops(&self) -> &[Write] {
        &self.ops
    }

    /// The same, to be taken one after the other: what is done with is freed.
    #[must_use]
    pub fn into_ops(self) -> Vec<Write> {
        self.ops
    }

    /// Whether it holds no write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}

/// The reading half of the port: a store, or a snapshot of one.
pub trait KvRead {
    /// The value of `key`.
    ///
    /// # Errors
    /// Any `KvError`; nothing was changed.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError>;

    /// Up to `max` pairs with `from <= key` and, where `to` is given, `key < to`, ascending.
    ///
    /// # Errors
    /// Any `KvError`; nothing was changed. One damaged pair fails the whole page: a short page means the end.
    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError>;

    /// Notes that what was read is damaged, if that is the error: a record that cannot be decoded is found here only by who decodes
    /// it. Damage that a read itself returns is noted already.
    fn note_damage(&self, _error: &KvError) {}
}

/// The port. Two implementations: `platform::disk` on fjall, `store::memory` for tests and the simulator.
/// Reads see every committed batch at once; only `sync` makes commits survive a power cut.
pub trait Kv: KvRead {
    /// All spaces as of one moment; later commits do not show in it.
    type Snapshot: KvRead;

    /// Takes a snapshot. A batch is in it completely or not at all. Values that are overwritten meanwhile stay on the
    /// disk until it is dropped.
    fn snapshot(&self) -> Self::Snapshot;

    /// Applies the batch, completely or not at all.
    ///
    /// # Errors
    /// Any `KvError`; the store must then be treated as broken until it is opened again.
    fn commit(&self, batch: Batch) -> Result<(), KvError>;

    /// Returns when everything committed before is on the disk.
    ///
    /// # Errors
    /// Any `KvError`; nothing committed since the last sync may be acknowledged.
    fn sync(&self) -> Result<(), KvError>;
}

impl<K: KvRead> KvRead for Rc<K> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        (**self).get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        (**self).page(space, from, to, max)
    }

    fn note_damage(&self, error: &KvError) {
        (**self).note_damage(error);
    }
}

impl<K: Kv> Kv for Rc<K> {
    type Snapshot = K::Snapshot;

    fn snapshot(&self) -> K::Snapshot {
        (**self).snapshot()
    }

    fn commit(&self, batch: Batch) -> Result<(), KvError> {
        (**self).commit(batch)
    }

    fn sync(&self) -> Result<(), KvError> {
        (**self).sync()
    }
}

/// The contract of `Kv`, run by the tests of each implementation.
///
/// # Panics
/// On the first rule that `kv` breaks. `kv` must be empty.
#[cfg(test)]
pub fn suite(kv: &impl Kv) {
    let put = |pairs: &[(&str, &str)]| {
        let mut batch = Batch::new();
        pairs.iter().for_each(|(k, v)| batch.put(Space::Chunk, k.as_bytes(), v.as_bytes()));
        kv.commit(batch).unwrap();
    };
    let keys = |from: &str, to: Option<&str>, max| -> Vec<String> {
        let page = kv.page(Space::Chunk, from.as_bytes(), to.map(str::as_bytes), max).unwrap();
        page.into_iter().map(|(k, _)| String::from_utf8(k).unwrap()).collect()
    };
    assert_eq!(kv.get(Space::Chunk, b"a").unwrap(), None, "an empty store has no value");
    put(&[("b", "2"), ("a", "1"), ("c", "3"), ("ab", "x")]);
    assert_eq!(kv.get(Space::Chunk, b"a").unwrap().as_deref(), Some(&b"1"[..]), "a commit shows at once");
    assert_eq!(kv.get(Space::Path, b"a").unwrap(), None, "a key is in its own space only");
    assert_eq!(keys("", None, 9), ["a", "ab", "b", "c"], "keys come in byte order");
    assert_eq!(keys("ab", Some("c"), 9), ["ab", "b"], "from is inclusive, to is exclusive");
    assert_eq!(keys("", None, 2), ["a", "ab"], "a page has at most `max` pairs");
    let mut batch = Batch::new();
    batch.put(Space::Chunk, "a", "9");
    batch.delete(Space::Chunk, "a");
    batch.delete(Space::Chunk, "never there");
    batch.put(Space::Chunk, "b", "");
    kv.commit(batch).unwrap();
    assert_eq!(kv.get(Space::Chunk, b"a").unwrap(), None, "within a batch the later write wins");
    assert_eq!(kv.get(Space::Chunk, b"b").unwrap().as_deref(), Some(&b""[..]), "an empty value is a value");
    kv.commit(Batch::new()).unwrap();
    kv.sync().unwrap();
    assert_eq!(keys("", None, 9), ["ab", "b", "c"]);
    let before = kv.snapshot();
    put(&[("a", "new"), ("b", "new")]);
    assert_eq!(before.get(Space::Chunk, b"b").unwrap().as_deref(), Some(&b""[..]), "a snapshot keeps old values");
    assert_eq!(before.page(Space::Chunk, &[], None, 9).unwrap().len(), 3, "a snapshot sees no later key");
    assert_eq!(keys("", None, 9), ["a", "ab", "b", "c"]);
}
