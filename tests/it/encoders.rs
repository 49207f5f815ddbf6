//! Encoders of other shapes than the committed model's, in files that the tests write: the engine finds them and runs them by its own
//! kernels, or leaves them to tract.

use super::fuzz_short::targets::onnx;
use crate::onnx::{Attribute, Graph};
use serde_json::json;
use sha2::{Digest, Sha256};
use wattle::base::rng::Rng;
use wattle::embed::Embedder;
use wattle::embed::engine::{Choice, Engine};
use wattle::embed::kernels::Kernel;
use wattle::embed::model::Manifest;

const DIMENSIONS: usize = 384;
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
const PLACES: usize = 40;

/// How an encoder is written down.
#[derive(Clone, Copy)]
struct Form {
    layers: usize,
    heads: usize,
    wide: usize,
    /// Query, key and value by one product, which is split.
    joined: bool,
    /// The inputs of sums and products the other way round.
    turned: bool,
    /// A multiplication of the attention's scores, where the other form divides them.
    multiplied: bool,
}

struct Writer {
    graph: Graph,
    rng: Rng,
    form: Form,
}

impl Writer {
    fn numbers(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| size * (f32::from(u16::try_from(self.rng.below(2_001)).unwrap()) / 1_000.0 - 1.0)).collect()
    }

    fn pair<'a>(&self, a: &'a str, b: &'a str) -> [&'a str; 2] {
        if self.form.turned { [b, a] } else { [a, b] }
    }

    fn constant(&mut self, name: &str, number: f32) -> String {
        self.graph.floats(name, &[], &[number])
    }

    fn dense(&mut self, x: &str, depth: usize, outputs: usize, name: &str) -> String {
        let codes: Vec<i8> = (0..depth * outputs)
            .map(|_| i8::try_from(i64::try_from(self.rng.below(255)).unwrap() - 127).unwrap())
            .collect();
        let codes = self.graph.codes(&format!("{name}.codes"), &[depth, outputs], &codes);
        let scales: Vec<f32> = self.numbers(outputs, 0.2).iter().map(|number| (number.abs() + 0.8) / 1_600.0).collect();
        let scales = self.graph.floats(&format!("{name}.scales"), &[outputs], &scales);
        let zeros = self.graph.codes(&format!("{name}.zeros"), &[outputs], &vec![0; outputs]);
        let weight = format!("{name}.weight");
        self.graph.node("DequantizeLinear", &[&codes, &scales, &zeros], &weight, &[Attribute::Number("axis", 1)]);
        let product = self.graph.node("MatMul", &[x, &weight], &format!("{name}.product"), &[]);
        let bias = self.numbers(outputs, 0.1);
        let bias = self.graph.floats(&format!("{name}.bias"), &[outputs], &bias);
        let pair = self.pair(&product, &bias);
        self.graph.node("Add", &pair, &format!("{name}.sum"), &[])
    }

    fn add_norm(&mut self, a: &str, b: &str, name: &str) -> String {
        let pair = self.pair(a, b);
        let sum = self.graph.node("Add", &pair, &format!("{name}.in"), &[]);
        let gain: Vec<f32> = self.numbers(DIMENSIONS, 0.3).iter().map(|number| number + 1.0).collect();
        let gain = self.graph.floats(&format!("{name}.gain"), &[DIMENSIONS], &gain);
        let shift = self.numbers(DIMENSIONS, 0.2);
        let shift = self.graph.floats(&format!("{name}.shift"), &[DIMENSIONS], &shift);
        let attributes = [Attribute::Number("axis", -1), Attribute::Float("epsilon", 1e-12)];
        self.graph.node("LayerNormalization", &[&sum, &gain, &shift], name, &attributes)
    }

    fn gelu(&mut self, x: &str, name: &str) -> String {
        let inner = if self.form.turned {
            let root = self.constant(&format!("{name}.root"), std::f32::consts::FRAC_1_SQRT_2);
            self.graph.node("Mul", &[&root, x], &format!("{name}.inner"), &[])
        } else {
            let root = self.constant(&format!("{name}.root"), std::f32::consts::SQRT_2);
            self.graph.node("Div", &[x, &root], &format!("{name}.inner"), &[])
        };
        let erf = self.graph.node("Erf", &[&inner], &format!("{name}.erf"), &[]);
        let (one, half) = (self.constant(&format!("{name}.one"), 1.0), self.constant(&format!("{name}.half"), 0.5));
        let gate = self.graph.node("Add", &self.pair(&erf, &one), &format!("{name}.gate"), &[]);
        let gated = self.graph.node("Mul", &self.pair(x, &gate), &format!("{name}.gated"), &[]);
        self.graph.node("Mul", &self.pair(&gated, &half), name, &[])
    }

    fn heads(&mut self, x: &str, order: &[i64], name: &str) -> String {
        let heads = i64::try_from(self.form.heads).unwrap();
        let shape = self.graph.integers(&format!("{name}.shape"), &[0, 0, heads, 384 / heads]);
        let cut = self.graph.node("Reshape", &[x, &shape], &format!("{name}.cut"), &[]);
        self.graph.node("Transpose", &[&cut], &format!("{name}.heads"), &[Attribute::Numbers("perm", order)])
    }

    fn attention(&mut self, x: &str, name: &str) -> String {
        let parts = ["query", "key", "value"].map(|part| format!("{name}.{part}"));
        let parts = if self.form.joined {
            let all = self.dense(x, DIMENSIONS, 3 * DIMENSIONS, &format!("{name}.all"));
            self.graph.split(&all, &parts.each_ref().map(String::as_str));
            parts
        } else {
            parts.map(|part| self.dense(x, DIMENSIONS, DIMENSIONS, &part))
        };
        let query = self.heads(&parts[0], &[0, 2, 1, 3], &format!("{name}.q"));
        let key = self.heads(&parts[1], &[0, 2, 3, 1], &format!("{name}.k"));
        let value = self.heads(&parts[2], &[0, 2, 1, 3], &format!("{name}.v"));
        let scores = self.graph.node("MatMul", &[&query, &key], &format!("{name}.scores"), &[]);
        let root = f32::from(u16::try_from(DIMENSIONS / self.form.heads).unwrap()).sqrt();
        let scores = if self.form.multiplied {
            let factor = self.constant(&format!("{name}.factor"), 1.0 / root);
            self.graph.node("Mul", &self.pair(&scores, &factor), &format!("{name}.scaled"), &[])
        } else {
            let root = self.constant(&format!("{name}.root"), root);
            self.graph.node("Div", &[&scores, &root], &format!("{name}.scaled"), &[])
        };
        let shares =
            self.graph.node("Softmax", &[&scores], &format!("{name}.shares"), &[Attribute::Number("axis", -1)]);
        let mixed = self.graph.node("MatMul", &[&shares, &value], &format!("{name}.mixed"), &[]);
        let order = [Attribute::Numbers("perm", &[0, 2, 1, 3])];
        let back = self.graph.node("Transpose", &[&mixed], &format!("{name}.back"), &order);
        let flat = self.graph.integers(&format!("{name}.flat"), &[0, 0, 384]);
        self.graph.node("Reshape", &[&back, &flat], &format!("{name}.out"), &[])
    }

    fn embeddings(&mut self, words: usize) -> String {
        let codes: Vec<i8> = (0..words * DIMENSIONS).map(|at| i8::try_from(at * 89 % 255).unwrap_or(-61)).collect();
        let codes = self.graph.codes("words.codes", &[words, DIMENSIONS], &codes);
        let scales = self.numbers(words, 0.001).iter().map(|number| number + 0.002).collect::<Vec<_>>();
        let scales = self.graph.floats("words.scales", &[words, 1], &scales);
        let axis = || [Attribute::Number("axis", 0)];
        let rows = self.graph.node("Gather", &[&codes, "input_ids"], "words.rows", &axis());
        let rows = self.graph.node("Cast", &[&rows], "words.floats", &[Attribute::Number("to", 1)]);
        let scales = self.graph.node("Gather", &[&scales, "input_ids"], "words.row_scales", &axis());
        let found = self.graph.node("Mul", &self.pair(&rows, &scales), "words", &[]);
        let table = self.numbers(PLACES * DIMENSIONS, 0.1);
        let table = self.graph.floats("places.table", &[PLACES, DIMENSIONS], &table);
        let (zero, one) = (self.graph.integers("zero", &[0]), self.graph.integers("one", &[1]));
        let shape = self.graph.node("Shape", &["input_ids"], "shape", &[]);
        let length = self.graph.node("Gather", &[&shape, &one], "length", &axis());
        let places = self.graph.node("Slice", &[&table, &zero, &length, &zero], "places", &[]);
        self.add_norm(&found, &places, "start")
    }
}

