//! The pictures of a mail: PNG at twice the size it is shown at, with a text that says what it shows.

use driftline_core::basics::locale::Words;
use driftline_core::drift::bridge::Bridge;
use serde::Serialize;

use crate::canvas::{Canvas, Colour, Pen};
use crate::chart;
use crate::error::Result;

/// A picture that travels inside a mail and is shown by its content id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub content_id: String,
    pub png: Vec<u8>,
    pub shown: Shown,
}

/// What the template needs to place it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// `cid:…` in a mail, `data:…` in a page.
    pub source: String,
    /// Pixels on the page; the picture itself has twice as many.
    pub width: u32,
    pub height: u32,
    /// The finding in words.
    pub alt: String,
}

const WIDTH: usize = 528;
const ROW: usize = 30;
const SCALE: usize = 2;
const INK: Colour = [0x17, 0x20, 0x2a];
const MUTED: Colour = [0x55, 0x61, 0x6d];
const LINE: Colour = [0xdf, 0xe4, 0xe8];
const GAIN: Colour = [0x1f, 0x73, 0x91];
const LOSS: Colour = [0xb4, 0x54, 0x1a];

/// The bridge as a waterfall lying on its side. Only changes are drawn to scale; start and end are written as totals, so no axis
/// is cut. `finding` is the sentence that the picture shows.
///
/// # Errors
/// `Error::Picture` if a font does not parse.
pub(crate) fn waterfall(bridge: &Bridge, titles: [&str; 2], words: &Words, finding: &str) -> Result<Picture> {
    let rows = chart::bars(bridge);
    let height = ROW * (rows.len() + 2) + 8;
    let mut canvas = Canvas::new(SCALE * WIDTH, SCALE * height)?;
    let scale = SCALE as f64;
    let plain = Pen { colour: INK, size: 26.0, is_bold: false };
    let bold = Pen { is_bold: true, ..plain };
    let money = |amount| words.locale.money(amount, &words.currency);
    // Between the longest label and the longest amount.
    let labels = rows.iter().map(|row| canvas.width_of(&row.label, plain)).fold(0.0, f64::max);
    let amounts =
        rows.iter().map(|row| canvas.width_of(&words.locale.signed_money(row.amount, &words.currency), plain));
    let (left, right) = (labels + 24.0, scale * WIDTH as f64 - amounts.fold(0.0, f64::max) - 24.0);
    let zone = (right - left).max(40.0);
    let line = |place: usize| scale * (ROW * place) as f64;
    for place in 0..rows.len() + 2 {
        let (top, base) = (line(place), line(place) + scale * 20.0);
        canvas.rectangle((0.0, line(place + 1) - 1.0), (scale * WIDTH as f64, 2.0), LINE);
        let row = place.checked_sub(1).and_then(|index| rows.get(index));
        let Some(row) = row else {
            let (title, total) = if place == 0 { (titles[0], bridge.start) } else { (titles[1], bridge.end) };
            canvas.text(0.0, base, title, bold);
            canvas.text_before(scale * WIDTH as f64, base, &money(total), bold);
            continue;
        };
        let colour = if row.is_gain { GAIN } else { LOSS };
        let x = left + zone * row.offset_percent / 100.0;
        let width = (zone * row.width_percent / 100.0).max(3.0);
        canvas.rectangle((x, top + scale * 7.0), (width, scale * 16.0), colour);
        // The running total goes down from the bar's far end to the next bar.
        if place < rows.len() {
            let end = if row.is_gain { x + width - 1.0 } else { x };
            canvas.rectangle((end, top + scale * 23.0), (2.0, scale * (ROW as f64 - 16.0)), MUTED);
        }
        canvas.text(0.0, base, &row.label, plain);
        canvas.text_before(scale * WIDTH as f64, base, &words.locale.signed_money(row.amount, &words.currency), plain);
    }
    let content_id = "bridge".to_owned();
    Ok(Picture {
        png: canvas.png(),
        shown: Shown {
            source: format!("cid:{content_id}"),
            width: WIDTH as u32,
            height: height as u32,
            alt: finding.to_owned(),
        },
        content_id,
    })
}
