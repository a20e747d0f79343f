//! `#[durable_object]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, ItemImpl, ItemStruct};

/// Expands the attribute on a struct.
pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    if syn::parse2::<ItemImpl>(item.clone()).is_ok() {
        let message = "`#[durable_object]` belongs to the struct, not to its `impl` block";
        return Err(Error::new_spanned(item, message));
    }
    let target = syn::parse2::<ItemStruct>(item)?;
    let (alarm, sockets) = if attr.is_empty() { (true, true) } else { handlers(&syn::parse2::<Ident>(attr)?)? };
    let name = &target.ident;
    let text = name.to_string();
    let register = format_ident!("emu_register_class_{name}");
    Ok(quote! {
        #target

        impl ::worker::has_durable_object_attribute for #name {}

        #[allow(unsafe_code, non_snake_case)]
        const _: () = {
            #[unsafe(no_mangle)]
            pub extern "C" fn #register() {
                ::worker::expansion::class::<#name>(#text, #alarm, #sockets);
            }
        };
    })
}

/// Whether a class has `alarm` and socket handlers.
fn handlers(kind: &Ident) -> syn::Result<(bool, bool)> {
    match kind.to_string().as_str() {
        "fetch" => Ok((false, false)),
        "alarm" => Ok((true, false)),
        "websocket" => Ok((false, true)),
        _ => Err(Error::new(
            kind.span(),
            "must have either 'fetch', 'alarm' or 'websocket' attribute, e.g. #[durable_object(websocket)]",
        )),
    }
}
