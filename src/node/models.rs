//! The models of collections, chosen by language; and devices whose vectors are of another model than this one's, which cannot embed for it.

use super::{Node, Out};
use crate::base::collection_name::is_same;
use crate::base::finding::{Area, Finding};
use crate::base::fluency::Fluency;
use crate::base::id::PeerKey;
use crate::base::span::span;
use crate::base::time::Instant;
use crate::limits::PEERS_MAX;
use crate::scheduler::regroup::{NewGroup, NewModel, Regroup};
use crate::scheduler::{self, task::CollectionLanguage, task::SpokenLanguages};
use crate::search::lexical::detection::{ENGLISH, is_english};
use crate::store::record::NamedModel;
use crate::wire::gossip::{Fact, Kind};

/// A collection has few documents in other languages than English if they are less than one in so many: between this and half of them its model
/// stays as it is.
const FEW_FOREIGN: usize = 4;

impl Node {
    /// A device asks, or offers work, with vectors of this model.
    pub(super) fn on_model(&mut self, peer: PeerKey, model: [u8; 32]) {
        let others = &mut self.mesh.records.other_models;
        if model == self.config.fingerprint.0 {
            others.remove(&peer);
        } else if others.len() < PEERS_MAX {
            others.insert(peer);
        }
    }

    /// Whether a device has another model, by what it asked or offered last, or by what it publishes of its collections.
    pub(super) fn has_other_model(&self, now: Instant, peer: PeerKey) -> bool {
        let published = match self.gossip.items.fact(now, peer, Kind::Collections) {
            Some(Fact::Collections(list)) => list.iter().any(|of| of.model != self.config.fingerprint.0),
            _ => false,
        };
        published || self.mesh.records.other_models.contains(&peer)
    }

    /// The languages of the collections are counted: those that its owner gave no model get that of many languages once most of their documents
    /// are in a language that the home's model does not know, and the home's again once few are.
    pub(super) fn choose_models(&mut self, now: Instant, languages: Vec<CollectionLanguage>, out: &mut Out) {
        let Some(many) = self.config.multilingual.clone() else { return };
        let home = NamedModel { name: self.config.model.clone(), fingerprint: self.config.fingerprint };
        for CollectionLanguage { collection, language, foreign, read } in languages {
            let set = self.scheduler.model_of(&collection);
            let chosen = set.map(|set| (set.language.is_some(), set.model.fingerprint == many.fingerprint));
            let (model, language) = match chosen {
                // Its owner's word holds.
                Some((false, _)) => continue,
                None | Some((true, false)) if 2 * foreign > read => (many.clone(), language),
                Some((true, true)) if FEW_FOREIGN * foreign < read => (home.clone(), "English".to_owned()),
                None | Some((true, _)) => continue,
            };
            let to = NewGroup::Model(NewModel::Set { model, home: home.clone(), language: Some(language) });
            self.schedule(now, scheduler::Input::ModelChosen(Regroup { collection, to }), out);
        }
    }

    /// Whether only English is matched by its meaning here, and that matters to this question about these collections (none: about all): it is surely in
    /// another language; or it is in English, and more than a few of the documents are not; or it is too short to tell, and most of them are not.
    /// Whoever answers leaves it out beside a strong answer.
    pub(super) fn is_english_only(&self, question: &str, collections: &[String]) -> bool {
        if !self.knows_english_alone() {
            return false;
        }
        let (foreign, known) = self.foreign_of(collections);
        match is_english(question) {
            Some(false) => true,
            Some(true) => foreign > 0 && FEW_FOREIGN * foreign >= known,
            None => 2 * foreign > known,
        }
    }

    /// A question is asked: in which languages the documents are is counted, if that is not known, so that the next answers can tell what it means.
    pub(super) fn want_languages(&mut self, now: Instant) {
        if self.knows_english_alone() {
            self.queries.looked.get_or_insert(now);
        }
    }

    const fn knows_english_alone(&self) -> bool {
        matches!(self.config.fluency, Fluency::English) && self.config.multilingual.is_none()
    }

    /// How many documents of the sample of these collections are surely in another language than English, and of how many the language is sure.
    fn foreign_of(&self, collections: &[String]) -> (usize, usize) {
        let is_meant = |of: &&SpokenLanguages| {
            collections.is_empty() || collections.iter().any(|name| is_same(name, &of.collection))
        };
        self.queries.spoken.iter().filter(is_meant).fold((0, 0), |(foreign, known), of| {
            let english = of.languages.iter().find(|(language, _)| *language == ENGLISH).map_or(0, |(_, count)| *count);
            (foreign + of.known.saturating_sub(english), known + of.known)
        })
    }

    /// Why a device does not embed for this one, where that is not for the moment only.
    pub(super) fn no_help(&self, now: Instant, peer: PeerKey) -> Option<String> {
        if self.has_other_model(now, peer) {
            return Some(
                "has another model: it does not embed for this device; `wattle doctor` says what helps".to_owned(),
            );
        }
        let banned = self.lent(now).find(|lent| lent.peer == peer)?.banned?;
        Some(format!("gets no work for another {}: a vector of it was false", span(banned.as_secs())))
    }

    pub(super) fn findings_of_models(&self, now: Instant) -> impl Iterator<Item = Finding> {
        let others = self.peers.iter().filter(move |peer| self.has_other_model(now, peer.key));
        others.map(|peer| of_other_model(&self.title(Some(peer.key))))
    }
}

/// A device has another model.
pub(crate) fn of_other_model(name: &str) -> Finding {
    let what = format!(
        "{name} has another model than this device: each finds what the other one has by its words alone, and neither embeds for the other. Install the same \
         version of wattle on both, and start both without --models, or with the same model; `wattle status` on each names its model."
    );
    Finding { area: Area::Peers, what, command: None }
}
