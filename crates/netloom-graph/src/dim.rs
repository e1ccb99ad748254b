//! One dimension of a shape, and the small algebra that shape rules need.
//!
//! A dimension is a known number, an expression over symbols (`8·height·width`), or unknown. The same type carries the
//! elements of integer tensors that take part in shape arithmetic, so numbers may be negative.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The most terms an expression may have before it is given up as unknown.
pub const MAX_TERMS: usize = 32;

/// One dimension of a shape, or one element of a shape-like integer tensor.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dim {
    /// A number.
    Known(i64),
    /// A symbol, or an expression over symbols.
    Expr(Arc<Expr>),
    /// Nothing is known.
    Unknown,
}

/// A sum of products of symbols, in normal form: equal expressions compare equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Expr {
    /// Coefficient per product. The empty product is the constant term. No coefficient is zero.
    terms: BTreeMap<Product, i64>,
}

/// A product of atoms with multiplicity, sorted.
type Product = Vec<Atom>;

/// What an expression is made of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Atom {
    Symbol(Arc<str>),
    FloorDiv(Dim, Dim),
    Max(Dim, Dim),
    Min(Dim, Dim),
}

impl Dim {
    /// A named dimension whose size is free, such as `batch`.
    pub fn symbol(name: &str) -> Self {
        Self::atom(Atom::Symbol(name.into()))
    }

    /// The number, if this is one.
    pub fn as_known(&self) -> Option<i64> {
        match self {
            Self::Known(n) => Some(*n),
            _ => None,
        }
    }

    /// The number as a size, if this is one and not negative.
    pub fn as_size(&self) -> Option<u64> {
        self.as_known().and_then(|n| u64::try_from(n).ok())
    }

    /// Whether nothing is known of this dimension.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The name, if this is a bare symbol.
    pub fn as_symbol(&self) -> Option<&str> {
        let Self::Expr(e) = self else { return None };
        let (product, coefficient) = e.terms.first_key_value()?;
        match product.as_slice() {
            [Atom::Symbol(s)] if e.terms.len() == 1 && *coefficient == 1 => Some(s),
            _ => None,
        }
    }

    fn atom(atom: Atom) -> Self {
        Self::Expr(Arc::new(Expr { terms: BTreeMap::from([(vec![atom], 1)]) }))
    }

    fn terms(&self) -> Option<BTreeMap<Product, i64>> {
        match self {
            Self::Known(0) => Some(BTreeMap::new()),
            Self::Known(n) => Some(BTreeMap::from([(Vec::new(), *n)])),
            Self::Expr(e) => Some(e.terms.clone()),
            Self::Unknown => None,
        }
    }

    fn from_terms(mut terms: BTreeMap<Product, i64>) -> Self {
        terms.retain(|_, c| *c != 0);
        if terms.len() > MAX_TERMS {
            return Self::Unknown;
        }
        match terms.len() {
            0 => Self::Known(0),
            1 if terms.contains_key(&Vec::new()) => Self::Known(terms[&Vec::new()]),
            _ => Self::Expr(Arc::new(Expr { terms })),
        }
    }

    /// Sum; unknown when either side is unknown or the result overflows.
    pub fn plus(&self, other: &Self) -> Self {
        let (Some(mut a), Some(b)) = (self.terms(), other.terms()) else { return Self::Unknown };
        for (p, c) in b {
            let entry = a.entry(p).or_insert(0);
            let Some(sum) = entry.checked_add(c) else { return Self::Unknown };
            *entry = sum;
        }
        Self::from_terms(a)
    }

