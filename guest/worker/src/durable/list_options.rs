//! [`ListOptions`].

/// Which keys to list.
#[derive(Clone, Debug, Default)]
pub struct ListOptions<'a> {
    start: Option<&'a str>,
    end: Option<&'a str>,
    prefix: Option<&'a str>,
    reverse: Option<bool>,
    limit: Option<usize>,
}

impl<'a> ListOptions<'a> {
    /// All keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first key, inclusive.
    #[must_use]
    pub fn start(mut self, val: &'a str) -> Self {
        self.start = Some(val);
        self
    }

    /// The last key, exclusive.
    #[must_use]
    pub fn end(mut self, val: &'a str) -> Self {
        self.end = Some(val);
        self
    }

    /// Only keys that begin so.
    #[must_use]
    pub fn prefix(mut self, val: &'a str) -> Self {
        self.prefix = Some(val);
        self
    }

    /// Descending order.
    #[must_use]
    pub fn reverse(mut self, val: bool) -> Self {
        self.reverse = Some(val);
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, val: usize) -> Self {
        self.limit = Some(val);
        self
    }

    pub(super) fn to_abi(&self) -> emu_abi::ListOptions {
        emu_abi::ListOptions {
            start: self.start.map(str::to_owned),
            start_after: None,
            end: self.end.map(str::to_owned),
            prefix: self.prefix.map(str::to_owned),
            reverse: self.reverse.unwrap_or(false),
            limit: self.limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        }
    }
}
