//! `request.cf` of requests from outside: what the edge would know, always the same here (reference §5.6).
//!
//! Invariant: never asks the network; only the accepted encodings are the client's.

use hyper::header::{ACCEPT_ENCODING, HeaderMap};

/// Everything but `clientAcceptEncoding`, without the closing brace.
const DEFAULTS: &str = concat!(
    r#"{"asOrganization":"","asn":395747,"botManagement":{"corporateProxy":false,"detectionIds":[],"#,
    r#""ja3Hash":"25b4882c2bcb50cd6b469ff28c596742","score":99,"staticResource":false,"verifiedBot":false},"#,
    r#""city":"Austin","clientTcpRtt":0,"clientTrustScore":99,"colo":"DFW","continent":"NA","country":"US","#,
    r#""edgeRequestKeepAliveStatus":0,"httpProtocol":"HTTP/1.1","latitude":"30.27130","longitude":"-97.74260","#,
    r#""metroCode":"635","postalCode":"78701","region":"Texas","regionCode":"TX","#,
    r#""requestPriority":"weight=192;exclusive=0","timezone":"America/Chicago","#,
    r#""tlsCipher":"AEAD-AES128-GCM-SHA256","tlsClientAuth":{"certFingerprintSHA1":"","certFingerprintSHA256":"","#,
    r#""certIssuerDN":"","certIssuerDNLegacy":"","certIssuerDNRFC2253":"","certIssuerSKI":"","certIssuerSerial":"","#,
    r#""certNotAfter":"","certNotBefore":"","certPresented":"0","certRevoked":"0","certSKI":"","certSerial":"","#,
    r#""certSubjectDN":"","certSubjectDNLegacy":"","certSubjectDNRFC2253":"","certVerified":"NONE"},"#,
    r#""tlsVersion":"TLSv1.3","clientAcceptEncoding":"#,
);

/// The JSON text for a request with these headers.
pub(super) fn of(headers: &HeaderMap) -> String {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut cf = String::with_capacity(DEFAULTS.len() + accepted.len() + 16);
    cf.push_str(DEFAULTS);
    cf.push_str(&serde_json::Value::from(accepted).to_string());
    cf.push('}');
    cf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json_whatever_the_client_accepts() {
        for accepted in ["", "gzip, br", "\"quoted\\"] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accepted.parse().expect("a header"));
            let cf: serde_json::Value = serde_json::from_str(&of(&headers)).expect("JSON");
            assert_eq!((&cf["colo"], &cf["clientAcceptEncoding"]), (&"DFW".into(), &accepted.into()));
        }
    }
}
