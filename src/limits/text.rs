//! Documents as text, and the chunks that they are split into.

use super::embed::MODEL_TOKENS_MAX;

/// Word pieces of one chunk with its heading prefix: what is cut off is not findable by meaning.
pub const CHUNK_TOKENS_MAX: usize = MODEL_TOKENS_MAX - 2;

/// Word pieces that a chunk is packed to (best of 100 to 250 in scripts/eval-chunkeval).
pub const CHUNK_TOKENS_TARGET: usize = 200;

/// Word pieces of the heading prefix; longer ones lose their outer headings first.
pub const PREFIX_TOKENS_MAX: usize = 48;

/// Bytes of one chunk's text. 254 pieces of prose are about 1.2 kB; a single "piece" may be a long run
/// that the tokenizer gives up on, so length is capped apart from pieces.
pub const CHUNK_BYTES_MAX: usize = 8 * 1024;

/// Bytes of one document. Larger files are refused with a sentence: a 512 MB board must hold one whole.
pub const DOCUMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Bytes that are unpacked from one file at most, from the archives in it too. With its text and the parser's own memory it fits into
/// what a child process gets.
pub const UNPACKED_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Bytes unpacked for one of the file. A sheet of numbers or a page of XML has 10 to 40, a bomb 1000.
pub const UNPACKED_RATIO_MAX: usize = 100;

/// So many bytes are unpacked whatever the ratio is: small files of repeated words are no bombs.
pub const UNPACKED_FLOOR_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of one part of an office document, unpacked: the XML of a sheet is longer than its text.
pub const PART_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Entries of one file and of the archives in it: as many as it may have passages.
pub const UNPACKED_ENTRIES_MAX: usize = DOCUMENT_CHUNKS_MAX;

/// Pages of a PDF file that are read.
pub const PDF_PAGES_MAX: usize = 20_000;

/// Sheets of a workbook of Excel of before 2007 that are read.
pub const SHEETS_MAX: usize = 1024;

/// Bytes for which an archive leaves room at the end of its text, so that what is told of a full one fits: all that can be left out, with
/// three names of `HEADING_BYTES_MAX`, is more than 2 kB.
pub const LEFT_OUT_NOTE_BYTES_MAX: usize = 4096;

/// Bytes for what is told of the mails that are left out of a folder of them of which the end is read.
pub const OLDER_MAILS_NOTE_BYTES_MAX: usize = 512;

/// Bytes of a secret in DER that are looked at for whether it looks drawn at random. Of 128 that are some 100 are different; more would be read again and again where
/// values are nested so that each has the form of a key.
pub const KEY_SECRET_LOOKED_BYTES: usize = 128;

/// Bytes of a private key that is written in letters or numbers, as bytes, at most: one of RSA of 16,384 bits has 9 kB.
pub const SPELLED_KEY_BYTES_MAX: usize = 32 * 1024;

/// Bytes of what letters and numbers stand for that are held at a time, for each way to read them.
pub const SPELLED_WINDOW_BYTES: usize = 256 * 1024;

const _: () =
    assert!(8 * SPELLED_KEY_BYTES_MAX <= SPELLED_WINDOW_BYTES, "what is held is not looked at twice for the most part");

/// Archives within archives, the outermost counted.
pub const ARCHIVE_DEPTH_MAX: usize = 3;

/// Bytes of a name in an archive that are kept.
pub const ARCHIVE_NAME_BYTES_MAX: usize = 1024;

/// Elements around an element of XML that are told apart; deeper ones are flat.
pub const XML_DEPTH_MAX: usize = 512;

/// Times that a cell or a row of a table is repeated in its text: an OpenDocument file says how often.
pub const CELL_REPEATS_MAX: usize = 16;

/// Columns of a table that are read.
pub const TABLE_COLUMNS_MAX: usize = 256;

/// Characters of a column's name that stand before each value.
pub const COLUMN_NAME_CHARS_MAX: usize = 40;