/// A model's files: weights, vocabulary, manifest.
fn files(
    form: Form,
    token_limit: usize,
    changed: impl FnOnce(&mut Writer, String) -> String,
) -> (Vec<u8>, String, Manifest) {
    let mut writer = Writer { graph: Graph::default(), rng: Rng::new(15), form };
    let words: Vec<String> = ["[UNK]", "[CLS]", "[SEP]"]
        .map(str::to_owned)
        .into_iter()
        .chain(LETTERS.chars().map(String::from))
        .chain(LETTERS.chars().map(|letter| format!("##{letter}")))
        .collect();
    let mut x = writer.embeddings(words.len());
    for layer in 0..form.layers {
        let name = format!("layer{layer}");
        let heads = writer.attention(&x, &format!("{name}.attention"));
        let mixed = writer.dense(&heads, DIMENSIONS, DIMENSIONS, &format!("{name}.mixed"));
        let middle = writer.add_norm(&mixed, &x, &format!("{name}.middle"));
        let wide = writer.dense(&middle, DIMENSIONS, form.wide, &format!("{name}.wide"));
        let wide = writer.gelu(&wide, &format!("{name}.gelu"));
        let narrow = writer.dense(&wide, form.wide, DIMENSIONS, &format!("{name}.narrow"));
        x = writer.add_norm(&narrow, &middle, &format!("{name}.end"));
    }
    x = changed(&mut writer, x);
    let attributes = [Attribute::Numbers("axes", &[1]), Attribute::Number("keepdims", 0)];
    let mean = writer.graph.node("ReduceMean", &[&x], "embedding", &attributes);
    let weights = writer.graph.file(&mean, 384);
    let vocabulary = words.join("\n");
    let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let committed =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/all-MiniLM-L6-v2/manifest.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&committed).unwrap();
    manifest["token_limit"] = json!(token_limit);
    manifest["files"] = json!({
        "model.onnx": {"bytes": weights.len(), "sha256": hash(&weights)},
        "vocab.txt": {"bytes": vocabulary.len(), "sha256": hash(vocabulary.as_bytes())},
    });
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    (weights, vocabulary, manifest)
}

