//! Facets: one way to say something about customers.
//!
//! A facet is one question whose answer is known customer by customer: which categories they buy, which campaign reached them, what
//! they wrote to support. It is one SQL file of `sql/facets/`; from its front matter alone it is counted for every persona and for
//! everyone ([`count`]), kept safe (`safe`), compared with everyone else and with last period ([`compare`]), and shown.

pub mod compare;
pub mod count;
mod definition;
mod safe;

pub use self::definition::{
    Answer, Block, Definition, Direction, Facet, NotAvailable, PROTECTED_MIN_CELL, Past, Shape, Window,
};

#[cfg(test)]
mod tests;
