//! HTML files and the text that they have.

use super::super::extract;
use super::{HEADING, Page, read};

/// The title and the sections of a page.
fn found(page: &str) -> Vec<(String, String)> {
    let text = extract("a.html", page.as_bytes()).unwrap();
    text.sections.into_iter().map(|at| (at.heading, text.text[at.range].to_owned())).collect()
}

fn expect(page: &str, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> = wanted.iter().map(|(heading, text)| ((*heading).to_owned(), (*text).to_owned())).collect();
    assert_eq!(found(page), wanted, "{page:?}");
}

/// A page as a program for notes or a museum would save it.
const BOILER: &str = r#"<!DOCTYPE html>
<html lang="de">
<head>
  <meta charset="utf-8">
  <title>Kessel &ndash; Handbuch
    f&uuml;r zu Hause</title>
  <link rel="stylesheet" href="style.css">
  <style>
    h1 > em { color: red } /* <h1>no</h1> */
  </style>
  <script type="text/javascript">
    if (a < b && c > d) { document.write("<p>no<\/p>"); }
  </script>
</head>
<body class="page" onload="if (1 > 0) go()">
<!-- <h1>Draft</h1>
     <p>hidden</p> -->
<nav><ul>
  <li><a href="/">Start</a></li>
  <li><a href="/teile?a=1&b=2">Teile</a></li>
</ul></nav>
<article>
  <h1>Der <em>Kessel</em> im Keller</h1>
  <p>Die rote Lampe blinkt, wenn das Wasser
     unter <b>1,2&nbsp;bar</b> steht.<br>Dann nachf&#252;llen.</p>
  <h2>Nachf&uuml;llen</h2>
  <ol>
    <li><p>Hahn &ouml;ffnen</p></li>
    <li>Warten, bis der Zeiger bei 1,5 steht</li>
    <li></li>
  </ol>
  <table>
    <tr><th>Monat</th><th>Druck</th></tr>
    <tr><td>M&auml;rz</td><td>1.4</td></tr>
  </table>
  <h2>Use &lt;b&gt; in <code>config</code></h2>
  <pre><code># make
```
&lt;!-- no comment --&gt;
  all
</code></pre>
  <p>&lt;!-- stays</p>
  <p>~~~</p>
  <p># no heading</p>
  <svg width="9"><title>Icon</title><path d="M0 0"/></svg>
  <h3>Fragen</h3>
  <p>Heiz&shy;k&ouml;rper l&uuml;ften: &bdquo;<a title="a > b" href="x">siehe dort</a>&ldquo;</p>
</article>
<footer><p>&copy; 2026 Ann</p></footer>
</body>
</html>
"#;

const BOILER_TEXT: [(&str, &str); 4] = [
    (
        "Kessel \u{2013} Handbuch f\u{FC}r zu Hause > Der Kessel im Keller",
        "Die rote Lampe blinkt, wenn das Wasser unter 1,2 bar steht.\nDann nachf\u{FC}llen.",
    ),
    (
        "Kessel \u{2013} Handbuch f\u{FC}r zu Hause > Der Kessel im Keller > Nachf\u{FC}llen",
        "- Hahn \u{F6}ffnen\n\n- Warten, bis der Zeiger bei 1,5 steht\n\nMonat Druck\nM\u{E4}rz 1.4",
    ),
    (
        "Kessel \u{2013} Handbuch f\u{FC}r zu Hause > Der Kessel im Keller > Use <b> in config",
        "# make\n```\n<!-- no comment -->\n  all\n\n<!-- stays\n\n~~~\n\n# no heading",
    ),
    (
        "Kessel \u{2013} Handbuch f\u{FC}r zu Hause > Der Kessel im Keller > Use <b> in config > Fragen",
        "Heizk\u{F6}rper l\u{FC}ften: \u{201E}siehe dort\u{201C}",
    ),
];

#[test]
fn a_whole_page_answers_with_its_text_under_its_headings() {
    expect(BOILER, &BOILER_TEXT);
}

