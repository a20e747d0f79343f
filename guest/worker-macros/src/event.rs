//! `#[event]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, ItemFn, Token};

/// Expands the attribute on a function.
pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let words = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(attr)?;
    let mut handler = None;
    let mut with_errors = false;
    for word in words {
        match word.to_string().as_str() {
            "respond_with_errors" => with_errors = true,
            "fetch" | "scheduled" | "start" => handler = Some(word),
            "queue" | "email" | "connect" => {
                return Err(Error::new(word.span(), format!("emu has no `{word}` handler yet")));
            }
            _ => return Err(Error::new(word.span(), format!("Invalid attribute: {word}"))),
        }
    }
    let missing = "must have either 'fetch', 'scheduled' or 'start' attribute, e.g. #[event(fetch)]";
    let handler = handler.ok_or_else(|| Error::new(Span::call_site(), missing))?;
    let function = syn::parse2::<ItemFn>(item)?;
    match handler.to_string().as_str() {
        "fetch" => {
            check(&function, &handler, 3)?;
            Ok(export(&function, "emu_register_event_fetch", |name| {
                quote! {
                    ::worker::expansion::fetch(|req, env, ctx| ::std::boxed::Box::pin(
                        ::worker::expansion::respond(req, #with_errors, move |req| #name(req, env, ctx))
                    ));
                }
            }))
        }
        "scheduled" => {
            check(&function, &handler, 3)?;
            Ok(export(&function, "emu_register_event_scheduled", |name| {
                quote! {
                    ::worker::expansion::scheduled(|event, env, ctx| ::std::boxed::Box::pin(async move {
                        let _ = #name(event, env, ctx).await;
                    }));
                }
            }))
        }
        _ => {
            check(&function, &handler, 0)?;
            let register = format!("emu_register_start_{}", function.sig.ident);
            Ok(export(&function, &register, |name| quote! { ::worker::expansion::start(|| { #name(); }); }))
        }
    }
}

/// A handler with arguments is async, one without is not.
fn check(function: &ItemFn, handler: &Ident, arguments: usize) -> syn::Result<()> {
    let signature = &function.sig;
    if signature.asyncness.is_some() != (arguments > 0) {
        let not = if arguments > 0 { "" } else { " not" };
        return Err(Error::new_spanned(signature, format!("the `{handler}` handler must{not} be an async function")));
    }
    if signature.inputs.len() != arguments {
        let found = signature.inputs.len();
        let message =
            format!("the `{handler}` handler should be a function with {arguments} arguments but found {found}");
        return Err(Error::new_spanned(signature, message));
    }
    Ok(())
}

/// The function, and an export that registers it.
fn export(function: &ItemFn, register: &str, body: impl FnOnce(&Ident) -> TokenStream) -> TokenStream {
    let register = Ident::new(register, function.sig.ident.span());
    let body = body(&function.sig.ident);
    quote! {
        #function

        #[allow(unsafe_code, non_snake_case)]
        const _: () = {
            #[unsafe(no_mangle)]
            pub extern "C" fn #register() {
                #body
            }
        };
    }
}
