//! The engine beside ONNX Runtime and stock tract, in one run, in turn, on the calling core: scripts/bench-engine starts it
//! with ONNX Runtime; `cargo bench --bench engine` alone prints our own columns. docs/evidence.md has figures.
//!
//! With `--calls KERNEL,TOKENS,COUNT` it does so many embeddings and prints nothing: scripts/count-embedding counts their instructions
//! under QEMU.
//!
//! Times are of CPU, in milliseconds of one call: in each round every contender has its turn at every size, of which the least call
//! counts; the table shows the median of the rounds, of which the scalar twin has three. At 8x32 ours runs eight texts one after another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench fails by panicking, reads the model itself and prints its figures"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use wattle::base::rng::Rng;
use wattle::base::vector::Embedding;
use wattle::embed::Embedder;
use wattle::embed::engine::{Choice, Engine};
use wattle::embed::kernels::matrix::Matrix;
use wattle::embed::kernels::quantize::Rows;
use wattle::embed::kernels::{Activation, Kernel};
use wattle::embed::model::Manifest;
use wattle::embed::wordpiece::WordPiece;

const SIZES: [(usize, usize); 6] = [(1, 16), (1, 32), (1, 64), (1, 128), (1, 256), (8, 32)];
/// How long a contender's turn is.
const TURN: Duration = Duration::from_millis(40);
const ROUNDS: usize = 15;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut python, mut forms, mut rounds, mut quality) = (None, None, ROUNDS, None);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().unwrap();
        match argument.as_str() {
            "--python" => python = Some(value),
            "--forms" => forms = Some(value),
            "--rounds" => rounds = value.parse().unwrap(),
            "--quality" => quality = Some(value),
            "--calls" => return calls(&value),
            other => panic!("{other} is no argument"),
        }
    }
    let mut other = python.zip(forms).map(|(python, forms)| OnnxRuntime::start(&python, &forms));
    if let Some(texts) = quality {
        return cosines(&texts, &mut other.unwrap());
    }
    let table = times(&mut other, rounds);
    print_times(&table);
    shares();
}

