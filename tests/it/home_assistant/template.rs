//! The templates that the document uses, as Home Assistant evaluates them: a path of `value_json`, a factor, `is not none`, and the filters
//! `round`, `float`, `int` and `length`. A name that is not in the answer is an error here, where Home Assistant shows nothing.

use serde_json::Value;

/// What a template gives for an answer.
pub(super) fn evaluate(template: &str, answer: &Value) -> Result<Value, String> {
    let inner = template.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let inner = inner.ok_or_else(|| format!("no template: {template}"))?.trim();
    if let Some(path) = inner.strip_suffix(" is not none") {
        return Ok((!of_answer(path, answer)?.is_null()).into());
    }
    let mut parts = inner.split('|').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let first = first.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(first);
    let value = match first.split_once(" * ") {
        Some((path, factor)) => {
            let factor: f64 = factor.parse().map_err(|_| format!("no factor: {factor}"))?;
            (number(of_answer(path, answer)?)? * factor).into()
        }
        None => of_answer(first, answer)?.clone(),
    };
    parts.try_fold(value, |value, filter| filtered(&value, filter))
}

fn filtered(value: &Value, filter: &str) -> Result<Value, String> {
    let (name, argument) = filter.split_once('(').unwrap_or((filter, ")"));
    let argument = argument.strip_suffix(')').ok_or_else(|| format!("open: {filter}"))?;
    match name {
        "round" => {
            let places: i32 = if argument.is_empty() { 0 } else { argument.parse().map_err(|_| filter.to_owned())? };
            let scale = 10f64.powi(places);
            Ok(((number(value)? * scale).round() / scale).into())
        }
        "float" => Ok(number(value)?.into()),
        "int" => Ok((number(value)?.trunc()).into()),
        "length" => Ok(value.as_array().ok_or_else(|| format!("{value} is no list"))?.len().into()),
        _ => Err(format!("the filter {name} is not known here")),
    }
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("{value} is no number"))
}

fn of_answer<'a>(path: &str, answer: &'a Value) -> Result<&'a Value, String> {
    let rest = path.trim().strip_prefix("value_json").ok_or_else(|| format!("{path} is not of the answer"))?;
    at(&format!("${rest}"), answer)
}

/// What stands at a path as `$.a.b[0]`.
pub(super) fn at<'a>(path: &str, answer: &'a Value) -> Result<&'a Value, String> {
    let steps = path.strip_prefix('$').ok_or_else(|| format!("no path: {path}"))?;
    let steps = steps.replace('[', ".[");
    steps.split('.').skip(1).try_fold(answer, |value, step| {
        let next = match step.strip_prefix('[') {
            Some(index) => index.strip_suffix(']').and_then(|index| value.get(index.parse::<usize>().ok()?)),
            None => value.get(step),
        };
        next.ok_or_else(|| format!("there is no {step} of {path} in {value}"))
    })
}

#[test]
fn templates_give_what_home_assistant_shows_and_an_unknown_name_is_an_error() {
    let answer = serde_json::json!({ "a": { "b": [0.256, "x"] }, "none": null, "yes": true });
    let of = |template: &str| evaluate(template, &answer);
    assert_eq!(of("{{ value_json.a.b[1] }}"), Ok("x".into()));
    assert_eq!(of("{{ (value_json.a.b[0] * 100) | round(0) }}"), Ok(26.0.into()));
    assert_eq!(of("{{ value_json.a.b[0] | round(1) }}"), Ok(0.3.into()));
    assert_eq!(of("{{ value_json.a.b | length }}"), Ok(2.into()));
    assert_eq!(
        (of("{{ value_json.none is not none }}"), of("{{ value_json.yes }}")),
        (Ok(false.into()), Ok(true.into()))
    );
    for wrong in [
        "{{ value_json.c }}",
        "{{ value_json.a.b[2] }}",
        "{{ value_json.a | round }}",
        "{{ now() }}",
        "value_json.a",
        "{{ value_json.yes | fancy }}",
    ] {
        assert!(of(wrong).is_err(), "{wrong}");
    }
}
