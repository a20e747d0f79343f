//! Projects in, bundles out.
