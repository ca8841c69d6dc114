//! How a company's reports look: `brand.toml` in the folder of a report, all of it optional.
//!
//! ```toml
//! name = "Acme Insight"        # stands first in mails and pages
//! accent = "#0f5e78"           # links, on white
//! accent_dark = "#7cc7dd"      # links, on dark
//! logo = "logo.png"            # a PNG in the same folder
//! logo_alt = "Acme"
//! logo_width = 120             # pixels on the page
//! ```

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::canvas::png_size;
use crate::error::{Error, Result};
use crate::picture::{Picture, Shown};

/// The file as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    name: Option<String>,
    accent: String,
    accent_dark: String,
    logo: Option<String>,
    logo_alt: String,
    logo_width: u32,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            name: None,
            accent: "#0f5e78".to_owned(),
            accent_dark: "#7cc7dd".to_owned(),
            logo: None,
            logo_alt: String::new(),
            logo_width: 120,
        }
    }
}

/// A brand as templates see it.
#[derive(Clone, Debug, Serialize)]
pub struct Brand {
    pub name: Option<String>,
    pub accent: String,
    pub accent_dark: String,
    pub logo: Option<Shown>,
    #[serde(skip)]
    png: Vec<u8>,
    /// The file's text, for the content id.
    #[serde(skip)]
    pub text: String,
}

const LOGO_ID: &str = "logo";
/// A mail with its pictures should stay small.
const LOGO_BYTES_MOST: usize = 100_000;

impl Brand {
    /// Driftline's own.
    pub fn own() -> Self {
        let Written { name, accent, accent_dark, .. } = Written::default();
        Self { name, accent, accent_dark, logo: None, png: Vec::new(), text: String::new() }
    }

    /// Reads `brand.toml` of a folder; without one it is Driftline's own.
    ///
    /// # Errors
    /// `Error::Brand` for a key that is misspelt, a colour that is none or too pale to read, a logo that is no PNG or too large.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("brand.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(Error::Read { path, source }),
        };
        let wrong = |problem: String| Error::Brand { path: path.clone(), problem };
        let written: Written = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        for (key, colour, below, paper) in
            [("accent", &written.accent, 4.5, "#ffffff"), ("accent_dark", &written.accent_dark, 4.5, "#171d23")]
        {
            let found = contrast(colour, paper)
                .ok_or_else(|| wrong(format!("{key} = \"{colour}\"; expected a colour like #0f5e78")))?;
            if found < below {
                return Err(wrong(format!(
                    "{key} = \"{colour}\" has a contrast of {found:.1} on {paper}; {below} can be read"
                )));
            }
        }
        let (mut png, mut logo) = (Vec::new(), None);
        if let Some(name) = &written.logo {
            let file = folder.join(name);
            png = std::fs::read(&file).map_err(|source| Error::Read { path: file, source })?;
            let (width, height) = png_size(&png).ok_or_else(|| wrong(format!("logo = \"{name}\" is no PNG")))?;
            if png.len() > LOGO_BYTES_MOST {
                return Err(wrong(format!("logo = \"{name}\" has {} bytes; at most {LOGO_BYTES_MOST}", png.len())));
            }
            logo = Some(Shown {
                source: format!("cid:{LOGO_ID}"),
                width: written.logo_width,
                height: (written.logo_width * height).div_ceil(width.max(1)),
                alt: written.logo_alt.clone(),
            });
        }
        let Written { name, accent, accent_dark, .. } = written;
        Ok(Self { name, accent, accent_dark, logo, png, text })
    }

    /// The logo for a mail.
    pub fn picture(&self) -> Option<Picture> {
        let shown = self.logo.clone()?;
        Some(Picture { content_id: LOGO_ID.to_owned(), png: self.png.clone(), shown })
    }

    /// The brand for a page that has no other files.
    pub fn embedded(&self) -> Self {
        let source = format!("data:image/png;base64,{}", STANDARD.encode(&self.png));
        Self { logo: self.logo.clone().map(|logo| Shown { source, ..logo }), ..self.clone() }
    }
}

/// WCAG 2's contrast of two colours like `#0f5e78`, 1 to 21.
fn contrast(one: &str, other: &str) -> Option<f64> {
    let (a, b) = (luminance(one)?, luminance(other)?);
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}

fn luminance(colour: &str) -> Option<f64> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?) / 255.0;
        Some(if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) })
    };
    Some(0.2126 * channel(0)? + 0.7152 * channel(2)? + 0.0722 * channel(4)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrasts_are_those_of_wcag() {
        let cases = [("#000000", "#ffffff", Some(21.0)), ("#777777", "#ffffff", Some(4.48)), ("red", "#ffffff", None)];
        for (one, other, expected) in cases {
            assert_eq!(contrast(one, other).map(|found| (100.0 * found).round() / 100.0), expected);
        }
    }
}
