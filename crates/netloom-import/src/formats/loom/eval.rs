//! Values of expressions: arithmetic over whole numbers, symbols and other numbers.

use netloom_graph::Dim;

use super::ast::{Expr, ExprKind, Span};
use super::call::Arg;
use super::make::Made;
use super::problem::Problem;

/// The value of an expression; `word` gives the meaning of names.
pub fn eval(expr: &Expr, word: &mut dyn FnMut(&str, &Span) -> Made<Arg>) -> Made<Arg> {
    match &expr.kind {
        ExprKind::Int(n) => Ok(Arg::Dim(Dim::Known(*n))),
        ExprKind::Float(x) => Ok(Arg::Float(*x)),
        ExprKind::Text(t) => Ok(Arg::Text(t.clone())),
        ExprKind::Unknown => Ok(Arg::Dim(Dim::Unknown)),
        ExprKind::Word(w) => word(w, &expr.span),
        ExprKind::List(items) => {
            items.iter().map(|i| eval(i, word)).collect::<Made<Vec<Arg>>>().map(Arg::List)
        }
        // Bodies need more than names; whoever can make them does so before.
        ExprKind::Body(_) | ExprKind::Call(..) => {
            Err(Problem::new(expr.span.clone(), "expected a number, a name or text"))
        }
        ExprKind::Minus(inner) => {
            let zero = Arg::Dim(Dim::Known(0));
            let inner = eval(inner, word)?;
            if let Arg::Float(x) = inner {
                return Ok(Arg::Float(-x));
            }
            arithmetic('-', zero, inner, &expr.span)
        }
        ExprKind::Binary(sign, left, right) => {
            let (left, right) = (eval(left, word)?, eval(right, word)?);
            arithmetic(*sign, left, right, &expr.span)
        }
    }
}

fn arithmetic(sign: char, left: Arg, right: Arg, span: &Span) -> Made<Arg> {
    let problem = |message: String| Err(Problem::new(span.clone(), message));
    if let (Arg::Dim(a), Arg::Dim(b)) = (&left, &right) {
        let result = match (sign, a, b) {
            ('+', ..) => a.plus(b),
            ('-', ..) => a.minus(b),
            ('*', ..) => a.times(b),
            (_, _, Dim::Known(0)) => return problem("division by 0".to_owned()),
            (_, Dim::Known(n), Dim::Known(d)) if n.checked_rem(*d) != Some(0) => {
                return numbers(sign, &left, &right, span);
            }
            _ => a.floor_div(b),
        };
        if result.is_unknown() && !a.is_unknown() && !b.is_unknown() {
            return problem("the result is too large".to_owned());
        }
        return Ok(Arg::Dim(result));
    }
    numbers(sign, &left, &right, span)
}

fn numbers(sign: char, left: &Arg, right: &Arg, span: &Span) -> Made<Arg> {
    let (Some(a), Some(b)) = (left.as_float(), right.as_float()) else {
        let odd = if left.as_float().is_none() { left } else { right };
        return Err(Problem::new(
            span.clone(),
            format!("expected numbers around `{sign}`, found {}", odd.describe()),
        ));
    };
    let result = match sign {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        _ => a / b,
    };
    if result.is_finite() {
        Ok(Arg::Float(result))
    } else {
        Err(Problem::new(span.clone(), format!("expected a finite result, found {a} {sign} {b}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: Arg, sign: char, right: Arg, expected: Result<&str, &str>) {
        let got = arithmetic(sign, left, right, &(0..0)).map(|a| a.describe()).map_err(|p| p.message);
        assert_eq!(got.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn whole_numbers_stay_whole_where_they_can() {
        let int = |n| Arg::Dim(Dim::Known(n));
        let batch = || Arg::Dim(Dim::symbol("batch"));
        check(int(64), '*', int(4), Ok("256"));
        check(int(64), '/', int(4), Ok("16"));
        check(int(7), '/', int(2), Ok("3.5"));
        check(int(7), '/', int(0), Err("division by 0"));
        check(Arg::Float(0.5), '+', int(1), Ok("1.5"));
        check(batch(), '*', int(4), Ok("4*batch"));
        check(batch(), '*', Arg::Float(0.5), Err("expected numbers around `*`, found batch"));
        check(int(i64::MAX), '+', int(1), Err("the result is too large"));
    }
}
