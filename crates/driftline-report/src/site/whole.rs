//! A report page as the run published it, copied into the site byte for byte: only if it stands alone, as the site does.

use std::collections::BTreeMap;

use driftline_core::report::Report;
use driftline_core::{Market, Period};

/// Report pages as runs published them, by market, period and revision.
pub type WholeReports = BTreeMap<(Market, Period, u32), String>;

/// What would load something from elsewhere, or run.
const BANNED: [&str; 11] = [
    "<script",
    "<iframe",
    "<object",
    "<embed",
    "<link",
    "<base",
    "<form",
    "<meta http-equiv",
    "@import",
    "url(http",
    "url(//",
];

/// Its place, from the root of the site.
pub(super) fn href(report: &Report) -> String {
    format!("{}/reports/{}-whole.html", report.market, report.period)
}

/// Whether a published page can be copied; if not, the log says why. A company's own template may have made it.
pub(super) fn may_be_shown(report: &Report, page: &str) -> bool {
    let problem = leads_elsewhere(page);
    if let Some(problem) = &problem {
        tracing::warn!("report page of {} {} is not copied into the site: {problem}", report.market, report.period);
    }
    problem.is_none()
}

/// The first thing by which a page does not stand alone: a script, something that is loaded, a link to a file beside it.
fn leads_elsewhere(page: &str) -> Option<String> {
    let lower = page.to_lowercase();
    if let Some(banned) = BANNED.iter().find(|banned| lower.contains(**banned)) {
        return Some(format!("it holds {banned}"));
    }
    let values = |attribute: &str| {
        let marks = [format!(" {attribute}=\""), format!(" {attribute}='")];
        let found: Vec<String> = marks
            .iter()
            .flat_map(|mark| lower.split(mark.as_str()).skip(1))
            .map(|rest| rest.split(['"', '\'']).next().unwrap_or_default().to_owned())
            .collect();
        found
    };
    let is_inside = |source: &String| source.starts_with("data:");
    if let Some(source) = values("src").iter().chain(&values("srcset")).find(|source| !is_inside(source)) {
        return Some(format!("it loads {source}"));
    }
    let stays = |link: &String| ["#", "https://", "http://", "mailto:"].iter().any(|start| link.starts_with(start));
    values("href").iter().find(|link| !stays(link)).map(|link| format!("it leads to {link}, which is not in the site"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stands_alone_or_is_not_copied() {
        let cases = [
            ("<p><a href=\"#bridges\">x</a><img src=\"data:image/png;base64,AA\"></p>", None),
            ("<a href=\"https://example.com/\">a link is not loaded</a>", None),
            ("<a href=\"report.json\">x</a>", Some("it leads to report.json, which is not in the site")),
            ("<IMG SRC='logo.png'>", Some("it loads logo.png")),
            ("<img src=\"http://example.com/a.png\">", Some("it loads http://example.com/a.png")),
            ("<SCRIPT>1</SCRIPT>", Some("it holds <script")),
            ("<style>@import 'a.css'</style>", Some("it holds @import")),
        ];
        for (page, expected) in cases {
            assert_eq!(leads_elsewhere(page).as_deref(), expected, "{page}");
        }
    }
}
