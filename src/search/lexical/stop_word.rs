//! Words of a question that say nothing by themselves, in the languages that most people of our first users ask in.
//!
//! How many chunks have a word tells little about it where there are few chunks, or where most are in another language: so there
//! are lists. They also tell the language of a text that is too short for anything else.

use super::language::Language;
use crate::base::fold::{fold, words};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Words that most texts of a language have and no question is about: articles, pronouns, prepositions, auxiliary verbs, and words
/// that begin a question.
const LISTS: [(Language, &str); 11] = [
    (
        Language::English,
        "a about all am an and any are as at be been but by can could did do does doing else for from get had has \
         have having he her here him his how i if in into is it it's its just me my no not of on or our out please \
         shall she should so some than that the their them then there these they this those to too up us was we \
         were what what's when where where's which who who's whom whose why will with would you your i'm don't",
    ),
    (
        Language::German,
        "aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da damit dann das dass \
         dein deine dem den denn der des dessen dich die dies diese diesem diesen dieser dieses dir doch dort du \
         durch ein eine einem einen einer eines er es etwas euch euer für habe haben hat hatte hatten hier ich ihm \
         ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja kann kein keine können man mein meine meinem meinen \
         meiner mich mir mit nach nicht nichts noch nun nur ob oder sein seine seinem seinen seiner seit sich sie \
         sind so soll sollte über um und uns unser unsere unter vom von vor wann war waren warum was welche welchem \
         welchen welcher welches wem wen wenn wer werden wessen weshalb wie wieso wir wird wo wofür woher wohin \
         worüber wozu wurde wurden zu zum zur zwischen",
    ),
    (
        Language::French,
        "à au aux avec ce ces cet cette combien comme comment dans de des dont du elle elles en est et eu été être \
         il ils je la le les leur leurs lui ma mais me mes moi mon ne nos notre nous on ont où ou par pas pour \
         pourquoi qu qu'est quand que quel quelle quelles quels qui quoi sa se ses si son sont sur ta te tes toi \
         ton tu un une vos votre vous y était avait a c'est d'un d'une",
    ),
    (
        Language::Spanish,
        "a al algo ante aquel como cómo con cuál cuales cuáles cuando cuándo cuanto cuánto cuántos cuántas de del \
         desde donde dónde dos el él ella ellas ellos en entre era es esa ese eso esta está este esto estos fue \
         fueron ha había han hasta hay la las le les lo los más me mi mis muy nos nosotros o para pero por porque \
         qué que quién quien quiénes se ser si sin sobre son su sus también te tenía tiene tienen tu tus un una uno \
         y ya yo",
    ),
    (
        Language::Italian,
        "a ad agli ai al alla alle allo anche che chi ci come con cosa cui da dai dal dalla dalle degli dei del \
         della delle dello di dove e è ed era erano gli ha hanno i il in io la le lei li lo loro lui ma mi nei nel \
         nella nelle noi non o per perché più qual quale quali quando quanti quanto questa queste questi questo se \
         si sono su sua sue sui sul sulla suo ti tra tu un una uno vi voi",
    ),
    (
        Language::Portuguese,
        "a ao aos as às com como da das de do dos e é ela elas ele eles em entre era essa esse esta está este eu \
         foi foram há isso isto já lhe mais mas me mesmo meu minha muito na nas não nem no nos nós o onde os ou \
         para pela pelas pelo pelos por porque qual quais quando quanto que quem se sem ser seu seus são sua suas \
         também te tem tinha um uma você",
    ),
    (
        Language::Dutch,
        "aan al als bij dan dat de den der deze die dit door dus een en er ge had heb hebben heeft hem het hier hij \
         hoe hun ik in is je kan maar me mij mijn met naar niet nog nu of om onder ons onze ook op over te tegen \
         toen tot uit van veel voor waar waarom wanneer waren was wat we welk welke werd wie wij worden wordt ze \
         zich zij zijn zo zou",
    ),
    (
        Language::Danish,
        "ad af alle at blev bliver da de dem den denne der deres det dette dig din du efter eller en end er et for \
         fra han hans har have havde hende hendes her hun hvad hvem hvilke hvilken hvilket hvis hvor hvordan \
         hvorfor hvornår i ikke ind jeg kan man med meget men mig min mit når ned nu og om op os over på sig sin \
         skal som til ud under var ved vi vil være",
    ),
    (
        Language::Norwegian,
        "alle at av blei ble bli da de dem den denne der deres det dette deg din du eller en enn er et etter for \
         fra han hans har hadde her hun hva hvem hvilke hvilken hvilket hvis hvor hvordan hvorfor i ikke inn jeg \
         kan man med men meg min mitt når ned nå og om opp oss over på seg sin skal som til ut under var ved vi vil \
         være",
    ),
    (
        Language::Swedish,
        "alla att av blev bli de dem den denna deras det detta dig din du där efter ej eller en er ett från för ha \
         hade han hans har hennes hon hur här i inte jag kan man med men mig min mitt mot ni nu när och om oss på \
         sig sin ska som till under upp ut vad var varför varifrån vem vi vid vilka vilken vilket vår är över",
    ),
    (
        Language::Russian,
        "а без более бы был была были было быть в вам вас во вот все всех вы где да для до его ее если есть еще же \
         за и из или им их к как какая какие какое какой каком какую когда кого кому которая которой которые \
         который кто куда ли мне может мы на над не него нее ней нет них но о об он она они оно от перед по под \
         после почему при про с сколько со так также там то того тоже только том тот ты у уже чего чем через что \
         чтобы эта эти это этого этой этом этот эту я",
    ),
];

