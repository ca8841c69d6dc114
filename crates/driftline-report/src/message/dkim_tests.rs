//! Signed mails are verified as a receiver would, by a reading of RFC 6376 and RFC 8463 that shares no code with the signer: body
//! hash, relaxed headers and the signature, here by `ring`. `dkim_test_key.pem` is a key of these tests and of nothing else.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftline_core::report::Audience;
use ring::rsa::KeyPair;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;
use crate::template::Templates;
use crate::view::Letter;

const RSA_KEY: &str = include_str!("dkim_test_key.pem");
const ED25519_SEED: [u8; 32] = [7; 32];

/// Whether a signature fits a text by the domain's public key.
type Check = dyn Fn(&[u8], &[u8]) -> bool;

fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}

/// Both kinds of keys: as the job gives them, and their public halves.
fn keys() -> [(String, &'static str, Box<Check>); 2] {
    let rsa = KeyPair::from_der(&der(RSA_KEY)).unwrap().public().as_ref().to_vec();
    let ed25519 = Ed25519KeyPair::from_seed_unchecked(&ED25519_SEED).unwrap().public_key().as_ref().to_vec();
    [
        (
            RSA_KEY.to_owned(),
            "rsa-sha256",
            Box::new(move |text: &[u8], signature: &[u8]| {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &rsa).verify(text, signature).is_ok()
            }),
        ),
        (
            STANDARD.encode(ED25519_SEED),
            "ed25519-sha256",
            // RFC 8463, 3: the SHA-256 of the text is what is signed.
            Box::new(move |text: &[u8], signature: &[u8]| {
                UnparsedPublicKey::new(&ED25519, &ed25519).verify(&Sha256::digest(text), signature).is_ok()
            }),
        ),
    ]
}

fn sender(key: &str) -> Sender {
    Sender {
        from: "Kundenanalyse für Österreich und die Schweiz <insight@example.com>".to_owned(),
        reply_to: Some("insight@example.com".to_owned()),
        write_to: "insight@example.com".to_owned(),
        domain: "example.com".to_owned(),
        dkim: Some(Dkim { selector: "s1".to_owned(), domain: "example.com".to_owned(), key: key.to_owned() }),
    }
}

