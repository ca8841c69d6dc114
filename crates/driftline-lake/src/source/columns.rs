//! Where each declared column of a source is in one of its files, or what a stranger must do so that it is found.

use arrow::array::{ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Schema};
use object_store::path::Path as ObjectPath;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::basic::Type;

use super::Source;
use crate::conform::{self, Clock};
use crate::drift::is_key;
use crate::parquet_files::{escaped, plain, shown};
use crate::types;

/// Where a file has a declared column.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Field {
        index: usize,
        clock: Clock,
    },
    /// In the folders of its path, as Hive and Spark lay files out: one value for all rows.
    Path(ArrayRef),
    /// Nowhere, which the declaration allows: null in all rows.
    Absent,
}

/// How a file's times are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    Instant,
    Local,
}

/// The origin of every declared column, in the order of their names.
///
/// # Errors
/// A sentence about the first column that is not there or of another type.
pub(super) fn origins(source: &Source, found: &Schema, path: &ObjectPath, rows: u64) -> Result<Vec<Origin>, String> {
    let folders = keys_of(path);
    let there = There { found, folders: &folders, rows };
    let origin = |(column, type_name): (&String, &String)| {
        let declared = types::parse(type_name.trim_end_matches('?')).unwrap_or(DataType::Null);
        let places: Vec<usize> =
            (0..found.fields().len()).filter(|index| found.field(*index).name() == column).collect();
        match places[..] {
            [index] => {
                let field = found.field(index);
                if conform::readable(column, &declared, field.data_type()) {
                    return Ok(Origin::Field { index, clock: Clock::Same });
                }
                Err(format!(
                    "column `{column}` is {} in {rows} rows; expected {type_name}; export it again or change sources.toml",
                    types::name(field.data_type())
                ))
            }
            [_, ..] => Err(format!("{} columns are called {}; rename all but one", places.len(), shown(column))),
            [] => match folders.iter().find(|(key, _)| key == column) {
                Some((_, value)) => of_path(column, &declared, value.as_deref()).map(Origin::Path),
                None => absent(source, (column, type_name), &there).map(|()| Origin::Absent),
            },
        }
    };
    source.columns.iter().map(origin).collect()
}

/// How the times of a column are marked in a file; `None` for dates and for old INT96 times, which have no mark.
pub(super) fn marked(origin: &Origin, footer: &ArrowReaderMetadata, plain: &Schema) -> Option<Marked> {
    let Origin::Field { index, .. } = origin else { return None };
    let columns = footer.parquet_schema().root_schema().get_fields();
    let is_int96 = columns.get(*index).is_some_and(|c| c.is_primitive() && c.get_physical_type() == Type::INT96);
    match plain.field(*index).data_type() {
        DataType::Timestamp(_, Some(_)) => Some(Marked::Instant),
        DataType::Timestamp(_, None) if !is_int96 => Some(Marked::Local),
        _ => None,
    }
}

/// `key=value` parts of a path, as engines write them: `%3A` for what a name cannot have; `None` for null.
fn keys_of(path: &ObjectPath) -> Vec<(String, Option<String>)> {
    let mut parts: Vec<String> = path.parts().map(|part| part.as_ref().to_owned()).collect();
    parts.pop();
    let pair = |part: &String| {
        let (key, value) = part.split_once('=')?;
        let value = (value != "__HIVE_DEFAULT_PARTITION__").then(|| unescaped(value));
        Some((unescaped(key), value))
    };
    parts.iter().filter_map(pair).collect()
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => (bytes.push(byte), rest = &after[2..]),
            None => (bytes.push(*first), rest = after),
        };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn of_path(column: &str, declared: &DataType, value: Option<&str>) -> Result<ArrayRef, String> {
    let value = if is_key(column) { value.and_then(crate::purchase_log::ids::canonical) } else { value };
    let text: ArrayRef = std::sync::Arc::new(StringArray::from(vec![value]));
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&text, declared, &strict).map_err(|_| {
        format!(
            "column `{column}` is in the path, as `{column}={}`; expected {}",
            value.unwrap_or_default(),
            types::name(declared)
        )
    })
}

/// What a file has.
struct There<'a> {
    found: &'a Schema,
    /// Columns of its path.
    folders: &'a [(String, Option<String>)],
    rows: u64,
}

/// A column that is in no way there: allowed if the declaration says so and nothing there is called nearly so.
fn absent(source: &Source, (column, type_name): (&str, &str), there: &There<'_>) -> Result<(), String> {
    let There { found, folders, rows } = *there;
    let names = || found.fields().iter().map(|field| field.name().as_str());
    let wanted = plain(column);
    if let Some(alike) = names().find(|name| plain(name) == wanted) {
        let mark = if alike.starts_with('\u{feff}') { ", which begins with a byte-order mark," } else { "" };
        return Err(format!(
            "column `{column}` ({type_name}) is missing in {rows} rows, {}{mark} is there: export it as `{column}`; if every file has the other name, write \"{}\" in sources.toml and in the SQL of sql/staging",
            shown(alike),
            escaped(alike),
        ));
    }
    if let Some((key, _)) = folders.iter().find(|(key, _)| plain(key) == wanted) {
        return Err(format!(
            "column `{column}` ({type_name}) is missing in {rows} rows, its path has {}: write that name in sources.toml and in the SQL of sql/staging",
            shown(key)
        ));
    }
    if type_name.ends_with('?') {
        return Ok(());
    }
    let is_needed = type_name != "utf8" || is_key(column) || source.time_column.as_deref() == Some(column);
    let advice = if is_needed {
        "export it again, or write the name that it has there in sources.toml and in the SQL of sql/staging".to_owned()
    } else {
        format!("export it again, or declare it `\"{type_name}?\"`: then it is null in such files")
    };
    let names: Vec<String> = names().map(escaped).collect();
    Err(format!("column `{column}` ({type_name}) is missing in {rows} rows; found {}; {advice}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    use crate::example;

    #[test]
    fn values_of_paths_are_read_as_engines_write_them() {
        let path =
            ObjectPath::parse("market=de/order%20day=2025-10-01/category=Tea %26 Caf%C3%A9/n=7/a=b.parquet").unwrap();
        let keys = keys_of(&path);
        let names: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(names, ["market", "order day", "category", "n"]);
        assert_eq!(keys[2].1.as_deref(), Some("Tea & Café"));
        for (text, type_name, expected) in [
            ("Tea", "utf8", Some("Tea")),
            ("7", "int64", Some("7")),
            ("2025-10-01", "date", Some("2025-10-01")),
            ("12.50", "decimal(18,2)", Some("12.50")),
            ("x", "int64", None),
        ] {
            let value = of_path("c", &types::parse(type_name).unwrap(), Some(text));
            assert_eq!(value.ok().map(|value| example::shown(&value, 0)).as_deref(), expected, "{text}");
        }
        assert_eq!(unescaped("100%"), "100%");
        assert_eq!(unescaped("%zz%C3"), "%zz%C3");
        let nothing = ObjectPath::parse("category=__HIVE_DEFAULT_PARTITION__/a.parquet").unwrap();
        assert_eq!(keys_of(&nothing), [("category".to_owned(), None)]);
    }
}
