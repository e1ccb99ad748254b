//! The module in which an operator was called, as the exporter writes it.

/// One module of the way from the root to the operator: its path and its class.
#[derive(PartialEq, Debug)]
pub(super) struct Step {
    /// Such as `layer1.0`; empty for the root.
    pub path: String,
    /// Such as `BasicBlock`.
    pub class: Option<String>,
}

/// Reads `L__self__,,net.Net;L__self___layer1,layer1,torch.nn.modules.container.Sequential`.
pub(super) fn steps(stack: &str) -> Vec<Step> {
    split(stack, ';').into_iter().filter_map(step).collect()
}

fn step(entry: &str) -> Option<Step> {
    let parts = split(entry, ',');
    let [_, path, class] = parts.as_slice() else { return None };
    Some(Step { path: dotted(path), class: class_of(class) })
}

/// The last part of a class's full name.
pub(super) fn class_of(full: &str) -> Option<String> {
    let full = full.trim();
    let full = full.strip_prefix("<class '").and_then(|f| f.strip_suffix("'>")).unwrap_or(full);
    let name = full.rsplit('.').next().unwrap_or(full);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    (!name.is_empty()).then(|| name.to_owned())
}

/// `L['self'].layers[0].mlp` and `layers.0.mlp@1` as `layers.0.mlp`. A slice of a list of modules is no module.
fn dotted(path: &str) -> String {
    let path = path.trim();
    let path = path.strip_prefix("L['self']").unwrap_or(path);
    let mut flat = String::new();
    let mut depth = 0_usize;
    for c in path.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '[' if depth == 0 => flat.push('.'),
            ']' | '\'' | '"' if depth == 0 => {}
            c if depth == 0 => flat.push(c),
            _ => {}
        }
    }
    let parts = flat.split('.').map(|p| p.split_once('@').map_or(p, |(p, _)| p));
    parts.filter(|p| !p.is_empty() && *p != "slice").collect::<Vec<_>>().join(".")
}

/// Splits at a sign outside brackets.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            c if c == at && depth == 0 => {
                parts.push(&text[from..i]);
                from = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stack: &str, expected: &[(&str, &str)]) {
        let found: Vec<(String, String)> =
            steps(stack).into_iter().map(|s| (s.path, s.class.unwrap_or_default())).collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, expected, "{stack}");
    }

    #[test]
    fn stacks_of_all_versions() {
        check("", &[]);
        check(
            "L__self__,,net.Net;L__self__branch@1,branch,torch.nn.modules.container.Sequential",
            &[("", "Net"), ("branch", "Sequential")],
        );
        check("L__self___layers,L['self'].layers[0],<class 'a.b.Block'>", &[("layers.0", "Block")]);
        check("L__self__m,model.layers.slice(None, 2, None).0,x.Layer", &[("model.layers.0", "Layer")]);
        check("a,b", &[]);
    }
}
