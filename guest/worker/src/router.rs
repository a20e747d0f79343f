//! [`Router`].

use crate::{Env, Method, ObjectNamespace, Request, Response, Result, Secret, Var};
use futures_util::future::LocalBoxFuture;
use matchit::Router as Paths;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

type HandlerFn<D> = fn(Request, RouteContext<D>) -> Result<Response>;
type AsyncHandlerFn<'a, D> = Rc<dyn 'a + Fn(Request, RouteContext<D>) -> LocalBoxFuture<'a, Result<Response>>>;

enum Handler<'a, D> {
    Async(AsyncHandlerFn<'a, D>),
    Sync(HandlerFn<D>),
}

impl<D> Clone for Handler<'_, D> {
    fn clone(&self) -> Self {
        match self {
            Self::Async(handler) => Self::Async(handler.clone()),
            Self::Sync(handler) => Self::Sync(*handler),
        }
    }
}

/// What the path's placeholders matched.
#[derive(Debug)]
pub struct RouteParams(HashMap<String, String>);

/// What a route's handler is given beside the request.
#[derive(Debug)]
pub struct RouteContext<D> {
    /// The router's data.
    pub data: D,
    /// The worker's bindings.
    pub env: Env,
    params: RouteParams,
}

impl<D> RouteContext<D> {
    /// As [`Env::secret`].
    ///
    /// # Errors
    /// As [`Env::secret`].
    pub fn secret(&self, binding: &str) -> Result<Secret> {
        self.env.secret(binding)
    }

    /// As [`Env::var`].
    ///
    /// # Errors
    /// As [`Env::var`].
    pub fn var(&self, binding: &str) -> Result<Var> {
        self.env.var(binding)
    }

    /// As [`Env::durable_object`].
    ///
    /// # Errors
    /// As [`Env::durable_object`].
    pub fn durable_object(&self, binding: &str) -> Result<ObjectNamespace> {
        self.env.durable_object(binding)
    }

    /// What the placeholder `key` matched.
    pub fn param(&self, key: &str) -> Option<&String> {
        self.params.0.get(key)
    }
}

/// Chooses a handler by method and path; `:name` matches a segment, `*name` the rest.
pub struct Router<'a, D> {
    handlers: HashMap<Method, Paths<Handler<'a, D>>>,
    or_else_any_method: Paths<Handler<'a, D>>,
    data: D,
}

impl fmt::Debug for Router<'_, ()> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").finish_non_exhaustive()
    }
}

impl Router<'_, ()> {
    /// A router without data.
    pub fn new() -> Self {
        Self::with_data(())
    }
}

impl Default for Router<'_, ()> {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! routes {
    ($($name:ident, $name_async:ident, $methods:expr, $what:literal;)*) => {
        $(
            #[doc = concat!("Adds a route for ", $what, ".\n\n# Panics\nWhen the pattern conflicts with another one.")]
            #[must_use]
            pub fn $name(self, pattern: &str, func: HandlerFn<D>) -> Self {
                self.add(pattern, Handler::Sync(func), $methods)
            }

            #[doc = concat!("Adds a route for ", $what, ".\n\n# Panics\nWhen the pattern conflicts with another one.")]
            #[must_use]
            pub fn $name_async<T>(self, pattern: &str, func: impl Fn(Request, RouteContext<D>) -> T + 'a) -> Self
            where
                T: Future<Output = Result<Response>> + 'a,
            {
                let handler = Rc::new(move |request, context| -> LocalBoxFuture<'a, Result<Response>> {
                    Box::pin(func(request, context))
                });
                self.add(pattern, Handler::Async(handler), $methods)
            }
        )*
    };
}

impl<'a, D: 'a> Router<'a, D> {
    /// A router whose handlers are given `data`.
    pub fn with_data(data: D) -> Self {
        Self { handlers: HashMap::new(), or_else_any_method: Paths::new(), data }
    }

    routes! {
        head, head_async, Some(vec![Method::Head]), "`HEAD` requests";
        get, get_async, Some(vec![Method::Get]), "`GET` requests";
        post, post_async, Some(vec![Method::Post]), "`POST` requests";
        put, put_async, Some(vec![Method::Put]), "`PUT` requests";
        patch, patch_async, Some(vec![Method::Patch]), "`PATCH` requests";
        delete, delete_async, Some(vec![Method::Delete]), "`DELETE` requests";
        options, options_async, Some(vec![Method::Options]), "`OPTIONS` requests";
        report, report_async, Some(vec![Method::Report]), "`REPORT` requests";
        on, on_async, Some(Method::all()), "all requests";
        or_else_any_method, or_else_any_method_async, None, "requests that no other route handles";
    }

    fn add(mut self, pattern: &str, handler: Handler<'a, D>, methods: Option<Vec<Method>>) -> Self {
        let conflict = |error| panic!("failed to register route for {pattern} pattern: {error}");
        let Some(methods) = methods else {
            self.or_else_any_method.insert(pattern, handler).unwrap_or_else(conflict);
            return self;
        };
        for method in methods {
            self.handlers.entry(method).or_default().insert(pattern, handler.clone()).unwrap_or_else(conflict);
        }
        self
    }

    /// Handles a request: 405 when only other methods have the path, 404 when none has.
    ///
    /// # Errors
    /// What the handler returned.
    pub async fn run(self, req: Request, env: Env) -> Result<Response> {
        let path = req.path();
        let exact = self.handlers.get(&req.method()).and_then(|paths| paths.at(&path).ok());
        let found = match exact {
            Some(found) => found,
            None if self.other_method_has(&path) => return Response::error("Method Not Allowed", 405),
            None => match self.or_else_any_method.at(&path) {
                Ok(found) => found,
                Err(_) => return Response::error("Not Found", 404),
            },
        };
        let params = found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let handler = found.value.clone();
        let context = RouteContext { data: self.data, env, params: RouteParams(params) };
        match handler {
            Handler::Sync(handler) => handler(req, context),
            Handler::Async(handler) => handler(req, context).await,
        }
    }

    fn other_method_has(&self, path: &str) -> bool {
        let counts = |method: &Method| !matches!(method, Method::Head | Method::Options | Method::Trace);
        self.handlers.iter().any(|(method, paths)| counts(method) && paths.at(path).is_ok())
    }
}
