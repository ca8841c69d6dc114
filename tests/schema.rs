//! `reports/report.schema.json` is what the program prints, and every sample and published report fits it.

use std::path::PathBuf;

use driftline_core::report::Report;
use serde_json::Value;

use crate::product::{self, TestResult, equal};

pub(crate) fn reports() -> TestResult {
    let schema = product::read_json(&product::root().join("reports/report.schema.json"))?;
    let printed: Value = serde_json::from_str(&product::run(&["schema"])?).map_err(|error| error.to_string())?;
    equal("reports/report.schema.json is what `driftline schema` prints", printed == schema, true)?;
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q3..2017Q4", &[])?;
    let mut reports: Vec<(String, Value)> = Vec::new();
    for period in ["2017Q3", "2017Q4"] {
        reports.push((period.to_owned(), product::report(folder.path(), "complete-journey", "us", period)?));
    }
    let samples: Vec<PathBuf> = std::fs::read_dir(product::root().join("reports/drift"))
        .map_err(|error| error.to_string())?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sample")))
        .collect();
    for path in &samples {
        reports.push((path.display().to_string(), product::read_json(path)?));
    }
    equal("samples", samples.len(), 4)?;
    for (name, report) in &reports {
        fits(&schema, &schema, report, name)?;
    }
    // The check is one: a text in the place of a number, and a field too few, are found.
    let (_, mut broken) = reports.swap_remove(0);
    broken["revision"] = Value::from("one");
    equal("a text is no revision", fits(&schema, &schema, &broken, "broken").is_err(), true)?;
    broken["revision"] = Value::from(1);
    broken.as_object_mut().map(|fields| fields.remove("headline"));
    equal("a report has a headline", fits(&schema, &schema, &broken, "broken").is_err(), true)
}

/// What was published before there were bounds and other customers still loads, and is another definition than one with bounds.
pub(crate) fn published_before() -> TestResult {
    let mut sample = product::read_json(&product::root().join("reports/drift/sample.json"))?;
    let loaded = |value: &Value| serde_json::from_value::<Report>(value.clone()).map_err(|error| error.to_string());
    let with = loaded(&sample)?.models.segments.ok_or("the sample has no segments")?;
    equal("bounds of the sample", with.distance_bounds.len(), with.centroids.len())?;
    let strip = |fields: Option<&mut Value>, name: &str| {
        fields.and_then(Value::as_object_mut).and_then(|fields| fields.remove(name)).ok_or(format!("no `{name}`"))
    };
    strip(sample.pointer_mut("/models/segments"), "distance_bounds")?;
    strip(sample.pointer_mut("/personas"), "other")?;
    let before = loaded(&sample)?;
    equal("other customers", before.personas.other, None)?;
    let without = before.models.segments.ok_or("the sample has no segments")?;
    equal("a model without bounds has none", without.distance_bounds.is_empty(), true)?;
    equal("bounds are part of the definition", with.assigns_as(&without), false)
}

/// The keywords of JSON Schema that the schema uses; others are refused, so that nothing is skipped in silence.
fn fits(root: &Value, schema: &Value, value: &Value, place: &str) -> TestResult {
    const KNOWN: [&str; 22] = [
        "$defs",
        "$ref",
        "$schema",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maximum",
        "minItems",
        "minimum",
        "oneOf",
        "prefixItems",
        "properties",
        "required",
        "title",
        "type",
    ];
    let Some(rules) = schema.as_object() else {
        return if schema == &Value::Bool(true) { Ok(()) } else { Err(format!("{place}: nothing is allowed here")) };
    };
    if let Some(unknown) = rules.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("{place}: the schema uses `{unknown}`, which this test does not know"));
    }
    if let Some(name) = rules.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(name.trim_start_matches('#')).ok_or_else(|| format!("{place}: no {name}"))?;
        fits(root, target, value, place)?;
    }
    if let Some(kind) = rules.get("type") {
        let kinds: Vec<&str> =
            kind.as_str().into_iter().chain(kind.as_array().into_iter().flatten().filter_map(Value::as_str)).collect();
        let is = |kind: &&str| match *kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            _ => false,
        };
        if !kinds.iter().any(is) {
            return Err(format!("{place}: {value} is no {}", kinds.join(" or ")));
        }
    }
    if rules.get("const").is_some_and(|only| only != value)
        || rules.get("enum").and_then(Value::as_array).is_some_and(|known| !known.contains(value))
    {
        return Err(format!("{place}: {value} is not one of the values"));
    }
    if let (Some(least), Some(number)) = (rules.get("minimum").and_then(Value::as_f64), value.as_f64())
        && number < least
    {
        return Err(format!("{place}: {number} is below {least}"));
    }
    for choice in ["anyOf", "oneOf"] {
        let Some(choices) = rules.get(choice).and_then(Value::as_array) else { continue };
        let problems: Vec<String> =
            choices.iter().filter_map(|choice| fits(root, choice, value, place).err()).collect();
        if problems.len() == choices.len() {
            return Err(problems.into_iter().next().unwrap_or_default());
        }
    }
    for part in rules.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        fits(root, part, value, place)?;
    }
    if let Some(fields) = value.as_object() {
        for name in rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                return Err(format!("{place}: `{name}` is missing"));
            }
        }
        let properties = rules.get("properties").and_then(Value::as_object);
        for (name, inner) in fields {
            if let Some(rule) = properties.and_then(|known| known.get(name)).or(rules.get("additionalProperties")) {
                fits(root, rule, inner, &format!("{place}.{name}"))?;
            }
        }
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(rule) = rules.get("items") {
            fits(root, rule, inner, &format!("{place}[{index}]"))?;
        }
    }
    Ok(())
}
