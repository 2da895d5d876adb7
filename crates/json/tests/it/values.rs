//! Values in memory: the same text and the same refusals as for texts.

use std::collections::BTreeMap;

use ai_audit_json::{ErrorKind, MAX_DEPTH, canonicalize, to_canonical};
use serde::ser::{SerializeMap, Serializer};
use serde::{Serialize, ser};
use serde_json::{Value, json};

#[derive(Serialize)]
enum Shape {
    Unit,
    Newtype(u8),
    Tuple(i8, &'static str),
    Struct { z: f32, a: Option<char> },
}

#[derive(Serialize)]
struct Everything {
    shapes: Vec<Shape>,
    map: BTreeMap<i16, bool>,
    unit: (),
    pair: (u128, i128),
    bytes: &'static [u8],
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

fn everything() -> Everything {
    Everything {
        shapes: vec![
            Shape::Unit,
            Shape::Newtype(0),
            Shape::Tuple(-128, "\u{1}"),
            Shape::Struct {
                z: 0.5,
                a: Some('é'),
            },
            Shape::Struct { z: -0.0, a: None },
        ],
        map: BTreeMap::from([(10, true), (9, false), (-1, true)]),
        unit: (),
        pair: (1 << 53, -(1 << 53)),
        bytes: &[0, 255],
        rest: BTreeMap::from([("a".into(), json!({ "y": [], "x": {} }))]),
    }
}

#[test]
fn shapes_are_those_of_serde_json() {
    let canonical = to_canonical(&everything()).unwrap();
    assert_eq!(
        canonical,
        concat!(
            r#"{"a":{"x":{},"y":[]},"bytes":[0,255],"map":{"-1":true,"10":true,"9":false},"#,
            r#""pair":[9007199254740992,-9007199254740992],"shapes":["Unit",{"Newtype":0},"#,
            r#"{"Tuple":[-128,"\u0001"]},{"Struct":{"a":"é","z":0.5}},{"Struct":{"a":null,"z":0}}],"#,
            r#""unit":null}"#
        )
    );
    let text = serde_json::to_string(&everything()).unwrap();
    assert_eq!(canonicalize(&text).unwrap(), canonical);
}

#[test]
fn numbers_are_refused_with_their_path() {
    for (value, kind, path) in [
        (
            json!({ "a": [0, { "b/c": u64::MAX }] }),
            ErrorKind::IntegerRange,
            "/a/1/b/c",
        ),
        (json!([i64::MIN]), ErrorKind::IntegerRange, "/0"),
        (
            json!(9_007_199_254_740_993_u64),
            ErrorKind::IntegerRange,
            "",
        ),
        (json!(1e20), ErrorKind::IntegerRange, ""),
    ] {
        let error = to_canonical(&value).unwrap_err();
        assert_eq!((error.kind, error.path.as_str()), (kind, path), "{value}");
    }
    assert_eq!(to_canonical(&json!([1e30, -0.0])).unwrap(), "[1e+30,0]");
    for value in [u128::MAX, (1 << 53) + 1] {
        assert_eq!(
            to_canonical(&value).unwrap_err().kind,
            ErrorKind::IntegerRange
        );
    }
    assert_eq!(
        to_canonical(&i128::MIN).unwrap_err().kind,
        ErrorKind::IntegerRange
    );
    // serde_json would write null here, and the loss would be signed.
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = to_canonical(&[[1.0, value]]).unwrap_err();
        assert_eq!(
            (&error.kind, error.path.as_str()),
            (&ErrorKind::NotFinite, "/0/1")
        );
        assert_eq!(
            error.to_string(),
            "number that is not finite at \"/0/1\", expected a finite number, a string or null"
        );
    }
    let error = to_canonical(&Shape::Struct {
        z: f32::NAN,
        a: None,
    })
    .unwrap_err();
    assert_eq!(
        (error.kind, error.path.as_str()),
        (ErrorKind::NotFinite, "/Struct/z")
    );
}

#[test]
fn duplicate_names_are_refused() {
    struct Twice;
    impl Serialize for Twice {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("a", &1)?;
            map.serialize_entry("b", &2)?;
            map.serialize_entry(&'a', &3)?;
            map.end()
        }
    }
    let error = to_canonical(&[Twice]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::DuplicateKey("a".into()));
    assert_eq!(error.path, "/0");

    let mut value = everything();
    value.rest.insert("unit".into(), Value::Null);
    assert_eq!(
        to_canonical(&value).unwrap_err().kind,
        ErrorKind::DuplicateKey("unit".into())
    );
}

#[test]
fn depth_is_that_of_texts() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let text = to_canonical(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(canonicalize(&text).unwrap(), text);
    for levels in [MAX_DEPTH + 1, 1_000] {
        assert_eq!(
            to_canonical(&nested(levels)).unwrap_err().kind,
            ErrorKind::TooDeep
        );
    }
    // The object around a variant counts: it is in the text.
    assert!(to_canonical(&(0..MAX_DEPTH).fold(json!(1), |v, _| json!({ "k": v }))).is_ok());
    let wide: Vec<Value> = (0..10_000).map(|_| json!([{}])).collect();
    assert!(to_canonical(&wide).is_ok());
}

#[test]
fn other_refusals() {
    struct Stubborn;
    impl Serialize for Stubborn {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(ser::Error::custom("no thanks"))
        }
    }
    let error = to_canonical(&json_with(Stubborn)).unwrap_err();
    assert_eq!(error.to_string(), "no thanks at \"/key\"");

    let keyed = BTreeMap::from([(vec![1_u8], 1)]);
    assert!(matches!(
        to_canonical(&keyed).unwrap_err().kind,
        ErrorKind::Unsupported(_)
    ));
}

fn json_with<T: Serialize>(value: T) -> impl Serialize {
    std::collections::HashMap::from([("key", value)])
}
