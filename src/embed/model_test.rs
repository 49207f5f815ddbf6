//! Manifests of both kinds.

use super::*;

fn text(changes: &[(&str, &str)]) -> String {
    let sha = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let whole = serde_json::json!({
        "name": "tiny", "revision": "1", "dimensions": DIMENSIONS, "token_limit": 256, "pooling": "mean",
        "normalisation": "l2", "prefix_rule": PREFIX_RULE, "cosine_threshold": 0.98, "licence": "none",
        "files": {
            "model.onnx": {"bytes": 2, "sha256": sha(b"ab")}, "vocab.txt": {"bytes": 1, "sha256": sha(b"c")},
        },
    });
    changes.iter().fold(whole.to_string(), |text, (from, to)| text.replace(from, to))
}

fn manifest(changes: &[(&str, &str)]) -> Result<Manifest, ModelError> {
    Manifest::parse(text(changes).as_bytes())
}

#[test]
fn a_manifest_is_read_and_checks_its_files_against_their_hashes() {
    let manifest = manifest(&[]).unwrap();
    assert_eq!((manifest.name(), manifest.token_limit(), manifest.fluency()), ("tiny", 256, Fluency::English));
    assert_eq!(manifest.check_weights(b"ab"), Ok(()));
    assert_eq!(manifest.check_weights(b"ax"), Err(ModelError::Damaged(WEIGHTS_FILE)));
    assert_eq!(manifest.check_weights(b"a"), Err(ModelError::Damaged(WEIGHTS_FILE)));
    assert_eq!(manifest.check_vocabulary(b"c"), Ok(()));
    assert_eq!(manifest.check_vocabulary(b""), Err(ModelError::Damaged(VOCABULARY_FILE)));
}

#[test]
fn the_refusal_of_an_unsupported_manifest_names_the_line() {
    assert_eq!(manifest(&[("\"mean\"", "\"cls\"")]), Err(ModelError::Unsupported("pooling")));
    assert_eq!(manifest(&[(":256", ":512")]), Err(ModelError::Unsupported("token_limit")));
    assert_eq!(manifest(&[("384", "768")]), Err(ModelError::Unsupported("dimensions")));
    assert_eq!(manifest(&[("0.98", "98")]), Err(ModelError::Unsupported("cosine_threshold")));
}

fn one_file(changes: &[(&str, &str)]) -> Result<Manifest, ModelError> {
    let files = "\"files\":{\"model.wme\":{\"bytes\":2,\"sha256\":\"HASH\",\"sums_sha256\":\"HASH\"}}"
        .replace("HASH", &"5a".repeat(32));
    let whole = serde_json::json!({
        "name": "one", "dimensions": DIMENSIONS, "token_limit": 260, "pooling": "mean", "normalisation": "l2",
        "prefix_rule": PREFIX_RULE, "cosine_threshold": 0.98, "tokenizer": "unigram", "mean": "reflected",
        "languages": "many", "unrelated_cosine": 770,
        "prefixes": {"query": "q: ", "passage": "p: "}, "files": 0,
    });
    let whole = whole.to_string().replace("\"files\":0", &files);
    Manifest::parse(changes.iter().fold(whole, |text, (from, to)| text.replace(from, to)).as_bytes())
}

