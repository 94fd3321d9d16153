//! The parsed source of the crate: the paths that each file names, and other facts for the structure tests. Without
//! test code.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use quote::ToTokens;
use syn::visit::{self, Visit};

/// One file of `src`.
pub(super) struct Source {
    /// Its path below `src`.
    pub(super) name: String,
    /// The first part of the path: the room.
    pub(super) room: String,
    /// Every path that it names, from the crate's root or an external crate, such as `crate::session::Lease`.
    pub(super) paths: Vec<String>,
    /// Its string literals, without documentation.
    pub(super) strings: Vec<String>,
    /// Its binary operations as text, such as `a . owner == b`.
    pub(super) comparisons: Vec<String>,
    /// Whether it has an `async fn`, an `async` block or an `.await`.
    pub(super) waits: bool,
    /// Whether it starts a task that no handle or tracker owns.
    pub(super) bare_spawns: usize,
    /// Whether it starts a task at all.
    pub(super) spawns: bool,
}

/// Every file of `src`.
pub(super) static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.iter().map(|file| read(&root, file)).collect()
});

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

fn read(root: &Path, file: &Path) -> Source {
    let name = file.strip_prefix(root).unwrap().display().to_string();
    let mut module: Vec<_> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let room = module[0].clone();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let parsed = syn::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let source = Source {
        name,
        room,
        paths: Vec::new(),
        strings: Vec::new(),
        comparisons: Vec::new(),
        waits: false,
        bare_spawns: 0,
        spawns: false,
    };
    let mut reader = Reader { module, source, owned: false };
    reader.visit_file(&parsed);
    reader.source
}

struct Reader {
    module: Vec<String>,
    source: Source,
    /// Inside the arguments of `AbortOnDropHandle::new`.
    owned: bool,
}

impl Reader {
    /// Records a path, with `self` and `super` resolved.
    fn name(&mut self, segments: &[String]) {
        let mut module = self.module.clone();
        let mut rest = segments;
        let mut relative = false;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "self" => {}
                "super" => drop(module.pop()),
                _ => break,
            }
            relative = true;
            rest = &rest[1..];
        }
        let rest = rest.join("::");
        let path = if relative { format!("crate::{}::{rest}", module.join("::")) } else { rest };
        self.source.paths.push(path);
    }

    fn use_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.name(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.name(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.name(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(before, item)),
        }
    }
}

/// The string literals of a macro's arguments.
fn literals(tokens: proc_macro2::TokenStream) -> Vec<String> {
    let nested = |tree| match tree {
        proc_macro2::TokenTree::Group(group) => literals(group.stream()),
        proc_macro2::TokenTree::Literal(literal) => {
            syn::parse_str::<syn::LitStr>(&literal.to_string()).map(|text| text.value()).into_iter().collect()
        }
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(nested).collect()
}

/// Whether an item is for tests only.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.meta.to_token_stream().to_string().contains("test")
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    // Documentation and attributes are no code.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.name(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        let text = found.tokens.to_string();
        for (at, _) in text.match_indices("crate :: ") {
            let path: Vec<_> = text[at..].split_whitespace().take(5).collect();
            self.source.paths.push(path.concat());
        }
        self.source.waits |= text.contains(". await");
        self.source.strings.extend(literals(found.tokens.clone()));
        visit::visit_macro(self, found);
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.source.strings.push(literal.value());
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.source.waits |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, expression: &'ast syn::ExprAsync) {
        self.source.waits = true;
        visit::visit_expr_async(self, expression);
    }

    fn visit_expr_await(&mut self, expression: &'ast syn::ExprAwait) {
        self.source.waits = true;
        visit::visit_expr_await(self, expression);
    }

    fn visit_expr_binary(&mut self, expression: &'ast syn::ExprBinary) {
        self.source.comparisons.push(expression.to_token_stream().to_string());
        visit::visit_expr_binary(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.source.spawns |= call.method == "spawn" || call.method == "spawn_blocking";
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let called = call.func.to_token_stream().to_string().replace(' ', "");
        if called == "tokio::spawn" || called.ends_with("task::spawn") {
            self.source.spawns = true;
            self.source.bare_spawns += usize::from(!self.owned);
        }
        let before = self.owned;
        self.owned |= called.ends_with("AbortOnDropHandle::new");
        visit::visit_expr_call(self, call);
        self.owned = before;
    }
}
