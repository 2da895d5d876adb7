//! PDF files, read again by another reader of PDF.

use crate::samples::{AT, HOSTILE, long_word};
use ai_audit_compliance::Status;
use ai_audit_report::{
    Block, Document, Fact, Figure, PdfError, Section, Span, Table, Tone, to_pdf,
};

fn fact(name: &str, value: Span) -> Fact {
    Fact {
        name: name.into(),
        value: vec![value],
    }
}

fn section(id: &str, level: u8, title: &str, blocks: Vec<Block>) -> Section {
    Section {
        id: id.into(),
        level,
        title: title.into(),
        new_page: false,
        blocks,
    }
}

fn table(head: &[&str], rows: Vec<Vec<Vec<Span>>>) -> Table {
    Table {
        caption: "What each row is.".into(),
        head: head.iter().map(ToString::to_string).collect(),
        numeric: head.iter().map(|title| *title == "n").collect(),
        rows,
    }
}

fn figure(text: &str) -> Figure {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let escaped: String = escaped.chars().filter(|c| !c.is_control()).collect();
    Figure {
        id: "figure".into(),
        title: text.into(),
        description: text.into(),
        svg: format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 60\" width=\"200\" height=\"60\">\
             <rect width=\"200\" height=\"60\" fill=\"var(--surface)\"/>\
             <text x=\"5\" y=\"30\" fill=\"var(--ink)\" font-size=\"12\">{escaped}</text></svg>"
        ),
        table: table(
            &["name", "n"],
            vec![vec![vec![Span::text(text)], vec![Span::text("1")]]],
        ),
    }
}

/// A document that has everything, with this text in every place.
fn everything(text: &str) -> Document {
    let own = || Span::text(text);
    let all = || {
        vec![
            own(),
            Span::Strong(text.into()),
            Span::Code(text.into()),
            Span::Toned(Tone::Bad, text.into()),
            Span::Status(Status::PartialEvidence),
            Span::Receipt(7),
            Span::Section {
                id: "receipts".into(),
                text: text.into(),
            },
        ]
    };
    Document {
        title: text.into(),
        facts: vec![fact(text, own())],
        sections: vec![
            section(
                "summary",
                2,
                text,
                vec![
                    Block::Notice(Tone::Good, vec![Span::text("integrity: verified")]),
                    Block::Text(all()),
                    Block::Facts(vec![fact(text, own())]),
                    Block::List(vec![all(), all()]),
                    Block::Steps(vec![all(), all()]),
                    Block::Figure(figure(text)),
                ],
            ),
            section(
                "receipts",
                4,
                text,
                vec![Block::Table(table(
                    &["receipt", text, "n"],
                    vec![vec![vec![Span::Receipt(7)], all(), vec![own()]]],
                ))],
            ),
        ],
    }
}

fn pdf(document: &Document) -> Vec<u8> {
    to_pdf(document, AT, "log, 12").unwrap()
}

fn read(file: &[u8]) -> lopdf::Document {
    lopdf::Document::load_mem(file).unwrap()
}

/// All text, without white space: where lines end is the layout's.
fn text_of(file: &[u8]) -> String {
    let document = read(file);
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    let text = document.extract_text(&pages).unwrap();
    text.split_whitespace().collect()
}

#[test]
fn the_same_document_and_time_give_the_same_bytes() {
    let document = everything("the same");
    let file = pdf(&document);
    assert_eq!(file, pdf(&document));
    let later = ai_audit_core::Timestamp::from_micros(AT.as_micros() + 1_000_000);
    assert_ne!(file, to_pdf(&document, later, "log, 12").unwrap());
    assert_ne!(file, to_pdf(&document, AT, "log, 13").unwrap());
}

#[test]
fn the_verdict_can_be_read_and_the_file_says_what_it_is() {
    let file = pdf(&everything("A report"));
    let text = text_of(&file);
    for said in ["integrity:verified", "◐partialevidence", "Areport", "1of"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    let document = read(&file);
    let catalog = document.catalog().unwrap();
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"en");
    assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"Outlines"));
    let metadata = document
        .dereference(catalog.get(b"Metadata").unwrap())
        .unwrap()
        .1;
    let metadata = metadata.as_stream().unwrap();
    let xmp = metadata
        .decompressed_content()
        .unwrap_or_else(|_| metadata.content.clone());
    let xmp = String::from_utf8(xmp).unwrap();
    assert!(xmp.contains("pdfuaid:part"), "{xmp}");
    assert!(xmp.contains("2026-11-28T07:00:00"), "{xmp}");
}

#[test]
fn receipts_and_sections_are_links_where_there_is_something_to_go_to() {
    let mut document = everything("x");
    let links = |document: &Document| {
        let file = read(&pdf(document));
        let annotations = file.get_pages().into_values();
        annotations
            .flat_map(|page| file.get_page_annotations(page).unwrap())
            .filter(|annotation| annotation.get(b"Subtype").unwrap().as_name().unwrap() == b"Link")
            .count()
    };
    // Six places with all spans, each with a receipt and a section.
    assert_eq!(links(&document), 12);
    document.sections.pop();
    assert_eq!(links(&document), 0);
}

