//! The kinds of files that are asked for by name.

/// Kinds of files with their endings.
pub(super) const KINDS: [(&str, &[&str]); 11] = [
    ("text", &["txt", "text", "md", "markdown", "rst", "org", "adoc", "asciidoc", "log", "tex"]),
    ("markdown", &["md", "markdown"]),
    ("document", &["doc", "docx", "odt", "rtf", "pages", "pdf"]),
    ("sheet", &["xls", "xlsx", "xlsb", "xlsm", "ods", "csv", "tsv"]),
    ("slides", &["ppt", "pptx", "odp"]),
    ("mail", &["eml", "mbox", "msg"]),
    ("web", &["html", "htm", "xhtml", "mhtml"]),
    ("book", &["epub"]),
    ("data", &["json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "csv", "tsv"]),
    ("subtitles", &["srt", "vtt", "sub", "ass"]),
    (
        "code",
        &[
            "rs", "py", "js", "ts", "jsx", "tsx", "c", "h", "cc", "cpp", "hpp", "java", "kt", "go", "rb", "php", "pl",
            "sh", "sql", "css", "swift", "cs", "lua", "r", "hs", "scala", "ex", "erl", "zig", "nix",
        ],
    ),
];

/// Whether this is a kind, or an ending of one.
pub(super) fn is_known(asked: &str) -> bool {
    KINDS.iter().any(|(kind, endings)| *kind == asked || endings.contains(&asked))
}

/// The names of the kinds.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}
