//! Keys: the identity of a drawn thing, the same in every scene that shows it.

use std::fmt;
use std::sync::Arc;

/// The identity of an item, such as `layer1.0/conv1#box`. The part before `#` names what the item stands for, the part
/// after it which piece of its drawing it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(Arc<str>);

impl Key {
    /// A key from its text.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().into())
    }

    /// The key of a piece of what this key names.
    #[must_use]
    pub fn piece(&self, piece: &str) -> Self {
        Self(format!("{}#{piece}", self.subject()).into())
    }

    /// What the item stands for: the part before `#`.
    pub fn subject(&self) -> &str {
        self.0.split('#').next().unwrap_or(&self.0)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
