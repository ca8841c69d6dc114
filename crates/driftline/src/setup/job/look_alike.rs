//! Domains of recipients that look like another domain of the job: a slip of the hand, or somebody who wants its mails.
//!
//! Two domains look alike if they read the same when letters of other alphabets, digits and pairs of letters are taken for what
//! they look like (the idea of the skeleton of Unicode Technical Standard 39, with its table cut to what is common in domains), or
//! if one letter is another, missing, doubled or swapped. A domain whose name mixes alphabets is told by itself.

use std::collections::BTreeSet;

use driftline_report::message::address_of;

use super::mail::Mail;

/// Letters that look like Latin ones.
const LOOKS_LIKE: [(&str, char); 22] = [
    ("аàáâãäåāăąα", 'a'),
    ("ьƅв", 'b'),
    ("сçćĉċčϲ", 'c'),
    ("ԁďđ", 'd'),
    ("еёèéêëēĕėęěε", 'e'),
    ("ɡĝğġģ", 'g'),
    ("һĥħн", 'h'),
    ("іїìíîïĩīĭįıιj1ӏł|", 'l'),
    ("јĵ", 'l'),
    ("ĺļľi", 'l'),
    ("кķκ", 'k'),
    ("м", 'm'),
    ("пñńņňη", 'n'),
    ("оòóôõöøōŏőοσ0", 'o'),
    ("рρ", 'p'),
    ("гŕŗř", 'r'),
    ("ѕśŝşš", 's'),
    ("тţťτ", 't'),
    ("ùúûüũūŭůűųυ", 'u'),
    ("ѵν", 'v'),
    ("ԝŵωш", 'w'),
    ("хχ×уýÿŷγ", 'x'),
];
/// Pairs that look like one letter.
const PAIRS: [(&str, &str); 3] = [("rn", "m"), ("vv", "w"), ("cl", "d")];
/// Letters before the last dot from which one letter more or less is no other name.
const NAME_MIN: usize = 5;

impl Mail {
    /// A sentence for every recipient's domain, and that of `more`, that looks like another domain of the job.
    pub fn look_alikes(&self, more: Option<&str>) -> Vec<String> {
        let recipients = self.recipients.iter().map(|recipient| recipient.to.as_str()).chain(more);
        let recipients: BTreeSet<String> = recipients.filter_map(domain_of).collect();
        let own = [Some(self.from.as_str()), self.reply_to.as_deref(), self.unsubscribe.as_deref()];
        let mut known: BTreeSet<String> = own.into_iter().flatten().filter_map(domain_of).collect();
        known.extend(self.allowed_domains.iter().map(|domain| readable(domain)));
        let mut warnings = Vec::new();
        for domain in recipients.iter().filter(|domain| !known.contains(*domain)) {
            let others = known.iter().chain(recipients.iter().filter(|other| *other < domain));
            if let Some(other) = others.into_iter().find(|other| look_alike(domain, other)) {
                warnings.push(format!("the recipients' domain {} looks like {}", shown(domain), shown(other)));
            } else if is_mixed(domain) {
                warnings.push(format!("the recipients' domain {} mixes letters of several alphabets", shown(domain)));
            }
        }
        warnings
    }
}

fn domain_of(address: &str) -> Option<String> {
    address_of(address).rsplit_once('@').map(|(_, domain)| readable(domain))
}

/// As people read it: `xn--…` is the same domain in ASCII.
fn readable(domain: &str) -> String {
    idna::domain_to_unicode(domain).0.to_lowercase()
}

/// With what is sent over the network beside it, which cannot look like anything else.
fn shown(domain: &str) -> String {
    match idna::domain_to_ascii(domain) {
        Ok(ascii) if ascii != domain => format!("{domain} ({ascii})"),
        _ => domain.to_owned(),
    }
}

fn look_alike(one: &str, other: &str) -> bool {
    one != other && (skeleton(one) == skeleton(other) || is_slip(one, other))
}

fn skeleton(domain: &str) -> String {
    let plain = |letter: char| LOOKS_LIKE.iter().find(|(from, _)| from.contains(letter)).map_or(letter, |(_, to)| *to);
    let letters: String = domain.chars().filter(|letter| *letter != '-').map(plain).collect();
    PAIRS.iter().fold(letters, |text, (pair, letter)| text.replace(pair, letter))
}

/// Whether one letter is another, missing, too many, or swapped with the next, in a name long enough for that to be a slip.
fn is_slip(one: &str, other: &str) -> bool {
    let (Some((name, top)), Some((other_name, other_top))) = (one.rsplit_once('.'), other.rsplit_once('.')) else {
        return false;
    };
    // A company in two countries has example.de and example.be.
    let is_country = name == other_name && top.len() == 2 && other_top.len() == 2;
    if is_country || name.chars().count().min(other_name.chars().count()) < NAME_MIN {
        return false;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    match one.len().abs_diff(other.len()) {
        0 => {
            one[1..] == other[1..]
                || (one.len() > 1 && one[0] == other[1] && one[1] == other[0] && one[2..] == other[2..])
        }
        1 if one.len() > other.len() => one[1..] == *other,
        1 => *one == other[1..],
        _ => false,
    }
}

/// Whether a name holds both Latin letters and Cyrillic or Greek ones.
fn is_mixed(domain: &str) -> bool {
    domain.split('.').any(|label| {
        let is_foreign = |letter: char| matches!(letter, '\u{370}'..='\u{52f}');
        label.contains(is_foreign) && label.contains(|letter: char| letter.is_ascii_alphabetic())
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn mail(recipient: &str) -> Mail {
        toml::from_str(&format!(
            "from = \"Reports <reports@example.com>\"\nrecipients = [\"ada@example.com\", \"{recipient}\"]\n\
             allowed_domains = [\"bücher.de\", \"mail.org\"]"
        ))
        .unwrap()
    }

    #[test]
    fn domains_that_look_like_one_of_the_job_are_told() {
        for (recipient, expected) in [
            ("grace@example.com", None),
            ("grace@another.com", None),
            ("grace@exаmple.com", Some("exаmple.com (xn--exmple-4nf.com) looks like example.com")),
            ("grace@xn--exmple-4nf.com", Some("exаmple.com (xn--exmple-4nf.com) looks like example.com")),
            ("grace@examp1e.com", Some("examp1e.com looks like example.com")),
            ("grace@exarnple.com", Some("exarnple.com looks like example.com")),
            ("grace@exmaple.com", Some("exmaple.com looks like example.com")),
            ("grace@exampl.com", Some("exampl.com looks like example.com")),
            ("grace@examplee.com", Some("examplee.com looks like example.com")),
            ("grace@example.co", Some("example.co looks like example.com")),
            ("grace@bucher.de", Some("bucher.de looks like bücher.de (xn--bcher-kva.de)")),
            ("grace@xn--bcher-kva.de", None),
            ("grace@mall.org", Some("mall.org looks like mail.org")),
            ("grace@maul.org", None),
            ("grace@bücher.be", None),
            ("grace@pаris.net", Some("mixes letters of several alphabets")),
            ("grace@москва.net", None),
        ] {
            let found = mail(recipient).look_alikes(None);
            assert_eq!(found.len(), usize::from(expected.is_some()), "{recipient}: {found:?}");
            assert!(found.iter().zip(expected).all(|(found, expected)| found.contains(expected)), "{found:?}");
        }
        assert_eq!(mail("ada@example.org").look_alikes(Some("x@examp1e.com")).len(), 1);
    }
}
