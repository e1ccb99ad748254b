//! Arguments of a call: their values, and how a layer asks for them.

use netloom_graph::{Attribute, Dim, RegionId, TensorId};

use super::ast::{Name, Span};
use super::layers::SETTING_ALIASES;
use super::make::Made;
use super::parser::suggestion;
use super::problem::Problem;

/// The value of an argument.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg {
    /// A whole number, a symbol, or arithmetic over them.
    Dim(Dim),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A list.
    List(Vec<Arg>),
    /// Results of other layers.
    Flow(Vec<TensorId>),
    /// A body that a control-flow operator runs.
    Body(RegionId),
    /// `none`: nothing.
    None,
}

impl Arg {
    /// What to call it in a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Dim(Dim::Unknown) => "`?`".to_owned(),
            Self::Dim(d) => d.to_string(),
            Self::Float(x) => x.to_string(),
            Self::Text(t) => format!("\"{t}\""),
            Self::Bool(b) => b.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Flow(_) => "a value".to_owned(),
            Self::Body(_) => "a body".to_owned(),
            Self::None => "`none`".to_owned(),
        }
    }

    /// As a setting of a node, for operators that the notation has no rule for.
    pub fn to_attribute(&self) -> Attribute {
        let list = |items: &[Self]| -> Attribute {
            let ints: Option<Vec<i64>> =
                items.iter().map(|a| if let Self::Dim(d) = a { d.as_known() } else { None }).collect();
            if let Some(ints) = ints {
                return Attribute::Ints(ints);
            }
            let floats: Option<Vec<f64>> = items.iter().map(Self::as_float).collect();
            if let Some(floats) = floats {
                return Attribute::Floats(floats);
            }
            let text = |a: &Self| if let Self::Text(t) = a { t.clone() } else { a.describe() };
            Attribute::Strings(items.iter().map(text).collect())
        };
        match self {
            Self::Dim(d) => d.as_known().map_or_else(|| Attribute::Other(d.to_string()), Attribute::Int),
            Self::Float(x) => Attribute::Float(*x),
            Self::Text(t) => Attribute::String(t.clone()),
            Self::Bool(b) => Attribute::Int(i64::from(*b)),
            Self::List(items) => list(items),
            Self::Flow(_) => Attribute::Other("a value".to_owned()),
            Self::Body(region) => Attribute::Region(*region),
            Self::None => Attribute::Other("none".to_owned()),
        }
    }

    /// As a number.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a setting written as an integer is small")]
            Self::Dim(d) => d.as_known().map(|n| n as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }
}

/// One argument with its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Given {
    /// The setting it is for, if named.
    pub name: Option<Name>,
    /// Its value.
    pub value: Arg,
    /// Its bytes.
    pub span: Span,
}

/// A call of a layer, with everything bound.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// What the text calls the layer.
    pub layer: String,
    /// The name of the part in its module.
    pub name: String,
    /// What it reads.
    pub inputs: Vec<TensorId>,
    /// How many results are asked for.
    pub wanted: usize,
    /// The whole call.
    pub span: Span,
    settings: Vec<(String, Arg, Span)>,
}