#[test]
fn heads_of_long_tables_stand_on_every_page() {
    let rows = (0..200).map(|seq| vec![vec![Span::Receipt(seq)], vec![Span::text("x")]]);
    let table = table(&["receipt", "what it is"], rows.collect());
    let file = pdf(&Document {
        title: "Long".into(),
        facts: Vec::new(),
        sections: vec![section(
            "receipts",
            2,
            "Receipts",
            vec![Block::Table(table)],
        )],
    });
    let pages = read(&file).get_pages().len();
    assert!(pages > 2, "{pages}");
    assert_eq!(text_of(&file).matches("whatitis").count(), pages);
}

#[test]
fn a_document_without_anything_is_a_page() {
    for document in [
        Document::default(),
        Document {
            sections: vec![
                section(
                    "",
                    0,
                    "",
                    vec![Block::Table(Table::default()), Block::List(Vec::new())],
                ),
                section(
                    "",
                    9,
                    " ",
                    vec![Block::Text(Vec::new()), Block::Steps(Vec::new())],
                ),
                section("a b", 9, "", vec![Block::Facts(Vec::new())]),
            ],
            ..Document::default()
        },
    ] {
        assert_eq!(read(&pdf(&document)).get_pages().len(), 1);
    }
}

#[test]
fn a_report_of_a_real_log_has_all_its_charts_and_its_verdict() {
    let (crosswalk, _, document) = crate::logs::example();
    let file = pdf(&document);
    let text = text_of(&file);
    for question in [
        "integrity",
        "attribution",
        "completeness",
        "time",
        "erasure",
    ] {
        assert!(text.to_lowercase().contains(question), "{question}");
    }
    for pointer in crosswalk.pointers.values() {
        assert!(text.contains(&pointer.hash.to_string()), "{}", pointer.seq);
    }
    let count = |sections: &[Section]| {
        let blocks = sections.iter().flat_map(|section| &section.blocks);
        blocks
            .filter(|block| matches!(block, Block::Figure(_)))
            .count()
    };
    assert!(count(&document.sections) > 3);
    // All of the summary is on the first page, and nothing else.
    let file = read(&file);
    let page = |number| -> String {
        let text = file.extract_text(&[number]).unwrap();
        text.split_whitespace().collect()
    };
    let bare = |section: &Section| -> String { section.title.split_whitespace().collect() };
    let after = document
        .sections
        .iter()
        .position(|section| section.new_page);
    let (summary, after) = document.sections.split_at(after.unwrap());
    for section in summary {
        assert!(page(1).contains(&bare(section)), "{}", section.title);
    }
    assert!(!page(1).contains(&bare(&after[0])) && page(2).contains(&bare(&after[0])));
}

#[test]
fn a_figure_without_a_picture_is_its_table() {
    let mut without = figure("numbers");
    without.svg = String::new();
    let document = Document {
        sections: vec![section("s", 2, "S", vec![Block::Figure(without)])],
        ..Document::default()
    };
    assert!(text_of(&pdf(&document)).contains("Whateachrowis."));
}

#[test]
fn a_picture_that_is_none_is_an_error_that_says_so() {
    let mut broken = figure("x");
    broken.svg = "<svg".into();
    let document = Document {
        sections: vec![section("s", 2, "S", vec![Block::Figure(broken)])],
        ..Document::default()
    };
    let error = to_pdf(&document, AT, "x").unwrap_err();
    assert!(matches!(error, PdfError::Pages(_)), "{error}");
    assert!(error.to_string().contains("SVG"), "{error}");
}

#[test]
fn a40_markup_is_text() {
    let file = pdf(&everything(HOSTILE[0]));
    assert!(text_of(&file).contains("#import\"@preview/cetz:0.3.0\":canvas"));
    let text = text_of(&pdf(&everything(HOSTILE[1])));
    assert!(
        text.contains("#eval(\"1+1\")#sys.inputs$x^2$@label<label>`raw`*b*_i_=head"),
        "{text}"
    );
}

#[test]
fn a40_hostile_texts_in_every_place_break_nothing() {
    for text in HOSTILE {
        let file = pdf(&everything(text));
        let shown = text_of(&file);
        assert!(shown.contains("integrity:verified"), "{text:?}: {shown}");
        assert!(
            !shown.contains(['\u{202e}', '\u{200b}', '\u{200d}']),
            "{text:?}"
        );
    }
    let shown = text_of(&pdf(&everything("\u{202e}\u{65e5}")));
    assert!(shown.contains("\\u{202e}\\u{65e5}"), "{shown}");
    assert!(shown.contains("Aboutthisfile"), "{shown}");
}

#[test]
fn a40_words_of_ten_thousand_letters_stay_on_their_pages() {
    let hidden = "\u{202e}".repeat(10_000);
    let marks = "a\u{301}\u{302}".repeat(3_000);
    for word in [long_word(), hidden, marks] {
        let span = vec![Span::text(word.clone())];
        let table = table(&["n", &word, "c"], vec![vec![span.clone(); 3]; 2]);
        let file = pdf(&Document {
            title: word.clone(),
            facts: vec![fact(&word, Span::Code(word.clone()))],
            sections: vec![section(
                &word,
                3,
                &word,
                vec![
                    Block::Notice(Tone::Good, vec![Span::text("integrity: verified")]),
                    Block::Steps(vec![span]),
                    Block::Table(table),
                    Block::Figure(figure(&word)),
                ],
            )],
        });
        let pages = read(&file).get_pages().len();
        assert!(pages < 40, "{pages}");
        assert!(text_of(&file).contains("integrity:verified"));
    }
}
