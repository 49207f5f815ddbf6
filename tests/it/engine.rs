//! The embeddings of the committed model, which is quantized to int8, compared with those of the original model
//! (`scripts/make_embedding_fixture.py` writes them).

use serde::Deserialize;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use wattle::base::vector::Embedding;
use wattle::embed::engine::{Choice, Engine};
use wattle::embed::kernels::Kernel;
use wattle::embed::model::{Manifest, ModelError, VOCABULARY_FILE, WEIGHTS_FILE};
use wattle::embed::{EmbedError, Embedder};

/// One line of the fixture.
#[derive(Deserialize)]
struct Reference {
    text: String,
    /// Base64 of 384 little-endian f16.
    embedding: String,
}

fn file(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn model_file(name: &str) -> Vec<u8> {
    file(&format!("models/all-MiniLM-L6-v2/{name}"))
}

fn manifest() -> Manifest {
    Manifest::parse(&model_file("manifest.json")).unwrap()
}

fn vocabulary() -> String {
    String::from_utf8(model_file(VOCABULARY_FILE)).unwrap()
}

/// Loaded once for all tests: a debug build takes a second for it.
fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::load(model_file(WEIGHTS_FILE), &vocabulary(), &manifest()).unwrap()).clone()
}

fn embed(text: &str) -> Embedding {
    engine().embed(text).unwrap()
}

#[test]
fn the_models_example_sentence_has_its_known_embedding() {
    let embedding = embed("This is an example sentence");
    for (found, due) in embedding.values().iter().zip([0.0677, 0.0635, 0.0487, 0.0793]) {
        assert!((found - due).abs() < 0.01, "{found} is not {due}");
    }
    assert_eq!(embedding.model(), manifest().fingerprint());
}

#[test]
fn the_committed_models_fingerprint_never_changes() {
    assert_eq!(
        manifest().fingerprint().to_string(),
        "2e865ab9b49c8aed",
        "every stored vector would be of another model"
    );
}

#[test]
fn embeddings_equal_the_original_models_within_the_rounding_of_int8() {
    let references: Vec<Reference> = serde_json::from_slice(&file("tests/fixtures/embedding/reference.json")).unwrap();
    assert_eq!(references.len(), 32);
    let mut mean = 0.0;
    for reference in &references {
        let exact = Embedding::new(manifest().fingerprint(), &halves(&reference.embedding)).unwrap();
        let cosine = embed(&reference.text).cosine(&exact).unwrap();
        assert!(cosine >= 0.998, "cosine {cosine} of {:?}", reference.text);
        mean += cosine / 32.0;
    }
    assert!(mean >= 0.999, "mean cosine {mean}");
}

#[test]
fn every_kernel_gives_the_same_embedding() {
    // Two, four and seven tokens, which have finer codes; one block and several.
    let texts = [
        "",
        "Yes.",
        "The posts stand deep.",
        &"Rails are nailed to posts, and boards to rails. ".repeat(4),
        &"Rails are nailed to posts, and boards to rails. ".repeat(7),
    ];
    let of = |choice| {
        let mut engine = Engine::load_for(model_file(WEIGHTS_FILE), &vocabulary(), &manifest(), choice).unwrap();
        assert_eq!(
            engine.kernel(),
            match choice {
                Choice::Kernel(kernel) => Some(kernel.name()),
                _ => None,
            }
        );
        texts.map(|text| engine.embed(text).unwrap())
    };
    let all: Vec<_> = Kernel::all().map(|kernel| (kernel, of(Choice::Kernel(kernel)))).collect();
    let stock = of(Choice::Stock);
    for (kernel, found) in &all {
        for (at, text) in texts.iter().enumerate() {
            assert_eq!(found[at], all[0].1[at], "{} of {text:?}, and the portable one", kernel.name());
            // Between them stands the rounding of activations, which finer codes nearly do away with.
            let near = found[at].cosine(&stock[at]).unwrap();
            let least = if engine().tokens(text) <= 8 { 0.999_99 } else { 0.997 };
            assert!(near >= least, "{} of {text:?}: {near} from f32 arithmetic", kernel.name());
        }
    }
}

#[test]
fn an_embedding_does_not_depend_on_earlier_texts_or_on_the_clone() {
    let mut used = engine();
    let first = used.embed("The posts stand in gravel.").unwrap();
    used.embed(&"A much longer text about something else. ".repeat(20)).unwrap();
    used.embed("").unwrap();
    assert_eq!(used.embed("The posts stand in gravel.").unwrap(), first);
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..2).map(|_| scope.spawn(|| embed("The posts stand in gravel."))).collect();
        others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), first));
    });
}

#[test]
fn embeddings_have_unit_length() {
    for text in ["", "Fence", "😀", "\0", &"wattle ".repeat(500)] {
        let norm: f32 = embed(text).values().iter().map(|v| v * v).sum();
        assert!((norm - 1.0).abs() < 1e-4, "{norm} of {text:?}");
    }
}

#[test]
fn a_paraphrase_is_closer_than_another_subject() {
    let question = embed("How can I get my money back for a broken kettle?");
    let near = embed("Refunds are given for faulty kitchen appliances.");
    let far = embed("The owl hunts at night over open fields.");
    let (near, far) = (question.cosine(&near).unwrap(), question.cosine(&far).unwrap());
    assert!(near > far + 0.25, "{near} against {far}");
}

#[test]
fn a_text_beyond_the_models_limit_is_truncated() {
    let whole = "fence ".repeat(254);
    assert_eq!(engine().tokens(&whole), 254);
    assert_eq!(engine().tokens(&format!("{whole}and more")), 256);
    assert_eq!(embed(&format!("{whole}and more")), embed(&whole));
    assert_ne!(embed(&"fence ".repeat(253)), embed(&whole));
}

#[test]
fn damaged_model_files_are_refused_by_name() {
    let load = |weights, vocabulary: &str| Engine::load(weights, vocabulary, &manifest()).unwrap_err();
    let mut weights = model_file(WEIGHTS_FILE);
    let middle = weights.len() / 2;
    weights[middle] ^= 1;
    let error = load(weights.clone(), &vocabulary());
    assert_eq!(error, EmbedError::Model(ModelError::Damaged(WEIGHTS_FILE)));
    assert!(error.to_string().contains("model.onnx"), "{error}");
    weights[middle] ^= 1;
    assert_eq!(load(weights, &vocabulary()[1..]), EmbedError::Model(ModelError::Damaged(VOCABULARY_FILE)));
    assert_eq!(load(Vec::new(), &vocabulary()), EmbedError::Model(ModelError::Damaged(WEIGHTS_FILE)));
}

/// Decodes little-endian f16 in base64.
fn halves(base64: &str) -> Vec<f32> {
    let sextet = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("{c} is no base64"),
    };
    // 768 bytes are 1024 characters without padding.
    let groups = base64.as_bytes().chunks_exact(4).map(|four| four.iter().fold(0, |bits, c| bits << 6 | sextet(*c)));
    let bytes: Vec<u8> = groups.flat_map(|bits| bits.to_be_bytes().into_iter().skip(1)).collect();
    bytes.chunks_exact(2).map(|pair| half(u16::from_le_bytes([pair[0], pair[1]]))).collect()
}

/// A finite f16 as f32.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023) / 1024.0);
    let size =
        if exponent == 0 { fraction * 2.0_f32.powi(-14) } else { (1.0 + fraction) * 2.0_f32.powi(exponent - 15) };
    if bits >> 15 == 0 { size } else { -size }
}
