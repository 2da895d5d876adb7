//! Written forms of telephone numbers, and what only looks like them.

use super::*;

fn found(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let hit = match bytes[at] {
            b'+' => find_plus(bytes, at),
            byte if byte.is_ascii_digit() && starts_word(bytes, at) => {
                find(&Groups::read(bytes, at))
            }
            _ => None,
        };
        if let Some((start, end, _)) = hit {
            return Some(&text[start..end]);
        }
        at += 1;
    }
    None
}

#[test]
fn international_forms() {
    for text in [
        "+49 30 901820",
        "+49 (0)30 901820",
        "+1-212-555-0123",
        "+1 (212) 555-0123",
        "+442079460958",
        "0049 30 901820",
        "001-212-555-0123",
        "011 44 20 7946 0958",
        "+33 1 23 45 67 89",
        "+91 98765 43210",
        "+86 138 1234 5678",
        "+55 (11) 91234-5678",
        "(+44) 20 7946 0958",
        "+1-212-555-0123x456",
        "+1 212 555 0123 ext. 45",
        "+49\u{a0}30\u{a0}901820",
        "+1\u{2011}212\u{2011}555\u{2011}0123",
    ] {
        assert_eq!(found(text), Some(text), "{text}");
    }
    for text in [
        "+1",
        "C++17 2024",
        "+0100",
        "1+2125550123",
        "+12345",
        "+999 123456789",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn national_forms() {
    for text in [
        "(212) 555-0123",
        "212-555-0123",
        "212.555.0123",
        "212 555 0123",
        "1-800-555-0199",
        "(212)555-0123x12",
        "020 7946 0958",
        "(020) 7946 0958",
        "01632 960000",
        "07700 900123",
        "030 901820",
        "030/901820",
        "(0221) 123456",
        "01 23 45 67 89",
        "01.23.45.67.89",
        "06-12345678",
        "044 668 18 00",
        "0664 1234567",
        "070-123 45 67",
        "(02) 9876 5432",
        "0412 345 678",
        "03-1234-5678",
        "090-1234-5678",
        "138 1234 5678",
        "010-12345678",
        "(11) 91234-5678",
        "8 (495) 123-45-67",
        "612 34 56 78",
        "07700900123",
        "0123456789",
    ] {
        if text == "0123456789" {
            assert_eq!(found(text), None, "bare and of no mobile plan");
        } else {
            assert_eq!(found(text), Some(text), "{text}");
        }
    }
}

#[test]
fn words_permit_weaker_forms() {
    for (text, number) in [
        ("tel 2125550123", "2125550123"),
        ("Phone: 555-0123", "555-0123"),
        ("电话13812345678", "13812345678"),
        ("Móvil: 200 121 8823", "200 121 8823"),
        ("T: 5852292736", "5852292736"),
        ("mobile 98765 43210", "98765 43210"),
        ("\"phone\": \"912345678\"", "912345678"),
    ] {
        assert_eq!(found(text), Some(number), "{text}");
    }
    for text in [
        "order 212-555-0123",
        "2125550123",
        "555-0123",
        "invoice no. 0612345678",
        "13812345678",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn what_is_no_number() {
    for text in [
        "2024-01-02",
        "01.02.2024",
        "01/02/2024 10:30",
        "2024-01-02 10:30:00",
        "1700000000",
        "0.123456789",
        "978-0-306-40615-7",
        "1.2.3.4",
        "12345678-1234-1234-1234-123456789012",
        "LH 1234",
        "1,234,567.89",
        "10.0.0.1",
        "2019-2023",
        "1234 5678",
        "550e8400-e29b-41d4-a716-446655440000",
        "01.02.2024 10",
        "$2125550123",
        "9400 1353 0803 4560 6959 03",
        "058-1313-66",
        "0237-01-4069",
        "05 06 26 27 49",
        "#212-555-0123",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn normal_forms_are_one_for_one_number() {
    let form = |text: &str| {
        let mut out = Vec::new();
        normal(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    };
    for text in [
        "+49 (0)30 901820",
        "0049 30 901820",
        "+4930901820",
        "+49 30 901820 ext. 5",
    ] {
        assert_eq!(form(text), "+4930901820");
    }
}