impl Call {
    /// Binds arguments to the settings that a layer has, in order; a layer under a foreign name takes foreign settings.
    ///
    /// # Errors
    /// When there is no such setting, too many, or one twice.
    pub fn bind(
        layer: &str,
        parameters: &[&str],
        given: Vec<Given>,
        foreign: bool,
        span: Span,
    ) -> Made<Self> {
        let mut settings: Vec<(String, Arg, Span)> = Vec::new();
        for (position, mut argument) in given.into_iter().enumerate() {
            if let Some(name) = &mut argument.name
                && foreign
                && !parameters.contains(&name.text.as_str())
                && let Some((_, own)) = SETTING_ALIASES.iter().find(|(alias, _)| *alias == name.text)
            {
                (*own).clone_into(&mut name.text);
            }
            let (name, at) = match &argument.name {
                Some(name) if parameters.contains(&name.text.as_str()) => {
                    (name.text.clone(), name.span.clone())
                }
                Some(name) => {
                    let message = format!("unknown setting `{}` of `{layer}`", name.text);
                    // What another framework calls the same says what is meant.
                    let alias = SETTING_ALIASES.iter().find(|(alias, _)| *alias == name.text);
                    let alias = alias.filter(|(_, own)| parameters.contains(own));
                    let hint = alias
                        .map(|(_, own)| format!("did you mean `{own}`?"))
                        .or_else(|| suggestion(&name.text, parameters.iter().copied()))
                        .unwrap_or_else(|| listing(layer, parameters));
                    return Err(Problem::new(name.span.clone(), message).with_hint(hint));
                }
                None => match parameters.get(position) {
                    Some(name) => ((*name).to_owned(), argument.span.clone()),
                    None => {
                        let most = plural(parameters.len(), "setting");
                        let message = match parameters.len() {
                            0 => format!("expected no settings of `{layer}`, found one"),
                            _ => format!("expected at most {most} of `{layer}`, found one more"),
                        };
                        return Err(
                            Problem::new(argument.span, message).with_hint(listing(layer, parameters))
                        );
                    }
                },
            };
            if settings.iter().any(|(n, ..)| *n == name) {
                return Err(Problem::new(at, format!("setting `{name}` of `{layer}` is given twice")));
            }
            settings.push((name, argument.value, argument.span));
        }
        Ok(Self {
            layer: layer.to_owned(),
            name: String::new(),
            inputs: Vec::new(),
            wanted: 1,
            span,
            settings,
        })
    }

    /// A call without settings.
    pub fn plain(layer: &str, name: &str, inputs: Vec<TensorId>, span: Span) -> Self {
        let (layer, name) = (layer.to_owned(), name.to_owned());
        Self { layer, name, inputs, wanted: 1, span, settings: Vec::new() }
    }

    /// Gives a setting.
    pub fn set(&mut self, name: &str, value: Arg) {
        self.settings.push((name.to_owned(), value, self.span.clone()));
    }