fn model_file(name: &str) -> Vec<u8> {
    fs::read(format!("{}/models/all-MiniLM-L6-v2/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn vocabulary() -> String {
    String::from_utf8(model_file("vocab.txt")).unwrap()
}

fn engine(choice: Choice) -> Engine {
    let manifest = Manifest::parse(&model_file("manifest.json")).unwrap();
    Engine::load_for(model_file("model.onnx"), &vocabulary(), &manifest, choice).unwrap()
}

/// Different words, each of one token, which with the two at the ends are so many.
fn text(tokens: usize) -> String {
    let vocabulary = vocabulary();
    let words = vocabulary.lines().skip(2_000).filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    words.step_by(37).take(tokens - 2).collect::<Vec<_>>().join(" ")
}

/// So many embeddings of so many tokens, by the kernel of this name or by `tract`; the loading is not left out.
fn calls(asked: &str) {
    let parts: Vec<&str> = asked.split(',').collect();
    let [kernel, tokens, count] = parts[..] else { panic!("KERNEL,TOKENS,COUNT") };
    let named = || Kernel::all().find(|of| of.name() == kernel).expect("a kernel of this processor");
    let choice = if kernel == "tract" { Choice::Stock } else { Choice::Kernel(named()) };
    let (mut engine, text) = (engine(choice), text(tokens.parse().unwrap()));
    for _ in 0..count.parse::<u32>().unwrap() {
        std::hint::black_box(engine.embed(&text).unwrap());
    }
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The least CPU time of calls in a turn, in milliseconds.
fn least(mut call: impl FnMut()) -> f64 {
    let (mut least, begin, mut calls) = (Duration::MAX, Instant::now(), 0);
    while calls < 2 || begin.elapsed() < TURN {
        let before = cpu();
        call();
        least = least.min(cpu() - before);
        calls += 1;
    }
    least.as_secs_f64() * 1e3
}

enum Contender {
    Ours(String, Box<Engine>),
    Other(String),
}

impl Contender {
    fn name(&self) -> &str {
        match self {
            Self::Ours(name, _) | Self::Other(name) => name,
        }
    }
}

/// The median of each contender at each size.
type Table = Vec<(String, Vec<f64>)>;

fn times(other: &mut Option<OnnxRuntime>, rounds: usize) -> Table {
    let mut contenders: Vec<Contender> = Kernel::all()
        .map(|kernel| Contender::Ours(kernel.name().to_owned(), Box::new(engine(Choice::Kernel(kernel)))))
        .collect();
    contenders.reverse();
    contenders.push(Contender::Ours("tract".to_owned(), Box::new(engine(Choice::Stock))));
    if let Some(other) = other {
        contenders.extend(other.ask("forms").split(' ').map(|form| Contender::Other(form.to_owned())));
    }
    let texts = SIZES.map(|(_, tokens)| text(tokens));
    let mut found = vec![vec![Vec::with_capacity(rounds); SIZES.len()]; contenders.len()];
    for round in 0..rounds {
        for (at, (batch, tokens)) in SIZES.into_iter().enumerate() {
            let turns = contenders.iter_mut().zip(&mut found).filter(|(of, _)| round < 3 || of.name() != "portable");
            for (contender, found) in turns {
                found[at].push(match contender {
                    Contender::Ours(_, engine) => least(|| {
                        for _ in 0..batch {
                            std::hint::black_box(engine.embed(&texts[at]).unwrap());
                        }
                    }),
                    Contender::Other(form) => {
                        let seconds = TURN.as_secs_f64();
                        let asked = format!("time {form} {batch} {tokens} {seconds}");
                        other.as_mut().unwrap().ask(&asked).parse::<f64>().unwrap() / 1e6
                    }
                });
            }
        }
    }
    let medians = |sizes: Vec<Vec<f64>>| sizes.into_iter().map(median).collect();
    contenders.iter().map(|of| of.name().to_owned()).zip(found.into_iter().map(medians)).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print_times(table: &Table) {
    print!("{:<14}", "ms");
    SIZES.iter().for_each(|(batch, tokens)| print!("{:>10}", format!("{batch}x{tokens}")));
    println!();
    for (name, medians) in table {
        print!("{name:<14}");
        medians.iter().for_each(|median| print!("{median:>10.3}"));
        println!();
    }
    let others: Vec<&Vec<f64>> = table
        .iter()
        .filter(|(name, _)| ["export", "joined", "fused"].contains(&name.as_str()))
        .map(|(_, of)| of)
        .collect();
    if others.is_empty() {
        return;
    }
    for (name, medians) in table.iter().take_while(|(name, _)| name != "tract") {
        print!("{:<14}", format!("{name}: x"));
        for (at, median) in medians.iter().enumerate() {
            let fastest = others.iter().map(|of| of[at]).fold(f64::MAX, f64::min);
            print!("{:>10.2}", fastest / median);
        }
        println!();
    }
}

/// The share of the processor's products of bytes that a product of the model reaches, by its size.
fn shares() {
    let mut rng = Rng::new(1);
    for kernel in Kernel::all() {
        let Some(peak) = peak(kernel) else { continue };
        println!("{}: {:.0} Gop/s in registers alone", kernel.name(), peak / 1e9);
        for (depth, outputs) in [(384, 384), (384, 1_152), (384, 1_536), (1_536, 384)] {
            let codes: Vec<i8> = (0..depth * outputs).map(|_| (rng.below(255).cast_signed() - 127) as i8).collect();
            let matrix = Matrix::pack(&codes, &vec![0.01; outputs], &vec![0.0; outputs]).unwrap();
            print!("  {:<12}", format!("{depth}x{outputs}"));
            for tokens in [16, 32, 64, 128, 256] {
                let numbers: Vec<f32> = (0..tokens * depth).map(|_| rng.below(1_000) as f32).collect();
                let mut rows = Rows::default();
                kernel.quantize(&numbers, matrix.factors(), &mut rows);
                let mut out = vec![0.0; tokens * outputs];
                let took = least(|| kernel.multiply(&rows, &matrix, Activation::None, &mut out)) / 1e3;
                let operations = 2.0 * (tokens * depth * outputs) as f64;
                print!("{:>7} {:>3.0} %", tokens, 100.0 * operations / took / peak);
            }
            println!();
        }
    }
}

/// Operations a second, two for each product.
fn peak(kernel: Kernel) -> Option<f64> {
    const ROUNDS: u32 = 1 << 20;
    let products = kernel.multiply_in_registers(ROUNDS)?;
    let took = least(|| {
        std::hint::black_box(kernel.multiply_in_registers(std::hint::black_box(ROUNDS)));
    });
    Some(2.0 * products as f64 / took * 1e3)
}

/// How near the embeddings of a file's lines are to the exact model's, for each kernel but the scalar twin.
fn cosines(path: &str, other: &mut OnnxRuntime) {
    let texts = fs::read_to_string(path).unwrap();
    let tokenizer = WordPiece::new(&vocabulary()).unwrap();
    // The scalar twin takes minutes, and its embeddings are those of the others.
    let kernels = Kernel::all().filter(|kernel| !kernel.is_portable());
    let mut engines: Vec<Engine> = kernels.map(|kernel| engine(Choice::Kernel(kernel))).collect();
    engines.push(engine(Choice::Stock));
    let mut found = vec![Vec::new(); engines.len()];
    let (mut ids, mut lengths) = (Vec::new(), Vec::new());
    for line in texts.lines() {
        tokenizer.encode(line, 256, &mut ids);
        lengths.push(ids.len());
        let asked = ids.iter().fold("embed".to_owned(), |asked, id| format!("{asked} {id}"));
        let numbers: Vec<f32> = other.ask(&asked).split(' ').map(|number| number.parse().unwrap()).collect();
        for (engine, found) in engines.iter_mut().zip(&mut found) {
            let exact = Embedding::new(engine.model(), &numbers).unwrap();
            found.push((engine.embed(line).unwrap().cosine(&exact).unwrap(), ids.len()));
        }
    }
    lengths.sort_unstable();
    let quarter = |at: usize| lengths[at * (lengths.len() - 1) / 4];
    println!(
        "{} texts of {} to {} tokens, quartiles {}, {}, {}",
        lengths.len(),
        lengths[0],
        quarter(4),
        quarter(1),
        quarter(2),
        quarter(3)
    );
    for (engine, found) in engines.iter().zip(&mut found) {
        let mean = found.iter().map(|(cosine, _)| f64::from(*cosine)).sum::<f64>() / found.len() as f64;
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (least, tokens) = found[0];
        let low = found[found.len() / 100].0;
        println!(
            "{:<12} mean {mean:.5}, hundredth {low:.5}, least {least:.5} (of {tokens} tokens)",
            engine.kernel().unwrap_or("tract")
        );
    }
}

/// scripts/onnxruntime_forms.py, which answers a line with a line.
struct OnnxRuntime {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl OnnxRuntime {
    fn start(python: &str, forms: &str) -> Self {
        let script = format!("{}/scripts/onnxruntime_forms.py", env!("CARGO_MANIFEST_DIR"));
        let mut process =
            Command::new(python).args([&script, forms]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, to, from }
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.to, "{question}").unwrap();
        let mut answer = String::new();
        assert!(self.from.read_line(&mut answer).unwrap() > 0, "ONNX Runtime ended");
        answer.trim().to_owned()
    }
}

impl Drop for OnnxRuntime {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
