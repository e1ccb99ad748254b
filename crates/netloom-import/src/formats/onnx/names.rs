//! Names of a file, each kept once and stood for by a number: edges are found by comparing numbers, by raw bytes.

use std::collections::BTreeMap;

/// One name of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Name(u32);

impl Name {
    /// The empty name, which stands for what is left out.
    pub const EMPTY: Self = Self(0);

    /// Whether this is the empty name.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// The place of this name in order of first sight.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every name of a file, in order of first sight.
#[derive(Debug)]
pub struct Names {
    all: Vec<Entry>,
    by_hash: BTreeMap<u64, Name>,
    /// Names whose hash another one has already.
    collided: BTreeMap<Box<[u8]>, Name>,
}

#[derive(Debug)]
enum Entry {
    Text(Box<str>),
    /// Not UTF-8: the raw bytes, and the text with replacement marks.
    Bytes(Box<[u8]>, Box<str>),
}

impl Entry {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes, _) => bytes,
        }
    }
}

impl Names {
    /// The empty name alone.
    pub fn new() -> Self {
        let mut names = Self { all: Vec::new(), by_hash: BTreeMap::new(), collided: BTreeMap::new() };
        names.add(Vec::new());
        names
    }

    /// The name with these bytes.
    pub fn add(&mut self, bytes: Vec<u8>) -> Name {
        let hash = hash(&bytes);
        match self.by_hash.get(&hash) {
            Some(name) if self.all[name.index()].bytes() == bytes => *name,
            Some(_) => {
                if let Some(name) = self.collided.get(bytes.as_slice()) {
                    return *name;
                }
                let name = self.push(bytes.clone());
                self.collided.insert(bytes.into(), name);
                name
            }
            None => {
                let name = self.push(bytes);
                self.by_hash.insert(hash, name);
                name
            }
        }
    }

    fn push(&mut self, bytes: Vec<u8>) -> Name {
        let name =
            Name(u32::try_from(self.all.len()).expect("a file with 2^32 names passes other limits first"));
        self.all.push(match String::from_utf8(bytes) {
            Ok(text) => Entry::Text(text.into()),
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into();
                Entry::Bytes(error.into_bytes().into(), text)
            }
        });
        name
    }

    /// The text of a name; what is not UTF-8 has replacement marks.
    pub fn text(&self, name: Name) -> &str {
        match &self.all[name.index()] {
            Entry::Text(text) | Entry::Bytes(_, text) => text,
        }
    }

    /// Whether a name is not UTF-8.
    pub fn is_lossy(&self, name: Name) -> bool {
        matches!(self.all[name.index()], Entry::Bytes(..))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }
}

/// FNV-1a over eight bytes at a time, stirred at the end; only speed depends on its quality.
fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash ^ (bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_are_one_name() {
        let mut names = Names::new();
        let a = names.add(b"a".to_vec());
        let odd = names.add(b"\xff\xfe".to_vec());
        let odder = names.add(b"\xff\xfd".to_vec());
        assert_eq!(names.add(Vec::new()), Name::EMPTY);
        assert_eq!(names.add(b"a".to_vec()), a);
        assert_ne!(odd, odder, "raw bytes tell names apart");
        assert_eq!(names.text(odd), names.text(odder));
        assert!(names.is_lossy(odd) && !names.is_lossy(a));
        assert_eq!(names.len(), 4);
    }

    #[test]
    fn names_whose_hashes_collide_stay_apart() {
        // A trailing zero byte fills the last word alike, and the length differs by the bit that undoes it.
        let mut names = Names::new();
        let many: Vec<Name> = (0..5000u32).map(|n| names.add(n.to_string().into_bytes())).collect();
        names.by_hash.values_mut().for_each(|n| *n = many[0]);
        let a = names.add(b"4000".to_vec());
        let b = names.add(b"4001".to_vec());
        assert_ne!(a, b);
        assert_eq!(names.add(b"4000".to_vec()), a);
    }
}
