//! What a box says where it differs: `3×3, 64 → 128`.

/// The longest text that two whole texts are joined to, characters.
const MAX_JOINED: usize = 36;

/// Two texts as one, with `before → after` in the place of what differs.
pub(super) fn merged(before: &str, after: &str) -> String {
    if before == after || before.is_empty() {
        return after.to_owned();
    }
    if after.is_empty() {
        return String::new();
    }
    for by in [", ", " ", "×"] {
        let (old, new): (Vec<&str>, Vec<&str>) = (before.split(by).collect(), after.split(by).collect());
        let differ = old.iter().zip(&new).filter(|(o, n)| o != n).count();
        if old.len() == new.len() && old.len() > 1 && differ < old.len() {
            let parts: Vec<String> = old.iter().zip(&new).map(|(o, n)| merged(o, n)).collect();
            return parts.join(by);
        }
    }
    let joined = format!("{before} → {after}");
    if joined.chars().count() <= MAX_JOINED { joined } else { after.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn only_what_differs_is_said_twice() {
        for (before, after, want) in [
            ("conv 3×3, 64", "conv 3×3, 64", "conv 3×3, 64"),
            ("conv 3×3, 64", "conv 3×3, 128", "conv 3×3, 64 → 128"),
            ("conv 3×3, 64, /2", "conv 1×1, 64, /2", "conv 3×3 → 1×1, 64, /2"),
            ("linear 32", "linear 768", "linear 32 → 768"),
            ("ReLU", "GELU", "ReLU → GELU"),
            ("", "GELU", "GELU"),
            ("4 heads × 8", "12 heads × 64", "4 → 12 heads × 8 → 64"),
        ] {
            assert_eq!(merged(before, after), want);
        }
    }
}
