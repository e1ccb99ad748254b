//! One dimension of a shape, and the small algebra that shape rules need.
//!
//! A dimension is a known number, an expression over symbols (`8·height·width`), or unknown. The same type carries the
//! elements of integer tensors that take part in shape arithmetic, so numbers may be negative.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

mod parse;

/// The most terms an expression may have before it is given up as unknown.
pub const MAX_TERMS: usize = 32;

/// The most atoms an expression may have, nested ones counted, before it is given up as unknown.
pub const MAX_SIZE: usize = 256;

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
    /// Atoms in all, nested ones counted: bounds the depth of every walk.
    size: usize,
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
        Self::from_terms(BTreeMap::from([(vec![atom], 1)]))
    }

    fn size(&self) -> usize {
        match self {
            Self::Expr(e) => e.size,
            _ => 1,
        }
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
            _ => {
                let atoms = terms.keys().flatten().map(Atom::size);
                let size = atoms.fold(terms.len(), usize::saturating_add);
                if size > MAX_SIZE { Self::Unknown } else { Self::Expr(Arc::new(Expr { terms, size })) }
            }
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
            _ => match (self.exact_div(divisor), divisor) {
                (Some(quotient), _) => quotient,
                (None, Self::Known(d)) if *d > 0 => self.floor_div_known(*d),
                _ => Self::atom(Atom::FloorDiv(self.clone(), divisor.clone())),
            },
        }
    }

    /// Brings `⌊self/divisor⌋` to a normal form, so that equal sizes reached by different layers compare equal: whole
    /// multiples leave the floor, common factors cancel, and floors of floors become one.
    fn floor_div_known(&self, divisor: i64) -> Self {
        let Some(terms) = self.terms() else { return Self::Unknown };
        let mut whole = BTreeMap::new();
        let mut rest = BTreeMap::new();
        let mut constant = 0;
        for (product, coefficient) in terms {
            if product.is_empty() {
                whole.insert(product, coefficient.div_euclid(divisor));
                constant = coefficient.rem_euclid(divisor);
            } else if coefficient % divisor == 0 {
                whole.insert(product, coefficient / divisor);
            } else {
                rest.insert(product, coefficient);
            }
        }
        let common = rest.values().fold(divisor, |g, c| gcd(g, *c));
        rest.values_mut().for_each(|c| *c /= common);
        let (divisor, constant) = (divisor / common, constant.div_euclid(common));
        let inner = match rest.first_key_value() {
            Some((product, 1)) if rest.len() == 1 => match product.as_slice() {
                [Atom::FloorDiv(a, Self::Known(b))] if *b > 0 => b.checked_mul(divisor).map(|d| {
                    a.plus(&Self::Known(constant).times(&Self::Known(*b))).floor_div(&Self::Known(d))
                }),
                _ => None,
            },
            _ => None,
        };
        let floor = inner.unwrap_or_else(|| {
            let numerator = Self::from_terms(rest).plus(&Self::Known(constant));
            match divisor {
                1 => numerator,
                _ => numerator.as_known().map_or_else(
                    || Self::atom(Atom::FloorDiv(numerator.clone(), Self::Known(divisor))),
                    |n| Self::Known(n.div_euclid(divisor)),
                ),
            }
        });
        Self::from_terms(whole).plus(&floor)
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

    /// Whether this is certainly not negative, given that every symbol stands for a size.
    pub fn is_nonnegative(&self) -> bool {
        match self {
            Self::Known(n) => *n >= 0,
            Self::Unknown => false,
            Self::Expr(e) => e.terms.iter().all(|(p, c)| *c >= 0 && p.iter().all(Atom::is_nonnegative)),
        }
    }

    /// The larger of two.
    pub fn larger(&self, other: &Self) -> Self {
        if self.is_unknown() || other.is_unknown() {
            return Self::Unknown;
        }
        if self.minus(other).is_nonnegative() {
            return self.clone();
        }
        if other.minus(self).is_nonnegative() {
            return other.clone();
        }
        Self::atom(Atom::Max(self.clone().min_of(other), self.clone().max_of(other)))
    }

    /// The smaller of two.
    pub fn smaller(&self, other: &Self) -> Self {
        if self.is_unknown() || other.is_unknown() {
            return Self::Unknown;
        }
        if self.minus(other).is_nonnegative() {
            return other.clone();
        }
        if other.minus(self).is_nonnegative() {
            return self.clone();
        }
        Self::atom(Atom::Min(self.clone().min_of(other), self.clone().max_of(other)))
    }

    /// The number this is when symbols have these values; `None` for a symbol without value, or on overflow.
    pub fn eval(&self, symbols: &BTreeMap<String, i64>) -> Option<i64> {
        match self {
            Self::Known(n) => Some(*n),
            Self::Unknown => None,
            Self::Expr(e) => e.terms.iter().try_fold(0i64, |sum, (product, coefficient)| {
                let term =
                    product.iter().try_fold(*coefficient, |n, atom| n.checked_mul(atom.eval(symbols)?))?;
                sum.checked_add(term)
            }),
        }
    }

    /// Reads what a file calls a dimension: a number, a name, or an expression such as `2*batch + 1`, `(h//2)` or
    /// `max(1, s0)`. What is no expression is a name as a whole; an empty text is unknown.
    ///
    /// ```
    /// use netloom_graph::Dim;
    ///
    /// let after_two_poolings = Dim::parse("(h // 2) // 2");
    /// assert_eq!(after_two_poolings.to_string(), "⌊h/4⌋");
    /// ```
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() || text == "?" {
            return Self::Unknown;
        }
        parse::expression(text).unwrap_or_else(|| Self::symbol(text))
    }

    fn min_of(self, other: &Self) -> Self {
        Ord::min(self, other.clone())
    }

    fn max_of(self, other: &Self) -> Self {
        Ord::max(self, other.clone())
    }
}

