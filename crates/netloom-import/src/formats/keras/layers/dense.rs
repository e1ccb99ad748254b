//! Dense layers and tables.

use netloom_graph::{Attribute, Dim, TensorId};

use super::super::build::{Builder, Part, place};
use super::activation::activate;
use super::{Built, Row, int, text};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { classes: &["Dense", "TimeDistributedDense"], build: dense },
    Row { classes: &["EinsumDense"], build: einsum },
    Row { classes: &["Embedding"], build: embedding },
    Row { classes: &["ReversibleEmbedding"], build: reversible },
];

fn dense<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let units = config.int("units").map_or(Dim::Unknown, Dim::Known);
    let inputs = builder.dim(input, -1);
    let kernel = builder.weight(part, "kernel", vec![inputs, units.clone()], true)?;
    let mut all = vec![Some(input), kernel];
    if config.flag("use_bias", true) {
        all.push(builder.weight(part, "bias", vec![units], true)?);
    }
    lora(builder, part)?;
    let made = builder.loom(part, "linear", all, vec![])?;
    Ok(vec![activate(builder, part, made, config.get("activation"))?])
}

/// The small matrices that tune a large one.
fn lora<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Result<(), Error> {
    if let Some(rank) = part.config().int("lora_rank") {
        let input = part.input()?;
        let units = part.config().int("units").map_or(Dim::Unknown, Dim::Known);
        let inputs = builder.dim(input, -1);
        builder.weight(part, "lora_kernel_a", vec![inputs, Dim::Known(rank)], true)?;
        builder.weight(part, "lora_kernel_b", vec![Dim::Known(rank), units], true)?;
    }
    Ok(())
}

/// A table of vectors, looked up by whole numbers.
fn embedding<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let size = |name: &str| config.int(name).map_or(Dim::Unknown, Dim::Known);
    let table = vec![size("input_dim"), size("output_dim")];
    let table = builder.weight(part, "embeddings", table, true)?;
    Ok(vec![builder.op(part, "Gather", vec![table, Some(input)], vec![("axis", int(0))])?])
}

/// The same table, also used backwards as the last layer of a language model.
fn reversible<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let backwards = match part.named.get("reverse").or(part.args.get(1)) {
        Some(super::super::build::Given::Value(v)) => v.as_bool().unwrap_or(false),
        _ => false,
    };
    let (config, input) = (part.config(), part.input()?);
    let size = |name: &str| config.int(name).map_or(Dim::Unknown, Dim::Known);
    let (words, features) = (size("input_dim"), size("output_dim"));
    let table = builder.weight(part, "embeddings", vec![words.clone(), features.clone()], true)?;
    let tied = config.flag("tie_weights", true);
    let back =
        if tied { None } else { builder.weight(part, "reverse_embeddings", vec![features, words], true)? };
    let made = match (backwards, back) {
        (false, _) => builder.op(part, "Gather", vec![table, Some(input)], vec![("axis", int(0))])?,
        (true, None) => builder.loom(part, "linear", vec![Some(input), table], vec![("transB", int(1))])?,
        (true, back) => builder.loom(part, "linear", vec![Some(input), back], vec![])?,
    };
    Ok(vec![made])
}

/// A sum over products of letters, as `abc,cd->abd`.
struct Equation {
    data: Vec<char>,
    kernel: Vec<char>,
    result: Vec<char>,
    /// Where dimensions stand that have no letters, if anywhere.
    dots: bool,
}

fn equation(text: &str) -> Option<Equation> {
    let dots = text.contains("...");
    let text: String = text.replace("...", "").chars().filter(|c| !c.is_whitespace()).collect();
    let (operands, result) = text.split_once("->")?;
    let (data, kernel) = operands.split_once(',')?;
    let letters = |s: &str| s.chars().collect();
    Some(Equation { data: letters(data), kernel: letters(kernel), result: letters(result), dots })
}

