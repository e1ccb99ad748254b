//! Text for LaTeX: every character is shown or replaced, none is obeyed.

/// Fonts at any size, and text that never gets wider than it was in the figure.
pub(super) const PREAMBLE: &str = r"\usepackage{amssymb}
\usetikzlibrary{fit}
% One sans serif at every size. Another family: replace the three lines, for instance by \usepackage{helvet}.
\DeclareFontFamily{OT1}{nlsans}{}
\DeclareFontShape{OT1}{nlsans}{m}{n}{<->cmss10}{}
\DeclareFontShape{OT1}{nlsans}{b}{n}{<->cmssbx10}{}
\DeclareFontShape{OT1}{nlsans}{m}{it}{<->cmssi10}{}
\DeclareFontShape{OT1}{nlsans}{b}{it}{<->ssub*nlsans/b/n}{}
\newcommand\nlfont[3]{\fontencoding{OT1}\fontfamily{nlsans}\fontseries{#2}\fontshape{#3}\fontsize{#1}{#1}\selectfont}
\newsavebox\nlbox
% Text of at most this width.
\newcommand\nltext[2]{\sbox\nlbox{#2}\ifdim\wd\nlbox>#1\relax\resizebox{#1}{\height}{\usebox\nlbox}\else\usebox\nlbox\fi}
";

/// The class of the document: `standalone`, or an article whose page is as large as the figure, in bp.
pub(super) fn document(width: &str, height: &str) -> String {
    format!(
        "\\IfFileExists{{standalone.cls}}{{\\documentclass[tikz,border=0pt]{{standalone}}}}{{%\n\\documentclass{{article}}\\usepackage{{tikz}}\\pagestyle{{empty}}\\parindent0pt\\topskip0pt\\maxdepth0pt\n\
         \\pdfpagewidth{width}bp\\pdfpageheight{height}bp\\hoffset-1in\\voffset-1in\\oddsidemargin0pt\\topmargin0pt\\headheight0pt\\headsep0pt\n\
         \\textwidth{width}bp\\textheight{height}bp}}\n"
    )
}

/// A text with every character that means something to TeX escaped, and signs that its fonts lack in math.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(digit) = superscript(c) {
            let mut raised = String::from(digit);
            while let Some(next) = chars.next_if(|c| *c == '·' || superscript(*c).is_some()) {
                raised.push(superscript(next).unwrap_or('.'));
            }
            out += &format!("$^{{{raised}}}$");
            continue;
        }
        match c {
            ' '..='~' => match c {
                '\\' => out.push_str("\\textbackslash{}"),
                '{' | '}' | '$' | '&' | '#' | '_' | '%' => {
                    out.push('\\');
                    out.push(c);
                }
                '^' => out.push_str("\\^{}"),
                '~' => out.push_str("\\~{}"),
                '<' | '>' | '|' => out += &format!("${c}$"),
                '"' => out.push_str("''"),
                _ => out.push(c),
            },
            _ => match SIGNS.iter().find(|(sign, _)| *sign == c) {
                Some((_, tex)) => out.push_str(tex),
                None => out.push_str("{\\tiny$\\square$}"),
            },
        }
    }
    out
}

fn superscript(c: char) -> Option<char> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().zip('0'..).find(|(s, _)| *s == c).map(|(_, d)| d)
}

/// Signs that figures use, by what TeX calls them.
const SIGNS: &[(char, &str)] = &[
    ('\u{a0}', "~"),
    ('\u{2009}', "\\,"),
    ('\u{202f}', "\\,"),
    ('×', "$\\times$"),
    ('·', "$\\cdot$"),
    ('−', "$-$"),
    ('±', "$\\pm$"),
    ('–', "--"),
    ('—', "---"),
    ('…', "\\ldots{}"),
    ('⋯', "$\\cdots$"),
    ('⋮', "$\\vdots$"),
    ('→', "$\\rightarrow$"),
    ('←', "$\\leftarrow$"),
    ('↑', "$\\uparrow$"),
    ('↓', "$\\downarrow$"),
    ('⊕', "$\\oplus$"),
    ('⊗', "$\\otimes$"),
    ('⊙', "$\\odot$"),
    ('√', "$\\surd$"),
    ('∛', "$\\sqrt[3]{}$"),
    ('∝', "$\\propto$"),
    ('≤', "$\\leq$"),
    ('≥', "$\\geq$"),
    ('≠', "$\\neq$"),
    ('≈', "$\\approx$"),
    ('∞', "$\\infty$"),
    ('∑', "$\\sum$"),
    ('Σ', "$\\Sigma$"),
    ('∈', "$\\in$"),
    ('α', "$\\alpha$"),
    ('β', "$\\beta$"),
    ('γ', "$\\gamma$"),
    ('δ', "$\\delta$"),
    ('ε', "$\\varepsilon$"),
    ('θ', "$\\theta$"),
    ('λ', "$\\lambda$"),
    ('μ', "$\\mu$"),
    ('µ', "$\\mu$"),
    ('σ', "$\\sigma$"),
    ('τ', "$\\tau$"),
    ('φ', "$\\varphi$"),
    ('‘', "`"),
    ('’', "'"),
    ('“', "``"),
    ('”', "''"),
    ('ä', "\\\"a"),
    ('ö', "\\\"o"),
    ('ü', "\\\"u"),
    ('Ä', "\\\"A"),
    ('Ö', "\\\"O"),
    ('Ü', "\\\"U"),
    ('ß', "\\ss{}"),
    ('é', "\\'e"),
    ('è', "\\`e"),
    ('ê', "\\^e"),
    ('á', "\\'a"),
    ('à', "\\`a"),
    ('í', "\\'{\\i}"),
    ('ó', "\\'o"),
    ('ú', "\\'u"),
    ('ñ', "\\~n"),
    ('ç', "\\c{c}"),
    ('å', "\\aa{}"),
    ('ø', "\\o{}"),
    ('☐', "$\\square$"),
];

/// A comment of its own lines; nothing in it can end it early.
pub(super) fn push_comment(out: &mut String, indent: &str, text: &str) {
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let plain: String = line.chars().filter(|c| !c.is_control()).collect();
        *out += &format!("{indent}% {plain}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escape(text), expected);
    }

    #[test]
    fn nothing_in_a_name_is_obeyed() {
        check("conv 3×3, 64", "conv 3$\\times$3, 64");
        check("\\input{/etc/passwd}", "\\textbackslash{}input\\{/etc/passwd\\}");
        check("a_b^2 & 50 % #1 $x$ ~", "a\\_b\\^{}2 \\& 50 \\% \\#1 \\$x\\$ \\~{}");
        check("size⁰·⁵⁵, 2", "size$^{0.55}$, 2");
        check("32² · σ", "32$^{2}$ $\\cdot$ $\\sigma$");
        check("層", "{\\tiny$\\square$}");
        let mut out = String::new();
        push_comment(&mut out, "", "first\u{85}x\nsecond\r\\end{document}");
        assert_eq!(out, "% firstx\n% second\\end{document}\n");
    }
}
