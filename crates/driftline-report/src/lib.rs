//! How a report reads: templates, charts, the mail as bytes and its way to the server, all reports as a site.

pub mod brand;
mod canvas;
pub mod chart;
pub mod error;
pub mod facet_view;
pub mod mailer;
pub mod message;
pub mod picture;
pub mod site;
pub mod suppression;
pub mod template;
pub mod view;

pub use error::{Error, Refusal, Result};
pub use site::SiteTemplates;
pub use template::{MailText, Templates};