/// Rows of tables in a file up to which each is a chunk of its own. Of a larger table several share a chunk, as lines do, so that a file of
/// 200,000 rows makes no more chunks than one may have, and its rows cost no more of the index than its words.
pub const ROWS_ALONE_MAX: usize = 8192;

/// Numbers of a list in JSON that are read, if it has nothing else: more are a vector, and no word of a document.
pub const JSON_NUMBERS_MAX: usize = 32;

/// Bytes at the start of a file that is too large to be read, by which it is told whether it is a folder of mails.
pub const LARGE_HEAD_BYTES: u64 = 16 * 1024;

/// Bytes of a mail's headers, by which it is told.
pub const MAIL_HEAD_BYTES_MAX: usize = 128 * 1024;

/// Addresses of a mail that are read: more are a list that nobody looks through.
pub const MAIL_ADDRESSES_MAX: usize = 64;

/// Chunks of one document: bounds the record that lists them (about 12 bytes each).
pub const DOCUMENT_CHUNKS_MAX: usize = 65_536;

/// Bytes of one heading that are kept in paths; the whole line of a longer one stays in its section's text.
/// Six such levels are still more than `limits::PREFIX_TOKENS_MAX` word pieces.
pub const HEADING_BYTES_MAX: usize = 120;

/// Headings of a document, alike but for their digits, that stand in place of parts of which nothing is left but marks: a scan of a
/// thousand pages that are alike has one a page, and a notebook of pictures has a few.
pub const HEADINGS_ALIKE_MAX: usize = 16;

/// Bytes of a heading that are looked at, its markup and links among them.
pub const HEADING_RAW_MAX: usize = 1024;

/// Marks and spaces in a row after which a sentence ends in any case. Look-ahead in `unicode-segmentation` 1.13
/// is quadratic in this number (its `match_sb8` says so).
pub const SENTENCE_MARKS_MAX: usize = 32;

/// Lines of a file that are looked at for the end of its front matter; the longest of real ones have some fifty.
pub const FRONT_MATTER_LINES_MAX: usize = 1000;

/// Characters of a run without a space from which on it must hold words to stay. A UUID has 36, a fingerprint of SHA-256 in hex 64.
pub const OPAQUE_RUN_CHARS: usize = 48;

/// Bytes of a run of letters of base64 or hex from which on it must not look drawn at random: SHA-1 in hex, a secret key of AWS and
/// a token of GitHub have 40, 32 bytes in base64 have 43.
pub const RANDOM_RUN_BYTES: usize = 40;

/// The same where names beside it, as in a path, are taken off.
pub const RANDOM_RUN_BYTES_LEFT: usize = 32;

/// Bytes of a line at most that may end a block of base64: 76 of a line by RFC 2045, and what a log or a listing puts around it.
pub const TAIL_LINE_BYTES_MAX: usize = 256;

/// Bytes of lines of letters without words that stay where they stand together: licence keys, a short code.
pub const OPAQUE_BYTES_KEPT: usize = 160;

/// Characters of a line from which on it needs spaces not to be minified code; paragraphs that nobody wrapped are longer.
pub const MINIFIED_LINE_CHARS: usize = 400;

/// Characters of it that stay: enough to see what it is.
pub const MINIFIED_HEAD_CHARS: usize = 160;

/// Bytes of rows of numbers that stay at the beginning of a table, about two passages.
pub const NUMBER_HEAD_BYTES: usize = 1200;

/// The same at its end, where the newest readings stand.
pub const NUMBER_TAIL_BYTES: usize = 400;

/// The same for all tables of a file together, and one byte more for each so many bytes of words before them: a long report has many tables.
pub const NUMBER_FILE_BYTES: usize = 4800;

/// See `NUMBER_FILE_BYTES`.
pub const NUMBER_FILE_PART: usize = 4;

/// Bytes of the words that stay of wide rows of numbers which are left out, for a file: some fifty passages. Each row's words stay once.
pub const WIDE_NAMES_BYTES: usize = 64 * 1024;

