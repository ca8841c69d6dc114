//! A small picture: rectangles and text on white, written as PNG. Fonts are in the program and every step is plain arithmetic,
//! so the same picture has the same bytes on every machine.

use ab_glyph::{Font, FontRef, Glyph, ScaleFont, point};
use driftline_core::basics::plain;

use crate::error::{Error, Result};

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

const WHITE: Colour = [255, 255, 255];
const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

pub(crate) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

/// How a text is written.
#[derive(Clone, Copy)]
pub(crate) struct Pen {
    pub colour: Colour,
    /// Height of the font in pixels.
    pub size: f32,
    pub is_bold: bool,
}

impl Canvas {
    /// A white picture of so many pixels.
    ///
    /// # Errors
    /// `Error::Picture` if an embedded font does not parse.
    pub(crate) fn new(width: usize, height: usize) -> Result<Self> {
        let font = |bytes: &'static [u8]| {
            FontRef::try_from_slice(bytes).map_err(|error| Error::Picture { problem: error.to_string() })
        };
        let pixels = WHITE.repeat(width * height);
        Ok(Self { width, height, pixels, regular: font(REGULAR)?, bold: font(BOLD)? })
    }

    /// Fills `x..x+width`, `y..y+height`; what lies outside is cut off.
    pub(crate) fn rectangle(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: Colour) {
        let edge = |value: f64, most: usize| (value.round().max(0.0) as usize).min(most);
        let (left, right) = (edge(x, self.width), edge(x + width, self.width));
        for row in edge(y, self.height)..edge(y + height, self.height) {
            for column in left..right {
                self.pixels[3 * (row * self.width + column)..][..3].copy_from_slice(&colour);
            }
        }
    }

    /// Writes a text that begins at `x`, on the base line `y`.
    pub(crate) fn text(&mut self, x: f64, y: f64, text: &str, pen: Pen) {
        let font = if pen.is_bold { self.bold.clone() } else { self.regular.clone() };
        let scaled = font.as_scaled(pen.size);
        let mut at = x as f32;
        for character in plain::line(text).chars() {
            let id = font.glyph_id(character);
            let glyph: Glyph = id.with_scale_and_position(pen.size, point(at, y as f32));
            at += scaled.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|across, down, cover| {
                let (column, row) = (bounds.min.x as i64 + i64::from(across), bounds.min.y as i64 + i64::from(down));
                self.blend(column, row, cover, pen.colour);
            });
        }
    }

    /// Writes a text that ends at `x`.
    pub(crate) fn text_before(&mut self, x: f64, y: f64, text: &str, pen: Pen) {
        let width = self.width_of(text, pen);
        self.text(x - width, y, text, pen);
    }

    /// Width of a text in pixels.
    pub(crate) fn width_of(&self, text: &str, pen: Pen) -> f64 {
        let font = if pen.is_bold { &self.bold } else { &self.regular };
        let scaled = font.as_scaled(pen.size);
        plain::line(text).chars().map(|character| f64::from(scaled.h_advance(font.glyph_id(character)))).sum()
    }

    fn blend(&mut self, column: i64, row: i64, cover: f32, colour: Colour) {
        let (Ok(column), Ok(row)) = (usize::try_from(column), usize::try_from(row)) else { return };
        if column >= self.width || row >= self.height {
            return;
        }
        let cover = cover.clamp(0.0, 1.0);
        let pixel = &mut self.pixels[3 * (row * self.width + column)..][..3];
        for (below, above) in pixel.iter_mut().zip(colour) {
            *below = (f32::from(*below) * (1.0 - cover) + f32::from(above) * cover).round() as u8;
        }
    }

    /// The picture as PNG (RFC 2083): 8 bits a channel, no alpha, so that dark mode leaves it readable.
    pub(crate) fn png(&self) -> Vec<u8> {
        let mut rows = Vec::with_capacity((3 * self.width + 1) * self.height);
        // Each row as its difference from the one above: filter 2, under which most of a chart is zeros.
        let mut above = vec![0u8; 3 * self.width];
        for row in self.pixels.chunks_exact(3 * self.width) {
            rows.push(2);
            rows.extend(row.iter().zip(&above).map(|(here, above)| here.wrapping_sub(*above)));
            above.copy_from_slice(row);
        }
        let mut header = Vec::with_capacity(13);
        header.extend_from_slice(&(self.width as u32).to_be_bytes());
        header.extend_from_slice(&(self.height as u32).to_be_bytes());
        header.extend_from_slice(&[8, 2, 0, 0, 0]);
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut png, b"IHDR", &header);
        chunk(&mut png, b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&rows, 9));
        chunk(&mut png, b"IEND", &[]);
        png
    }
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) {
    png.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let begin = png.len();
    png.extend_from_slice(name);
    png.extend_from_slice(body);
    let sum = checksum(&png[begin..]);
    png.extend_from_slice(&sum.to_be_bytes());
}

/// CRC-32 as PNG defines it (polynomial 0xEDB88320).
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

/// Width and height of a PNG, from its header; `None` if it is none.
pub(crate) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| bytes.get(at..at + 4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") { number(16).zip(number(20)) } else { None }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        // The check value of CRC-32, and the end chunk of every PNG.
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
        assert_eq!(checksum(b"IEND"), 0xAE42_6082);
    }

    #[test]
    fn a_picture_holds_what_was_drawn() {
        let mut canvas = Canvas::new(60, 20).unwrap();
        canvas.rectangle((-5.0, 2.0), (10.0, 3.0), [1, 2, 3]);
        assert_eq!(canvas.pixels[3 * 2 * 60..][..3], [1, 2, 3]);
        assert_eq!(canvas.pixels[3 * (2 * 60 + 5)..][..3], WHITE);
        let pen = Pen { colour: [0, 0, 0], size: 16.0, is_bold: false };
        canvas.text_before(60.0, 18.0, "+€8", pen);
        assert!(canvas.pixels.contains(&0), "text leaves ink");
        let png = canvas.png();
        assert_eq!(png_size(&png), Some((60, 20)));
        assert_eq!(png, canvas.png());
    }
}