#[test]
fn what_frames_a_page_is_no_passage_unless_the_page_has_nothing_else() {
    let nav = "<nav><h2>Menu</h2><a href=/>Home</a> | <a href=/a>About</a></nav>";
    for (page, text) in [
        (format!("{nav}<p>Herons come"), "Herons come"),
        (format!("<header>My ponds {nav}</header><p>Herons come</p><footer>(c) Ann</footer>"), "Herons come"),
        (format!("<aside>Also read</aside><main>{nav}Herons come</main><aside>Tags</aside>"), "Herons come"),
        ("Herons come<footer>a<nav>b</nav>c</footer>".to_owned(), "Herons come"),
        // A text has headers, footers and notes of its own.
        (
            "<article><header>By Ann</header>Herons<aside>Shy!</aside><footer>2024</footer></article>".to_owned(),
            "By Ann\n\nHerons\n\nShy!\n\n2024",
        ),
        ("<blockquote>Herons<footer>Ann</footer></blockquote>".to_owned(), "Herons\n\nAnn"),
        ("Herons<aside>come</aside>".to_owned(), "Herons\n\ncome"),
        // What nothing closes, and what is alone.
        ("<nav>Home<p>Herons come".to_owned(), "Home\n\nHerons come"),
        ("<nav>Home<main>Herons come</main></nav>".to_owned(), "Home\n\nHerons come"),
        ("<header>Herons</header><footer>come</footer>".to_owned(), "Herons\n\ncome"),
        ("</nav>Herons</footer> come".to_owned(), "Herons\n\ncome"),
    ] {
        expect(&page, &[("", text)]);
    }
    expect(&format!("<header><h1>Pond</h1>by Ann{nav}</header><p>Herons"), &[("Pond", "by Ann\n\nHerons")]);
    let alone = found(&format!("<title>Pond</title><h1>Links</h1>{nav}"));
    assert!(alone.iter().any(|(_, text)| text.contains("About")), "{alone:?}");
}

#[test]
fn a_minified_page_of_one_line_with_pictures_in_it_is_read_whole() {
    let picture = "iVBORw0KGgo4AAAANSUhEUgAA9AUAAAFCAYAAACNbyblAAA".repeat(90);
    let page = format!(
        "<!doctype html><html lang=en><head><title>Pond</title><style>a{{b:url(data:image/png;base64,{picture})}}</style>\
         </head><body><h1>Pond</h1><p>Herons come at dawn.</p><img alt=x src=\"data:image/png;base64,{picture}\"><h2>Fish</h2>\
         <p>The carp sleep in winter.</p>{}<p>The last word is newt.</p></body></html>",
        "<div class=\"a-b-c\"><i></i></div>".repeat(90)
    );
    assert!(!page.contains('\n'));
    expect(
        &page,
        &[("Pond", "Herons come at dawn."), ("Pond > Fish", "The carp sleep in winter.\n\nThe last word is newt.")],
    );
}

#[test]
fn text_is_not_lost_to_a_tag_that_nothing_closes() {
    for (page, text) in [
        ("<svg/>Herons come", "Herons come"),
        ("<p>Newts</p><svg width='1'/>Herons<svg>no</svg> come", "Newts\n\nHerons come"),
        ("<script src=\"x\"/>Herons come", "Herons come"),
        ("<title/>Herons come", "Herons come"),
        ("<title>Herons come", "Herons come"),
        ("<style>Herons come", "Herons come"),
        ("<script>no</scripty>no</script >Herons come", "Herons come"),
        ("<script>no</SCRIPT Herons come", "Herons come"),
        ("<!-->Herons come", "Herons come"),
        ("<!---->Herons come", "Herons come"),
        ("<?xml version=\"1.0\"?><script/>Herons<script>no</script> come", "Herons come"),
        ("Herons < 3 &unknown; <my-part>own</my-part> come", "Herons < 3 &unknown; own come"),
        ("<a href=\"never closed>Herons</a> come", "Herons come"),
    ] {
        expect(page, &[("", text)]);
    }
    expect("<title>Pond</title>", &[("Pond", "Pond")]);
    let xhtml = extract("a.xhtml", b"<script src='x'/>Herons<script>no</script> come").unwrap();
    assert_eq!(&xhtml.text[xhtml.sections[0].range.clone()], "Herons come");
}

