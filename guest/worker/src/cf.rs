//! [`Cf`]: what the platform's edge says about an incoming request.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// `request.cf` (reference §2.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Cf(Value);

impl Cf {
    pub(crate) fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key)?.as_str().map(str::to_owned)
    }

    fn number(&self, key: &str) -> Option<f32> {
        // The platform sends coordinates as strings.
        self.text(key)?.parse().ok()
    }

    /// The airport code of the data centre.
    pub fn colo(&self) -> String {
        self.text("colo").unwrap_or_default()
    }

    /// The number of the client's network.
    pub fn asn(&self) -> Option<u32> {
        self.0.get("asn")?.as_u64().and_then(|asn| asn.try_into().ok())
    }

    /// The name of the client's network.
    pub fn as_organization(&self) -> Option<String> {
        self.text("asOrganization")
    }

    /// The two-letter country.
    pub fn country(&self) -> Option<String> {
        self.text("country")
    }

    /// Such as `HTTP/1.1`.
    pub fn http_protocol(&self) -> String {
        self.text("httpProtocol").unwrap_or_default()
    }

    /// The cipher of the client's connection.
    pub fn tls_cipher(&self) -> String {
        self.text("tlsCipher").unwrap_or_default()
    }

    /// The TLS version of the client's connection.
    pub fn tls_version(&self) -> String {
        self.text("tlsVersion").unwrap_or_default()
    }

    /// The city.
    pub fn city(&self) -> Option<String> {
        self.text("city")
    }

    /// The two-letter continent.
    pub fn continent(&self) -> Option<String> {
        self.text("continent")
    }

    /// Latitude and longitude.
    pub fn coordinates(&self) -> Option<(f32, f32)> {
        Some((self.number("latitude")?, self.number("longitude")?))
    }

    /// The postal code.
    pub fn postal_code(&self) -> Option<String> {
        self.text("postalCode")
    }

    /// The metro code.
    pub fn metro_code(&self) -> Option<String> {
        self.text("metroCode")
    }

    /// The region's name.
    pub fn region(&self) -> Option<String> {
        self.text("region")
    }

    /// The region's code.
    pub fn region_code(&self) -> Option<String> {
        self.text("regionCode")
    }

    /// The name of the time zone.
    pub fn timezone_name(&self) -> String {
        self.text("timezone").unwrap_or_default()
    }

    /// Whether the client is in the European Union.
    pub fn is_eu_country(&self) -> bool {
        self.text("isEUCountry").as_deref() == Some("1")
    }

    /// The metadata of the host name.
    ///
    /// # Errors
    /// When it does not have the shape of `T`.
    pub fn host_metadata<T: DeserializeOwned>(&self) -> crate::Result<Option<T>> {
        let metadata = self.0.get("hostMetadata").cloned();
        Ok(metadata.map(serde_json::from_value).transpose()?)
    }
}