impl Atom {
    fn size(&self) -> usize {
        match self {
            Self::Symbol(_) => 1,
            Self::FloorDiv(a, b) | Self::Max(a, b) | Self::Min(a, b) => {
                a.size().saturating_add(b.size()).saturating_add(1)
            }
        }
    }

    fn is_nonnegative(&self) -> bool {
        match self {
            Self::Symbol(_) => true,
            Self::FloorDiv(a, b) | Self::Min(a, b) => a.is_nonnegative() && b.is_nonnegative(),
            Self::Max(a, b) => a.is_nonnegative() || b.is_nonnegative(),
        }
    }

    fn eval(&self, symbols: &BTreeMap<String, i64>) -> Option<i64> {
        match self {
            Self::Symbol(s) => symbols.get(&**s).copied(),
            Self::FloorDiv(a, b) => {
                Dim::Known(a.eval(symbols)?).floor_div(&Dim::Known(b.eval(symbols)?)).as_known()
            }
            Self::Max(a, b) => Some(a.eval(symbols)?.max(b.eval(symbols)?)),
            Self::Min(a, b) => Some(a.eval(symbols)?.min(b.eval(symbols)?)),
        }
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).unwrap_or(1).max(1)
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
                    Atom::FloorDiv(a, b) => write!(f, "⌊{}/{}⌋", Bracketed(a), Bracketed(b))?,
                    Atom::Max(a, b) => write!(f, "max({a}, {b})")?,
                    Atom::Min(a, b) => write!(f, "min({a}, {b})")?,
                }
            }
        }
        Ok(())
    }
}

/// An operand of a quotient: in brackets unless it is one number or name.
struct Bracketed<'a>(&'a Dim);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Dim::Expr(_) if self.0.as_symbol().is_none() => write!(f, "({})", self.0),
            dim => dim.fmt(f),
        }
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
    fn expressions_are_read_and_simplified() {
        for (text, normal) in [
            ("224", "224"),
            ("s0", "s0"),
            ("2*batch + 1", "2*batch + 1"),
            ("(h//2)", "⌊h/2⌋"),
            ("(h - 1)//2 + 1", "⌊(h + 1)/2⌋"),
            ("((h+1)//2 + 1)//2", "⌊(h + 3)/4⌋"),
            ("⌊(h + 3)/4⌋", "⌊(h + 3)/4⌋"),
            ("floor(h/2)*2", "2*⌊h/2⌋"),
            ("(6*h + 3)//4", "⌊(3*h + 1)/2⌋"),
            ("(4*h + 2)//4", "h"),
            ("Max(1, s0)", "max(1, s0)"),
            ("-a + a + 3", "3"),
            ("batch-size/x", "batch-size/x"),
            ("unk__12", "unk__12"),
            ("", "?"),
            ("((((", "(((("),
        ] {
            assert_eq!(Dim::parse(text).to_string(), normal, "{text}");
            assert_eq!(Dim::parse(normal), Dim::parse(text), "{text}");
        }
        let values = BTreeMap::from([("h".to_owned(), 7)]);
        for (text, value) in [("(6*h + 3)//4", 11), ("-h//2", -4), ("max(h, 9) - min(h, 9)", 2)] {
            assert_eq!(Dim::parse(text).eval(&values), Some(value), "{text}");
        }
    }

    #[test]
    fn expressions_stay_bounded() {
        let mut d = Dim::symbol("n");
        for i in 0..1000 {
            d = d.larger(&Dim::symbol(&format!("s{i}"))).floor_div(&Dim::symbol("k"));
        }
        assert_eq!(d, Dim::Unknown);
    }

    #[test]
    fn overflow_is_unknown() {
        assert_eq!(Dim::Known(i64::MAX).times(&Dim::Known(2)), Dim::Unknown);
        assert_eq!(Dim::Known(i64::MAX).plus(&Dim::Known(1)), Dim::Unknown);
    }
}