#[test]
fn the_manifest_of_a_model_in_one_file_names_its_tokenizer_its_prefixes_and_its_mean() {
    let manifest = one_file(&[]).unwrap();
    assert!(manifest.is_one_file());
    assert_eq!(manifest.fluency(), Fluency::Many { unrelated: 770 });
    assert_eq!(one_file(&[(":770", ":1000")]), Err(ModelError::Unsupported("unrelated_cosine")));
    assert_eq!(one_file(&[("\"many\"", "\"some\"")]), Err(ModelError::Unsupported("languages")));
    assert_eq!((manifest.token_limit(), manifest.prefixes().query.as_str()), (260, "q: "));
    assert_eq!(one_file(&[("\"unigram\"", "\"other\"")]), Err(ModelError::Unsupported("token_limit")));
    assert_eq!(one_file(&[(":260", ":200"), ("\"unigram\"", "\"other\"")]), Err(ModelError::Unsupported("tokenizer")));
    assert_eq!(one_file(&[("\"reflected\"", "\"kept\"")]), Err(ModelError::Unsupported("mean")));
    assert_eq!(one_file(&[("sums_sha256", "sums")]), Err(ModelError::Unsupported("files")));
    assert_eq!(one_file(&[("p: ", &"p".repeat(MODEL_PREFIX_BYTES_MAX + 1))]), Err(ModelError::Unsupported("prefixes")));
    assert_eq!(manifest.check_weights(b""), Err(ModelError::Damaged(WEIGHTS_FILE)));
}

#[test]
fn the_fingerprint_of_a_model_in_one_file_covers_its_file_and_its_rules() {
    let plain = one_file(&[]).unwrap().fingerprint();
    for change in [("p: ", "r: "), ("q: ", "r: "), (":260", ":259"), ("sums_sha256\":\"5a", "sums_sha256\":\"5b")] {
        assert_ne!(one_file(&[change]).unwrap().fingerprint(), plain, "{change:?}");
    }
    assert_eq!(one_file(&[("0.98", "0.97")]).unwrap().fingerprint(), plain);
    let uncompared = ("\"sha256\":\"5a", "\"sha256\":\"5b");
    assert_eq!(
        one_file(&[uncompared]).unwrap().fingerprint(),
        plain,
        "what is not compared with the file counts nothing"
    );
}

#[test]
fn files_are_held_against_the_manifests_lengths_and_those_against_what_is_read_at_most() {
    let two = manifest(&[]).unwrap();
    assert_eq!(two.check_length(WEIGHTS_FILE, 2), Ok(()));
    assert_eq!(two.check_length(WEIGHTS_FILE, 3), Err(ModelError::Length(WEIGHTS_FILE, 3, 2)));
    assert_eq!(two.check_length(VOCABULARY_FILE, 0), Err(ModelError::Length(VOCABULARY_FILE, 0, 1)));
    assert_eq!(two.check_length(MODEL_FILE, 2), Err(ModelError::Unsupported("files")));
    assert_eq!(one_file(&[]).unwrap().check_length(MODEL_FILE, 2), Ok(()));
    let large = |from: &str, most: u64| (from.to_owned(), format!("\"bytes\":{}", most + 1));
    for (from, most) in [("\"bytes\":2", MODEL_FILE_BYTES_MAX), ("\"bytes\":1", VOCABULARY_FILE_BYTES_MAX)] {
        let (from, to) = large(from, most);
        assert_eq!(manifest(&[(&from, &to)]), Err(ModelError::Unsupported("bytes")));
    }
    let (from, to) = large("\"bytes\":2", MODEL_FILE_BYTES_MAX);
    assert_eq!(one_file(&[(&from, &to)]), Err(ModelError::Unsupported("bytes")));
}

#[test]
fn a_damaged_manifest_is_refused() {
    assert!(matches!(Manifest::parse(b"{"), Err(ModelError::Unreadable(_))));
    assert!(matches!(Manifest::parse(&vec![b' '; MANIFEST_BYTES_MAX + 1]), Err(ModelError::Unreadable(_))));
    assert!(matches!(manifest(&[("sha256\":\"", "sha256\":\"0")]), Err(ModelError::Unreadable(_))));
}

#[test]
fn the_fingerprint_depends_on_the_model_and_not_on_its_name() {
    let plain = manifest(&[]).unwrap().fingerprint();
    assert_eq!(manifest(&[("tiny", "other"), ("0.98", "0.97")]).unwrap().fingerprint(), plain);
    assert_ne!(manifest(&[(":256", ":128")]).unwrap().fingerprint(), plain);
    assert_ne!(manifest(&[("sha256\":\"2e", "sha256\":\"3e")]).unwrap().fingerprint(), plain);
}
