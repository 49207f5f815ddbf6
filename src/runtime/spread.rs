//! Large calls of programs, of which linked members embed a part while this device embeds the rest.
//!
//! This device begins at the first text. Parts from the end are offered to members through the node, which refuses them at once where nobody could
//! help. Once only such parts are left, this device embeds them as well, the one that was given away last first, and whatever is there first counts: so
//! a member that is slow, or gone, makes no call slower. Of each part that comes one text is embedded here too; where the vectors differ, the
//! part does not count.
//!
//! A text goes to members of the own mesh alone, over their authenticated links, and nowhere where the owner has set `api.spread = false`.

use super::embeds::{Embedded, Embeds, NotEmbedded, Reading, TEXT_TOKENS_MAX, TextAnswer, answer};
use super::handle::NodeHandle;
use crate::base::vector::Embedding;
use crate::embed::model::prefixed;
use crate::limits::{GRANT_BYTES_MAX, LEASE_CHUNKS_MAX, SPREAD_COSINE_MIN, SPREAD_MIN, SPREAD_PARTS_EACH};
use crate::node::input::Request;
use crate::node::output::Response;
use crate::text::payload::without_secrets;
use log::warn;
use smol::Task;
use smol::channel::{Receiver, Sender, bounded};
use std::collections::VecDeque;
use std::ops::Range;

/// Embeds the texts of a call, with the help of members where that pays.
///
/// # Errors
/// The number of the first text that was found not to be embedded, and why.
pub async fn embed_all(
    node: &NodeHandle,
    embeds: &Embeds,
    texts: Vec<String>,
    reading: Reading,
) -> Result<Vec<Embedded>, (usize, NotEmbedded)> {
    // Others embed passages, and read them in NFKC, which is the same for nearly all: where it is not, the vectors would be others. And what looks like
    // a key or a password goes to nobody, as none of a document does.
    let reads_the_same = |text: &String| !text.is_empty() && (text.is_ascii() || prefixed("", text) == *text);
    let may_go = |text: &String| reads_the_same(text) && without_secrets(text) == *text;
    let pays = embeds.spreads() && !reading.is_question && texts.len() >= 2 * SPREAD_MIN && texts.iter().all(may_go);
    if pays { Call::new(node, embeds, texts, reading).run().await } else { embeds.embed_all(texts, reading).await }
}

/// A part and what it came to; `None`: nobody embedded it.
type Ended = (Range<usize>, Option<Vec<Embedded>>);

/// A call under way.
struct Call<'a> {
    node: &'a NodeHandle,
    embeds: &'a Embeds,
    reading: Reading,
    texts: Vec<String>,
    done: Vec<Option<Embedded>>,
    /// The first text that nobody has.
    front: usize,
    /// The texts from this one on were given to others.
    end: usize,
    /// Those of them before this one are embedded here, or are being.
    again: usize,
    /// Parts that others have. Where the call ends before, nobody waits for them any more.
    parts: Vec<Task<()>>,
    /// How many of these have not ended, and whether all that have were embedded.
    open: usize,
    helped: bool,
    ended: (Sender<Ended>, Receiver<Ended>),
}

impl<'a> Call<'a> {
    fn new(node: &'a NodeHandle, embeds: &'a Embeds, texts: Vec<String>, reading: Reading) -> Self {
        let (done, end) = (vec![None; texts.len()], texts.len());
        let (parts, ended) = (Vec::new(), bounded(SPREAD_PARTS_EACH));
        Self { node, embeds, reading, texts, done, front: 0, end, again: end, parts, open: 0, helped: true, ended }
    }

    async fn run(mut self) -> Result<Vec<Embedded>, (usize, NotEmbedded)> {
        let mut under_way: VecDeque<(usize, TextAnswer)> = VecDeque::new();
        loop {
            while let Ok((part, made)) = self.ended.1.try_recv() {
                self.part_ended(part, made);
            }
            self.give_parts();
            while under_way.len() < self.embeds.threads()
                && let Some(at) = self.next_here()
            {
                let text = self.texts.get(at).cloned().unwrap_or_default();
                under_way.push_back((at, self.embeds.send(text, self.reading).await.map_err(|why| (at, why))?));
            }
            let Some((at, first)) = under_way.pop_front() else { break };
            let embedded = answer(first).await.map_err(|why| (at, why))?;
            self.put(at, embedded);
        }
        // Whatever is not with others is done here, and so is, in the end, what is.
        Ok(self.done.into_iter().flatten().collect())
    }

