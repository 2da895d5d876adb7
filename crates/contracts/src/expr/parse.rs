//! The grammar of expressions, with Python's precedence.

use super::lex::{Placed, Token};
use super::{ExprError, MAX_EXPR_DEPTH};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(super) enum Ast {
    Literal(Value),
    /// A dotted name; `value` is the check's field, `state` the whole state.
    Name(String),
    List(Vec<Self>),
    Not(Box<Self>),
    Negative(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    /// `then if condition else otherwise`
    If(Box<[Self; 3]>),
    /// `a < b <= c`: true where each link is.
    Compare(Box<Self>, Vec<(Comparison, Self)>),
    Arithmetic(char, Box<Self>, Box<Self>),
    Index(Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
    NotIn,
}

/// Functions and methods; a method's object is its first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Len,
    Abs,
    Min,
    Max,
    Sum,
    Any,
    All,
    Bool,
    Get,
    Lower,
    Upper,
    Strip,
    StartsWith,
    EndsWith,
}

impl Function {
    /// By name, with how many arguments it takes, the object of a method among them.
    fn find(name: &str, method: bool) -> Option<(Self, [usize; 2])> {
        Some(match (name, method) {
            ("len", false) => (Self::Len, [1, 1]),
            ("abs", false) => (Self::Abs, [1, 1]),
            ("min", false) => (Self::Min, [1, 8]),
            ("max", false) => (Self::Max, [1, 8]),
            ("sum", false) => (Self::Sum, [1, 1]),
            ("any", false) => (Self::Any, [1, 1]),
            ("all", false) => (Self::All, [1, 1]),
            ("bool", false) => (Self::Bool, [1, 1]),
            ("get", true) => (Self::Get, [2, 3]),
            ("lower", true) => (Self::Lower, [1, 1]),
            ("upper", true) => (Self::Upper, [1, 1]),
            ("strip", true) => (Self::Strip, [1, 1]),
            ("startswith", true) => (Self::StartsWith, [2, 2]),
            ("endswith", true) => (Self::EndsWith, [2, 2]),
            _ => return None,
        })
    }
}

type Parsed = Result<Ast, ExprError>;

pub(super) fn parse(tokens: &[Placed]) -> Parsed {
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let ast = parser.whole()?;
    match parser.peek() {
        None => Ok(ast),
        Some(_) => Err(parser.unexpected("the end")),
    }
}

struct Parser<'t> {
    tokens: &'t [Placed],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is);
        is
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Name(found)) if found == word);
        self.at += usize::from(is);
        is
    }

    fn unexpected(&self, expected: &str) -> ExprError {
        let (at, found) = match self.tokens.get(self.at) {
            Some((at, Token::Name(name))) => (*at, format!("`{name}`")),
            Some((at, Token::Sign(sign))) => (*at, format!("`{sign}`")),
            Some((at, Token::Number(number))) => (*at, format!("`{number}`")),
            Some((at, Token::Text(_))) => (*at, "a text".into()),
            None => {
                let last = self.tokens.last().map_or(0, |(at, _)| *at);
                (last, "the end".into())
            }
        };
        ExprError {
            at,
            what: format!("{found}, expected {expected}"),
        }
    }

    fn expect(&mut self, sign: &str) -> Result<(), ExprError> {
        match self.sign(sign) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{sign}`"))),
        }
    }

    /// One level deeper: of brackets, and of operators before a value.
    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= MAX_EXPR_DEPTH {
            let what = format!("nested deeper than {MAX_EXPR_DEPTH}");
            let at = self.tokens.get(self.at).map_or(0, |(at, _)| *at);
            return Err(ExprError { at, what });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn whole(&mut self) -> Parsed {
        self.deeper(|this| {
            let then = this.or()?;
            if !this.word("if") {
                return Ok(then);
            }
            let condition = this.or()?;
            if !this.word("else") {
                return Err(this.unexpected("`else`"));
            }
            let otherwise = this.whole()?;
            Ok(Ast::If(Box::new([then, condition, otherwise])))
        })
    }

    fn or(&mut self) -> Parsed {
        let mut left = self.and()?;
        while self.word("or") || self.sign("||") {
            left = Ast::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.word("and") || self.sign("&&") {
            left = Ast::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        if self.word("not") || self.sign("!") {
            return self.deeper(|this| Ok(Ast::Not(Box::new(this.not()?))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let first = self.sum()?;
        let mut links = Vec::new();
        while let Some(comparison) = self.compares()? {
            links.push((comparison, self.sum()?));
        }
        Ok(match links.is_empty() {
            true => first,
            false => Ast::Compare(Box::new(first), links),
        })
    }

    fn compares(&mut self) -> Result<Option<Comparison>, ExprError> {
        use Comparison::{AtLeast, AtMost, Equal, Greater, In, Less, NotIn, Unequal};
        let signs = [
            ("==", Equal),
            ("!=", Unequal),
            ("<=", AtMost),
            (">=", AtLeast),
            ("<", Less),
            (">", Greater),
        ];
        for (sign, comparison) in signs {
            if self.sign(sign) {
                return Ok(Some(comparison));
            }
        }
        if self.word("in") {
            return Ok(Some(In));
        }
        if self.word("is") {
            return Ok(Some(if self.word("not") { Unequal } else { Equal }));
        }
        if self.word("not") {
            return match self.word("in") {
                true => Ok(Some(NotIn)),
                false => Err(self.unexpected("`in`")),
            };
        }
        Ok(None)
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let sign = match () {
                () if self.sign("+") => '+',
                () if self.sign("-") => '-',
                () => return Ok(left),
            };
            left = Ast::Arithmetic(sign, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.unary()?;
        loop {
            let sign = match () {
                () if self.sign("*") => '*',
                () if self.sign("//") => 'd',
                () if self.sign("/") => '/',
                () if self.sign("%") => '%',
                () => return Ok(left),
            };
            left = Ast::Arithmetic(sign, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Parsed {
        if self.sign("-") {
            return self.deeper(|this| Ok(Ast::Negative(Box::new(this.unary()?))));
        }
        let mut left = self.value()?;
        loop {
            if self.sign("[") {
                let index = self.whole()?;
                self.expect("]")?;
                left = Ast::Index(Box::new(left), Box::new(index));
            } else if self.sign(".") {
                let Some(Token::Name(name)) = self.peek().cloned() else {
                    return Err(self.unexpected("a field or a method"));
                };
                self.at += 1;
                left = if self.sign("(") {
                    self.call(&name, Some(left))?
                } else if let Ast::Name(before) = left {
                    Ast::Name(format!("{before}.{name}"))
                } else {
                    let name = Box::new(Ast::Literal(name.into()));
                    Ast::Index(Box::new(left), name)
                };
            } else {
                return Ok(left);
            }
        }
    }

    fn value(&mut self) -> Parsed {
        let Some(token) = self.peek().cloned() else {
            return Err(self.unexpected("a value"));
        };
        match token {
            Token::Number(number) => {
                self.at += 1;
                Ok(Ast::Literal(Value::Number(number)))
            }
            Token::Text(text) => {
                self.at += 1;
                Ok(Ast::Literal(Value::String(text)))
            }
            Token::Sign("(") => {
                self.at += 1;
                if self.sign(")") {
                    return Ok(Ast::List(Vec::new()));
                }
                let inner = self.whole()?;
                if self.sign(",") {
                    // A tuple, which is a list here.
                    let mut items = vec![inner];
                    items.extend(self.items(")")?);
                    return Ok(Ast::List(items));
                }
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.at += 1;
                Ok(Ast::List(self.items("]")?))
            }
            Token::Sign(_) => Err(self.unexpected("a value")),
            Token::Name(name) => {
                let literal = match name.as_str() {
                    "True" | "true" => Value::Bool(true),
                    "False" | "false" => Value::Bool(false),
                    "None" | "null" => Value::Null,
                    "and" | "or" | "not" | "in" | "is" | "if" | "else" | "for" | "lambda" => {
                        return Err(self.unexpected("a value"));
                    }
                    _ => {
                        self.at += 1;
                        return match self.sign("(") {
                            true => self.call(&name, None),
                            false => Ok(Ast::Name(name)),
                        };
                    }
                };
                self.at += 1;
                Ok(Ast::Literal(literal))
            }
        }
    }

    /// After the opening bracket, to the closing one.
    fn items(&mut self, close: &'static str) -> Result<Vec<Ast>, ExprError> {
        let mut items = Vec::new();
        while !self.sign(close) {
            if !items.is_empty() {
                self.expect(",")?;
                if self.sign(close) {
                    break;
                }
            }
            items.push(self.whole()?);
        }
        Ok(items)
    }

    fn call(&mut self, name: &str, object: Option<Ast>) -> Parsed {
        // The name is before the bracket that was just taken.
        let at = self.at.checked_sub(2);
        let at = at.and_then(|at| self.tokens.get(at)).map_or(0, |one| one.0);
        let Some((function, [least, most])) = Function::find(name, object.is_some()) else {
            let what = format!(
                "there is no function `{name}`; there are len, abs, min, max, sum, any, all, bool \
                 and the methods get, lower, upper, strip, startswith, endswith"
            );
            return Err(ExprError { at, what });
        };
        let mut arguments: Vec<Ast> = object.into_iter().collect();
        arguments.extend(self.items(")")?);
        if !(least..=most).contains(&arguments.len()) {
            let what = format!("`{name}` with a number of arguments that it does not take");
            return Err(ExprError { at, what });
        }
        Ok(Ast::Call(function, arguments))
    }
}
