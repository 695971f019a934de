//! Route templates as ASP.NET reads them, as far as functions use them (SOURCES 2.3, 2.4).

use anyhow::{Result, bail};

/// A parsed route such as `api/items/{id:int?}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq)]
enum Segment {
    Literal(String),
    Parameter {
        optional: bool,
        constraints: Vec<Constraint>,
    },
    /// `{*rest}`: everything that follows, also nothing.
    Rest,
}

#[derive(Debug, Clone, PartialEq)]
enum Constraint {
    Int,
    Bool,
    Guid,
    Alpha,
    Length(usize, usize),
    Range(i64, i64),
}

impl Template {
    /// Parses a route; what is legal in ASP.NET but not played here is refused too.
    pub fn parse(text: &str) -> Result<Self> {
        if text.starts_with('/') || text.starts_with('~') {
            bail!("a route can not begin with '/' or '~'");
        }
        let mut segments = Vec::new();
        let parts: Vec<&str> = text.trim_end_matches('/').split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            if part.is_empty() {
                bail!("a route can not have two '/' in a row");
            }
            let segment = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(inner) => parameter(inner)?,
                None if part.contains(['{', '}', '?', '*']) => {
                    bail!("{part:?} mixes text and parameter: not played here")
                }
                None => Segment::Literal((*part).to_owned()),
            };
            match segment {
                Segment::Rest if !last => bail!("{part:?} must come last"),
                Segment::Parameter { optional: true, .. } if !last => {
                    bail!("an optional parameter must come last")
                }
                _ => segments.push(segment),
            }
        }
        Ok(Self { text: text.trim_end_matches('/').to_lowercase(), segments })
    }

    /// The route as written, in lower case: two functions can not have the same one for the same method.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a decoded path (with its leading '/') fits.
    pub fn fits(&self, path: &str) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts =
            if path.is_empty() { Vec::new() } else { path.split('/').collect::<Vec<_>>() }.into_iter();
        for segment in &self.segments {
            match (segment, parts.next()) {
                (Segment::Rest, _) => return true,
                (Segment::Literal(text), Some(part)) if text.eq_ignore_ascii_case(part) => {}
                (Segment::Parameter { constraints, .. }, Some(part)) if !part.is_empty() => {
                    if !constraints.iter().all(|constraint| constraint.holds(part)) {
                        return false;
                    }
                }
                (Segment::Parameter { optional: true, .. }, None) => {}
                _ => return false,
            }
        }
        parts.next().is_none()
    }
}

impl Constraint {
    fn holds(&self, text: &str) -> bool {
        match *self {
            Self::Int => text.parse::<i32>().is_ok(),
            Self::Bool => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
            Self::Guid => uuid::Uuid::parse_str(text).is_ok(),
            Self::Alpha => text.bytes().all(|c| c.is_ascii_alphabetic()),
            Self::Length(least, most) => (least..=most).contains(&text.encode_utf16().count()),
            Self::Range(least, most) => {
                text.parse::<i64>().is_ok_and(|number| (least..=most).contains(&number))
            }
        }
    }
}

fn parameter(inner: &str) -> Result<Segment> {
    if inner.contains('=') {
        bail!("{{{inner}}}: default values are not played here");
    }
    if let Some(name) = inner.strip_prefix('*') {
        name_of(name.strip_prefix('*').unwrap_or(name))?;
        return Ok(Segment::Rest);
    }
    let (inner, optional) = match inner.strip_suffix('?') {
        Some(inner) => (inner, true),
        None => (inner, false),
    };
    let mut parts = inner.split(':');
    name_of(parts.next().unwrap_or_default())?;
    let constraints = parts.map(constraint).collect::<Result<_>>()?;
    Ok(Segment::Parameter { optional, constraints })
}

fn name_of(name: &str) -> Result<()> {
    if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-') {
        bail!("{name:?} can not be a parameter's name");
    }
    Ok(())
}

fn constraint(text: &str) -> Result<Constraint> {
    let (name, inner) = match text.split_once('(') {
        Some((name, inner)) => (name, inner.strip_suffix(')')),
        None => (text, None),
    };
    let numbers: Vec<i64> =
        inner.unwrap_or_default().split(',').filter_map(|one| one.trim().parse().ok()).collect();
    let size = |at: usize| numbers.get(at).and_then(|number| usize::try_from(*number).ok());
    let wanted = match (name.to_lowercase().as_str(), numbers.len()) {
        ("int", 0) => Some(Constraint::Int),
        ("bool", 0) => Some(Constraint::Bool),
        ("guid", 0) => Some(Constraint::Guid),
        ("alpha", 0) => Some(Constraint::Alpha),
        ("length", 1) => size(0).map(|exact| Constraint::Length(exact, exact)),
        ("length", 2) => size(0).zip(size(1)).map(|(least, most)| Constraint::Length(least, most)),
        ("minlength", 1) => size(0).map(|least| Constraint::Length(least, usize::MAX)),
        ("maxlength", 1) => size(0).map(|most| Constraint::Length(0, most)),
        ("min", 1) => Some(Constraint::Range(numbers[0], i64::MAX)),
        ("max", 1) => Some(Constraint::Range(i64::MIN, numbers[0])),
        ("range", 2) => Some(Constraint::Range(numbers[0], numbers[1])),
        _ => None,
    };
    match wanted {
        Some(constraint) => Ok(constraint),
        None => bail!("the constraint {text:?} is not played here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_fits_the_paths_that_aspnet_gives_it() {
        for (template, path, fits) in [
            ("api/start", "/api/start", true),
            ("api/start", "/API/Start/", true), // case and one trailing slash do not count
            ("api/start", "/api/start/more", false),
            ("api/start", "/api//start", false),
            ("api/items/{id}", "/api/items", false),
            ("api/items/{id?}", "/api/items", true),
            ("api/items/{id:int?}", "/api/items", true), // no value, no constraint
            ("api/items/{id:int}", "/api/items/x", false),
            ("api/items/{id:guid}", "/api/items/24ad4c06-24ad-4e5b-8294-3da9714877e9", true),
            ("api/{n:range(1,3)}", "/api/3", true),
            ("api/{n:range(1,3)}", "/api/4", false),
            ("files/{*path}", "/files/a/b/c", true),
            ("files/{*path}", "/files", true),
            ("{ignored:maxlength(0)?}", "/", true), // the page at "/" (SOURCES 2.4)
            ("{ignored:maxlength(0)?}", "/anything", false),
        ] {
            assert_eq!(Template::parse(template).unwrap().fits(path), fits, "{template} {path}");
        }
    }

    #[test]
    fn a_template_that_aspnet_refuses_or_nobody_plays_is_an_error() {
        for template in
            ["/", "/api", "~/x", "a//b", "{*rest}/x", "{a?}/x", "x{a}", "{a=1}", "{a:regex(x)}", "{}"]
        {
            assert!(Template::parse(template).is_err(), "{template}");
        }
    }
}