fn einsum<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let written = config.text("equation").unwrap_or_default();
    let Some(equation) = equation(written) else {
        return super::custom::build(builder, part);
    };
    let size = sizes(builder, part, &equation)?;
    let kernel: Vec<Dim> = equation.kernel.iter().map(&size).collect();
    let plain = plain(&equation);
    let kernel = builder.weight(part, "kernel", kernel, true)?;
    let mut bias = None;
    if let Some(axes) = config.text("bias_axes") {
        let first = equation.result.iter().position(|c| axes.contains(*c));
        let kept = equation.result.iter().skip(first.unwrap_or(0));
        let dims = kept.map(|c| if axes.contains(*c) { size(c) } else { Dim::Known(1) }).collect();
        bias = builder.weight(part, "bias", dims, true)?;
    }
    let made = if plain {
        let inputs = [vec![Some(input), kernel], bias.map(Some).into_iter().collect()].concat();
        builder.loom(part, "linear", inputs, vec![])?
    } else {
        let attributes = vec![("equation", text(written))];
        let product = builder.op(part, "Einsum", vec![Some(input), kernel], attributes)?;
        match bias {
            Some(bias) => builder.op(part, "Add", vec![Some(product), Some(bias)], vec![])?,
            None => product,
        }
    };
    Ok(vec![activate(builder, part, made, config.get("activation"))?])
}

/// Whether it is an ordinary dense layer over the last dimension.
fn plain(e: &Equation) -> bool {
    let (Some(x), Some(y)) = (e.data.split_last(), e.result.split_last()) else { return false };
    x.1 == y.1 && e.kernel == [*x.0, *y.0] && x.0 != y.0 && !x.1.contains(x.0)
}

/// How large the dimension of each letter is: of the data as it comes, of the result as the settings say.
fn sizes<'a>(
    builder: &Builder<'a>,
    part: &Part<'_, 'a>,
    e: &Equation,
) -> Result<impl Fn(&char) -> Dim + use<'a>, Error> {
    let input = part.input()?;
    let mut known: Vec<(char, Dim)> = Vec::new();
    let dims = builder.dims(input).unwrap_or_default();
    // Dimensions without letters stand first or, rarely, last; letters are counted from the end.
    for (i, c) in e.data.iter().rev().enumerate() {
        let at = place(-(i as i64) - 1, dims.len());
        known.push((*c, at.and_then(|i| dims.get(i).cloned()).unwrap_or(Dim::Unknown)));
    }
    let said = part.config().get("output_shape").map(|v| match super::super::config::shape(v) {
        Some(list) => list,
        None => vec![super::super::config::int(v)],
    });
    let _ = e.dots;
    for (c, n) in e.result.iter().rev().zip(said.unwrap_or_default().iter().rev()) {
        if let (Some(n), false) = (n, e.data.contains(c)) {
            known.push((*c, Dim::Known(*n)));
        }
    }
    Ok(move |c: &char| known.iter().find(|(k, _)| k == c).map_or(Dim::Unknown, |(_, d)| d.clone()))
}

/// A product with a kernel that keeps heads apart, as one linear layer over all of them.
///
/// # Errors
/// When the graph passes a limit.
pub fn heads<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    input: TensorId,
    kernel: (&[Dim], &[Dim]),
    bias: Option<&[Dim]>,
) -> Result<TensorId, Error> {
    let (from, to) = kernel;
    let product = |dims: &[Dim]| dims.iter().fold(Dim::Known(1), |a, b| a.times(b));
    let weight = builder.weight(part, "kernel", [from, to].concat(), true)?;
    let shape = [product(from).as_known().unwrap_or(-1), product(to).as_known().unwrap_or(-1)];
    let wide = builder.ints(part, "matrix", &shape)?;
    let matrix = builder.op(part, "Reshape", vec![weight, wide], vec![])?;
    let mut inputs = vec![Some(input), Some(matrix)];
    if let Some(bias) = bias {
        let stored = builder.weight(part, "bias", bias.to_vec(), true)?;
        inputs.push(match (bias.len(), stored) {
            (2.., Some(stored)) => {
                let flat = builder.ints(part, "vector", &[-1])?;
                Some(builder.op(part, "Reshape", vec![Some(stored), flat], vec![])?)
            }
            _ => stored,
        });
    }
    builder.loom(part, "linear", inputs, Vec::<(&str, Attribute)>::new())
}