    /// Difference.
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.times(&Self::Known(-1)))
    }

    /// Product; zero times anything is zero.
    pub fn times(&self, other: &Self) -> Self {
        if *self == Self::Known(0) || *other == Self::Known(0) {
            return Self::Known(0);
        }
        let (Some(a), Some(b)) = (self.terms(), other.terms()) else { return Self::Unknown };
        let mut out: BTreeMap<Product, i64> = BTreeMap::new();
        for (p, c) in &a {
            for (q, d) in &b {
                let mut product: Product = p.iter().chain(q).cloned().collect();
                product.sort();
                let entry = out.entry(product).or_insert(0);
                let Some(term) = c.checked_mul(*d) else { return Self::Unknown };
                let Some(sum) = entry.checked_add(term) else { return Self::Unknown };
                *entry = sum;
            }
        }
        if out.len() > MAX_TERMS || out.keys().any(|p| p.len() > MAX_TERMS) {
            return Self::Unknown;
        }
        Self::from_terms(out)
    }

    /// Quotient rounded down; exact where the divisor divides every term.
    pub fn floor_div(&self, divisor: &Self) -> Self {
        match (self, divisor) {
            (_, Self::Known(0)) | (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (_, Self::Known(1)) => self.clone(),
            (Self::Known(a), Self::Known(b)) => a
                .checked_div_euclid(*b)
                .map(|q| if *b < 0 && a.rem_euclid(*b) != 0 { q - 1 } else { q })
                .map_or(Self::Unknown, Self::Known),
            _ if self == divisor => Self::Known(1),
            _ => self.exact_div(divisor).unwrap_or_else(|| Self::atom(Atom::FloorDiv(self.clone(), divisor.clone()))),
        }
    }

    /// Quotient rounded up.
    pub fn ceil_div(&self, divisor: &Self) -> Self {
        self.exact_div(divisor)
            .unwrap_or_else(|| self.plus(&divisor.minus(&Self::Known(1))).floor_div(divisor))
    }

    /// The quotient when `divisor` is a single product that divides every term without remainder.
    pub fn exact_div(&self, divisor: &Self) -> Option<Self> {
        let d = divisor.terms()?;
        if d.len() != 1 {
            return if self == divisor { Some(Self::Known(1)) } else { None };
        }
        let (by, by_coefficient) = d.first_key_value()?;
        let mut out = BTreeMap::new();
        for (product, coefficient) in self.terms()? {
            if coefficient.checked_rem(*by_coefficient)? != 0 {
                return None;
            }
            let mut rest = product;
            for atom in by {
                let at = rest.iter().position(|a| a == atom)?;
                rest.remove(at);
            }
            out.insert(rest, coefficient / by_coefficient);
        }
        Some(Self::from_terms(out))
    }

    /// The larger of two.
    pub fn max(&self, other: &Self) -> Self {
        match (self.minus(other).as_known(), self.is_unknown() || other.is_unknown()) {
            (_, true) => Self::Unknown,
            (Some(d), _) => if d >= 0 { self.clone() } else { other.clone() },
            _ => Self::atom(Atom::Max(self.clone().min_of(other), self.clone().max_of(other))),
        }
    }

    /// The smaller of two.
    pub fn min(&self, other: &Self) -> Self {
        match (self.minus(other).as_known(), self.is_unknown() || other.is_unknown()) {
            (_, true) => Self::Unknown,
            (Some(d), _) => if d <= 0 { self.clone() } else { other.clone() },
            _ => Self::atom(Atom::Min(self.clone().min_of(other), self.clone().max_of(other))),
        }
    }

    fn min_of(self, other: &Self) -> Self {
        Ord::min(self, other.clone())
    }

    fn max_of(self, other: &Self) -> Self {
        Ord::max(self, other.clone())
    }
}

impl From<i64> for Dim {
    fn from(n: i64) -> Self {
        Self::Known(n)
    }
}

impl fmt::Display for Dim {
    /// `7`, `batch`, `8·height·width`, `⌊n/2⌋ + 1`, or `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(n) => write!(f, "{n}"),
            Self::Unknown => f.write_str("?"),
            Self::Expr(e) => e.fmt(f),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The constant term reads best at the end.
        let (constant, products): (Vec<_>, Vec<_>) = self.terms.iter().partition(|(p, _)| p.is_empty());
        for (i, (product, coefficient)) in products.into_iter().chain(constant).enumerate() {
            let size = coefficient.unsigned_abs();
            match (i, *coefficient < 0) {
                (0, true) => f.write_str("-")?,
                (0, false) => {}
                (_, true) => f.write_str(" - ")?,
                (_, false) => f.write_str(" + ")?,
            }
            if product.is_empty() || size != 1 {
                write!(f, "{size}")?;
                if !product.is_empty() {
                    f.write_str("*")?;
                }
            }
            for (j, atom) in product.iter().enumerate() {
                if j > 0 {
                    f.write_str("*")?;
                }
                match atom {
                    Atom::Symbol(s) => f.write_str(s)?,
                    Atom::FloorDiv(a, b) => write!(f, "⌊({a})/({b})⌋")?,
                    Atom::Max(a, b) => write!(f, "max({a}, {b})")?,
                    Atom::Min(a, b) => write!(f, "min({a}, {b})")?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_are_in_normal_form() {
        let (h, w) = (Dim::symbol("h"), Dim::symbol("w"));
        assert_eq!(h.times(&w), w.times(&h));
        assert_eq!(h.plus(&w).minus(&w), h);
        assert_eq!(Dim::Known(8).times(&h).times(&w).to_string(), "8*h*w");
        assert_eq!(h.minus(&h), Dim::Known(0));
    }

    #[test]
    fn division_is_exact_where_it_can_be() {
        let h = Dim::symbol("h");
        assert_eq!(h.times(&Dim::Known(6)).floor_div(&Dim::Known(3)), h.times(&Dim::Known(2)));
        assert_eq!(h.times(&Dim::Known(6)).floor_div(&h), Dim::Known(6));
        assert_eq!(Dim::Known(-7).floor_div(&Dim::Known(2)), Dim::Known(-4));
        assert_eq!(Dim::Known(7).floor_div(&Dim::Known(-2)), Dim::Known(-4));
        assert_eq!(Dim::Known(7).ceil_div(&Dim::Known(2)), Dim::Known(4));
        assert_eq!(Dim::Known(i64::MIN).floor_div(&Dim::Known(-1)), Dim::Unknown);
    }

    #[test]
    fn overflow_is_unknown() {
        assert_eq!(Dim::Known(i64::MAX).times(&Dim::Known(2)), Dim::Unknown);
        assert_eq!(Dim::Known(i64::MAX).plus(&Dim::Known(1)), Dim::Unknown);
    }
}