#[test]
fn a_title_has_no_key_and_no_hash_and_one_of_those_alone_is_none() {
    let key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
    let hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    expect(&format!("<title>Tunnel {key}</title><p>It is red."), &[("Tunnel \u{2026}", "It is red.")]);
    expect(&format!("<title>Commit {hash} · pond</title><h2>Carp</h2>12"), &[("Commit \u{2026} · pond > Carp", "12")]);
    expect(&format!("<title>{hash}</title><p>It is red."), &[("", "It is red.")]);
    assert!(extract("a.html", format!("<title>{hash}</title>").as_bytes()).is_err(), "nothing is left");
}

#[test]
fn a_long_title_is_cut_between_two_words_and_one_as_long_as_a_text_is_text() {
    let title = "Herons come at dawn, ".repeat(8);
    let page = found(&format!("<title>{title}</title><p>Carp"));
    assert!(page[0].0.ends_with("dawn, Herons come at") && title.starts_with(&page[0].0), "{page:?}");
    assert_eq!(found(&format!("<title>{title}</title>"))[0].1, title.trim(), "its text is whole");
    let long = "Herons come. ".repeat(90);
    assert_eq!(found(&format!("<title>{long}</title>Carp")), [(String::new(), format!("{}\n\nCarp", long.trim()))]);
}

#[test]
fn a_heading_that_nothing_closes_does_not_take_the_others() {
    let long = "Herons come at dawn. ".repeat(60);
    let page = found(&format!("<h1>Pond<p>{long}<p>Carp<h2>Newts</h2>sleep"));
    assert_eq!(page.len(), 2);
    assert!(page[0].1.starts_with("Pond Herons") && page[0].1.ends_with("dawn.\n\nCarp"), "{page:?}");
    assert!(page[1].0.ends_with(" > Newts"));
}

#[test]
fn steps_and_memory_are_linear_whatever_the_page_is() {
    const BYTES: usize = 1 << 15;
    let repeated = |part: &str| part.repeat(BYTES / part.len());
    let mut pages: Vec<String> = [
        "<a",
        "<a>",
        "<!--",
        "<script>",
        "<script></script",
        "</script",
        "<svg/>",
        "&#",
        "`",
        "<p ",
        "</title",
        "<title>",
        "<\u{e4}",
        "&\u{e4};",
        "<a \"=\"",
        "<a b=\"",
        "<a b='<a b=\"",
        "<div>",
        "<h6>",
        "<li>",
        "<p>",
        "<br>",
        "<pre>",
        "\n",
        " ",
        "<pre></pre>",
        "<!",
        "&lt;",
        "<td>",
        "<nav>",
        "<nav>\u{e4}</nav>",
        "<header><h1>a</header>",
        "<li><nav>\u{e4}<li></nav>",
        "<h1><nav></h1>\u{e4}</nav>",
    ]
    .map(repeated)
    .to_vec();
    pages.push(format!("<a href=\"{}\">", repeated("x")));
    pages.push(format!("<!-- {}", repeated("<p> ")));
    pages.push(format!("{}{}", repeated("<div>"), repeated("</div>")));
    pages.push(format!("<pre>{}</pre>{}", repeated("\n"), repeated("<p>")));
    pages.push(format!("<p>{}{}", repeated(" "), repeated("<p>")));
    pages.push(format!("{}\"<", repeated("<a \"=\"")));
    for page in pages {
        let Page { scan, text, .. } = read(&page, false);
        let kind = &page[..page.floor_char_boundary(12)];
        assert!(scan.looked <= 5 * page.len() + 4096, "{} steps for {} bytes of {kind:?}", scan.looked, page.len());
        // Marks of headings are taken out again.
        let marks = text.matches(HEADING).count() * (6 + HEADING.len());
        assert!(text.len() <= page.len() + marks, "{} bytes for {} of {kind:?}", text.len(), page.len());
        let text = extract("a.html", page.as_bytes()).map(|text| text.text.len()).unwrap_or_default();
        assert!(text <= page.len() + 4, "{text} bytes for {} of {kind:?}", page.len());
    }
}
