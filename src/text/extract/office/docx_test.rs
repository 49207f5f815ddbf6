//! Word documents, written here and read.

use super::read;
use crate::text::extract::archive::inflate::Budget;
use crate::text::extract::archive::zip::{Zip, tests::zip};
use crate::text::extract::html::sections;
use crate::text::extract::office::package::Package;

/// The sections of a document with this body, and these other parts.
fn told(body: &str, parts: &[(&str, &str)]) -> Vec<(String, String)> {
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    let mut relations = String::from("<Relationships>");
    for (name, _) in parts {
        let kind = name.trim_end_matches(".xml").trim_end_matches(char::is_numeric);
        relations.push_str(&format!("<Relationship Id='{name}' Type='http://x/{kind}' Target='{name}'/>"));
    }
    relations.push_str("</Relationships>");
    let named: Vec<(String, &str)> = parts.iter().map(|(name, text)| (format!("word/{name}"), *text)).collect();
    let mut entries: Vec<(&str, &[u8])> =
        vec![("word/document.xml", document.as_bytes()), ("word/_rels/document.xml.rels", relations.as_bytes())];
    entries.extend(named.iter().map(|(name, text)| (name.as_str(), text.as_bytes())));
    let file = zip(&entries);
    let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
    let leaf = read(&mut Package::new(&opened, &mut budget), "word/document.xml");
    let text = sections(&leaf.text, leaf.title);
    text.sections.iter().map(|at| (at.heading.clone(), text.text[at.range.clone()].to_owned())).collect()
}

fn p(style: &str, text: &str) -> String {
    format!("<w:p><w:pPr><w:pStyle w:val='{style}'/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

fn pair(heading: &str, body: &str) -> (String, String) {
    (heading.to_owned(), body.to_owned())
}

#[test]
fn styles_make_headings_and_the_title_and_lists_are_lists() {
    let body = [p("Title", "The house"), p("Heading1", "Boiler"), p("x", "Red lamp"), p("Heading2", "Reset")].concat()
        + "<w:p><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:t>Five</w:t><w:tab/><w:t>s</w:t></w:r></w:p>\
           <w:p><w:pPr><w:outlineLvl w:val='0'/></w:pPr><w:r><w:t>Pump</w:t></w:r></w:p><w:p/>";
    assert_eq!(
        told(&format!("{body}{}", p("x", "Blue")), &[]),
        [
            pair("The house > Boiler", "Red lamp"),
            pair("The house > Boiler > Reset", "- Five\ts"),
            pair("The house > Pump", "Blue")
        ]
    );
}

#[test]
fn tables_are_rows_and_text_boxes_stand_by_themselves() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", p("x", text));
    let table = format!("<w:tbl><w:tr>{}{}{}</w:tr><w:tr>{}</w:tr></w:tbl>", cell("a"), cell(""), cell("b"), cell("c"));
    let boxed = format!(
        "<w:p><w:r><w:t>out</w:t><mc:AlternateContent><mc:Choice><w:txbxContent>{}</w:txbxContent></mc:Choice>\
         <mc:Fallback><w:txbxContent>{}</w:txbxContent></mc:Fallback></mc:AlternateContent><w:t>side</w:t></w:r></w:p>",
        p("x", "boxed"),
        p("x", "boxed")
    );
    assert_eq!(told(&format!("{table}{boxed}"), &[]), [pair("", "a | b\nc\n\nboxed\n\noutside")]);
    let nested = format!("<w:tbl><w:tr><w:tc>{}{table}</w:tc>{}</w:tr></w:tbl>", p("x", "in"), cell("d"));
    assert_eq!(told(&nested, &[]), [pair("", "in a | b c | d")]);
}

#[test]
fn notes_and_comments_follow_their_paragraph_and_headers_come_first() {
    let body = "<w:p><w:r><w:t>Rain</w:t><w:footnoteReference w:id='2'/></w:r><w:r><w:commentReference w:id='0'/></w:r>\
                <w:del><w:r><w:delText>no</w:delText></w:r></w:del><w:ins><w:r><w:t> falls</w:t></w:r></w:ins></w:p>";
    let note = "<w:footnotes><w:footnote w:id='0' w:type='separator'/><w:footnote w:id='2'><w:p><w:r><w:t>In May</w:t></w:r>\
                </w:p></w:footnote></w:footnotes>";
    let comment = "<w:comments><w:comment w:id='0' w:author='Ann'><w:p><w:r><w:t>Really?</w:t></w:r></w:p></w:comment>\
                   </w:comments>";
    let header = "<w:hdr><w:p><w:r><w:t>Mill Street 5</w:t></w:r></w:p></w:hdr>";
    let number = "<w:ftr><w:p><w:r><w:t>12</w:t></w:r></w:p></w:ftr>";
    let parts = [
        ("footnotes.xml", note),
        ("comments.xml", comment),
        ("header1.xml", header),
        ("header2.xml", header),
        ("footer1.xml", number),
    ];
    assert_eq!(told(body, &parts), [pair("", "Mill Street 5\n\nRain falls\n[In May]\n[Ann: Really?]")]);
}

#[test]
fn diagrams_charts_and_parts_of_html_are_read() {
    let diagram =
        "<dgm:dataModel><a:p><a:t>Plan</a:t></a:p><a:p><a:t>Do</a:t></a:p><a:p><a:t>Do</a:t></a:p></dgm:dataModel>";
    let chart = "<c:chart><c:v>East</c:v><c:v>20.4</c:v></c:chart>";
    let body = "<w:p><w:r><w:t>Above</w:t></w:r></w:p><w:altChunk r:id='aFChunk.html'/>";
    let parts = [("diagramData1.xml", diagram), ("chart1.xml", chart), ("aFChunk.html", "<h2>Deep</h2><p>words</p>")];
    assert_eq!(told(body, &parts), [pair("", "Above\n\nPlan\nDo\n\nEast"), pair("Deep", "words")]);
}