    /// The next text for this device; `None` once each one is embedded or being embedded here.
    fn next_here(&mut self) -> Option<usize> {
        if self.front < self.end {
            self.front += 1;
            return Some(self.front - 1);
        }
        let at = self.again + self.done.get(self.again..)?.iter().position(Option::is_none)?;
        self.again = at + 1;
        Some(at)
    }

    /// Gives further parts away, as long as this device has enough to do itself and others help.
    fn give_parts(&mut self) {
        while self.helped && self.open < SPREAD_PARTS_EACH && self.end - self.front >= SPREAD_MIN + LEASE_CHUNKS_MAX {
            let Some(part) = self.part() else { return };
            let Some(texts) = self.texts.get(part.clone()).map(<[String]>::to_vec) else { return };
            (self.end, self.again, self.open) = (part.start, part.start, self.open + 1);
            let (node, embeds, reading) = (self.node.clone(), self.embeds.clone(), self.reading);
            let ended = self.ended.0.clone();
            self.parts.push(smol::spawn(async move {
                let made = embedded_by_others(&node, &embeds, texts, reading).await;
                // There is room for each that is open.
                let _ = ended.try_send((part, made));
            }));
        }
    }

    /// The last texts that nobody has, as many as one lease takes; `None` where the last one alone is too large for one.
    fn part(&self) -> Option<Range<usize>> {
        let mut bytes = 0;
        let fits = |text: &&String| {
            bytes += text.len();
            bytes <= GRANT_BYTES_MAX
        };
        let count = self.texts.get(..self.end)?.iter().rev().take(LEASE_CHUNKS_MAX).take_while(fits).count();
        let start = self.end - count;
        (count > 0).then_some(start..self.end)
    }

    fn part_ended(&mut self, part: Range<usize>, made: Option<Vec<Embedded>>) {
        self.open -= 1;
        match made {
            Some(made) => part.zip(made).for_each(|(at, one)| self.put(at, one)),
            // Nobody helps just now: what is left is done here.
            None => self.helped = false,
        }
    }

    fn put(&mut self, at: usize, embedded: Embedded) {
        if let Some(place) = self.done.get_mut(at) {
            place.get_or_insert(embedded);
        }
    }
}

