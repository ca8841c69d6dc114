//! Parquet files of the workbench: which files a path means, opened with true years, and columns found by name.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type as PhysicalType;

use crate::boundary;
use crate::error::{Error, Result};

/// The files that a path means.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Parquet files in the order of their names.
    pub(crate) files: Vec<PathBuf>,
    /// Files that are no Parquet, which nobody reads.
    pub(crate) left_out: Vec<PathBuf>,
    /// Names of those that are called Parquet and are hidden by their name alone.
    pub(crate) hidden: Vec<String>,
}

/// A Parquet file, or those of a folder and its folders. Names that begin with `_` or `.` are no data, but for `_key=value`.
///
/// # Errors
/// `Error::SourceUnreadable` if nothing is there, `Error::EmptySource` for a folder without Parquet, `Error::SourceContract`
/// for the folder of a table format, whose log says which of its files count, and for Parquet with an odd ending.
pub(crate) fn found(source: &str, path: &Path) -> Result<Found> {
    let missing = |error: std::io::Error| unreadable(source, path, error.into());
    if !std::fs::metadata(path).map_err(missing)?.is_dir() {
        return Ok(Found { files: vec![path.to_owned()], ..Found::default() });
    }
    let refused = |path: &Path, problem: String| Error::SourceContract {
        name: source.to_owned(),
        object: path.display().to_string(),
        problem,
    };
    let mut found = Found::default();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(missing)? {
            let path = entry.map_err(missing)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(format) = table_format(&name, || has_table_metadata(&path)) {
                return Err(refused(&folder, is_table(format)));
            }
            if is_hidden(&name) {
                if path.is_file() && ending(&name) == Ending::Parquet {
                    found.hidden.push(name);
                }
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            match (ending(&name), begins_as_parquet(&path)) {
                (Ending::Parquet, _) | (Ending::None, true) => found.files.push(path),
                (Ending::Other, true) => return Err(refused(&path, ODD_ENDING.to_owned())),
                (_, false) => found.left_out.push(path),
            }
        }
    }
    found.files.sort();
    found.left_out.sort();
    found.hidden.sort();
    if found.files.is_empty() {
        return Err(Error::EmptySource {
            name: source.to_owned(),
            location: path.display().to_string(),
            hint: hidden_note(&found.hidden).unwrap_or_else(|| "give a Parquet file or a folder of them".to_owned()),
        });
    }
    Ok(found)
}

/// What a file's name says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Parquet,
    /// Some engines write names without an ending: the first bytes say more.
    None,
    Other,
}

/// Why a file is refused that is Parquet and not called so.
pub(crate) const ODD_ENDING: &str = "the file begins as Parquet does, but its name has another ending: if it is data, let its name end in .parquet; if it is a copy or unfinished, move it out of the folder";

/// The ending of a file's name, in any case. An ending begins with a letter: `orders 2025.12` has none.
pub(crate) fn ending(name: &str) -> Ending {
    let Some((_, ending)) = name.rsplit_once('.') else { return Ending::None };
    match ending.to_ascii_lowercase().as_str() {
        "parquet" | "parq" | "pq" => Ending::Parquet,
        other if other.starts_with(|letter: char| letter.is_alphabetic()) => Ending::Other,
        _ => Ending::None,
    }
}

/// Whether a part of a path, and all below it, is no data: what engines keep beside it, or have not finished.
pub(crate) fn is_hidden(part: &str) -> bool {
    part.starts_with('.') || (part.starts_with('_') && !part.contains('='))
}

/// The table format to which a folder of this name belongs.
pub(crate) fn table_format(name: &str, has_metadata: impl FnOnce() -> bool) -> Option<&'static str> {
    match name {
        "_delta_log" => Some("a Delta table"),
        ".hoodie" => Some("a Hudi table"),
        "metadata" if has_metadata() => Some("an Iceberg table"),
        _ => None,
    }
}