    /// The same call, with `false` for a setting.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(n, ..)| n != name);
        self.set(name, Arg::Bool(false));
        self
    }

    /// The setting of a name, with its bytes.
    pub fn get(&self, name: &str) -> Option<(&Arg, &Span)> {
        self.settings.iter().find(|(n, ..)| n == name).map(|(_, a, s)| (a, s))
    }

    /// The first input.
    pub fn input(&self) -> Made<TensorId> {
        self.inputs.first().copied().ok_or_else(|| self.problem("expected an input, found none"))
    }

    /// A mistake of the whole call.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.span.clone(), message)
    }

    fn wrong(&self, name: &str, what: &str, value: &Arg, span: &Span) -> Problem {
        let found = value.describe();
        Problem::new(span.clone(), format!("expected {what} for `{name}` of `{}`, found {found}", self.layer))
    }

    /// The mistake that a setting is missing.
    pub fn missing(&self, name: &str) -> Problem {
        let problem = self.problem(format!("`{}` needs the setting `{name}`", self.layer));
        match super::layers::find(&self.layer) {
            Some(row) => problem.with_hint(listing(row.name, row.settings)),
            None => problem,
        }
    }

    /// A whole number that is known and at least `least`.
    pub fn int(&self, name: &str, least: i64) -> Made<Option<i64>> {
        let Some((value, span)) = self.get(name) else { return Ok(None) };
        match value {
            Arg::Dim(Dim::Known(n)) if *n >= least => Ok(Some(*n)),
            _ if least == i64::MIN => Err(self.wrong(name, "a whole number", value, span)),
            _ => Err(self.wrong(name, &format!("a whole number of at least {least}"), value, span)),
        }
    }

    /// The same, where the layer cannot do without.
    pub fn need_int(&self, name: &str, least: i64) -> Made<i64> {
        self.int(name, least)?.ok_or_else(|| self.missing(name))
    }

    /// One whole number per spatial dimension: given as one for all, or as a list.
    pub fn per_dim(&self, name: &str, n: usize, least: i64) -> Made<Option<Vec<i64>>> {
        let Some((value, span)) = self.get(name) else { return Ok(None) };
        let Arg::List(items) = value else { return Ok(self.int(name, least)?.map(|k| vec![k; n])) };
        let known = items.iter().map(|a| match a {
            Arg::Dim(Dim::Known(k)) if *k >= least => Ok(*k),
            other => Err(self.wrong(name, &format!("whole numbers of at least {least}"), other, span)),
        });
        let list: Vec<i64> = known.collect::<Result<_, _>>()?;
        if list.len() != n {
            let message = format!(
                "expected {} for `{name}` of `{}`, found {}",
                plural(n, "number"),
                self.layer,
                list.len()
            );
            return Err(Problem::new(span.clone(), message));
        }
        Ok(Some(list))
    }

    /// A list of whole numbers and symbols; one alone is a list of one.
    pub fn dims(&self, name: &str) -> Made<Option<Vec<Dim>>> {
        let Some((value, span)) = self.get(name) else { return Ok(None) };
        let one = |a: &Arg| match a {
            Arg::Dim(d) => Ok(d.clone()),
            // A symbol or an expression that cannot be written otherwise.
            Arg::Text(text) => Ok(Dim::parse(text)),
            other => Err(self.wrong(name, "whole numbers or symbols", other, span)),
        };
        match value {
            Arg::List(items) => items.iter().map(one).collect::<Result<Vec<Dim>, _>>().map(Some),
            other => Ok(Some(vec![one(other)?])),
        }
    }

    /// The same, where the layer cannot do without.
    pub fn need_dims(&self, name: &str) -> Made<Vec<Dim>> {
        self.dims(name)?.ok_or_else(|| self.missing(name))
    }

    /// A list of known whole numbers; one alone is a list of one.
    pub fn ints(&self, name: &str) -> Made<Option<Vec<i64>>> {
        let Some(dims) = self.dims(name)? else { return Ok(None) };
        let known: Option<Vec<i64>> = dims.iter().map(Dim::as_known).collect();
        match (known, self.get(name)) {
            (None, Some((value, span))) => Err(self.wrong(name, "whole numbers", value, span)),
            (known, _) => Ok(known),
        }
    }

    /// A number.
    pub fn float(&self, name: &str) -> Made<Option<f64>> {
        let Some((value, span)) = self.get(name) else { return Ok(None) };
        value.as_float().map(Some).ok_or_else(|| self.wrong(name, "a number", value, span))
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &str, default: bool) -> Made<bool> {
        match self.get(name) {
            None => Ok(default),
            Some((Arg::Bool(b), _)) => Ok(*b),
            Some((value, span)) => Err(self.wrong(name, "`true` or `false`", value, span)),
        }
    }

    /// One of a few words in quotes.
    pub fn choice(&self, name: &str, choices: &[&'static str]) -> Made<Option<&'static str>> {
        let Some((value, span)) = self.get(name) else { return Ok(None) };
        if let Arg::Text(text) = value
            && let Some(found) = choices.iter().find(|c| *c == text)
        {
            return Ok(Some(found));
        }
        let all: Vec<String> = choices.iter().map(|c| format!("\"{c}\"")).collect();
        let mut problem = self.wrong(name, &all.join(" or "), value, span);
        if let Arg::Text(text) = value {
            problem.hint = suggestion(text, choices.iter().copied());
        }
        Err(problem)
    }

    /// A result of another layer.
    pub fn value(&self, name: &str) -> Made<Option<TensorId>> {
        match self.get(name) {
            None | Some((Arg::None, _)) => Ok(None),
            Some((Arg::Flow(flow), _)) if flow.len() == 1 => Ok(flow.first().copied()),
            Some((value, span)) => Err(self.wrong(name, "one value", value, span)),
        }
    }
}

/// `1 setting`, `2 settings`.
pub fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn listing(layer: &str, parameters: &[&str]) -> String {
    if parameters.is_empty() {
        format!("`{layer}` has no settings")
    } else {
        format!("all settings: {layer}({})", parameters.join(", "))
    }
}
