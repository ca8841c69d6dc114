//! Parquet files of the workbench: which files a path means, opened with true years, and columns found by name.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type as PhysicalType;

use crate::error::{Error, Result};

/// The files that a path means.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Parquet files in the order of their names.
    pub(crate) files: Vec<PathBuf>,
    /// Files that are no Parquet, which nobody reads.
    pub(crate) left_out: Vec<PathBuf>,
}

/// A Parquet file, or those of a folder and its folders. Names that begin with `_` or `.` are no data, but for `_key=value`.
///
/// # Errors
/// `Error::SourceUnreadable` if nothing is there, `Error::EmptySource` for a folder without Parquet, `Error::SourceContract`
/// for the folder of a table format, whose log says which of its files count.
pub(crate) fn found(source: &str, path: &Path) -> Result<Found> {
    let missing = |error: std::io::Error| unreadable(source, path, error.into());
    if !std::fs::metadata(path).map_err(missing)?.is_dir() {
        return Ok(Found { files: vec![path.to_owned()], left_out: Vec::new() });
    }
    let mut found = Found::default();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(missing)? {
            let path = entry.map_err(missing)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(format) = table_format(&path, &name) {
                return Err(Error::SourceContract {
                    name: source.to_owned(),
                    object: folder.display().to_string(),
                    problem: format!(
                        "this is the folder of {format}, whose log says which of its files count; export the table as plain Parquet files"
                    ),
                });
            }
            let is_hidden = name.starts_with('.') || (name.starts_with('_') && !name.contains('='));
            if is_hidden {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if is_parquet(&path) {
                found.files.push(path);
            } else {
                found.left_out.push(path);
            }
        }
    }
    found.files.sort();
    found.left_out.sort();
    if found.files.is_empty() {
        return Err(Error::EmptySource {
            name: source.to_owned(),
            location: path.display().to_string(),
            hint: "give a Parquet file or a folder of them".to_owned(),
        });
    }
    Ok(found)
}

fn table_format(path: &Path, name: &str) -> Option<&'static str> {
    let has_metadata = || {
        let files = std::fs::read_dir(path).into_iter().flatten().flatten();
        files.map(|file| file.file_name()).any(|file| file.to_string_lossy().ends_with(".metadata.json"))
    };
    match name {
        "_delta_log" => Some("a Delta table"),
        ".hoodie" => Some("a Hudi table"),
        "metadata" if has_metadata() => Some("an Iceberg table"),
        _ => None,
    }
}

/// By its ending in any case, or by its first four bytes: some engines write names without an ending.
fn is_parquet(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let begins_so = || {
        let mut start = [0; 4];
        File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"PAR1"
    };
    ending == "parquet" || ending == "parq" || begins_so()
}

/// One sentence about files of a folder that are not read.
pub(crate) fn left_out_note(left_out: &[PathBuf]) -> Option<String> {
    let names: Vec<String> = left_out.iter().take(3).map(|path| path.display().to_string()).collect();
    let more = left_out.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("not read, for it is no Parquet: {}{more}", names.join(", ")))
}

/// Reads a file's footer. Old INT96 times come in `unit` and not in nanoseconds, in which years before 1678 and after 2262
/// would wrap to others.
///
/// # Errors
/// `Error::SourceUnreadable` if it is no Parquet.
pub(crate) fn footer(source: &str, path: &Path, unit: TimeUnit) -> Result<ArrowReaderMetadata> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| unreadable(source, path, error);
    let file = File::open(path).map_err(|error| failed(error.into()))?;
    let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| failed(error.into()))?;
    let columns = plain.parquet_schema().root_schema().get_fields();
    let is_int96 = |index: usize| {
        columns.get(index).is_some_and(|c| c.is_primitive() && c.get_physical_type() == PhysicalType::INT96)
    };
    let mut has_int96 = false;
    let fields = plain.schema().fields().iter().enumerate().map(|(index, field)| match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) if is_int96(index) => {
            has_int96 = true;
            Arc::new(Field::clone(field).with_data_type(DataType::Timestamp(unit, zone.clone())))
        }
        _ => field.clone(),
    });
    let schema = Schema::new(fields.collect::<Vec<Arc<Field>>>());
    if !has_int96 {
        return Ok(plain);
    }
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(plain.metadata().clone(), options).map_err(|error| failed(error.into()))
}