/// Why the folder of a table is refused.
pub(crate) fn is_table(format: &str) -> String {
    format!(
        "this is the folder of {format}, whose log says which of its files count; export the table as plain Parquet files"
    )
}

fn has_table_metadata(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.file_name()).any(|file| file.to_string_lossy().ends_with(".metadata.json"))
}

fn begins_as_parquet(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"PAR1"
}

/// One sentence about Parquet files that are hidden by their names.
pub(crate) fn hidden_note(hidden: &[String]) -> Option<String> {
    const NAMED_MOST: usize = 3;
    let named = hidden.iter().take(NAMED_MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = match hidden.len().saturating_sub(NAMED_MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!hidden.is_empty()).then(|| {
        let files = if hidden.len() == 1 {
            "1 Parquet file is".to_owned()
        } else {
            format!("{} Parquet files are", hidden.len())
        };
        format!(
            "{files} left out, for names that begin with `_` or `.` are no data: {named}{more}; rename what is data"
        )
    })
}

/// One sentence about files of a folder that are not read.
pub(crate) fn left_out_note(left_out: &[PathBuf]) -> Option<String> {
    let sized = |path: &PathBuf| (path.display().to_string(), std::fs::metadata(path).map_or(0, |file| file.len()));
    not_read(&left_out.iter().map(sized).collect::<Vec<_>>())
}

/// One sentence about files that are not read, of their names and bytes.
pub(crate) fn not_read(files: &[(String, u64)]) -> Option<String> {
    let names: Vec<&str> = files.iter().take(3).map(|(name, _)| name.as_str()).collect();
    let more = files.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let bytes: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    let count = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
    (!names.is_empty())
        .then(|| format!("not read, for it is no Parquet ({count}, {bytes} bytes): {}{more}", names.join(", ")))
}

/// Reads a file's footer. Old INT96 times come in `unit` and not in nanoseconds, in which years before 1678 and after 2262
/// would wrap to others.
///
/// # Errors
/// `Error::SourceUnreadable` if it is no Parquet.
pub(crate) fn footer(source: &str, path: &Path, unit: TimeUnit) -> Result<ArrowReaderMetadata> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| unreadable(source, path, error);
    let file = File::open(path).map_err(|error| failed(error.into()))?;
    let read = || retyped(ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?, unit, |_| None);
    boundary::read(read).map_err(|error| failed(error.into()))
}

/// A footer whose columns come in other types: INT96 times in `unit`, others as `other` says.
///
/// # Errors
/// Those of the reader, for a type that a column cannot come in.
pub(crate) fn retyped(
    plain: ArrowReaderMetadata,
    unit: TimeUnit,
    other: impl Fn(&Field) -> Option<DataType>,
) -> parquet::errors::Result<ArrowReaderMetadata> {
    let columns = plain.parquet_schema().root_schema().get_fields();
    let is_int96 = |index: usize| {
        columns.get(index).is_some_and(|c| c.is_primitive() && c.get_physical_type() == PhysicalType::INT96)
    };
    let mut is_other = false;
    let fields = plain.schema().fields().iter().enumerate().map(|(index, field)| {
        let wanted = match field.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, zone) if is_int96(index) => {
                Some(DataType::Timestamp(unit, zone.clone()))
            }
            _ => other(field),
        };
        is_other |= wanted.is_some();
        wanted.map_or_else(|| field.clone(), |wanted| Arc::new(Field::clone(field).with_data_type(wanted)))
    });
    let schema = Schema::new(fields.collect::<Vec<Arc<Field>>>());
    if !is_other {
        return Ok(plain);
    }
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(plain.metadata().clone(), options)
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

pub(crate) fn escaped(name: &str) -> String {
    name.chars().map(|c| if c == '\'' || c == '"' { c.to_string() } else { c.escape_debug().to_string() }).collect()
}

/// A name by its letters and digits alone, in lower case and without marks: what people take for the same.
pub(crate) fn plain(name: &str) -> String {
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
