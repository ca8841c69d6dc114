//! `[value] margin_share` and `[value.margin_share_by_category]`: what stays of net revenue, as the job says it.

use driftline_core::value::margin::Margins;

use super::written::Value;

impl Value {
    /// The margins of the job; `None` if it says none.
    pub fn margins(&self) -> Option<Margins> {
        let by_category = self.margin_share_by_category.clone();
        self.margin_share.map(|share| Margins { share, by_category })
    }
}

/// Says what is wrong with the shares, if anything is.
pub(super) fn check_margins(value: &Value) -> std::result::Result<(), String> {
    if value.margin_share.is_none() && !value.margin_share_by_category.is_empty() {
        return Err(
            "value.margin_share_by_category: expected value.margin_share too, for what is in no category of the table"
                .to_owned(),
        );
    }
    let named =
        value.margin_share_by_category.iter().map(|(category, share)| (format!("_by_category.\"{category}\""), share));
    let all = value.margin_share.iter().map(|share| (String::new(), share)).chain(named);
    for (name, share) in all {
        if !(-1.0..=1.0).contains(share) {
            return Err(format!(
                "value.margin_share{name} = {share}; expected a share of net revenue from -1 to 1, like 0.35"
            ));
        }
    }
    Ok(())
}
