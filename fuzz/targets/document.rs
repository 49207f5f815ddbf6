//! Documents and archives of the owner: whatever the bytes are, nothing panics, and what is unpacked stays within its caps.
//!
//! PDF files are left out: their reader is a crate, which runs in a process of its own.

use wattle::limits::{CHUNK_BYTES_MAX, DOCUMENT_BYTES_MAX};
use wattle::text::chunk::chunks;
use wattle::text::extract::extract;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    if data.windows(5).any(|window| window == b"%PDF-") {
        return;
    }
    let Ok(text) = extract("a.bin", data) else { return };
    assert!(u64::try_from(text.text.len()).is_ok_and(|bytes| bytes <= 2 * DOCUMENT_BYTES_MAX));
    let mut end = 0;
    for section in &text.sections {
        assert!(section.range.start >= end && text.text.get(section.range.clone()).is_some());
        end = section.range.end;
        assert!(!section.heading.chars().any(char::is_control));
    }
    let count = |part: &str| part.split_whitespace().count();
    for chunk in chunks(&text, &count) {
        assert!(chunk.range.end - chunk.range.start <= CHUNK_BYTES_MAX);
    }
    assert_eq!(extract("a.bin", data).as_ref(), Ok(&text), "the same bytes give the same text");
}

/// A document of each format, not packed, so that a fuzzer reaches what is in it.
pub fn seeds() -> Vec<Vec<u8>> {
    [packages(), books(), binaries(), markup()].concat()
}

fn packages() -> Vec<Vec<u8>> {
    let word = zip(&[
        ("_rels/.rels", relations(&[("officeDocument", "word/document.xml")]).as_bytes()),
        (
            "word/_rels/document.xml.rels",
            relations(&[("styles", "styles.xml"), ("footnotes", "notes.xml")]).as_bytes(),
        ),
        ("word/styles.xml", b"<s><w:style w:styleId='H'><w:name w:val='heading 1'/><w:basedOn w:val='H'/></w:style></s>"),
        ("word/notes.xml", b"<f><w:footnote w:id='2'><w:p><w:r><w:t>May</w:t></w:r></w:p></w:footnote></f>"),
        (
            "word/document.xml",
            b"<w:body><w:p><w:pPr><w:pStyle w:val='H'/></w:pPr><w:r><w:t>Boiler &amp; pump</w:t></w:r></w:p><w:tbl><w:tr><w:tc>\
              <w:p><w:r><w:t>red</w:t><w:footnoteReference w:id='2'/></w:r></w:p></w:tc></w:tr></w:tbl></w:body>",
        ),
    ]);
    let slides = zip(&[
        ("ppt/presentation.xml", b"<p><p:sldId r:id='r0'/></p>"),
        ("ppt/_rels/presentation.xml.rels", relations(&[("slide", "s.xml")]).as_bytes()),
        (
            "ppt/s.xml",
            b"<p:sp><p:ph type='title'/><a:p><a:t>Boiler</a:t></a:p></p:sp><p:sp><a:p><a:t>red</a:t></a:p></p:sp>",
        ),
    ]);
    let sheet = zip(&[
        ("xl/workbook.xml", b"<w><sheet name='Stock' r:id='r0'/></w>"),
        (
            "xl/_rels/workbook.xml.rels",
            relations(&[("worksheet", "s.xml"), ("sharedStrings", "t.xml"), ("styles", "f.xml")]).as_bytes(),
        ),
        ("xl/t.xml", b"<sst><si><t>Part</t></si><si><t>Seen</t></si></sst>"),
        ("xl/f.xml", b"<s><numFmt numFmtId='200' formatCode='d.m'/><cellXfs><xf numFmtId='200'/></cellXfs></s>"),
        (
            "xl/s.xml",
            b"<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row><row r='2'><c r='B2' s='0'><v>45000.5</v>\
              </c></row>",
        ),
    ]);
    let binary = zip(&[
        (
            "xl/workbook.bin",
            &[&[0x9C, 1, 22, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0][..], b"r\x000\0", b"\x01\0\0\0S\0"].concat(),
        ),
        ("xl/_rels/workbook.bin.rels", relations(&[("worksheet", "s.bin")]).as_bytes()),
        ("xl/s.bin", &[&[0, 4, 0, 0, 0, 0, 6, 16][..], &[0; 8], &[2, 0, 0, 0], b"h\0i\0"].concat()),
    ]);
    vec![word, slides, sheet, binary]
}

fn books() -> Vec<Vec<u8>> {
    let open = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        (
            "content.xml",
            b"<text:h text:outline-level='1'>Boiler</text:h><text:p>red<text:note><text:p>May</text:p></text:note></text:p>\
              <office:spreadsheet><table:table table:name='S'><table:table-row table:number-rows-repeated='3'><table:table-cell \
              office:value-type='float' table:number-columns-repeated='9'><text:p>1</text:p></table:table-cell></table:table-row>\
              </table:table></office:spreadsheet>",
        ),
    ]);
    let book = zip(&[
        ("META-INF/container.xml", b"<c><rootfile full-path='b.opf'/></c>"),
        ("b.opf", b"<p><dc:title>House</dc:title><item id='a' href='a.xhtml'/><itemref idref='a'/></p>"),
        ("a.xhtml", b"<html><h1>Boiler</h1><p>red</p></html>"),
    ]);
    vec![open, book]
}

