//! ZIP files, written here and read.

use super::{Budget, End, Zip};
use miniz_oxide::deflate::compress_to_vec;

/// A ZIP file of these entries, with the directory at its end.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, body) in entries {
        let packed = compress_to_vec(body, 6);
        let (method, data): (u16, &[u8]) = if packed.len() < body.len() { (8, &packed) } else { (0, body) };
        let at = u32::try_from(file.len()).unwrap();
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let mut fields = Vec::new();
        fields.extend([20, 0, 0, 0]);
        fields.extend(method.to_le_bytes());
        fields.extend([0; 4]);
        fields.extend(super::crc32(body).to_le_bytes());
        fields.extend(length(data));
        fields.extend(length(body));
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend([0; 2]);
        file.extend(b"PK\x03\x04");
        file.extend(&fields);
        file.extend(name.as_bytes());
        file.extend(data);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let at = u32::try_from(file.len()).unwrap();
    // Of more entries than 16 bits count, a file says so by ones.
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX).to_le_bytes();
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count);
    file.extend(count);
    file.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    file.extend(at.to_le_bytes());
    file.extend([0; 2]);
    file
}

fn all(file: &[u8]) -> Vec<(String, Vec<u8>, End)> {
    let (zip, mut budget) = (Zip::open(file), Budget::of(file.len()));
    let read = |entry: &super::Entry, budget: &mut Budget| {
        zip.read(entry, usize::MAX, budget).map(|it| (entry.name.clone(), it.bytes, it.end))
    };
    zip.entries.iter().filter_map(|entry| read(entry, &mut budget)).collect()
}

#[test]
fn entries_are_read_by_the_directory_wherever_the_file_begins_and_ends() {
    let long = "the boiler ".repeat(200);
    let file = zip(&[("a.txt", b"short"), ("dir/b.txt", long.as_bytes())]);
    let expected =
        vec![("a.txt".to_owned(), b"short".to_vec(), End::Whole), ("dir/b.txt".to_owned(), long.into(), End::Whole)];
    assert_eq!(all(&file), expected);
    let mut shifted = b"#!/bin/sh\nexec unzip\n".to_vec();
    shifted.extend(&file);
    assert_eq!(all(&shifted), expected, "something stands before it");
    let mut commented = file.clone();
    let at = commented.len() - 2;
    commented[at..].copy_from_slice(&5_u16.to_le_bytes());
    commented.extend(b"hello");
    assert_eq!(all(&commented), expected);
    let opened = Zip::open(&file);
    assert!(!opened.is_cut && opened.find("/DIR/b.TXT").is_some() && opened.find("c").is_none());
}

#[test]
fn an_entry_whose_bytes_are_not_those_that_were_packed_has_none() {
    assert_eq!((super::crc32(b"123456789"), super::crc32(b"")), (0xCBF4_3926, 0));
    let mut file = zip(&[("a.txt", b"the red lamp"), ("b.txt", b"the blue lamp")]);
    let at = file.windows(3).position(|window| window == b"red").unwrap();
    file[at..at + 3].copy_from_slice(b"tan");
    let whole = ("b.txt".to_owned(), b"the blue lamp".to_vec(), End::Whole);
    assert_eq!(all(&file), [("a.txt".to_owned(), Vec::new(), End::Altered), whole]);
    let cut = &file[..file.len() - 30];
    assert!(Zip::open(cut).is_cut && all(cut)[0].2 == End::Altered, "by the local headers");
}

#[test]
fn of_a_file_that_was_cut_the_entries_that_are_there_are_read() {
    let long: String = (0..900).map(|n| format!("lamp {n} is red\n")).collect();
    let file = zip(&[("a.txt", b"short"), ("b.txt", long.as_bytes())]);
    let cut = &file[..file.len() / 2];
    assert!(Zip::open(cut).is_cut);
    let found = all(cut);
    assert_eq!(found[0], ("a.txt".to_owned(), b"short".to_vec(), End::Whole));
    assert!(found[1].2 == End::Cut && long.as_bytes().starts_with(&found[1].1) && found[1].1.len() > 1000);
    for length in 0..file.len() {
        all(&file[..length]);
    }
    assert!(Zip::open(b"").entries.is_empty() && Zip::open(b"PK\x03\x04").entries.is_empty());
}

#[test]
fn an_encrypted_entry_has_no_bytes_and_says_so() {
    let mut file = zip(&[("a.txt", b"short")]);
    let central = file.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    file[central + 8] |= 1;
    let opened = Zip::open(&file);
    assert!(opened.entries[0].is_encrypted && all(&file).is_empty());
}

#[test]
fn names_in_other_encodings_have_their_letters() {
    let names = |name: &str| Zip::open(&zip(&[(name, b"short")])).entries[0].name.clone();
    assert_eq!(names("Schl\u{fc}ssel.txt"), "Schl\u{fc}ssel.txt");
    let mut file = zip(&[("Schl_ssel vom Haus.txt", b"short")]);
    file.iter_mut().filter(|byte| **byte == b'_').for_each(|byte| *byte = 0xFC);
    assert_eq!(Zip::open(&file).entries[0].name, "Schl\u{fc}ssel vom Haus.txt");
}
