//! Scoring of chunks for a query.

/// Different sketches that the scan gives for one question and model, whose vectors are read from the store, which on a board may mean from its card,
/// and scored exactly: of the ten nearest of 40,000 they hold .994 (docs/evidence.md). Of one sketch up to `PLACES_MAX` rows are read, as copies of
/// a text have the same; besides, as many rows as the index of words gives, up to `HITS_MAX`, and those of files that are named.
pub const RESCORE: usize = 100;
/// Vectors picked by their sign bits alone to have their cosine estimated, besides each one that is wanted; at least
/// `ESTIMATED_MORE_MIN`, at most `ESTIMATED_MORE_MAX`.
pub const ESTIMATED_MORE: usize = 3;
/// See `ESTIMATED_MORE`.
pub const ESTIMATED_MORE_MIN: usize = 180;
/// See `ESTIMATED_MORE`.
pub const ESTIMATED_MORE_MAX: usize = 600;
/// And one more for so many vectors: the more there are, the more lie between the nearest.
pub const ESTIMATED_MORE_EACH: usize = 1_000;

/// Vectors that are looked at for another device where some folders are private, until `HITS_MAX` of them may answer; each time
/// `RESCORE_WIDER` times as many as before. The last look reads a record for each: some tens of milliseconds.
pub const RESCORE_SHARED_MAX: usize = 12_800;
/// See `RESCORE_SHARED_MAX`.
pub const RESCORE_WIDER: usize = 4;

/// Different words of a question that count; a pasted page has no more say than a long question.
pub const QUESTION_WORDS_MAX: usize = 64;

/// Numbers of a question that count whose groups signs join, as `1482.8`: each is looked for in the texts of all candidates, and a pasted table has
/// hundreds of them.
pub const GROUPED_NUMBERS_MAX: usize = 64;

/// Names of files that one question may be: itself, and words of it with an ending.
pub const ASKED_NAMES_MAX: usize = 8;

/// Files of one name that are looked up; a folder each may have its `readme.md`.
pub const NAMED_FILES_MAX: usize = 16;

/// Documents with one file name that are looked at for those whose path ends as somebody typed it: a record each, read on a thread of its own.
pub const SAME_NAME_MAX: usize = 1024;

/// Paths that are told of them: who has more of one name types more of the path.
pub const SAME_END_TOLD_MAX: usize = 16;

/// Chunks of a file with the asked name of which the nearest is chosen.
pub const NAMED_CHUNKS_MAX: usize = 256;

/// Places of one text that are told with a hit.
pub const PLACES_MAX: usize = 16;

/// Hits of one answer, the best ones, that are compared with each other to fold those that are nearly the same.
pub const COMPARED_MAX: usize = 200;

/// Letters of what is shown of a hit, and of those before the first word of the question where a sentence is cut.
pub const SNIPPET_CHARS: usize = 320;
/// See `SNIPPET_CHARS`.
pub const SNIPPET_BEFORE: usize = 80;

/// Places of an answer that are shared out: of the first ten, or of all of a shorter answer, at most half (rounded up) are those
/// of one other device, where others have something for the rest that fits and is nearly as good.
pub const SHARED_PLACES: usize = 10;

/// Filters of the last questions of which it is kept which rows fit: some 25 bytes for each 64 rows.
pub const FILTERS_KEPT: usize = 4;

/// Stems of words that are kept while chunks are entered into the index of words: some hundred KiB.
pub const STEMS_MAX: usize = 4096;

/// Bytes of one term of the index of words; longer words, such as base64, are left out.
pub const TERM_BYTES_MAX: usize = 64;

/// Parts of a number or a name that also count as one, as those of a telephone number.
pub const JOINED_PARTS_MAX: usize = 8;

/// Chunks that are kept in memory until they become a segment of the index of words in the store: about 8 MB. The larger a segment, the fewer
/// bytes are written for each chunk, as they share their words (docs/evidence.md, "What is written to the disk").
pub const SEGMENT_CHUNKS: usize = 8_000;

/// Segments that become one. That costs some 250 bytes written a chunk, once.
pub const MERGE_AT_ONCE: usize = 32;

/// Chunks of a segment that is merged with others at most: what comes of so many of them has 768,000, and one term's postings in that take 6 MB of
/// memory; of segments that are just full, a third of that.
pub const MERGED_FROM_MAX: usize = 3 * SEGMENT_CHUNKS;

/// Postings that one step of a merge reads.
pub const MERGE_STEP: usize = 256;

/// Words that no chunk has any more which are taken out of the groups of letters together.
pub const UNUSED_TERMS_AT_ONCE: usize = 20_000;

/// Chunks whose words are put into the index at once, before waiting saves are looked at again.
pub const INDEXED_AT_ONCE: usize = 256;

/// Files that are looked at of those whose words are not in the index yet, for one question: two records are read for each. How many there are
/// beyond is reckoned.
pub const WORDS_DUE_MAX: usize = 1_000;

/// Chunks that an agent which ends writes as a segment of the index of words, if there are so many: the next start would have to enter them
/// anew, and each start has a segment more to merge.
pub const SEGMENT_AT_END: usize = 500;

/// Words that stand in for one of a question's that no chunk holds.
pub const SIMILAR_TERMS_MAX: usize = 16;

/// Words like those of one question which no chunk holds that are looked up although no chunk has them that may answer who asks; shared out among
/// the words of the question, as many as `SIMILAR_TERMS_MAX` for each at least.
pub const SIMILAR_UNSEEN_MAX: usize = 512;

/// Words of chunks that are in no segment yet which are taken at once to be compared.
pub const NEWEST_TERMS_AT_ONCE: usize = 2_048;

/// Postings of a word in a segment that a search reads also after its deadline: less than half a second on a card that reads a block in a
/// millisecond.
pub const POSTINGS_READ_LATE: usize = 256;

/// Words that are compared with one that no chunk holds.
pub const SIMILAR_COMPARED_MAX: usize = 20_000;

/// Files with a word of the question in their names whose chunks are candidates.
pub const NAMED_BY_WORD_MAX: usize = 64;

/// First chunks of each such file.
pub const NAMED_BY_WORD_CHUNKS: usize = 2;

/// Chunks of one device that count at most in what another one says of itself.
pub const PEER_CHUNKS_MAX: u32 = 4_000_000;

/// Chunks of one other device that count at least if it says that it has so many, however few the others have; see `PEER_CHUNKS_TIMES`.
pub const PEER_CHUNKS_TRUSTED: u64 = 100_000;

/// How many times the chunks of all others together one other device counts as at most, in how rare a word is.
pub const PEER_CHUNKS_TIMES: u64 = 3;

/// Phrases in quotation marks of one question that count; the words of others are words like any.
pub const PHRASES_MAX: usize = 4;

/// Words of the phrases of one question that are looked up, the longest ones: whether a text has the others is seen in the text.
pub const PHRASE_WORDS_LOOKED_UP: usize = 16;

/// Texts that are read to see whether the words of a phrase stand together in them, those first that have the words most often for their
/// length: some tens of microseconds each on a PC.
pub const PHRASE_TEXTS_MAX: usize = 2_000;

/// Words of a question up to which other ways to write them are looked up, some dozens for each: a pasted page has words enough.
pub const DIFFERENTLY_MAX: usize = 16;

const _: () = assert!(RESCORE >= super::HITS_MAX, "meaning alone gives as many texts as are wanted");
