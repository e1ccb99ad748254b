//! Ids made from keys: stable, unique, safe in XML, CSS and URLs.

use std::collections::BTreeMap;

use netloom_scene::Key;

/// Gives every key its id, and the second holder of a key another one.
#[derive(Debug)]
pub struct Ids<'a> {
    prefix: &'a str,
    used: BTreeMap<Key, usize>,
}

impl<'a> Ids<'a> {
    /// Ids that start with a prefix, which [`prefix`] has made safe.
    pub fn new(prefix: &'a str) -> Self {
        Self { prefix, used: BTreeMap::new() }
    }

    /// The id of the next group with this key. Different keys have different ids: letters, digits, `.` and `-` stand for
    /// themselves, `__` is `_`, and `_2f_` is the character of that number.
    pub fn next(&mut self, key: &Key) -> String {
        let mut id = self.prefix.to_owned();
        push_escaped(&mut id, key.as_str());
        let uses = self.used.entry(key.clone()).or_insert(0);
        *uses += 1;
        if *uses > 1 {
            // No escaped key holds `_-`.
            id.push_str(&format!("_-{uses}"));
        }
        id
    }

    /// The id of something that every figure has once, which no key has.
    pub fn own(&self, name: &str) -> String {
        format!("{}_-{name}", self.prefix)
    }
}

/// A prefix made safe: what is not a letter, digit, `.`, `-` or `_` is written as its number, and a letter comes first.
pub fn prefix(wanted: &str) -> String {
    let mut safe = String::new();
    if !wanted.starts_with(|c: char| c.is_ascii_alphabetic()) {
        safe.push('n');
    }
    push_escaped(&mut safe, wanted);
    safe
}

fn push_escaped(id: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => id.push(c),
            '_' => id.push_str("__"),
            c => id.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_become_ids() {
        for (key, id) in [
            ("conv1", "nl-conv1"),
            ("layer1.0/conv_1#box", "nl-layer1.0_2f_conv__1_23_box"),
            ("", "nl-"),
            ("\"><script>", "nl-_22__3e__3c_script_3e_"),
            ("层", "nl-_5c42_"),
            ("a\u{0}", "nl-a_0_"),
        ] {
            assert_eq!(Ids::new("nl-").next(&key.into()), id);
        }
    }

    #[test]
    fn ids_differ() {
        let mut ids = Ids::new("nl-");
        let keys = [
            "a", "a", "a", "a-2", "a_-2", "a_-2", "a__-2", "a_2", "a__2", "_2f_", "/", "__", "_", "_5f_",
            "title", "-title",
        ];
        let mut all: BTreeSet<_> = keys.iter().map(|&k| ids.next(&k.into())).collect();
        all.insert(ids.own("title"));
        assert_eq!(all.len(), keys.len() + 1, "{all:?}");
    }

    #[test]
    fn prefixes_are_safe() {
        for (wanted, safe) in [("nl-", "nl-"), ("", "n"), ("1\"", "n1_22_"), ("a b", "a_20_b")] {
            assert_eq!(prefix(wanted), safe);
        }
    }
}
