//! Reads schemas.txt: calls and types, and makes JSON schemas of them (<https://json-schema.org/draft/2020-12>).

use serde_json::{Map, Value, json};

const TEXT: &str = include_str!("schemas.txt");

/// What is sent with a call and what comes back: a type, a media type, or `-` for nothing.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) sent: &'static str,
    pub(super) answered: &'static str,
    /// How a refusal looks.
    pub(super) refused: &'static str,
}

/// All calls.
pub(super) fn calls() -> impl Iterator<Item = Call> {
    let lines = TEXT.split("\n\n").nth(1).into_iter().flat_map(str::lines);
    lines.filter_map(|line| {
        let mut words = line.split(' ');
        let [method, path, sent, answered] = [words.next()?, words.next()?, words.next()?, words.next()?];
        Some(Call { method, path, sent, answered, refused: words.next().unwrap_or("Error") })
    })
}

/// A type: what it is, and its alternatives or its fields, a line each.
struct Type {
    name: &'static str,
    about: &'static str,
    alternatives: Option<&'static str>,
    fields: &'static str,
    /// Whether other fields are refused.
    is_closed: bool,
}

fn types() -> impl Iterator<Item = Type> {
    TEXT.split("\n\n").skip(2).filter_map(|block| {
        let (about, rest) = block.strip_prefix("# ")?.split_once('\n')?;
        let (head, fields) = rest.split_once('\n').unwrap_or((rest, ""));
        let (name, alternatives) = head.split_once(" = ").map_or((head, None), |(name, of)| (name, Some(of)));
        let is_closed = name.ends_with('!');
        Some(Type { name: name.trim_end_matches('!'), about, alternatives, fields, is_closed })
    })
}

/// The schemas of all types by their names.
pub(super) fn schemas() -> Map<String, Value> {
    types().map(|of| (of.name.to_owned(), with(of.schema(), of.about))).collect()
}

impl Type {
    fn schema(&self) -> Value {
        if let Some(alternatives) = self.alternatives {
            return schema(alternatives);
        }
        let (mut properties, mut required) = (Map::new(), Vec::new());
        self.add_fields(&mut properties, &mut required);
        let mut schema = json!({ "type": "object", "properties": properties, "required": required });
        if self.is_closed {
            schema["additionalProperties"] = json!(false);
        }
        schema
    }

    fn add_fields(&self, properties: &mut Map<String, Value>, required: &mut Vec<&'static str>) {
        for line in self.fields.lines().map(str::trim) {
            if let Some(other) = line.strip_prefix("...") {
                types().filter(|of| of.name == other).for_each(|of| of.add_fields(properties, required));
                continue;
            }
            let Some(((name, kind), about)) =
                line.split_once(" # ").and_then(|(field, about)| Some((field.split_once(": ")?, about)))
            else {
                continue;
            };
            if !name.ends_with('?') {
                required.push(name);
            }
            properties.insert(name.trim_end_matches('?').to_owned(), with(schema(kind), about));
        }
    }
}

fn with(mut schema: Value, about: &str) -> Value {
    schema["description"] = json!(about);
    schema
}

/// The schema of a type, or of the alternatives that are there.
pub(super) fn schema(of: &str) -> Value {
    let alternatives = alternatives(of);
    if let [one] = alternatives.as_slice() {
        return one_schema(one);
    }
    let words: Option<Vec<&str>> = alternatives.iter().map(|one| word(one)).collect();
    words.map_or_else(
        || json!({ "anyOf": alternatives.iter().map(|one| one_schema(one)).collect::<Vec<_>>() }),
        |words| json!({ "type": "string", "enum": words }),
    )
}

fn one_schema(of: &str) -> Value {
    if let Some(item) = of.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return json!({ "type": "array", "items": schema(item) });
    }
    match of {
        "string" | "number" | "null" => json!({ "type": of }),
        "bool" => json!({ "type": "boolean" }),
        "int" => json!({ "type": "integer" }),
        "count" => json!({ "type": "integer", "minimum": 0 }),
        "any" => json!({}),
        _ => match word(of) {
            Some(word) => json!({ "type": "string", "const": word }),
            None => json!({ "$ref": format!("#/components/schemas/{of}") }),
        },
    }
}

fn word(of: &str) -> Option<&str> {
    of.strip_prefix('"')?.strip_suffix('"')
}

/// What stands between the bars that are in no bracket.
fn alternatives(of: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    of.split(|letter| {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == '|' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::routes;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_of_the_file_is_read_and_every_name_in_it_is_a_type_or_a_call() {
        let (schemas, mut used) = (schemas(), BTreeSet::new());
        assert_eq!(types().count(), schemas.len(), "a name is there twice");
        assert_eq!(calls().count(), TEXT.split("\n\n").nth(1).unwrap().lines().count());
        for call in calls() {
            let is_route =
                |route: &crate::http::routes::Route| (route.method.as_str(), route.path) == (call.method, call.path);
            assert_eq!(routes().filter(|route| is_route(route)).count(), 1, "{} {}", call.method, call.path);
            for of in [call.sent, call.answered, call.refused].into_iter().filter(|of| *of != "-" && !of.contains('/'))
            {
                names(&schema(of), &mut used);
            }
        }
        assert_eq!(calls().count(), routes().count());
        let (blocks, mut parts) = (TEXT.split("\n\n").count(), BTreeSet::new());
        assert_eq!(types().count() + 2, blocks, "a block was not read");
        for of in types() {
            names(&of.schema(), &mut used);
            let spread = of.fields.lines().filter_map(|line| line.trim().strip_prefix("..."));
            parts.extend(spread.map(str::to_owned));
            let own = of.fields.lines().filter(|line| !line.trim().starts_with("...")).count();
            let read = of.schema()["properties"].as_object().map_or(0, Map::len);
            assert!(read >= own && of.fields.lines().all(|line| line.starts_with("  ")), "{}", of.name);
        }
        used.extend(parts);
        assert_eq!(used, schemas.keys().cloned().collect::<BTreeSet<_>>());
    }

    fn names(schema: &Value, used: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/"))
                {
                    used.insert(name.to_owned());
                }
                fields.values().for_each(|field| names(field, used));
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, used)),
            _ => {}
        }
    }

    #[test]
    fn a_type_may_be_one_of_several_in_lists_too() {
        let of = |text| schema(text).to_string();
        assert_eq!(of(r#""a"|"b""#), r#"{"enum":["a","b"],"type":"string"}"#);
        assert_eq!(of("[number|null]"), r#"{"items":{"anyOf":[{"type":"number"},{"type":"null"}]},"type":"array"}"#);
        assert_eq!(
            of("string|[X]"),
            r##"{"anyOf":[{"type":"string"},{"items":{"$ref":"#/components/schemas/X"},"type":"array"}]}"##
        );
    }
}