/// Words by which a question asks when something was, or for the last time that it was, in the languages that have a stemmer.
const WHEN: &str = "when date dates dated day days month months year years time times week weeks since until ago long last latest newest \
                    recent recently first earliest oldest calendar wann datum tag tage tagen monat monate monaten jahr jahre jahren uhr \
                    uhrzeit woche wochen seit zuletzt letzte letzten letzter letztes letztem neueste neuesten neuestes erste erstes \
                    ersten quand date jour jours mois année années heure semaine depuis dernier dernière cuándo cuando fecha día días mes \
                    meses año años hora semana desde último última quando data giorno giorni mese mesi anno anni ora settimana ultimo \
                    ultima dia dias mês ano anos último última wanneer dag dagen maand jaar tijd laatste sinds hvornår når dato måned år tid \
                    sidst sidste når datum dag månad tid senast senaste когда дата день дня дней месяц месяца год года лет время неделя \
                    последний последняя последнее milloin koska päivä kuukausi vuosi viimeksi πότε ημερομηνία ημέρα mikor dátum nap hónap \
                    év utoljára când când data zi ziua lună ultima zaman tarih gün ay yıl متى تاريخ يوم شهر سنة எப்போது தேதி";

/// The same in scripts that put no spaces between words, and words of several.
const WHEN_PARTS: [&str; 13] = [
    "\u{4EC0}\u{4E48}\u{65F6}\u{5019}",
    "\u{4EC0}\u{9EBC}\u{6642}\u{5019}",
    "\u{4F55}\u{65F6}",
    "\u{4F55}\u{6642}",
    "\u{65E5}\u{671F}",
    "\u{65E5}\u{4ED8}",
    "\u{3044}\u{3064}",
    "\u{51E0}\u{70B9}",
    "\u{6700}\u{5F8C}",
    "\u{6700}\u{540E}",
    "\u{C5B8}\u{C81C}",
    "\u{E40}\u{E21}\u{E37}\u{E48}\u{E2D}",
    "\u{E27}\u{E31}\u{E19}\u{E17}\u{E35}\u{E48}",
];

static WHEN_WORDS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| WHEN.split_whitespace().map(|word| fold(word).into_owned()).collect());

/// Whether a question asks when something was, as far as its words tell.
pub(super) fn asks_when(question: &str) -> bool {
    words(question).any(|word| WHEN_WORDS.contains(&word)) || WHEN_PARTS.iter().any(|part| question.contains(part))
}

/// For each word in its canonical form the languages in which it says nothing.
static WORDS: LazyLock<BTreeMap<String, BTreeSet<Language>>> = LazyLock::new(|| {
    let mut words: BTreeMap<String, BTreeSet<Language>> = BTreeMap::new();
    for (language, list) in LISTS {
        for word in list.split_whitespace() {
            words.entry(fold(word).into_owned()).or_default().insert(language);
        }
    }
    words
});

/// Whether the word, in its canonical form, says nothing by itself in one of these languages.
pub(super) fn is_stop_word(word: &str, languages: &[Language]) -> bool {
    WORDS.get(word).is_some_and(|of| languages.iter().any(|language| of.contains(language)))
}

/// Whether it does in any language.
pub(super) fn is_stop_word_anywhere(word: &str) -> bool {
    WORDS.contains_key(word)
}

/// How many different words of each language's list these are.
pub(super) fn votes<'a>(words: impl Iterator<Item = &'a str>) -> BTreeMap<Language, usize> {
    let different: BTreeSet<&str> = words.collect();
    let mut votes = BTreeMap::new();
    for language in different.into_iter().filter_map(|word| WORDS.get(word)).flatten() {
        *votes.entry(*language).or_default() += 1;
    }
    votes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_nothing_in_its_own_language() {
        let (english, german) = ([Language::English], [Language::German]);
        assert!(is_stop_word("the", &english) && is_stop_word("fur", &german) && is_stop_word("wofur", &german));
        assert!(is_stop_word("war", &german) && !is_stop_word("war", &english));
        assert!(!is_stop_word("boiler", &english) && !is_stop_word("the", &[]));
        assert!(is_stop_word_anywhere("der") && !is_stop_word_anywhere("boiler"));
    }

    #[test]
    fn a_question_that_asks_when_is_known_by_its_words() {
        for question in [
            "When was the stove cleaned?",
            "Wann war er da?",
            "la fecha del pago",
            "когда",
            "\u{3044}\u{3064}\u{3067}\u{3059}\u{304B}",
            "letzte Rechnung",
        ] {
            assert!(asks_when(question), "{question}");
        }
        for question in ["Who has the key?", "Rechnung vom Klempner", "whenever", ""] {
            assert!(!asks_when(question), "{question}");
        }
    }

    #[test]
    fn the_words_of_a_short_text_tell_its_language() {
        let votes = |text: &str| {
            let votes = votes(text.split(' '));
            votes.iter().max_by_key(|(_, votes)| **votes).map(|(language, _)| *language)
        };
        assert_eq!(votes("was war noch mit dem zaun"), Some(Language::German));
        assert_eq!(votes("what was it about the fence"), Some(Language::English));
        assert_eq!(votes("donde esta la llave"), Some(Language::Spanish));
        assert_eq!(votes("zaun"), None);
    }
}