/// Has a part embedded by a member, and checks one of its vectors; `None`: it is to be done here.
async fn embedded_by_others(
    node: &NodeHandle,
    embeds: &Embeds,
    texts: Vec<String>,
    reading: Reading,
) -> Option<Vec<Embedded>> {
    let tokens = embeds.count(texts.clone()).await.ok()?;
    // One that is too long is refused where it is embedded here.
    if !reading.cut && tokens.iter().any(|count| *count > TEXT_TOKENS_MAX) {
        return None;
    }
    // The total of all tokens decides which text is checked: nobody knows it before the texts are there.
    let checked = tokens.iter().sum::<usize>() % texts.len().max(1);
    let sample = texts.get(checked)?.clone();
    let Response::Embedded(Some(vectors)) = node.request(Request::Embed(texts)).await else { return None };
    let vectors = vectors.iter().map(|vector| vector.exact(embeds.fingerprint()));
    let vectors: Vec<Embedding> = vectors.collect::<Result<_, _>>().ok()?;
    let own = embeds.embed(sample, reading).await.ok()?;
    let cosine = vectors.get(checked)?.cosine(&own.embedding).ok()?;
    if cosine < f32::from(SPREAD_COSINE_MIN) / 10_000.0 {
        warn!(
            "Another device gave a false vector for a text of a program. What it embedded of this call does not count, and is embedded here."
        );
        return None;
    }
    let embedded =
        |(embedding, tokens): (Embedding, usize)| Embedded { embedding, tokens: tokens.min(TEXT_TOKENS_MAX) };
    (vectors.len() == tokens.len()).then(|| vectors.into_iter().zip(tokens).map(embedded).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::base::vector::Quantized;
    use crate::embed::stand_in::StandIn;
    use crate::embed::{EmbedError, Embedder};
    use crate::runtime::handle::Call as NodeCall;

    const MODEL: Fingerprint = Fingerprint([7; 32]);
    const TEXTS: usize = 8 * LEASE_CHUNKS_MAX;

    fn texts() -> Vec<String> {
        (0..TEXTS).map(|n| format!("text {n} of a program")).collect()
    }

    /// What a member makes of a part.
    type Member = fn(Vec<String>) -> Option<Vec<Quantized>>;

    /// Counts what is embedded here.
    struct Counting(StandIn, usize);

    impl Embedder for Counting {
        fn model(&self) -> Fingerprint {
            self.0.model()
        }

        fn tokens(&self, text: &str) -> usize {
            self.0.tokens(text)
        }

        fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
            self.1 += 1;
            self.0.embed(text)
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a member is given texts to keep")]
    fn honest(texts: Vec<String>) -> Option<Vec<Quantized>> {
        let vectors = texts.iter().map(|text| StandIn::new(MODEL).embed(text).unwrap().quantize());
        Some(vectors.collect())
    }

    /// A call with the help of this member, and how many texts were embedded here and given to the member.
    fn call(member: Member, spreads: bool) -> (Vec<Embedded>, usize, usize) {
        call_of(texts(), member, spreads)
    }

    fn call_of(texts: Vec<String>, member: Member, spreads: bool) -> (Vec<Embedded>, usize, usize) {
        let (embeds, queue) = Embeds::new("m", MODEL);
        let (node, calls) = NodeHandle::new();
        let embeds = embeds.spreading(spreads);
        let (mut here, mut given) = (Counting(StandIn::new(MODEL), 0), 0);
        let served = async {
            loop {
                queue.recv().await.unwrap().answer(&mut here);
                // As long as a text takes, so that others get on meanwhile.
                smol::Timer::after(std::time::Duration::from_micros(200)).await;
            }
        };
        let helped = async {
            loop {
                let NodeCall { request: Request::Embed(texts), reply } = calls.recv().await.unwrap() else { panic!() };
                given += texts.len();
                reply.send(Response::Embedded(member(texts))).await.unwrap();
            }
        };
        let asked = embed_all(&node, &embeds, texts, Reading::default());
        let made = smol::block_on(smol::future::or(asked, smol::future::or(served, helped))).unwrap();
        (made, here.1, given)
    }

    fn is_right(made: &[Embedded]) -> bool {
        let near = |(text, one): (&String, &Embedded)| {
            one.tokens == 5 && one.embedding.cosine(&StandIn::new(MODEL).embed(text).unwrap()).unwrap() > 0.9999
        };
        made.len() == TEXTS && texts().iter().zip(made).all(near)
    }

    #[test]
    fn members_embed_the_end_of_a_large_call_and_the_answer_is_the_same_in_its_order() {
        let (made, here, given) = call(honest, true);
        assert!(is_right(&made));
        assert!(given >= LEASE_CHUNKS_MAX && here < TEXTS, "{here} are embedded here, and {given} elsewhere");
        assert!(here >= SPREAD_MIN, "this device does its part");
    }

    #[test]
    fn where_nobody_helps_or_somebody_gives_false_vectors_all_is_embedded_here() {
        let (made, _, given) = call(|_| None, true);
        assert!(is_right(&made) && given <= SPREAD_PARTS_EACH * LEASE_CHUNKS_MAX, "{given} were given in vain");
        let (made, ..) = call(|texts| honest(vec!["another text".to_owned(); texts.len()]), true);
        assert!(is_right(&made), "they do not count");
        let (made, ..) = call(|texts| honest(texts).map(|vectors| vectors.into_iter().skip(1).collect()), true);
        assert!(is_right(&made), "one is missing");
    }

    #[test]
    fn nothing_is_given_away_where_the_owner_does_not_want_it_of_what_looks_like_a_key_and_of_small_calls() {
        let (made, here, given) = call(honest, false);
        assert!(is_right(&made));
        assert_eq!((here, given), (TEXTS, 0));
        let with = |text: &str| [texts(), vec![text.to_owned()]].concat();
        let key = "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        for other in [with(key), with("the ﬁrst letters are one sign"), texts().split_off(TEXTS - 2 * SPREAD_MIN + 1)]
        {
            let count = other.len();
            let (made, here, given) = call_of(other, honest, true);
            assert_eq!((made.len(), here, given), (count, count, 0), "a key, another reading, a small call");
        }
    }
}