/// A model with so many word vectors, whatever its vocabulary.
fn with_vectors(count: usize) -> (Vec<u8>, String, Manifest) {
    files(Form { layers: 1, ..PLAIN }, PLACES, |writer, x| {
        let graph = &mut writer.graph;
        if count == 0 {
            // As a list: bytes that do not lie in the file.
            graph.list("words.codes", &[0, DIMENSIONS], &[]);
        } else {
            graph.without("words.codes");
            graph.codes("words.codes", &[count, DIMENSIONS], &vec![5; count * DIMENSIONS]);
        }
        graph.without("words.scales");
        graph.floats("words.scales", &[count, 1], &vec![0.01; count]);
        x
    })
}

const PLAIN: Form = Form { layers: 2, heads: 12, wide: 256, joined: true, turned: false, multiplied: false };

/// The kernel by which the model is run, and the least cosine of its embeddings with those of stock tract.
fn compared(files: &(Vec<u8>, String, Manifest)) -> (Option<&'static str>, f32) {
    let (weights, vocabulary, manifest) = files;
    let load = |choice| Engine::load_for(weights.clone(), vocabulary, manifest, choice).unwrap();
    let (mut ours, mut stock) = (load(Choice::Best), load(Choice::Stock));
    let texts = ["a", "", "fence post", "the posts stand in gravel and the rails between them", "wwwww xyz"];
    let cosine = |text: &str| ours.embed(text).unwrap().cosine(&stock.embed(text).unwrap()).unwrap();
    let least = texts.map(cosine).into_iter().fold(1.0, f32::min);
    (ours.kernel(), least)
}