/// RFC 6376, 3.4.4: runs of white space are one space and none at the end of a line; no empty lines at the end.
fn relaxed_body(body: &str) -> String {
    let mut lines: Vec<String> =
        body.split("\r\n").map(|line| one_space(line).trim_end_matches(' ').to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

/// RFC 6376, 3.4.2: the name in small letters, unfolded, runs of white space are one space, none around the value.
fn relaxed_header(header: &str) -> String {
    let (name, value) = header.split_once(':').unwrap();
    format!("{}:{}", name.trim().to_lowercase(), one_space(&value.replace("\r\n", "")).trim_matches(' '))
}

fn one_space(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            ' ' | '\t' if out.ends_with(' ') => {}
            ' ' | '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Verifies a mail as it arrived.
fn verify(mail: &str, algorithm: &str, is_signed: &Check) -> std::result::Result<(), String> {
    let (head, body) = mail.split_once("\r\n\r\n").ok_or("no body")?;
    let mut headers: Vec<String> = Vec::new();
    for line in head.split("\r\n") {
        match headers.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => *last = format!("{last}\r\n{line}"),
            _ => headers.push(line.to_owned()),
        }
    }
    let is_named =
        |header: &&String, name: &str| header.to_lowercase().starts_with(&format!("{}:", name.to_lowercase()));
    let own = headers.iter().find(|header| is_named(header, "DKIM-Signature")).ok_or("not signed")?;
    let unfolded = own.split_once(':').unwrap().1.replace("\r\n", "");
    let tag = |name: &str| -> std::result::Result<String, String> {
        let found = unfolded.split(';').find_map(|tag| tag.trim().strip_prefix(&format!("{name}=")));
        found.map(|value| value.replace([' ', '\t'], "")).ok_or_else(|| format!("no {name}="))
    };
    for (name, expected) in [("v", "1"), ("a", algorithm), ("c", "relaxed/relaxed"), ("d", "example.com"), ("s", "s1")]
    {
        if tag(name)? != expected {
            return Err(format!("{name}={}", tag(name)?));
        }
    }
    if tag("bh")? != STANDARD.encode(Sha256::digest(relaxed_body(body).as_bytes())) {
        return Err("the body is not the one that was signed".to_owned());
    }
    // Of several headers of one name the last counts first; one that is not there is nothing.
    let mut left: Vec<&String> = headers.iter().collect();
    let mut text = String::new();
    for name in tag("h")?.split(':') {
        if let Some(at) = left.iter().rposition(|header| is_named(header, name)) {
            text.push_str(&format!("{}\r\n", relaxed_header(left.remove(at))));
        }
    }
    let signature = tag("b")?;
    let relaxed = relaxed_header(own);
    let start = relaxed.rfind("b=").ok_or("no b=")? + 2;
    text.push_str(&relaxed[..start]);
    let bytes = STANDARD.decode(signature).map_err(|error| error.to_string())?;
    if is_signed(text.as_bytes(), &bytes) { Ok(()) } else { Err("the signature does not fit".to_owned()) }
}

/// As a mail goes over the wire and back: a dot more before lines that begin with one, taken off by the server (RFC 5321, 4.5.2).
fn sent_and_received(mail: &str) -> String {
    let stuffed = mail.replace("\r\n.", "\r\n..");
    let lines = stuffed.split("\r\n").map(|line| if line.starts_with("..") { &line[1..] } else { line });
    lines.collect::<Vec<_>>().join("\r\n")
}

#[test]
fn signatures_are_verified_by_others() {
    let date = UNIX_EPOCH + Duration::from_secs(1_515_132_000);
    // No case has an empty text: lettre 0.11.23 hashes an empty line for it, where RFC 6376 hashes nothing. No mail of ours is empty.
    let cases = [
        ("plain", "Customer personas", "One line.\n"),
        ("lines of dots", "Dots", ".\n..\n.hidden\nthe end\n.\n"),
        ("empty lines at the end", "Blank", "text\n\n\n\n"),
        ("white space", "Spaces  and\ttabs", "two  spaces \t and a tab \n \n\tend  "),
        (
            "a folded subject",
            "Customer personas of a market with a long name, of the last quarter of the year: value +1.0 %, 2 changes to act on",
            "text\n",
        ),
        (
            "not ASCII",
            "Kundenanalyse für Österreich: Wert −1,0 % ▼ auf 4.439.786 €, zwei Änderungen",
            "Grüße, ein Wert von £1 − und €2\n",
        ),
    ];
    for (key, algorithm, is_signed) in keys() {
        for (name, subject, text) in cases {
            let sender = sender(&key);
            let envelope = Envelope { sender: &sender, recipient: "Ada Lovelace <ada@example.org>", date };
            let mail = notice(&envelope, subject, text, name).unwrap();
            let mail = String::from_utf8(mail.bytes).unwrap();
            assert_eq!(
                verify(&sent_and_received(&mail), algorithm, &is_signed),
                Ok(()),
                "{algorithm}, {name}:\n{mail}"
            );
        }
    }
}

#[test]
fn every_report_mail_is_signed_with_its_pictures() {
    let date = UNIX_EPOCH + Duration::from_secs(1_515_132_000);
    let templates = Templates::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/drift")).unwrap();
    let letter = Letter {
        audience: Audience::Finance,
        report_location: "https://example.com/report.html",
        reason: "a test",
        write_to: "insight@example.com",
    };
    for (key, algorithm, is_signed) in keys() {
        for (path, report) in templates.samples().unwrap() {
            let text = templates.mail(&report, &letter).unwrap();
            let sender = sender(&key);
            let envelope = Envelope { sender: &sender, recipient: "Ünal Örs <u@example.org>", date };
            let mail = build(&envelope, &report, &text, None).unwrap();
            let mail = String::from_utf8(mail.bytes).unwrap();
            assert_eq!(verify(&sent_and_received(&mail), algorithm, &is_signed), Ok(()), "{}", path.display());
            assert!(mail.contains("h=from:to:subject:date:message-id:list-id:list-unsubscribe"));
        }
    }
}

#[test]
fn a_changed_mail_is_found_out() {
    let date = UNIX_EPOCH + Duration::from_secs(1_515_132_000);
    for (key, algorithm, is_signed) in keys() {
        let sender = sender(&key);
        let envelope = Envelope { sender: &sender, recipient: "ada@example.org", date };
        let mail = notice(&envelope, "Value +1.0 %", "Value rose.\n", "x").unwrap();
        let mail = String::from_utf8(mail.bytes).unwrap();
        let cases = [
            ("Value rose.", "Value fell.", "the body is not the one that was signed"),
            ("Value +1.0 %", "Value +9.0 %", "the signature does not fit"),
            ("ada@example.org", "eve@example.org", "the signature does not fit"),
            ("d=example.com", "d=example.net", "d=example.net"),
        ];
        for (was, becomes, expected) in cases {
            assert!(mail.contains(was), "{was} in\n{mail}");
            let changed = mail.replace(was, becomes);
            assert_eq!(verify(&changed, algorithm, &is_signed), Err(expected.to_owned()), "{was}");
        }
        // White space and folding on the way are allowed for.
        let relaxed = mail.replace("Subject: ", "Subject:  ").replace("Value rose.\r\n", "Value rose.  \r\n\r\n");
        assert_eq!(verify(&relaxed, algorithm, &is_signed), Ok(()));
    }
}
