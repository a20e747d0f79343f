//! How rolldown is asked to do what wrangler asks esbuild for, with the engine's language as the target (§4.5).
//!
//! Invariant: builds options; reads nothing but the tsconfig, through rolldown.

use super::{BUNDLE_NAME, Project};
use rolldown::{
    AttachDebugInfo, Bundler, BundlerOptions, BundlerTransformOptions, ChecksOptions, CodeSplittingMode,
    CommentsOptions, Either, ExperimentalOptions, InputItem, JsxOptions, ModuleType, OutputFormat, Platform,
    RawMinifyOptions, ResolveOptions, SourceMapType, TsConfig,
};

/// The newest edition of the language that the engine speaks; what is newer (`using`) is lowered.
const TARGET: &str = "es2024";
/// The conditions under which a package's `exports` and `imports` are chosen, besides `import` or `require`.
const CONDITIONS: [&str; 3] = ["workerd", "worker", "browser"];

/// The options for a project. The JSX settings depend on its tsconfig, see [`jsx`].
pub(super) fn of(project: &Project, jsx: Option<JsxOptions>) -> BundlerOptions {
    let main = project.main.to_string_lossy().into_owned();
    BundlerOptions {
        input: Some(vec![InputItem { name: Some("worker".into()), import: main }]),
        cwd: Some(project.root.clone()),
        // Sources are named relative to this folder; nothing is written to it.
        dir: Some(project.root.to_string_lossy().into_owned()),
        entry_filenames: Some(BUNDLE_NAME.to_owned().into()),
        platform: Some(Platform::Browser),
        format: Some(OutputFormat::Esm),
        code_splitting: Some(CodeSplittingMode::Bool(false)),
        sourcemap: Some(SourceMapType::Hidden),
        sourcemap_exclude_sources: Some(true),
        keep_names: Some(true),
        minify: Some(RawMinifyOptions::Bool(project.minify)),
        comments: Some(CommentsOptions { legal: false, annotation: false, jsdoc: false }),
        define: Some(defines(project).into_iter().collect()),
        resolve: Some(ResolveOptions {
            condition_names: Some(CONDITIONS.map(str::to_owned).to_vec()),
            ..ResolveOptions::default()
        }),
        module_types: Some(
            [".js", ".mjs", ".cjs"].map(|name| (name.to_owned(), ModuleType::Jsx)).into_iter().collect(),
        ),
        tsconfig: Some(project.tsconfig.clone().map_or(TsConfig::Auto(true), TsConfig::Manual)),
        transform: Some(BundlerTransformOptions {
            target: Some(Either::Left(TARGET.into())),
            jsx: jsx.map(Either::Right),
            ..BundlerTransformOptions::default()
        }),
        experimental: Some(ExperimentalOptions {
            attach_debug_info: Some(AttachDebugInfo::None),
            ..ExperimentalOptions::default()
        }),
        checks: Some(checks()),
        ..BundlerOptions::default()
    }
}

/// The expressions that are replaced: the platform's, then the project's, which win.
fn defines(project: &Project) -> Vec<(String, String)> {
    let environment = ["process.env.NODE_ENV", "global.process.env.NODE_ENV", "globalThis.process.env.NODE_ENV"];
    let mut defines = vec![("navigator.userAgent".to_owned(), "\"Cloudflare-Workers\"".to_owned())];
    defines.extend(environment.map(|name| (name.to_owned(), "\"development\"".to_owned())));
    defines.retain(|(name, _)| project.define.iter().all(|(own, _)| own != name));
    defines.extend(project.define.iter().cloned());
    defines
}

/// What rolldown is to warn of: what breaks at run time. The rest is advice for other uses of it.
fn checks() -> ChecksOptions {
    ChecksOptions {
        eval: Some(false),
        invalid_annotation: Some(false),
        mixed_exports: Some(false),
        tolerated_transform: Some(false),
        configuration_field_conflict: Some(false),
        prefer_builtin_feature: Some(false),
        plugin_timings: Some(false),
        ineffective_dynamic_import: Some(false),
        large_barrel_modules: Some(false),
        sourcemap_broken: Some(false),
        ..ChecksOptions::default()
    }
}

/// The JSX settings that do not come from a tsconfig. A tsconfig that says something about JSX is followed; without
/// one, elements become calls of the project's factory, as esbuild has it. `preserve` is not followed: nothing after
/// the bundler understands JSX.
///
/// None leaves all of them to the tsconfig.
pub(super) fn jsx(project: &Project) -> Option<JsxOptions> {
    let bundler = Bundler::new(of(project, None)).ok()?;
    let tsconfig = bundler.resolver.clone_default_resolver().find_tsconfig(&project.main).ok().flatten();
    let compiler = tsconfig.as_ref().map(|tsconfig| &tsconfig.compiler_options);
    let mode = compiler.and_then(|options| options.jsx.as_deref());
    let runtime = match mode {
        Some("react" | "react-jsx" | "react-jsxdev") => return None,
        _ if compiler.is_some_and(|options| options.jsx_import_source.is_some()) => "automatic",
        _ => "classic",
    };
    // Of a factory, too, the tsconfig's wins.
    let factory = compiler.and_then(|options| options.jsx_factory.clone()).or_else(|| project.jsx_factory.clone());
    let fragment = compiler.and_then(|options| options.jsx_fragment_factory.clone());
    let is_classic = runtime == "classic";
    Some(JsxOptions {
        runtime: Some(runtime.to_owned()),
        pragma: factory.filter(|_| is_classic),
        pragma_frag: fragment.or_else(|| project.jsx_fragment.clone()).filter(|_| is_classic),
        ..JsxOptions::default()
    })
}