pub(crate) fn unreadable(source: &str, path: &Path, error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Error::SourceUnreadable { name: source.to_owned(), object: path.display().to_string(), size, source: error }
}

/// A schema of names alone, for [`place`].
pub(crate) fn schema_of(names: &[String]) -> Schema {
    Schema::new(names.iter().map(|name| Field::new(name, DataType::Null, true)).collect::<Vec<Field>>())
}

/// The place of a column by its exact name, or without quotes around it; else what is wrong, with the names that are there.
pub(crate) fn place(schema: &Schema, name: &str, option: &str) -> std::result::Result<usize, String> {
    let places = |wanted: &str| -> Vec<usize> {
        let fields = schema.fields().iter().enumerate();
        fields.filter(|(_, field)| field.name() == wanted).map(|(index, _)| index).collect()
    };
    let quotes = [('"', '"'), ('`', '`'), ('\'', '\''), ('[', ']')];
    let unquoted = quotes.iter().find_map(|(open, close)| name.strip_prefix(*open)?.strip_suffix(*close));
    let tried = [Some(name), unquoted];
    for wanted in tried.into_iter().flatten() {
        match places(wanted)[..] {
            [] => {}
            [place] => return Ok(place),
            [..] => {
                return Err(format!(
                    "{} columns are called {}; rename all but one",
                    places(wanted).len(),
                    shown(wanted)
                ));
            }
        }
    }
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let wanted = plain(unquoted.unwrap_or(name));
    let alike: Vec<&str> = names.iter().copied().filter(|other| plain(other) == wanted).collect();
    let found =
        format!("no column {}; found {}", shown(name), names.iter().map(|n| shown(n)).collect::<Vec<_>>().join(", "));
    Err(match alike[..] {
        [one] => format!("{found}; did you mean {}? {option} '{}'", shown(one), escaped(one)),
        _ => format!("{found}; name the right one with {option}"),
    })
}

/// A name with whatever cannot be seen written out.
pub(crate) fn shown(name: &str) -> String {
    format!("`{}`", escaped(name))
}

fn escaped(name: &str) -> String {
    name.chars().map(|c| if c == '\'' || c == '"' { c.to_string() } else { c.escape_debug().to_string() }).collect()
}

/// A name by its letters and digits alone, in lower case and without marks: what people take for the same.
fn plain(name: &str) -> String {
    let unmarked = |c: char| match c {
        'ä' | 'à' | 'á' | 'â' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ö' | 'ó' | 'ò' | 'ô' | 'õ' => 'o',
        'ü' | 'ú' | 'ù' | 'û' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    name.chars().flat_map(char::to_lowercase).map(unmarked).filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_or_told_with_advice() {
        let names = ["kunde.nr", "Kunde Nr.", "Customer_ID", "\u{feff}order_id", "größe", "a", "a"];
        let schema = Schema::new(names.map(|name| Field::new(name, DataType::Int64, true)).to_vec());
        let place = |name: &str| place(&schema, name, "--customer-column");
        for (name, index) in [("kunde.nr", 0), ("Kunde Nr.", 1), ("\"Kunde Nr.\"", 1), ("`kunde.nr`", 0), ("größe", 4)]
        {
            assert_eq!(place(name), Ok(index));
        }
        for (name, told) in [
            ("customer_id", "did you mean `Customer_ID`? --customer-column 'Customer_ID'"),
            ("order_id", r"did you mean `\u{feff}order_id`"),
            ("gro\u{308}ße", "did you mean `größe`"),
            ("GRÖSSE", "name the right one with --customer-column"),
            ("kundenr", "name the right one with --customer-column"),
            ("a", "2 columns are called `a`"),
        ] {
            let problem = place(name).err().unwrap_or_default();
            assert!(problem.contains(told), "{name}: {problem}");
        }
    }
}