fn binaries() -> Vec<Vec<u8>> {
    let mut tar = vec![0; 512];
    tar[..5].copy_from_slice(b"a.txt");
    tar[124..135].copy_from_slice(b"00000000003");
    tar[148..156].fill(b' ');
    let sum: u32 = tar.iter().map(|byte| u32::from(*byte)).sum();
    tar[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    tar.extend(b"red");
    tar.resize(2048, 0);
    let mut gzip = b"\x1F\x8B\x08\0\0\0\0\0\0\x03\x01\x03\0\xFC\xFFred".to_vec();
    gzip.extend([0; 8]);
    let nest = zip(&[("a/b.zip", &zip(&[("c.md", b"# Boiler\n\nred\n")])), ("d.txt", b"words")]);
    let string = [&[1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 12, 1, 0, 1, 0, 0, 0][..], b"red", &[0; 5]].concat();
    let records = [
        record(0x0809, &[0, 6, 5, 0]),
        record(0x00FC, &string),
        record(0x0085, &[54, 0, 0, 0, 0, 0, 1, 0, b'S']),
        record(0x000A, &[]),
        record(0x0809, &[0, 6, 16, 0]),
        record(0x00FD, &[0; 10]),
        record(0x000A, &[]),
    ];
    let xls = compound("Workbook", &records.concat());
    let mut doc = vec![0; 0x200];
    doc[..4].copy_from_slice(&[0xEC, 0xA5, 0x65, 0]);
    doc[0x19] = 1;
    doc[0x1C..0x1E].copy_from_slice(&[9, 1]);
    doc[0x100..0x109].copy_from_slice(b"red\x07\x07\x13x\x14y");
    vec![tar, gzip, nest, xls, compound("WordDocument", &doc)]
}

/// XML and mails.
fn markup() -> Vec<Vec<u8>> {
    let feed = b"<?xml version='1.0' encoding='iso-8859-1'?><rss><title>House</title><item><title>B\xF6iler</title><description>&lt;p&gt;It \
                 &lt;b&gt;hums&lt;/b&gt;</description><row><c t='1'>5</c><c label='red lamp'/></row> and <b>more</b></item></rss>";
    let mail = b"From: =?utf-8?q?Ann?= <a@x.org>\r\nTo: b@x.org\r\nDate: Sat, 2 May 2026 14:30:00 +0200\r\nSubject: Boiler\r\n\
                 Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>red</p>\r\n--b\r\n\
                 Content-Type: application/zip; name*=utf-8''a%2Ezip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b\r\n\
                 Content-Type: message/rfc822\r\n\r\nFrom: c\r\nSubject: Older\r\n\r\nx=\r\n--b--\r\n";
    let folder = b"From a@x Mon Jun 01 10:00:00 2009\nFrom: a\nTo: b\nSubject: one\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4 =\n\n\
                   From b@x Mon Jun 01 10:00:00 2009\nSubject: two\n\nmore\n";
    vec![feed.to_vec(), mail.to_vec(), folder.to_vec()]
}

fn relations(all: &[(&str, &str)]) -> String {
    let one = |(at, (kind, target)): (usize, &(&str, &str))| {
        format!("<Relationship Id='r{at}' Type='x/{kind}' Target='{target}'/>")
    };
    all.iter().enumerate().map(one).collect()
}

/// A ZIP file of entries that are not packed.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    for (name, body) in entries {
        let at = length(file.len());
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        fields.extend([length(body.len()), length(body.len()), length(name.len())].concat());
        file.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), body].concat());
        directory.extend([b"PK\x01\x02\x14\0", &fields[..], &[0; 10], &at, name.as_bytes()].concat());
    }
    let count = &length(entries.len())[..2];
    let at = length(file.len());
    file.extend(&directory);
    file.extend([b"PK\x05\x06\0\0\0\0", count, count, &length(directory.len()), &at, &[0, 0]].concat());
    file
}

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), &u16::try_from(body.len()).unwrap_or(0).to_le_bytes()[..], body].concat()
}

/// A compound file of one stream.
fn compound(name: &str, stream: &[u8]) -> Vec<u8> {
    let mut file = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    file.resize(0x1E, 0);
    file.extend([9, 0, 6, 0]);
    file.resize(0x2C, 0);
    for number in [1, 1, 0, 0, 0xFFFF_FFFE, 0, 0xFFFF_FFFE, 0, 0_u32] {
        file.extend(number.to_le_bytes());
    }
    file.extend([0xFF; 108 * 4]);
    let sectors = u32::try_from(stream.len().div_ceil(512)).unwrap_or(0);
    let next = (2..2 + sectors).map(|at| if at + 1 < 2 + sectors { at + 1 } else { 0xFFFF_FFFE });
    let table: Vec<u32> = [0xFFFF_FFFD, 0xFFFF_FFFE].into_iter().chain(next).collect();
    file.extend(table.iter().flat_map(|number| number.to_le_bytes()));
    file.resize(1024, 0xFF);
    for (name, kind, child, start, size) in [("Root Entry", 5, 1, 0xFFFF_FFFE, 0), (name, 2, u32::MAX, 2, stream.len())]
    {
        let at = file.len();
        file.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        file.resize(at + 64, 0);
        file.extend([u8::try_from(2 * name.len() + 2).unwrap_or(0), 0, kind, 0]);
        file.extend([u32::MAX, u32::MAX, child].iter().flat_map(|number| number.to_le_bytes()));
        file.resize(at + 116, 0);
        file.extend([start, u32::try_from(size).unwrap_or(0), 0].iter().flat_map(|number| number.to_le_bytes()));
    }
    file.resize(1536, 0);
    file.extend(stream);
    file.resize(file.len().next_multiple_of(512), 0);
    file
}
