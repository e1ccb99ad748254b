//! The weights that a file stores, found by the layer they belong to.
//!
//! # Source
//! Keras 3 archives and `.weights.h5` (groups `layers/<class in snake case>_<counter>/vars/<number>`), the older HDF5 layout
//! (`layer_names` and `weight_names`): <https://keras.io/api/models/model_saving_apis/>.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::DType;

use super::hdf::Folder;

/// A stored weight.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    /// Its name as far as the file says it, such as `conv1/kernel`.
    pub name: Option<String>,
    /// Element type, where known.
    pub dtype: Option<DType>,
    /// Dimensions.
    pub dims: Vec<u64>,
    /// Whether training changes it, where the file says so.
    pub trainable: Option<bool>,
}

/// All weights of a file.
#[derive(Debug)]
pub enum Store {
    /// No weights are known.
    None,
    /// Keras 3: groups that mirror how layers hold each other.
    Tree(Folder),
    /// Keras 1 and 2: weights of each layer of the outermost model, by name.
    Named(BTreeMap<String, Vec<Stored>>),
    /// Weights of every layer, by its path.
    Paths(BTreeMap<String, Vec<Stored>>),
}

/// Where the weights of a layer are.
#[derive(Clone, Copy, Debug)]
pub enum Place<'s> {
    /// Nowhere.
    None,
    /// In a group.
    Folder(&'s Folder),
    /// Among the weights of a layer of the outermost model.
    Among(&'s [Stored]),
    /// In the list of all paths.
    Paths(&'s BTreeMap<String, Vec<Stored>>),
}

/// Counts the names of layers of a model as Keras does when it saves them.
#[derive(Clone, Default, Debug)]
pub struct Counter(BTreeMap<String, usize>);

impl Counter {
    /// The name of the next layer of a class: `dense`, `dense_1`.
    pub fn next(&mut self, class: &str) -> String {
        let name = snake_case(class);
        let count = self.0.entry(name.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { name } else { format!("{name}_{}", *count - 1) }
    }
}

/// How Keras writes a class in lower case: `Conv2DTranspose` is `conv2d_transpose`, `ReLU` is `re_lu`.
pub fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().filter(|c| *c == '_' || c.is_alphanumeric()).collect();
    let mut out = String::new();
    for (i, c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| letters.get(j));
        let after = letters.get(i + 1);
        if c.is_uppercase()
            && before.is_some_and(|b| b.is_lowercase() || after.is_some_and(|a| a.is_lowercase()))
        {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

impl Store {
    /// Where the weights of the outermost model are.
    pub fn root(&self) -> Place<'_> {
        match self {
            Self::Tree(folder) => Place::Folder(folder),
            Self::Paths(paths) => Place::Paths(paths),
            _ => Place::None,
        }
    }

    /// Where the weights of a layer of the outermost model are.
    pub fn top(&self, name: &str) -> Option<Place<'_>> {
        match self {
            Self::Named(layers) => Some(layers.get(name).map_or(Place::None, |l| Place::Among(l))),
            _ => None,
        }
    }
}

impl<'s> Place<'s> {
    /// The place of a layer that another holds under a name, such as `cell` or `forward_layer`.
    pub fn held(self, attribute: &str) -> Place<'s> {
        match self {
            Self::Folder(folder) => folder.folders.get(attribute).map_or(Place::None, Place::Folder),
            other => other,
        }
    }

    /// The place of a layer of a model.
    pub fn layer(self, counter: &mut Counter, class: &str, name: &str) -> Place<'s> {
        let counted = counter.next(class);
        let Self::Folder(folder) = self else { return self };
        let Some(layers) = folder.folders.get("layers") else { return Place::None };
        // Newer files say the name of each layer; the counter alone may be off where a custom class has an odd name.
        let named = |f: &&Folder| {
            let own = f.folders.get("vars").and_then(|v| v.texts.get("name"));
            own.is_none_or(|n| n.first().is_none_or(|n| n == name))
        };
        // Files of the first Keras 3 name groups after layers.
        let by_count = layers.folders.get(&counted).filter(named);
        let by_name = || layers.folders.get(name).filter(named);
        let by_mark = || {
            let marked = |f: &&Folder| {
                f.folders.get("vars").and_then(|v| v.texts.get("name")?.first()).is_some_and(|n| n == name)
            };
            layers.folders.values().find(marked)
        };
        by_count.or_else(by_name).or_else(by_mark).map_or(Place::None, Place::Folder)
    }

    /// Whether the file stores weights at all.
    pub fn known(self) -> bool {
        !matches!(self, Self::None)
    }
}

/// The weights of one layer, each given out once.
#[derive(Debug)]
pub struct Shelf<'s> {
    place: Place<'s>,
    /// Names of the layer and what holds it, such as `twin/stem_conv`, innermost last.
    path: String,
    own: Vec<Stored>,
    taken: RefCell<BTreeSet<usize>>,
}

