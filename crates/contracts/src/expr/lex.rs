//! Words of an expression.

use super::ExprError;
use serde_json::Number;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(Number),
    Text(String),
    /// A name or a keyword.
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// The longer before those that begin like them.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "//", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")",
    "[", "]", ",", ".", "{", "}", "=",
];

/// A word and how many characters are before it.
pub(super) type Placed = (usize, Token);

pub(super) fn lex(text: &str) -> Result<Vec<Placed>, ExprError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        let (token, length) = if c.is_whitespace() {
            at += 1;
            continue;
        } else if c.is_ascii_digit() {
            number(rest, at)?
        } else if c.is_alphabetic() || c == '_' {
            let name = leading(rest, |c| c.is_alphanumeric() || c == '_');
            let length = name.chars().count();
            (Token::Name(name), length)
        } else if matches!(c, '"' | '\'') {
            quoted(rest, c, at)?
        } else {
            sign(rest, at)?
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

fn leading(chars: &[char], accepts: impl Fn(char) -> bool) -> String {
    chars.iter().take_while(|c| accepts(**c)).collect()
}

fn number(rest: &[char], at: usize) -> Result<(Token, usize), ExprError> {
    let mut text = leading(rest, |c| c.is_ascii_digit());
    let after = |text: &str| rest.get(text.len()..).unwrap_or_default();
    if let ['.', digit, ..] = after(&text)
        && digit.is_ascii_digit()
    {
        text.push('.');
        text += &leading(after(&text), |c| c.is_ascii_digit());
    }
    if let ['e' | 'E', sign, ..] = after(&text)
        && (sign.is_ascii_digit() || matches!(sign, '+' | '-'))
    {
        text.push('e');
        text.push(*sign);
        text += &leading(after(&text), |c| c.is_ascii_digit());
    }
    let length = text.len();
    let number = match text.parse::<i64>() {
        Ok(number) => Some(number.into()),
        Err(_) => text.parse().ok().and_then(Number::from_f64),
    };
    number
        .map(|number| (Token::Number(number), length))
        .ok_or_else(|| ExprError {
            at,
            what: format!("{text} is no finite number"),
        })
}

fn quoted(rest: &[char], quote: char, at: usize) -> Result<(Token, usize), ExprError> {
    let mut text = String::new();
    let mut chars = rest.iter().enumerate().skip(1);
    while let Some((place, &c)) = chars.next() {
        let c = match c {
            c if c == quote => return Ok((Token::Text(text), place + 1)),
            '\\' => match chars.next().map(|(_, c)| *c) {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(c @ ('\\' | '\'' | '"')) => c,
                _ => {
                    let what = r#"an escape other than \n, \t, \\, \' and \""#.into();
                    return Err(ExprError {
                        at: at + place,
                        what,
                    });
                }
            },
            c => c,
        };
        text.push(c);
    }
    Err(ExprError {
        at,
        what: format!("a text without its closing {quote}"),
    })
}

fn sign(rest: &[char], at: usize) -> Result<(Token, usize), ExprError> {
    let begins = |sign: &&str| {
        let length = sign.len();
        rest.get(..length)
            .is_some_and(|chars| chars.iter().copied().eq(sign.chars()))
    };
    match SIGNS.into_iter().find(begins) {
        Some("=") => Err(ExprError {
            at,
            what: "`=`, expected `==`: an expression changes nothing".into(),
        }),
        Some("{" | "}") | None => Err(ExprError {
            at,
            what: format!("unexpected `{}`", rest.first().copied().unwrap_or_default()),
        }),
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
    }
}
