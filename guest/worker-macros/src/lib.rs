//! The attributes of emu's guest SDK, with the names of those of the public crate `worker-macros` 0.8.
//!
//! Each leaves its item as it is and adds an export whose name starts with `emu_register_`, which tells the SDK about it.
//!
//! Invariant: what they accept, and what they refuse, is what the public crate's do, as far as emu has the handler.

mod durable_object;
mod event;

use proc_macro::TokenStream;

/// Makes a function a handler: `#[event(fetch)]`, `#[event(scheduled)]` or `#[event(start)]`. With
/// `#[event(fetch, respond_with_errors)]` an error's text becomes the body of the 500 response.
#[proc_macro_attribute]
pub fn event(attr: TokenStream, item: TokenStream) -> TokenStream {
    event::expand(attr.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Exports a struct that implements `DurableObject`. `#[durable_object(fetch)]`, `(alarm)` and `(websocket)` export only
/// `fetch` and the handlers of that kind.
#[proc_macro_attribute]
pub fn durable_object(attr: TokenStream, item: TokenStream) -> TokenStream {
    durable_object::expand(attr.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