impl<'s> Shelf<'s> {
    /// The weights of a layer at a place; `path` is its path in the model, of names separated by slashes.
    pub fn new(place: Place<'s>, path: &str) -> Self {
        let own = match place {
            Place::None => Vec::new(),
            Place::Folder(folder) => numbered(folder),
            Place::Among(all) => all.to_vec(),
            Place::Paths(paths) => {
                // What a layer holds inside is listed with it.
                let mut at = Some(path);
                let mut found = None;
                while let (None, Some(path)) = (&found, at) {
                    found = paths.get(path);
                    at = path.rsplit_once('/').map(|(before, _)| before);
                }
                found.cloned().unwrap_or_default()
            }
        };
        Self { place, path: path.to_owned(), own, taken: RefCell::default() }
    }

    /// Whether the file lists weights for this layer's place, so that what is missing there is odd.
    pub fn lists(&self) -> bool {
        self.place.known() && !self.own.is_empty()
    }

    /// The next weight of a name and as far as known of these dimensions.
    pub fn take(&self, name: &str, dims: &[Option<u64>]) -> Option<Stored> {
        let mut taken = self.taken.borrow_mut();
        let free = |i: &usize| !taken.contains(i);
        let fits = |w: &Stored| {
            w.dims.len() == dims.len() && w.dims.iter().zip(dims).all(|(a, b)| b.is_none_or(|b| b == *a))
        };
        let own_name = |w: &Stored| w.name.as_deref().is_some_and(|n| last(n) == name);
        let layer = last(&self.path).to_owned();
        let of_layer = |w: &Stored| w.name.as_deref().is_some_and(|n| n.split('/').any(|p| p == layer));
        let find = |test: &dyn Fn(&Stored) -> bool| {
            (0..self.own.len()).filter(free).find(|i| self.own.get(*i).is_some_and(test))
        };
        let found = match self.place {
            Place::Among(_) | Place::Paths(_) => find(&|w| own_name(w) && of_layer(w) && fits(w))
                .or_else(|| find(&|w| own_name(w) && fits(w)))
                .or_else(|| find(&fits))
                .or_else(|| find(&|w| own_name(w) && of_layer(w))),
            // Numbers alone say the order.
            _ => find(&fits).or_else(|| find(&|_| true)),
        }?;
        taken.insert(found);
        self.own.get(found).cloned()
    }

    /// The weights that nobody asked for, as those of a layer whose class is not known.
    pub fn rest(&self) -> Vec<Stored> {
        let mut taken = self.taken.borrow_mut();
        let layer = last(&self.path);
        let of_layer = |w: &Stored| match self.place {
            Place::Among(_) | Place::Paths(_) => {
                w.name.as_deref().is_some_and(|n| n.split('/').any(|p| p == layer))
            }
            _ => true,
        };
        let mut rest: Vec<usize> = (0..self.own.len()).filter(|i| !taken.contains(i)).collect();
        if rest.iter().any(|i| self.own.get(*i).is_some_and(&of_layer)) {
            rest.retain(|i| self.own.get(*i).is_some_and(of_layer));
        }
        taken.extend(rest.iter().copied());
        rest.into_iter().filter_map(|i| self.own.get(i).cloned()).collect()
    }
}

/// The last part of a name, without the `:0` of TensorFlow.
pub fn last(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}

/// The weights of a group, which are numbered.
pub fn numbered(folder: &Folder) -> Vec<Stored> {
    let Some(vars) = folder.folders.get("vars") else { return Vec::new() };
    let mut rows: Vec<(Option<usize>, &String, Stored)> = vars
        .data
        .iter()
        .map(|(name, (dtype, dims))| {
            let number = name.parse().ok();
            let own = number.is_none().then(|| name.clone());
            (number, name, Stored { name: own, dtype: *dtype, dims: dims.clone(), trainable: None })
        })
        .collect();
    rows.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    rows.into_iter().map(|(_, _, stored)| stored).collect()
}

/// Reads the older layout below a group that has `layer_names`; `None` where it has none.
pub fn named(group: &Folder) -> Option<BTreeMap<String, Vec<Stored>>> {
    let names = group.list("layer_names")?;
    let mut layers = BTreeMap::new();
    for name in names.into_iter().chain(["top_level_model_weights".to_owned()]) {
        let Some(folder) = group.folders.get(&name).or_else(|| group.at(&name)) else { continue };
        let weights = folder.list("weight_names").unwrap_or_default();
        let stored = weights.into_iter().filter_map(|w| {
            let (dtype, dims) = folder.dataset(&w)?;
            Some(Stored { name: Some(w), dtype: *dtype, dims: dims.clone(), trainable: None })
        });
        layers.insert(name, stored.collect());
    }
    Some(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_groups() {
        for (class, expected) in [
            ("Conv2D", "conv2d"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("ReLU", "re_lu"),
            ("PReLU", "p_re_lu"),
            ("LSTM", "lstm"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("BatchNormalization", "batch_normalization"),
            ("ConvLSTM2D", "conv_lstm2d"),
            ("SimpleRNN", "simple_rnn"),
            ("ScaledResidualDense", "scaled_residual_dense"),
        ] {
            assert_eq!(snake_case(class), expected);
        }
        let mut counter = Counter::default();
        assert_eq!(["Dense", "Add", "Dense"].map(|c| counter.next(c)), ["dense", "add", "dense_1"]);
    }
}