#[test]
fn encoders_of_other_shapes_and_forms_run_by_our_kernels() {
    for form in [
        PLAIN,
        Form { joined: false, turned: true, heads: 6, ..PLAIN },
        Form { layers: 1, heads: 4, wide: 64, multiplied: true, ..PLAIN },
        Form { layers: 3, turned: true, multiplied: true, wide: 1_536, ..PLAIN },
    ] {
        let (kernel, least) = compared(&files(form, PLACES, |_, x| x));
        // Without any of the instructions for vectors tract is faster.
        let due = Some(Kernel::best()).filter(|kernel| !kernel.is_portable()).map(Kernel::name);
        assert_eq!(kernel, due, "it is an encoder");
        assert!(least > 0.999, "cosine {least}");
    }
}

#[test]
fn a_model_that_is_no_such_encoder_is_left_to_tract() {
    // Another operator between the last layer and the mean.
    let tanh = |writer: &mut Writer, x: String| writer.graph.node("Tanh", &[&x], "tanh", &[]);
    // Heads of 16 numbers, which the kernels do not have.
    let narrow = files(Form { heads: 24, ..PLAIN }, PLACES, |_, x| x);
    for files in [files(PLAIN, PLACES, tanh), narrow] {
        let (kernel, least) = compared(&files);
        assert_eq!(kernel, None);
        assert!(least > 0.999_99, "cosine {least}");
    }
}

#[test]
fn a_model_whose_codes_are_a_list_is_what_tract_makes_of_it() {
    let words = 3 + 2 * LETTERS.len();
    let list = |writer: &mut Writer, x: String| {
        writer.graph.list("words.codes", &[words, DIMENSIONS], &vec![5; words * DIMENSIONS]);
        x
    };
    let product = |writer: &mut Writer, x: String| {
        writer.graph.list("layer0.wide.codes", &[DIMENSIONS, PLAIN.wide], &vec![5; DIMENSIONS * PLAIN.wide]);
        x
    };
    for (weights, vocabulary, manifest) in [files(PLAIN, PLACES, list), files(PLAIN, PLACES, product)] {
        let load =
            |choice| Engine::load_for(weights.clone(), &vocabulary, &manifest, choice).map_err(|e| e.to_string());
        match (load(Choice::Best), load(Choice::Stock)) {
            (Ok(mut found), Ok(mut stock)) => {
                assert_eq!(found.kernel(), None);
                assert_eq!(found.embed("fence post").unwrap(), stock.embed("fence post").unwrap());
            }
            (found, stock) => assert_eq!(found.unwrap_err(), stock.unwrap_err()),
        }
    }
}

#[test]
fn a_model_with_fewer_places_than_its_manifest_says_is_refused() {
    let (weights, vocabulary, manifest) = files(Form { layers: 1, ..PLAIN }, PLACES + 1, |_, x| x);
    let load =
        |choice| Engine::load_for(weights.clone(), &vocabulary, &manifest, choice).map_err(|error| error.to_string());
    let error = load(Choice::Kernel(Kernel::best())).unwrap_err();
    assert!(error.contains("places for 40 tokens") && error.contains("41"), "{error}");
    let error = load(Choice::Stock).unwrap_err();
    assert!(error.contains("cannot read 41 tokens"), "{error}");
}

#[test]
fn a_model_with_fewer_word_vectors_than_words_in_its_vocabulary_is_refused() {
    let words = 3 + 2 * LETTERS.len();
    for (count, is_due) in [(0, false), (words - 1, false), (words, true), (words + 1, true)] {
        let (weights, vocabulary, manifest) = with_vectors(count);
        for choice in [Choice::Kernel(Kernel::best()), Choice::Stock] {
            let loaded = Engine::load_for(weights.clone(), &vocabulary, &manifest, choice);
            match loaded.map_err(|error| error.to_string()) {
                Ok(mut engine) => {
                    assert!(is_due, "{count} word vectors");
                    // The last word of the vocabulary.
                    engine.embed("az").unwrap();
                }
                Err(why) => {
                    assert!(!is_due, "{why}");
                    let both = format!("the vectors of {count} words, and its vocabulary has {words}");
                    assert!(count == 0 || why.contains(&both), "{why}");
                }
            }
        }
    }
}

#[test]
fn the_fuzzers_seeds_reach_whole_encoders_in_each_form() {
    let seeds = onnx::seeds();
    assert_eq!(seeds.iter().map(|seed| onnx::layers(seed)).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 2, 0]);
    // The fuzzer cuts longer inputs (scripts/fuzz).
    assert!(seeds.iter().all(|seed| seed.len() <= 8192));
}