/// A line that repeats stays until it has filled so many bytes, but at least and at most so many times.
pub const REPEATED_BYTES: usize = 2000;

/// See `REPEATED_BYTES`.
pub const REPEATED_LINES: (usize, usize) = (12, 64);

/// The same for lines that are alike but for their digits: rows of a log, or of a bank statement.
pub const SIMILAR_BYTES: usize = 4000;

/// See `SIMILAR_BYTES`.
pub const SIMILAR_LINES: (usize, usize) = (16, 64);

/// Chunks of one document that may hold (almost) no words: short codes and numbers are looked for, too.
pub const WORDLESS_CHUNKS_MAX: usize = 8;

/// Bytes of a chunk for which it has at least one word, or it counts as wordless; prose has one in six.
pub const BYTES_PER_WORD_MAX: usize = 120;

/// The version of the way from a file to its chunks. It grows when that changes: a store of an earlier version then reads its
/// files again (`store::library`). `tests/it/reader.rs` notices a change of texts without a new number.
///
/// 1. Payload is left out; line ends, front matter and HTML blocks are recognised.
/// 2. HTML tags are left out, and front matter but for its title.
/// 3. HTML is read without Markdown in between; names of characters; long titles are cut.
/// 4. Private keys are left out; of links and pictures of Markdown the words stay.
/// 5. Keys and hashes are left out whatever is around them.
/// 6. So they are in the titles of pages.
/// 7. So they are in full-width letters, in split strings, and in groups of four.
/// 8. So they are as bytes behind a name, over two lines, and in links for a second factor.
/// 9. So they are between casts, in literals of code, and in such links with blanks in them.
/// 10. Office documents, PDF, books and archives are read.
/// 11. Text in any encoding is read, and tables, JSON, XML, subtitles and mails as what they are.
/// 12. Texts of mails that name no encoding are read in the one that they are in. Headings of wikis are headings, and a long report keeps its tables.
/// 13. Of folders of mails that are too large the newest mails are read, and none of a folder is lost that Thunderbird wrote or that has no blank
///     lines between them. What is left out of a file is told at the end of its text.
/// 14. Each reader that leaves words out tells it at the end of the text; short Japanese and Thai texts are read in their encodings, and texts
///     with a few NULs and mails without their last boundary are read.
/// 15. That an office document cannot be read itself is told beside what lies in it; of a mail's parts that lie too deep only
///     those are told that may have words.
/// 16. Where nothing but what was left out stands below a heading, that is the text. The words of wide rows of numbers stay once each. That
///     the end of a file is missing is told only where it is.
/// 17. Base64 of mails is decoded around signs that are no letters, and up to the footer of a list. Of a file that makes more
///     passages than one may have the first are kept. Mails with lines that end in CR, books without the list of their chapters, and archives
///     with entries that are too large are read. Texts without a letter, a figure or a symbol have no words. Lines of
///     calendars are unfolded, and texts of lines in two encodings are read line by line. A narrow letter of a PDF beside
///     its like ("ll", "ii") is kept. A damaged picture, sound, film or program is no text.
/// 18. A folder of mails whose lines end in CR is divided into its mails. The title of front matter stands above the first words below it, and is no
///     passage by itself.
/// 19. A row of a table is a passage of its own.
/// 20. The first row of a table has neither the names of its columns nor the table's title before it.
pub const READER: u64 = 20;

/// Documents whose language is looked at, for the status: at least so many of all, evenly spread, and less than twice as many.
pub const LANGUAGE_SAMPLE: usize = 64;

/// Languages of a collection that are told, and collections of which some are.
pub const LANGUAGES_SPOKEN_MAX: usize = 8;

/// See [`LANGUAGES_SPOKEN_MAX`].
pub const SPEAKING_COLLECTIONS_MAX: usize = 64;

/// Documents from which on it is told that most are in another language.
pub const LANGUAGE_SAMPLE_LEAST: usize = 5;
