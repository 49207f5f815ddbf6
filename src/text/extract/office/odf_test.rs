//! OpenDocument files, written here and read.

use super::{is_encrypted, read};
use crate::text::extract::archive::inflate::Budget;
use crate::text::extract::archive::zip::{Zip, tests::zip};
use crate::text::extract::html::sections;
use crate::text::extract::office::package::Package;

fn told(content: &str, styles: &str) -> Vec<(String, String)> {
    let file = zip(&[("content.xml", content.as_bytes()), ("styles.xml", styles.as_bytes())]);
    let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
    let leaf = read(&mut Package::new(&opened, &mut budget));
    let text = sections(&leaf.text, leaf.title);
    text.sections.iter().map(|at| (at.heading.clone(), text.text[at.range.clone()].to_owned())).collect()
}

fn pair(heading: &str, body: &str) -> (String, String) {
    (heading.to_owned(), body.to_owned())
}

#[test]
fn a_text_has_headings_lists_tables_notes_and_comments() {
    let content = "<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>\
        <text:h text:outline-level='2'>Boiler</text:h>\
        <text:p>Red<text:s text:c='2'/>lamp\n on<text:note><text:note-citation>1</text:note-citation><text:note-body>\
        <text:p>In May</text:p></text:note-body></text:note><office:annotation><dc:creator>Ann</dc:creator>\
        <dc:date>2026</dc:date><text:p>Really?</text:p></office:annotation> again</text:p>\
        <text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>\
        <table:table table:name='T'><table:table-row><table:table-cell><text:p>a</text:p><text:p>b</text:p></table:table-cell>\
        <table:table-cell><text:p>c</text:p></table:table-cell></table:table-row></table:table>\
        <text:p>Seen <text:date>3 May</text:date></text:p></office:text>";
    let styles = "<s><office:master-styles><style:master-page><style:header><text:p>Mill Street 5</text:p></style:header>\
        <style:footer><text:p>12</text:p></style:footer><text:p>no</text:p></style:master-page></office:master-styles></s>";
    let body = "Red  lamp  on again\n[In May]\n[Ann: Really?]\n- one\na b | c\n\nSeen 3 May";
    assert_eq!(told(content, styles), [pair("", "Mill Street 5"), pair("Boiler", body)]);
}

#[test]
fn a_spreadsheet_has_sheets_with_named_columns_and_repeats_are_bounded() {
    let cell = |kind: &str, text: &str| {
        format!("<table:table-cell office:value-type='{kind}'><text:p>{text}</text:p></table:table-cell>")
    };
    let content = format!(
        "<office:spreadsheet><table:table table:name='Stock'><table:table-row>{}{}</table:table-row><table:table-row>{}\
         <table:table-cell table:number-columns-repeated='2' office:value-type='float'><text:p>4</text:p></table:table-cell>\
         <table:table-cell table:number-columns-repeated='99999999'/></table:table-row>\
         <table:table-row table:number-rows-repeated='99999999'><table:table-cell/></table:table-row></table:table>\
         </office:spreadsheet>",
        cell("string", "Part"),
        cell("string", "Left"),
        cell("string", "Bolt")
    );
    assert_eq!(told(&content, ""), [pair("Stock", "Part; Left\nPart: Bolt; Left: 4; 4")]);
}

#[test]
fn slides_have_their_number_and_encrypted_files_are_told() {
    let content = "<office:presentation><draw:page draw:name='page1'><draw:text-box><text:p>One</text:p></draw:text-box>\
        </draw:page><draw:page draw:name='Pump'><text:p>Two</text:p><presentation:notes><text:p>Say it</text:p>\
        </presentation:notes></draw:page></office:presentation>";
    assert_eq!(told(content, ""), [pair("Slide 1", "One"), pair("Slide 2: Pump", "Two\n\nSay it")]);
    let manifest = b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    for (name, encrypted) in [("META-INF/manifest.xml", true), ("x", false)] {
        let file = zip(&[(name, &manifest[..])]);
        let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
        assert_eq!(is_encrypted(&mut Package::new(&opened, &mut budget)), encrypted);
    }
}
